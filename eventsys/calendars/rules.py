"""Rules of feeds: which events they hold on a day, how long a cancelled one stays, what a link says of them, whose
calendar came by."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from eventsys.core.text import clean_line

DAYS_BACK = 90
DAYS_AHEAD = 400
CANCELLED_DAYS = 30
PURPOSE_MAX = 60
FILTER_MAX = 700  # of an address's query, in which a Chinese character takes nine
CLIENT_MAX = 40
CLIENTS_MAX = 12  # of which a link remembers the last visit
LINKS_MAX = 30  # in use, of one person
STAFF_LINKS_MAX = 10  # in use, to the calendar of somebody of the staff
BUSY_DAYS = 120  # ahead, for which staff's own calendars are read
BUSY_MAX = 5  # calendars of one person
BUSY_EVERY = timedelta(minutes=30)
BUSY_RETRY = timedelta(hours=1)  # after a failure
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
    ("edg/", "Edge"),
    ("firefox/", "Firefox"),
    ("chrome/", "Chrome"),
    ("safari/", "Safari"),
)


class LinkKind(StrEnum):
    """Whose calendar a private link holds. A desk is a department's own: hidden slots too, with the numbers booked; a
    steward's are those of its slots that have a door; a filter's are public ones."""

    ENTERPRISE = "enterprise"
    DESK = "desk"
    STEWARD = "steward"
    STAFF = "staff"
    FILTER = "filter"


class Detail(StrEnum):
    """How much a calendar says of an event: all, its title, time and place, or only when."""

    FULL = "full"
    BRIEF = "brief"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class Options:
    """What the owner of a link chose; an empty `locale` is the installation's."""

    detail: Detail = Detail.FULL
    locale: str = ""
    drops_cancelled: bool = False


PLAIN = Options()


@dataclass(frozen=True, slots=True)
class NewFeedLink:
    """The command to make a private link: of an enterprise, of a department or of somebody of its staff (primary keys,
    one of the three), or of what the arguments in `filter` narrow the public slots to."""

    enterprise: int | None = None
    department: int | None = None
    purpose: str = ""
    staff: int | None = None
    filter: str = ""
    for_stewards: bool = False
    options: Options = PLAIN

    @property
    def kind(self) -> LinkKind | None:
        """Whose calendar it is; None when that is not told, or told twice."""
        owners = {
            LinkKind.ENTERPRISE: self.enterprise is not None,
            LinkKind.STEWARD if self.for_stewards else LinkKind.DESK: self.department is not None,
            LinkKind.STAFF: self.staff is not None,
            LinkKind.FILTER: bool(self.filter),
        }
        named = [kind for kind, is_named in owners.items() if is_named]
        return named[0] if len(named) == 1 else None


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


def counts_since(at: datetime) -> datetime:
    """From when on a slot's numbers may change a calendar: the first of the month before any window that holds at
    `at`. It moves monthly, so that what is told by them hardly ever changes by itself."""
    early = at - timedelta(days=DAYS_BACK + 31)
    return early.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def clean_purpose(value: str) -> str:
    """What a link is for, in one line; Invalid names the field."""
    return clean_line(value, "purpose", PURPOSE_MAX)


def client_name(user_agent: str) -> str:
    """A client as people know it, by its User-Agent; an unknown one by the first word of it."""
    folded = user_agent.lower()
    for part, name in _CLIENTS:
        if part in folded:
            return name
    word = re.split(r"[/ (]", user_agent.strip(), maxsplit=1)[0]
    return "".join(character for character in word if character.isprintable())[:CLIENT_MAX] or "?"


def is_to_note(clients: dict[str, str], client: str, at: datetime) -> bool:
    """Whether a visit is to be remembered: at most one an hour of each client."""
    last = clients.get(client)
    return last is None or at - datetime.fromisoformat(last) >= FETCH_NOTED_EVERY


def with_visit(clients: dict[str, str], client: str, at: datetime) -> dict[str, str]:
    """The clients with this visit; those that have not come for longest are forgotten."""
    latest = sorted({**clients, client: at.isoformat()}.items(), key=lambda item: item[1], reverse=True)
    return dict(latest[:CLIENTS_MAX])
