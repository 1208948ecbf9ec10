"""What a calendar says of a slot: plain values in, an Event out (pure). A feed speaks its link's language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from eventsys.bookings.rules import ACTIVE, BookingState
from eventsys.calendars.rules import Detail
from eventsys.calendars.words import COLOURS, MONTHS, WEEKDAYS, WORDS
from eventsys.core.ical import Event, Status
from eventsys.directory.rules import Topic
from eventsys.slots.event_words import location_of, summary_of
from eventsys.slots.rules import SlotFormat, SlotState

TEXT_VERSION = 3  # raised when a release words events differently: clients then fetch anew


@dataclass(frozen=True, slots=True)
class Named:
    """A name in Chinese and, when there is one, in English."""

    name: str
    name_en: str = ""

    def in_language(self, locale: str) -> str:
        """The English name in English when there is one, else the Chinese."""
        return (self.name_en if locale == "en" else "") or self.name


@dataclass(frozen=True, slots=True)
class OwnBooking:
    """What an enterprise's own feed adds: its bookings of the slot, the present one last; of a planned visit it is the
    enterprise that has to answer."""

    states: tuple[BookingState, ...]
    party: int
    changed_at: datetime
    is_planned: bool = False

    @property
    def active(self) -> BookingState | None:
        """The state of the active booking; None when there is none any more."""
        return next((state for state in self.states if state in ACTIVE), None)

    @property
    def steps(self) -> int:
        """Rises with every step a calendar shows: one for a booking not yet confirmed, two once it is, three when it
        has ended. The slot's sequence plus this only rises, whatever happens to either."""
        return sum(_STEPS.get(state, 1) for state in self.states)


_STEPS = {BookingState.CONFIRMED: 2, BookingState.CANCELLED: 3, BookingState.EXPIRED: 3}


@dataclass(frozen=True, slots=True)
class Lead:
    """The department that leads a slot, by its full and its short name."""

    name: Named
    short_name: str
    colour: int
    phone: str


@dataclass(frozen=True, slots=True)
class Venue:
    """A place, with its coordinates where they are known."""

    name: Named
    address: str
    coordinates: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class SlotFacts:
    """What a calendar shows of a slot. Instants are aware."""

    public_id: str
    state: SlotState
    title: Named
    description: str
    topic: Topic
    format: SlotFormat
    lead: Lead
    venue: Venue | None
    place_text: str
    starts_at: datetime
    ends_at: datetime
    opens_at: datetime | None
    closes_at: datetime
    changed_at: datetime
    sequence: int
    call_off_reason: str
    online_url: str
    bring: str
    supporting: tuple[Named, ...] = ()
    services: tuple[Named, ...] = ()


@dataclass(frozen=True, slots=True)
class Counts:
    """What a department's own calendar adds: how many booked, how many people, who waits, when the numbers last
    changed, and when the door opens."""

    taken: int
    capacity: int
    people: int
    waiting: int
    changed_at: datetime | None
    opens_at: datetime


@dataclass(frozen=True, slots=True)
class Wording:
    """In which language, zone and detail events speak, and where their links lead. `uid_host` never changes."""

    locale: str
    zone: ZoneInfo
    base_url: str
    uid_host: str
    detail: Detail = Detail.FULL


def event_of(
    slot: SlotFacts,
    wording: Wording,
    own: OwnBooking | None = None,
    counts: Counts | None = None,
    *,
    is_busy: bool = False,
) -> Event:
    """The slot as an event; with `own`, as the enterprise that booked sees it, with `counts`, as its department."""
    status = _status(slot, own)
    is_off = status is Status.CANCELLED
    changed_at = max([slot.changed_at, *_changes(own, counts)])
    is_named, is_full = wording.detail is not Detail.BUSY, wording.detail is Detail.FULL
    return Event(
        uid=f"{slot.public_id}@{wording.uid_host}",
        sequence=slot.sequence + (own.steps if own else 0),
        changed_at=changed_at,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        summary=_summary(slot, wording, counts, is_off=is_off),
        description="\n".join(_lines(slot, wording, own, counts)) if is_full else "",
        location=_location(slot, wording.locale) if is_named else "",
        url=_page(slot, wording) if is_named else "",
        color=COLOURS[(slot.lead.colour - 1) % len(COLOURS)] if is_named else "",
        categories=(WORDS[wording.locale][slot.topic],) if is_full else (),
        status=status,
        is_busy=is_busy and not is_off,
        place=slot.venue.coordinates if is_named and slot.venue else None,
    )


def _changes(own: OwnBooking | None, counts: Counts | None) -> list[datetime]:
    """When what is added to the slot's own facts last changed."""
    changes = [own.changed_at if own else None, counts.changed_at if counts else None]
    return [at for at in changes if at is not None]


def _summary(slot: SlotFacts, wording: Wording, counts: Counts | None, *, is_off: bool) -> str:
    words = WORDS[wording.locale]
    if wording.detail is Detail.BUSY:
        summary = words["busy"]
    else:
        department = slot.lead.short_name if wording.locale == "zh_CN" else slot.lead.name.in_language("en")
        summary = summary_of(department, slot.title.in_language(wording.locale), wording.locale)
        if counts and not is_off:
            summary = words["counted"].format(summary=summary, taken=counts.taken, capacity=counts.capacity)
    return words["cancelled"].format(summary=summary) if is_off else summary


def _status(slot: SlotFacts, own: OwnBooking | None) -> Status:
    if slot.state is SlotState.CALLED_OFF or (own and own.active is None):
        return Status.CANCELLED
    if own and own.active is not BookingState.CONFIRMED:
        return Status.TENTATIVE
    return Status.CONFIRMED


def _page(slot: SlotFacts, wording: Wording) -> str:
    return f"{wording.base_url}/slots/{slot.public_id}"


def _location(slot: SlotFacts, locale: str) -> str:
    place, address = (slot.venue.name.in_language(locale), slot.venue.address) if slot.venue else ("", "")
    return location_of(place, address, slot.place_text, locale, is_online=slot.format is SlotFormat.ONLINE)


def _lines(slot: SlotFacts, wording: Wording, own: OwnBooking | None, counts: Counts | None) -> Iterator[str]:
    """The description: who, what, how to book."""
    words, locale = WORDS[wording.locale], wording.locale
    is_off = slot.state is SlotState.CALLED_OFF
    if is_off:
        yield words["called_off"].format(reason=slot.call_off_reason)
    elif own:
        yield from _own_lines(slot, own, words)
    elif counts:
        yield from _count_lines(slot, counts, wording)
    yield words["lead"] + slot.lead.name.in_language(locale)
    for key, named in (("supporting", slot.supporting), ("services", slot.services)):
        if named:
            yield words[key] + words["join"].join([item.in_language(locale) for item in named])
    yield words["kind"].format(format=words[slot.format], topic=words[slot.topic])
    if slot.format is SlotFormat.VISIT:
        yield words["visit_notice"]
    if slot.description:
        yield slot.description
    if slot.bring and not is_off:
        yield words["bring"] + words["join"].join(slot.bring.split("\n"))
    if not is_off and own is None and counts is None:
        if slot.opens_at is not None:
            yield words["opens"] + _moment(slot.opens_at, slot.starts_at, wording)
        yield words["closes"] + _moment(slot.closes_at, slot.starts_at, wording)
    if slot.lead.phone:
        yield words["phone"] + slot.lead.phone
    yield words["link"] + _page(slot, wording)


def _own_lines(slot: SlotFacts, own: OwnBooking, words: dict[str, str]) -> Iterator[str]:
    if own.active is None:
        yield words["own_cancelled"]
        return
    is_asked = own.is_planned and own.active is BookingState.PENDING
    state = words["asked" if is_asked else own.active]
    yield words["own"].format(state=state, party=own.party)
    if slot.online_url:
        yield words["online_url"] + slot.online_url


def _count_lines(slot: SlotFacts, counts: Counts, wording: Wording) -> Iterator[str]:
    words = WORDS[wording.locale]
    yield words["booked"].format(taken=counts.taken, capacity=counts.capacity, people=counts.people)
    if counts.waiting:
        yield words["waiting"].format(counts.waiting)
    if has_door(slot.format):
        yield words["door"] + _moment(counts.opens_at, slot.starts_at, wording)


def has_door(form: SlotFormat) -> bool:
    """Whether people are checked in at a door: neither on visits nor online."""
    return form is SlotFormat.SESSION


def _moment(at: datetime, beside: datetime, wording: Wording) -> str:
    """`12月3日（周四）17:00`; with the year when it is not the slot's own: never by the clock."""
    local = at.astimezone(wording.zone)
    year = local.year if local.year != beside.astimezone(wording.zone).year else None
    return f"{_day(local.date(), year, wording.locale)}{'' if wording.locale == 'zh_CN' else ' '}{local:%H:%M}"


def _day(day: date, year: int | None, locale: str) -> str:
    weekday = WEEKDAYS[locale][day.weekday()]
    if locale == "en":
        return f"{weekday}, {day.day} {MONTHS[day.month - 1]}{f' {year}' if year else ''}"
    return f"{f'{year}年' if year else ''}{day.month}月{day.day}日（周{weekday}）"
