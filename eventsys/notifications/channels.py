"""Ways out: a mail server, or a folder of .eml files when none is set."""

from __future__ import annotations

import os
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from eventsys.config import Config, ConfigError
from eventsys.notifications.mails import Undeliverable

TIMEOUT_SECONDS = 20
PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


class TryAgain(Exception):
    """The mail did not go out now but may later. `is_outage`: nothing else will go out now either."""

    def __init__(self, reason: str, *, is_outage: bool = False) -> None:
        super().__init__(reason)
        self.is_outage = is_outage


class Channel(Protocol):
    """Takes mails."""

    def send(self, mail: EmailMessage, *, recipient: str, public_id: str) -> None:
        """Return when the mail is accepted, else raise TryAgain or Undeliverable."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """EVENTSYS_MAIL_URL taken apart."""

    scheme: str
    host: str
    port: int
    user: str
    password: str
    sender: str


def parse_mail_url(url: str, base_url: str) -> MailServer:
    """The server of EVENTSYS_MAIL_URL; ConfigError when it names no host or port that can be.

    The sender is `?from=`, else the user when it is an address, else no-reply at the host of the site.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in PORTS:
        raise ConfigError("EVENTSYS_MAIL_URL must be smtp[s|+starttls]://[user:password@]host[:port][?from=address]")
    user = unquote(parts.username or "")
    given = parse_qs(parts.query).get("from", [""])[0]
    sender = given or (user if "@" in user else default_sender(base_url))
    return MailServer(parts.scheme, host, port or PORTS[parts.scheme], user, unquote(parts.password or ""), sender)


def default_sender(base_url: str) -> str:
    """no-reply at the site's host; an IP address is no mail domain, so `localhost` stands for it."""
    host = urlsplit(base_url).hostname or "localhost"
    is_name = any(letter.isalpha() for letter in host) and ":" not in host
    return f"no-reply@{host if is_name else 'localhost'}"


def sender_address(config: Config) -> str:
    """From whom mails come."""
    if not config.mail_url:
        return default_sender(config.base_url)
    return parse_mail_url(config.mail_url, config.base_url).sender


@contextmanager
def open_channel(config: Config) -> Iterator[Channel]:
    """The configured way out, open for one batch."""
    if not config.mail_url:
        yield FolderChannel(config.home / "mail")
        return
    channel = SmtpChannel(parse_mail_url(config.mail_url, config.base_url))
    try:
        yield channel
    finally:
        channel.close()


class FolderChannel:
    """Writes HOME/mail/<public id>.eml; a mail sent twice is the same file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, mail: EmailMessage, *, recipient: str, public_id: str) -> None:
        """Write the file in one step, so that nobody reads half of it."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft = self._folder / f".{public_id}.{os.getpid()}"
            draft.write_bytes(mail.as_bytes())
            draft.replace(self._folder / f"{public_id}.eml")
        except OSError as error:
            raise TryAgain(f"cannot write to the mail folder: {error.strerror}", is_outage=True) from error


class SmtpChannel:
    """One connection for a batch, made when the first mail needs it."""

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self._connection: smtplib.SMTP | None = None

    def send(self, mail: EmailMessage, *, recipient: str, public_id: str) -> None:
        """Hand the mail to the server; a refusal of it or of its recipient is final when the code is 5xx."""
        connection = self._connect()
        try:
            connection.send_message(mail, self._server.sender, [recipient])
        except smtplib.SMTPRecipientsRefused as refusal:
            code, answer = next(iter(refusal.recipients.values()))
            self._refused(code, answer, refusal)
        except smtplib.SMTPDataError as refusal:
            self._refused(refusal.smtp_code, refusal.smtp_error, refusal)
        except smtplib.SMTPSenderRefused as refusal:  # of the whole installation, so never this message's fault
            self.close()
            raise TryAgain(f"sender refused: {_line(refusal.smtp_code, refusal.smtp_error)}") from refusal
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise TryAgain(f"connection lost: {error}") from error

    def close(self) -> None:
        """Say goodbye; a connection that is gone already is no error."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(smtplib.SMTPException, OSError):
                connection.quit()
            connection.close()

    def _connect(self) -> smtplib.SMTP:
        if self._connection is None:
            try:
                self._connection = _open(self._server)
            except (smtplib.SMTPException, OSError) as error:
                raise TryAgain(f"no connection to the mail server: {error}", is_outage=True) from error
        return self._connection

    def _refused(self, code: int, answer: bytes | str, cause: Exception) -> None:
        if 500 <= code < 600:
            raise Undeliverable(f"refused: {_line(code, answer)}") from cause
        if code == 421:  # smtplib has closed the connection
            self._connection = None
        raise TryAgain(f"put off: {_line(code, answer)}") from cause


def _open(server: MailServer) -> smtplib.SMTP:
    if server.scheme == "smtps":
        connection: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host, server.port, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context()
        )
    else:
        connection = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS)
    try:
        if server.scheme == "smtp+starttls":
            connection.starttls(context=ssl.create_default_context())
        if server.user:
            connection.login(server.user, server.password)
    except BaseException:
        connection.close()
        raise
    return connection


def _line(code: int, answer: bytes | str) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return f"{code} {' '.join(text.split())}"


def check_mail_server(config: Config) -> str:
    """Connect, sign in and leave again; its name, or TryAgain with what went wrong."""
    server = parse_mail_url(config.mail_url, config.base_url)
    try:
        _open(server).quit()
    except (smtplib.SMTPException, OSError) as error:
        raise TryAgain(f"no connection to the mail server: {error}", is_outage=True) from error
    return f"{server.host}:{server.port}"
