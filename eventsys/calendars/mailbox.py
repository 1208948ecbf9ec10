"""The mailbox to which answers to invitations come back (IMAP, RFC 9051), when one is set."""

from __future__ import annotations

import imaplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import unquote, urlsplit

TIMEOUT_SECONDS = 20
MAILS_MAX = 50  # read at a time
MAIL_BYTES_MAX = 1_000_000


class NoMailbox(Exception):
    """The mailbox cannot be read now; says why."""


@contextmanager
def unread_mails(url: str) -> Iterator[Iterator[bytes]]:
    """The mails that nobody has read, as octets, `MAILS_MAX` at most. Each is marked as read once the next is
    asked for, so that one whose handling fails comes again. NoMailbox when there is no way in."""
    parts = urlsplit(url)
    folder = unquote(parts.path.strip("/")) or "INBOX"
    try:
        box = _open(parts.scheme, parts.hostname or "", parts.port)
    except (OSError, imaplib.IMAP4.error) as error:
        raise NoMailbox(f"no connection to the mailbox: {error}") from error
    try:
        box.login(unquote(parts.username or ""), unquote(parts.password or ""))
        status, told = box.select(_quoted(folder))
        if status != "OK":
            raise NoMailbox(f"no folder {folder}: {told!r}"[:200])
        yield _unread(box)
    except (OSError, imaplib.IMAP4.error) as error:
        raise NoMailbox(f"the mailbox cannot be read: {error}"[:200]) from error
    finally:
        with suppress(OSError, imaplib.IMAP4.error):
            box.logout()


def _open(scheme: str, host: str, port: int | None) -> imaplib.IMAP4:
    if scheme == "imaps":
        context = ssl.create_default_context()
        return imaplib.IMAP4_SSL(host, port or 993, ssl_context=context, timeout=TIMEOUT_SECONDS)
    return imaplib.IMAP4(host, port or 143, timeout=TIMEOUT_SECONDS)


def _unread(box: imaplib.IMAP4) -> Iterator[bytes]:
    _status, found = box.uid("SEARCH", "UNSEEN")
    for key in (found[0] or b"").split()[:MAILS_MAX]:
        number = key.decode()
        _status, told = box.uid("FETCH", number, f"(BODY.PEEK[]<0.{MAIL_BYTES_MAX}>)")
        for part in told:
            if isinstance(part, tuple):
                yield part[1]
        box.uid("STORE", number, "+FLAGS", "(\\Seen)")


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
