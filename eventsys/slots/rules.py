"""Rules of a slot: what it is, what it may be changed to, and the windows in which it is booked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from eventsys.core.errors import Conflict, Invalid
from eventsys.core.text import clean_line, clean_text
from eventsys.directory.rules import EnterpriseSize, Topic
from eventsys.directory.settings import CAPACITY_MAX, MINUTES_MAX, FormatDefaults
from eventsys.workdays.rules import WorkingCalendar

TITLE_MAX = 80
DESCRIPTION_MAX = 4_000
BRING_MAX = 500
REASON_MAX = 200
URL_MAX = 500
PLACE_TEXT_MAX = 120
LABEL_MAX = 120
QUESTIONS_MAX = 10
SUPPORTING_MAX = 10
SERVICES_MAX = 20
STAFF_MAX = 30
INVITED_MAX = 500
DOOR_MINUTES = 120  # check-in opens so long before the start, unless the slot says otherwise
DOOR_MINUTES_MAX = 24 * 60
LONGEST = timedelta(minutes=MINUTES_MAX)
FURTHEST_AHEAD = timedelta(days=800)


class SlotState(StrEnum):
    """draft -> published -> called_off."""

    DRAFT = "draft"
    PUBLISHED = "published"
    CALLED_OFF = "called_off"


class SlotFormat(StrEnum):
    """How enterprise and department meet."""

    VISIT = "visit"
    SESSION = "session"
    ONLINE = "online"


class AudienceKind(StrEnum):
    """For whom: everybody, enterprises with certain properties, or named ones (定向邀请)."""

    PUBLIC = "public"
    FILTERED = "filtered"
    NAMED = "named"


class WalkIns(StrEnum):
    """Whether who has not booked is let in at the door of a session (现场登记)."""

    NONE = "none"
    PLACES_LEFT = "places_left"
    ALWAYS = "always"


class QuestionKind(StrEnum):
    """How a question is answered."""

    TEXT = "text"
    YES_NO = "yes_no"


CUT_OFF_TIME = time(17, 0)


@dataclass(frozen=True, slots=True)
class Window:
    """When a slot can be booked and cancelled, until when names may follow, and until when the waiting list orders."""

    opens_at: datetime | None
    closes_at: datetime
    cancel_until: datetime
    names_until: datetime
    queue_until: datetime


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom a slot is for. Filters are or-ed within a kind and and-ed between kinds; ids are primary keys."""

    kind: AudienceKind = AudienceKind.PUBLIC
    parks: tuple[int, ...] = ()
    tags: tuple[int, ...] = ()
    sub_districts: tuple[str, ...] = ()
    sizes: tuple[EnterpriseSize, ...] = ()
    enterprises: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class EnterpriseProfile:
    """What an audience asks of an enterprise."""

    id: int
    park: int | None
    tags: frozenset[int]
    sub_district: str
    size: EnterpriseSize | None


@dataclass(frozen=True, slots=True)
class NewQuestion:
    """A question the department puts to who books."""

    label: str
    kind: QuestionKind = QuestionKind.TEXT
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class NewSlot:
    """The command to make (or, whole, to change) a slot. Organisations and places are primary keys.

    Times not given follow from the department's settings for the format; `party_max`, `attendee_capacity` and the
    quotas None mean no limit. The enterprises invited by name may book first until `invited_until`, then everybody the
    audience holds.
    """

    department: int
    title: str
    starts_at: datetime
    ends_at: datetime
    format: SlotFormat = SlotFormat.SESSION
    topic: Topic = Topic.SERVICE
    capacity: int = 20
    attendee_capacity: int | None = None
    party_max: int | None = None
    title_en: str = ""
    description: str = ""
    supporting: tuple[int, ...] = ()
    services: tuple[int, ...] = ()
    staff: tuple[int, ...] = ()
    place: int | None = None
    place_text: str = ""
    online_url: str = ""
    bring: str = ""
    audience: Audience = field(default_factory=Audience)
    questions: tuple[NewQuestion, ...] = ()
    edition: int | None = None
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    cancel_until: datetime | None = None
    names_until: datetime | None = None
    needs_approval: bool = False
    walk_ins: WalkIns = WalkIns.PLACES_LEFT
    door_minutes: int = DOOR_MINUTES
    quota_month: int | None = None
    quota_edition: int | None = None
    quota_open: int | None = None
    invited_until: datetime | None = None
    draw_at: datetime | None = None
    is_draw_weighted: bool = False


def default_window(
    defaults: FormatDefaults,
    starts_at: datetime,
    calendar: WorkingCalendar,
    zone: ZoneInfo,
    now: datetime,
    opens_at: datetime | None = None,
) -> Window:
    """The window by the format's defaults; a cut-off already past is the start (DEFAULTS.md)."""

    def days_before(count: int) -> datetime:
        day = calendar.working_days_before(starts_at.astimezone(zone).date(), count)
        cut_off = datetime.combine(day, CUT_OFF_TIME, zone)
        return cut_off if cut_off > now else starts_at

    closes_at = days_before(defaults.close_days) if defaults.close_days else None
    if closes_at is None:
        closes_at = starts_at - timedelta(minutes=defaults.close_minutes)
        closes_at = closes_at if closes_at > now else starts_at
    cancel_until = days_before(defaults.cancel_days) if defaults.cancel_days else closes_at
    return Window(opens_at, closes_at, cancel_until, names_until=days_before(1), queue_until=days_before(1))


def window_of(
    command: NewSlot, defaults: FormatDefaults, calendar: WorkingCalendar, zone: ZoneInfo, now: datetime
) -> Window:
    """The slot's window: the times given, defaults for the others."""
    window = default_window(defaults, command.starts_at, calendar, zone, now, command.opens_at)
    return Window(
        command.opens_at,
        command.closes_at or window.closes_at,
        command.cancel_until or window.cancel_until,
        command.names_until or window.names_until,
        window.queue_until,
    )


def month_of(at: datetime, zone: ZoneInfo) -> int:
    """The month of an instant in the district's zone, as yyyymm: what quotas count by."""
    local = at.astimezone(zone)
    return local.year * 100 + local.month


def clean_slot(command: NewSlot, now: datetime, *, was_starting_at: datetime | None = None) -> NewSlot:
    """The command with cleaned texts; Invalid names every field that cannot be right. A slot that began keeps its
    start."""
    cleaned, problems = _cleaned(command)
    problems = [*_time_problems(command, now, was_starting_at), *_size_problems(command), *problems]
    if problems:
        raise Invalid.many(problems)
    return cleaned


def _time_problems(command: NewSlot, now: datetime, was_starting_at: datetime | None) -> list[Invalid]:
    problems = []
    if command.ends_at <= command.starts_at:
        problems.append(Invalid("end_before_start", field="ends_at"))
    elif command.ends_at - command.starts_at > LONGEST:
        problems.append(Invalid("slot_too_long", field="ends_at", days=LONGEST.days))
    if command.starts_at <= now and command.starts_at != was_starting_at:
        problems.append(Invalid("slot_in_the_past", field="starts_at"))
    elif command.starts_at - now > FURTHEST_AHEAD:
        problems.append(Invalid("slot_too_far_ahead", field="starts_at", days=FURTHEST_AHEAD.days))
    for name in ("closes_at", "cancel_until", "names_until"):
        value = getattr(command, name)
        if value is not None and value > command.starts_at:
            problems.append(Invalid("after_the_start", field=name))
    closes_at = command.closes_at or command.starts_at
    for name in ("opens_at", "invited_until", "draw_at"):
        value = getattr(command, name)
        if value is not None and value >= closes_at:
            problems.append(Invalid("opens_after_it_closes" if name == "opens_at" else "after_it_closes", field=name))
    if command.draw_at is not None and command.opens_at is not None and command.draw_at <= command.opens_at:
        problems.append(Invalid("draw_before_opening", field="draw_at"))
    return problems


def _size_problems(command: NewSlot) -> list[Invalid]:
    problems = []
    for name in ("capacity", "attendee_capacity", "party_max", "quota_month", "quota_edition", "quota_open"):
        value = getattr(command, name)
        if value is not None and not 1 <= value <= CAPACITY_MAX:
            problems.append(Invalid("out_of_range", field=name, minimum=1, maximum=CAPACITY_MAX))
    if not 0 <= command.door_minutes <= DOOR_MINUTES_MAX:
        problems.append(Invalid("out_of_range", field="door_minutes", minimum=0, maximum=DOOR_MINUTES_MAX))
    limits = {"supporting": SUPPORTING_MAX, "services": SERVICES_MAX, "staff": STAFF_MAX, "questions": QUESTIONS_MAX}
    for name, limit in limits.items():
        if len(getattr(command, name)) > limit:
            problems.append(Invalid("too_many_items", field=name, limit=limit))
    if command.department in command.supporting:
        problems.append(Invalid("lead_supports_itself", field="supporting"))
    audience = command.audience
    if audience.kind is AudienceKind.NAMED and not audience.enterprises:
        problems.append(Invalid("nobody_invited", field="audience"))
    if command.invited_until is not None and not audience.enterprises:
        problems.append(Invalid("nobody_invited", field="audience"))
    if len(audience.enterprises) > INVITED_MAX:
        problems.append(Invalid("too_many_items", field="audience", limit=INVITED_MAX))
    return problems


def _cleaned(command: NewSlot) -> tuple[NewSlot, list[Invalid]]:
    """The command with its texts cleaned, and what is wrong with them."""
    problems: list[Invalid] = []
    texts: dict[str, Callable[[], Any]] = {
        "title": lambda: clean_line(command.title, "title", TITLE_MAX, required=True),
        "title_en": lambda: clean_line(command.title_en, "title_en", TITLE_MAX),
        "description": lambda: clean_text(command.description, "description", DESCRIPTION_MAX),
        "bring": lambda: clean_text(command.bring, "bring", BRING_MAX),
        "place_text": lambda: clean_line(command.place_text, "place_text", PLACE_TEXT_MAX),
        "online_url": lambda: _clean_url(command.online_url),
        "questions": lambda: tuple(_clean_question(question) for question in command.questions),
    }
    changes: dict[str, Any] = {}
    for name, clean in texts.items():
        try:
            changes[name] = clean()
        except Invalid as problem:
            problems.append(problem)
    return replace(command, **changes), problems


def _clean_question(question: NewQuestion) -> NewQuestion:
    return replace(question, label=clean_line(question.label, "questions", LABEL_MAX, required=True))


def _clean_url(value: str) -> str:
    url = clean_line(value, "online_url", URL_MAX)
    if url and not url.startswith(("https://", "http://")):
        raise Invalid("bad_url", field="online_url")
    return url


def is_hidden(audience: AudienceKind, topic: Topic, kind: SlotFormat) -> bool:
    """Whether it is in no public list or feed and does not exist for others than its audience (CONTRACTS.md)."""
    return audience is AudienceKind.NAMED or (topic is Topic.CARE and kind is SlotFormat.VISIT)


def is_for(audience: Audience, enterprise: EnterpriseProfile) -> bool:
    """Whether the enterprise is among those the slot is for."""
    if audience.kind is AudienceKind.PUBLIC:
        return True
    if audience.kind is AudienceKind.NAMED:
        return enterprise.id in audience.enterprises
    return (
        (not audience.parks or enterprise.park in audience.parks)
        and (not audience.sub_districts or enterprise.sub_district in audience.sub_districts)
        and (not audience.sizes or enterprise.size in audience.sizes)
        and (not audience.tags or bool(enterprise.tags & frozenset(audience.tags)))
    )


def check_publish(state: SlotState, starts_at: datetime, now: datetime) -> None:
    """Raise unless a slot in `state` may be published now."""
    if state is not SlotState.DRAFT:
        raise Conflict("not_a_draft", state=state.value)
    if starts_at <= now:
        raise Conflict("slot_began", starts_at=starts_at)


def check_call_off(state: SlotState, ends_at: datetime, now: datetime, reason: str) -> str:
    """The cleaned reason, or an error unless a slot in `state` may be called off now."""
    reason = clean_line(reason, "reason", REASON_MAX, required=True)
    if state is not SlotState.PUBLISHED:
        raise Conflict("not_published", state=state.value)
    if ends_at <= now:
        raise Conflict("slot_over", ends_at=ends_at)
    return reason
