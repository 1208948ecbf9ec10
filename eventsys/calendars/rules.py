"""Rules of feeds: which events they hold on a day, how long a cancelled one stays, whose calendar came by."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from eventsys.core.text import clean_line

DAYS_BACK = 90
DAYS_AHEAD = 400
CANCELLED_DAYS = 30
PURPOSE_MAX = 60
CLIENT_MAX = 120
LINKS_MAX = 30  # in use, of one person
STAFF_LINKS_MAX = 10  # in use, to the calendar of somebody of the staff
FETCH_NOTED_EVERY = timedelta(hours=1)
TOKEN = re.compile(r"[a-z2-7]{32}", re.ASCII)
SET_NAME = re.compile(r"[a-z0-9-]{1,20}", re.ASCII)  # a public id or a department's code

_CLIENTS = (
    ("google-calendar", "Google"),
    ("microsoft.exchange", "Outlook"),
    ("microsoft office", "Outlook"),
    ("outlook", "Outlook"),
    ("thunderbird", "Thunderbird"),
    ("icsx", "ICSx⁵"),
    ("dataaccessd", "iPhone / iPad"),
    ("macos", "macOS"),
    ("mac os x/", "macOS"),
    ("ios/", "iPhone / iPad"),
    ("vdirsyncer", "vdirsyncer"),
    ("micromessenger", "WeChat"),
    ("harmony", "HarmonyOS"),
    ("huawei", "Huawei"),
    ("xiaomi", "Xiaomi"),
    ("miui", "Xiaomi"),
    ("curl/", "curl"),
)


@dataclass(frozen=True, slots=True)
class NewFeedLink:
    """The command to make a private link: of an enterprise, of a department or of somebody of its staff (primary keys,
    one of the three)."""

    enterprise: int | None = None
    department: int | None = None
    purpose: str = ""
    drops_cancelled: bool = False
    staff: int | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """What a feed holds on a day: events that start in [`starts_from`, `starts_before`), and of the cancelled ones
    those cancelled since `cancelled_since`."""

    starts_from: datetime
    starts_before: datetime
    cancelled_since: datetime


def window_of(day: date, zone: ZoneInfo) -> Window:
    """The window on the day the feeds were last swept; whole days of the district's zone."""

    def midnight(days: int) -> datetime:
        return datetime.combine(day + timedelta(days=days), time(), zone)

    return Window(midnight(-DAYS_BACK), midnight(DAYS_AHEAD + 1), midnight(-CANCELLED_DAYS))


def clean_purpose(value: str) -> str:
    """What a link is for, in one line; Invalid names the field."""
    return clean_line(value, "purpose", PURPOSE_MAX)


def clean_client(user_agent: str) -> str:
    """A client's User-Agent as it is kept: printable, bounded."""
    return "".join(character for character in user_agent if character.isprintable())[:CLIENT_MAX]


def client_name(user_agent: str) -> str:
    """A client as people know it, by its User-Agent; an unknown one by the first word of it."""
    folded = user_agent.lower()
    for part, name in _CLIENTS:
        if part in folded:
            return name
    return re.split(r"[/ (]", user_agent.strip(), maxsplit=1)[0][:40]
