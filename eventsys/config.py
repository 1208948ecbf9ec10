"""Configuration: a frozen Config read from EVENTSYS_* variables. A wrong value stops the start and names itself."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

LOCALES = ("zh_CN", "en")
MAX_BODY = 2 * 1024 * 1024  # bytes of a request


class ConfigError(Exception):
    """A variable has a value that cannot work; the message names it and what would."""


@dataclass(frozen=True, slots=True)
class Config:
    """Everything an installation decides outside the database."""

    home: Path
    database_url: str
    secret_key: str
    base_url: str
    mail_url: str
    time_zone: str
    locale: str
    trusted_proxies: int
    calendar_hosts: frozenset[str] = frozenset()
    answers_url: str = ""

    @property
    def zone(self) -> ZoneInfo:
        """The district's time zone."""
        return ZoneInfo(self.time_zone)

    @property
    def is_secure(self) -> bool:
        """Whether people reach us by TLS."""
        return self.base_url.startswith("https://")

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches us."""
        return urlsplit(self.base_url).hostname in {"127.0.0.1", "localhost", "::1"}


def load_config(environ: Mapping[str, str] | None = None) -> Config:
    """Read the EVENTSYS_* variables (the process's when none are given); raises ConfigError."""
    env = os.environ if environ is None else environ
    home = Path(env.get("EVENTSYS_HOME") or "instance").absolute()
    home.mkdir(parents=True, exist_ok=True)
    return Config(
        home=home,
        database_url=_database_url(env.get("EVENTSYS_DATABASE_URL", ""), home),
        secret_key=env.get("EVENTSYS_SECRET_KEY") or _kept_secret(home / "secret_key"),
        base_url=_base_url(env.get("EVENTSYS_BASE_URL") or "http://127.0.0.1:8000"),
        mail_url=_mail_url(env.get("EVENTSYS_MAIL_URL", "")),
        time_zone=_time_zone(env.get("EVENTSYS_TIME_ZONE") or "Asia/Shanghai"),
        locale=_locale(env.get("EVENTSYS_LOCALE") or "zh_CN"),
        trusted_proxies=_proxies(env.get("EVENTSYS_TRUSTED_PROXIES") or "0"),
        calendar_hosts=frozenset(env.get("EVENTSYS_CALENDAR_HOSTS", "").lower().replace(",", " ").split()),
        answers_url=_answers_url(env.get("EVENTSYS_ANSWERS_URL", "")),
    )


def _database_url(value: str, home: Path) -> str:
    if not value:
        return f"sqlite:///{home / 'eventsys.db'}"
    scheme = value.split(":", 1)[0]
    if scheme in {"postgresql", "postgres", "postgresql+psycopg"}:
        return "postgresql+psycopg:" + value.split(":", 1)[1]
    if scheme == "sqlite" and value.startswith("sqlite:////"):
        return value
    raise ConfigError(
        "EVENTSYS_DATABASE_URL must be postgresql://user:password@host/name or sqlite:////absolute/path.db"
    )


def _kept_secret(file: Path) -> str:
    """The secret of this installation, made once and readable by its owner only."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        secret = file.read_text().strip()
        if len(secret) < 32:
            raise ConfigError(f"EVENTSYS_SECRET_KEY: {file.name} in EVENTSYS_HOME is damaged; restore it") from None
        return secret
    with os.fdopen(descriptor, "w") as stream:
        secret = secrets.token_urlsafe(48)
        stream.write(secret)
    return secret


def _base_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ConfigError("EVENTSYS_BASE_URL must be http(s)://host[:port] without a path")
    return f"{parts.scheme}://{parts.netloc}"


def _mail_url(value: str) -> str:
    if value and urlsplit(value).scheme not in {"smtp", "smtps", "smtp+starttls"}:
        raise ConfigError("EVENTSYS_MAIL_URL must be smtp://, smtp+starttls:// or smtps://[user:password@]host[:port]")
    return value


def _answers_url(value: str) -> str:
    parts = urlsplit(value)
    is_whole = parts.scheme in {"imap", "imaps"} and parts.hostname and parts.username and parts.password
    if value and not (is_whole and unquote(parts.path).isascii()):
        raise ConfigError("EVENTSYS_ANSWERS_URL must be imaps://user:password@host[:port][/folder] (in ASCII)")
    return value


def _time_zone(value: str) -> str:
    """Only zones without a transition since 1992: a feed's VTIMEZONE has one rule (FEEDS.md 5)."""
    try:
        zone = ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigError("EVENTSYS_TIME_ZONE must be a zone name such as Asia/Shanghai") from error
    offsets = {
        datetime(year, month, 1, tzinfo=UTC).astimezone(zone).utcoffset()
        for year in range(1992, 2038)
        for month in range(1, 13)
    }
    if len(offsets) != 1:
        raise ConfigError("EVENTSYS_TIME_ZONE must be a zone without clock changes since 1992, e.g. Asia/Shanghai")
    return value


def _locale(value: str) -> str:
    if value not in LOCALES:
        raise ConfigError(f"EVENTSYS_LOCALE must be one of {', '.join(LOCALES)}")
    return value


def _proxies(value: str) -> int:
    """How many proxies in front of us set X-Forwarded-*."""
    if value.lower() == "none":
        return 0
    if not value.isdigit() or int(value) > 5:
        raise ConfigError("EVENTSYS_TRUSTED_PROXIES must be the number of proxies in front, 0 to 5")
    return int(value)
