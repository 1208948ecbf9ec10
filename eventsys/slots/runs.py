"""Many slots made in one go: what is asked for, what it comes to, and what stands against single dates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from eventsys.core.errors import Conflict, Invalid
from eventsys.directory.settings import ClashRule, Settings
from eventsys.slots.clashes import ClashKind, Held, Neighbours, Venue, find_clashes, held_as, rules_of
from eventsys.slots.recurrence import (
    OCCURRENCES_MAX,
    Every,
    Fate,
    IsWorkday,
    MonthBy,
    OnHoliday,
    PlannedDay,
    Recurrence,
    month_days,
    nearest_workday,
    nth_weekday,
    plan_days,
)
from eventsys.slots.rules import FURTHEST_AHEAD, NewSlot
from eventsys.slots.sittings import TimesOfDay, list_occurrences

PLACES_MAX = 20
SHIFTED = ("opens_at", "closes_at", "cancel_until", "names_until", "invited_until", "draw_at")  # with the start


class Mark(StrEnum):
    """What a clerk should know of a date before it is made."""

    MOVED = "moved"
    DAY_OFF = "day_off"
    OWN_SLOT = "own_slot"
    PLACE_TAKEN = "place_taken"
    STAFF_BUSY = "staff_busy"
    VISITED_TWICE = "visited_twice"
    BUSY_DAY = "busy_day"


MARKS = {
    ClashKind.STAFF: Mark.STAFF_BUSY,
    ClashKind.BUSY: Mark.STAFF_BUSY,
    ClashKind.VENUE: Mark.PLACE_TAKEN,
    ClashKind.SEATS: Mark.PLACE_TAKEN,
    ClashKind.ENTERPRISE: Mark.VISITED_TWICE,
    ClashKind.DAY: Mark.BUSY_DAY,
}


@dataclass(frozen=True, slots=True)
class NewRun:
    """The command to make many slots like `slot`, whose own times do not count.

    `places` (primary keys) take turns from day to day; without them all are at the slot's place. `chosen` are the keys
    of the candidates wanted, None means all. `public_id` is chosen by the caller, so that a run is made once only.
    """

    slot: NewSlot
    rule: Recurrence
    times: TimesOfDay
    places: tuple[int, ...] = ()
    public_id: str = ""
    chosen: frozenset[str] | None = None

    @property
    def department(self) -> int:
        """The department that leads them all."""
        return self.slot.department


@dataclass(frozen=True, slots=True)
class MonthCopy:
    """The command to make a department's slots of the month that begins on `month` again in the next one."""

    department: int
    month: date
    on_holiday: OnHoliday = OnHoliday.NEXT
    public_id: str = ""
    chosen: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A slot as it would be made. `key` names it within its run, `day` is that of its start in the district's zone."""

    key: str
    day: date
    slot: NewSlot
    moved_from: date | None = None
    marks: frozenset[Mark] = frozenset()


@dataclass(frozen=True, slots=True)
class Dropped:
    """A day that comes to no slot, and why; `title` is that of the slot that was to be copied."""

    day: date
    fate: Fate
    title: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a run comes to, by start, and what it does not come to."""

    candidates: tuple[Candidate, ...]
    dropped: tuple[Dropped, ...] = ()


def expand(run: NewRun, zone: ZoneInfo, is_workday: IsWorkday, now: datetime) -> Preview:
    """Every slot the run comes to from now on; Invalid when it cannot be, is too many or none."""
    today = now.astimezone(zone).date()
    if not today - timedelta(days=366) <= run.rule.starts_on <= today + FURTHEST_AHEAD:
        raise Invalid("slot_too_far_ahead", field="starts_on", days=FURTHEST_AHEAD.days)
    if len(run.places) > PLACES_MAX:
        raise Invalid("too_many_items", field="places", limit=PLACES_MAX)
    days = plan_days(run.rule, is_workday)
    candidates: list[Candidate] = []
    turn: dict[date, int] = {}
    for item in list_occurrences(days, run.times, zone):
        number = turn.setdefault(item.day, len(turn))
        place = run.places[number % len(run.places)] if run.places else run.slot.place
        slot = replace(run.slot, starts_at=item.starts_at, ends_at=item.ends_at, place=place)
        key = f"{item.starts_at:%Y%m%dT%H%M}"
        candidates.append(_candidate(key, slot, item.day, item.moved_from, is_workday))
    return _to_come(candidates, [*_dropped(days)], now)


def copy_into_next_month(
    copy: MonthCopy, slots: Sequence[tuple[str, NewSlot]], zone: ZoneInfo, is_workday: IsWorkday, now: datetime
) -> Preview:
    """The slots (with their keys) on the same weekday of the next month: the first Tuesday's on the first Tuesday.

    Whatever has a time moves as far as the start does. A day the next month has not, or that a holiday moves out of
    it, is dropped.
    """
    if len(slots) > OCCURRENCES_MAX:
        raise Invalid("too_many_occurrences", field="month", limit=OCCURRENCES_MAX, wanted=len(slots))
    candidates: list[Candidate] = []
    dropped: list[Dropped] = []
    for key, slot in slots:
        start = slot.starts_at.astimezone(zone)
        planned = _same_weekday_later(start.date(), is_workday)
        day, fate = _held_on(planned, copy.on_holiday, is_workday)
        if day is None or planned is None:
            dropped.append(Dropped(planned or start.date(), fate, slot.title))
            continue
        moved = shifted(slot, datetime.combine(day, start.time(), zone))
        candidates.append(_candidate(key, moved, day, planned if day != planned else None, is_workday))
    if not candidates:
        raise Invalid("nothing_left", field="month")
    return _to_come(candidates, dropped, now)


def shifted(slot: NewSlot, starts_at: datetime) -> NewSlot:
    """The slot at another time; its length stays, and whatever has a time moves as far as the start."""
    delay = starts_at - slot.starts_at
    moved = {name: value + delay for name in SHIFTED if (value := getattr(slot, name)) is not None}
    return replace(slot, starts_at=starts_at, ends_at=slot.ends_at + delay, **moved)


def marked(
    preview: Preview, around: Sequence[Held], venues: Mapping[int, Venue], settings: Settings, zone: ZoneInfo
) -> Preview:
    """The preview with what stands against each date: slots of its department then, and every clash with the slots
    `around` and with one another that the settings ask to be told."""
    held = [held_as(candidate.slot, venues) for candidate in preview.candidates]
    neighbours = Neighbours([*around, *held], zone)
    found = [
        replace(candidate, marks=candidate.marks | marks_against(mine, neighbours, venues, settings, zone))
        for candidate, mine in zip(preview.candidates, held, strict=True)
    ]
    return replace(preview, candidates=tuple(found))


def marks_against(
    mine: Held, neighbours: Neighbours, venues: Mapping[int, Venue], settings: Settings, zone: ZoneInfo
) -> frozenset[Mark]:
    """What stands against a slot: others of its department then, and the clashes that the settings ask to be told."""
    rules = rules_of(settings)
    clashes = find_clashes(mine, neighbours, venues, settings.day_slots, zone)
    marks = {MARKS[item.kind] for item in clashes if rules[item.kind] is not ClashRule.OFF}
    if any(mine.meets(other) and mine.department == other.department for other in neighbours.near(mine)):
        marks |= {Mark.OWN_SLOT}
    return frozenset(marks)


def chosen_of(preview: Preview, chosen: frozenset[str] | None) -> list[Candidate]:
    """The candidates with these keys (None: all); Conflict for one that is there no more, Invalid for none at all."""
    keys = {candidate.key for candidate in preview.candidates}
    if chosen is not None and not chosen <= keys:
        raise Conflict("run_changed")
    found = [item for item in preview.candidates if chosen is None or item.key in chosen]
    if not found:
        raise Invalid("none_chosen", field="chosen")
    return found


def as_stored(command: NewRun | MonthCopy) -> dict[str, Any]:
    """What was asked for, as JSON."""
    if isinstance(command, MonthCopy):
        return {"kind": "month", "month": command.month.isoformat(), "on_holiday": command.on_holiday.value}
    parts = {"rule": asdict(command.rule), "times": asdict(command.times), "places": command.places}
    return {"kind": "rule", **_plain(parts)}


def stored_rule(stored: dict[str, Any]) -> Recurrence:
    """The rule of a run that was made by one, from its JSON."""
    kept = dict(stored["rule"])
    for name in ("starts_on", "until"):
        kept[name] = date.fromisoformat(kept[name]) if kept[name] else None
    kept["left_out"] = frozenset(map(date.fromisoformat, kept["left_out"]))
    kept |= {name: frozenset(kept[name]) for name in ("weekdays", "nth")}
    kinds = {"every": Every, "by": MonthBy, "on_holiday": OnHoliday}
    return Recurrence(**{**kept, **{name: kind(kept[name]) for name, kind in kinds.items()}})


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (frozenset, tuple)):
        return [_plain(item) for item in (sorted(value) if isinstance(value, frozenset) else value)]
    return value.isoformat() if isinstance(value, (date, time)) else value


def _candidate(key: str, slot: NewSlot, day: date, moved_from: date | None, is_workday: IsWorkday) -> Candidate:
    marks = {Mark.MOVED} if moved_from is not None else set()
    if not is_workday(day):
        marks.add(Mark.DAY_OFF)
    return Candidate(key, day, slot, moved_from, frozenset(marks))


def _dropped(days: Iterable[PlannedDay]) -> Iterable[Dropped]:
    return (Dropped(item.planned, item.fate) for item in days if item.day is None)


def _to_come(candidates: list[Candidate], dropped: list[Dropped], now: datetime) -> Preview:
    """Without those that have begun."""
    coming = [item for item in candidates if item.slot.starts_at > now]
    past = [Dropped(item.day, Fate.PAST, item.slot.title) for item in candidates if item.slot.starts_at <= now]
    if not coming:
        raise Invalid("nothing_left", field="starts_on")
    coming.sort(key=lambda item: (item.slot.starts_at, item.key))
    return Preview(tuple(coming), tuple(sorted([*dropped, *past], key=lambda item: item.day)))


def _same_weekday_later(day: date, is_workday: IsWorkday) -> date | None:
    """The same weekday, as many times into the next month; None when the month has not so many."""
    first = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    nth, weekday = frozenset({nth_weekday(day)}), frozenset({day.weekday()})
    return next(iter(month_days(first, MonthBy.WEEKDAY, nth, weekday, is_workday)), None)


def _held_on(planned: date | None, on_holiday: OnHoliday, is_workday: IsWorkday) -> tuple[date | None, Fate]:
    if planned is None:
        return None, Fate.OUTSIDE
    if on_holiday is OnHoliday.KEEP or is_workday(planned):
        return planned, Fate.HELD
    if on_holiday is OnHoliday.SKIP:
        return None, Fate.HOLIDAY
    moved = nearest_workday(planned, is_workday, -1 if on_holiday is OnHoliday.PREVIOUS else 1)
    if moved is None or moved.month != planned.month:
        return None, Fate.OUTSIDE
    return moved, Fate.MOVED
