"""What an import of slots would do: rows and what is known -> problems, doubts and changes. Pure.

A row with an id changes that slot, when its version is the present one; a row without makes a new one. A cell that
says what the slot says already changes nothing, nor does an empty one; in a new row an empty cell takes the
department's setting.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from eventsys.core.errors import Invalid
from eventsys.directory.imports.columns import known_column
from eventsys.directory.imports.rules import EXAMPLE_MARK, Change, Outcome, Plan, Problem, Row
from eventsys.directory.rules import Topic
from eventsys.slots.draws import Draw, check_draw
from eventsys.slots.imports.audiences import read_audience
from eventsys.slots.imports.columns import CLEARED, COLUMNS
from eventsys.slots.imports.finding import Finder
from eventsys.slots.imports.known import Known, KnownSlot
from eventsys.slots.imports.rows import RowReader, Work
from eventsys.slots.imports.texts import INSTANTS, LIMITS, SWITCHES, TEXTS, texts_of
from eventsys.slots.imports.times import read_instant, read_when
from eventsys.slots.imports.words import FORMATS, STATES, TOPICS, WALK_INS, YES_NO, choice, limit, read_questions
from eventsys.slots.rules import Audience, NewSlot, SlotFormat, SlotState, clean_slot

WHEN = ("date", "start", "end")


def plan_slots(
    rows: Iterable[Row], mapping: Mapping[str, int], headings: tuple[str, ...], known: Known, now: datetime
) -> Plan:
    """The plan of all `rows` (those below the heading); with missing columns that is its only problem."""
    missing = _missing(mapping)
    if missing:
        return Plan((Problem(0, missing, "columns_missing", fields={"columns": missing}),), (), ())
    work = Work(mapping, headings, known, Finder(known), now)
    for row in rows:
        cells = work.cells(row)
        if any(cells.values()) and not cells["title"].endswith(EXAMPLE_MARK):
            _plan_row(RowReader(work, row, cells))
    return Plan(tuple(work.problems), tuple(work.warnings), tuple(work.changes))


def _missing(mapping: Mapping[str, int]) -> str:
    """The headings a file lacks: to change slots it needs their ids, to make new ones titles and times."""
    needed = [] if "id" in mapping else ["title"] if {"date", "start"} & mapping.keys() else ["title", "date"]
    return "、".join(known_column(COLUMNS, name).zh for name in needed if name not in mapping)


def _plan_row(reader: RowReader) -> None:
    if not _find_slot(reader):
        return
    _read_state(reader)
    finder, known = reader.work.finder, reader.work.known
    for name in TEXTS:
        reader.take(name, str)
    for name in LIMITS:
        reader.take(name, lambda text, name=name: limit(text, name))  # type: ignore[misc]
    for name in SWITCHES:
        reader.take(name, lambda text, name=name: choice(YES_NO, text, name))  # type: ignore[misc]
    for name in INSTANTS:
        reader.take(name, lambda text, name=name: read_instant(text, name, zone=known.zone, today=known.today))  # type: ignore[misc]
    reader.take("topic", lambda text: choice(TOPICS, text, "topic"))
    reader.take("format", lambda text: choice(FORMATS, text, "format"))
    reader.take("walk_ins", lambda text: choice(WALK_INS, text, "walk_ins"))
    reader.take("questions", read_questions)
    reader.take("department", lambda text: finder.one("departments", text, "department"))
    reader.take("supporting", lambda text: finder.all("departments", text, "supporting"))
    reader.take("edition", lambda text: finder.edition(text))
    _read_place(reader)
    _read_audience(reader)
    base = _base(reader)
    if base is None:
        return
    _read_services(reader, base)
    _read_when(reader, base)
    if not reader.is_refused:
        _conclude(reader, replace(base, **reader.taken))


def _find_slot(reader: RowReader) -> bool:
    """The slot a row changes, if any; whether the row can be read on."""
    key, work = reader.cells["id"], reader.work
    if not key:
        return True
    slot = work.known.slots.get(key)
    if slot is None:
        reader.refuse("id", "row_unknown_slot")
        return False
    first = work.rows_by_id.setdefault(key, reader.row.number)
    if first != reader.row.number:
        reader.refuse("id", "row_repeats", first=first)
    elif not reader.cells["version"]:
        reader.refuse("version", "row_without_version")
    elif reader.cells["version"].removesuffix(".0") != str(slot.version):
        reader.refuse("version", "row_stale")
    reader.slot, reader.kept = slot, texts_of(slot, work.known)
    return not reader.is_refused


def _read_state(reader: RowReader) -> None:
    """The state is there to be read: what it would be changed to is done on the page, where people are told."""
    if not reader.cells["state"]:
        return None
    try:
        state = choice(STATES, reader.cells["state"], "state")
    except Invalid as error:
        return reader.refuse_all(error)
    if state is not (reader.slot.state if reader.slot else SlotState.DRAFT):
        reader.refuse("state", "state_by_import")
    return None


def _base(reader: RowReader) -> NewSlot | None:
    """What the row starts from: the slot as it is, or a new one by the department's settings."""
    work = reader.work
    if reader.slot is not None:
        department = reader.taken.get("department", reader.slot.command.department)
    else:
        own = work.known.own
        department = reader.taken.get("department", next(iter(own)) if len(own) == 1 else None)
    if department is None:
        if not reader.cells["department"]:
            reader.refuse("department", "required")
        return None
    if department not in work.known.own:
        reader.refuse("department", "department_not_yours")
        return None
    if reader.slot is not None:
        return reader.slot.command
    kind = reader.taken.get("format", SlotFormat.SESSION)
    settings = work.known.settings[department]
    defaults = settings.of_format(kind)
    starts_at = work.now  # until the cells are read
    return NewSlot(
        department=department,
        title="",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=defaults.minutes),
        format=kind,
        topic=Topic.SERVICE,
        capacity=defaults.capacity,
        attendee_capacity=defaults.attendee_capacity or None,
        party_max=defaults.party_max or None,
        quota_month=settings.quota_month or None,
        quota_edition=settings.quota_edition or None,
        quota_open=settings.quota_open or None,
    )


def _read_place(reader: RowReader) -> None:
    """The name of a place there is, or else any text, which then is the other place."""
    finder, text = reader.work.finder, reader.cells["place"]
    if not reader.says("place") or text == CLEARED:
        return reader.take("place", str)
    place = finder.find("places", text)
    if place is not None:
        reader.taken["place"] = place.id
    elif reader.taken.get("place_text", reader.kept.get("place_text")):
        reader.refuse("place", "cell_place")
    else:
        reader.taken |= {"place": None, "place_text": text}
    return None


def _read_audience(reader: RowReader) -> None:
    """Whom it is for, and who is invited by name: two cells, one value."""
    if not (reader.says("audience") or reader.says("invited")):
        return
    before = reader.slot.command.audience if reader.slot else Audience()
    audience = reader.cells["audience"] if reader.says("audience") else ""
    invited = reader.cells["invited"] if reader.says("invited") else ""
    try:
        reader.taken["audience"] = read_audience(audience, invited, before, reader.work.finder)
    except Invalid as error:
        reader.refuse_all(error)


def _read_services(reader: RowReader, base: NewSlot) -> None:
    department = reader.taken.get("department", base.department)
    supporting = reader.taken.get("supporting", base.supporting)
    finder = reader.work.finder
    for kind in ("services", "staff"):
        reader.take(kind, lambda text, kind=kind: finder.offered(kind, text, (department, *supporting)))  # type: ignore[misc]


def _read_when(reader: RowReader, base: NewSlot) -> None:
    """Start and end, read together: each of the cells may hold more than its part."""
    if reader.slot is not None and not any(map(reader.says, WHEN)):
        return None
    known = reader.work.known
    texts = [reader.cells[name] or reader.kept.get(name, "") for name in WHEN]
    try:
        when = read_when(texts[0], texts[1], texts[2], zone=known.zone, today=known.today)
    except Invalid as error:
        return reader.refuse_all(error)
    reader.doubt("date" if reader.cells["date"] else "start", when.doubts)
    length = base.ends_at - base.starts_at
    reader.taken |= {"starts_at": when.starts_at, "ends_at": when.ends_at or when.starts_at + length}
    return None


def _conclude(reader: RowReader, command: NewSlot) -> None:
    slot, work = reader.slot, reader.work
    if slot is not None and _in_order(command) == _in_order(slot.command):
        return _change(reader, command, Outcome.UNCHANGED)
    try:
        command = clean_slot(command, work.now, was_starting_at=slot.command.starts_at if slot else None)
        _check_kept(command, slot, work.now)
    except Invalid as error:
        return reader.refuse_all(error)
    if slot is not None and slot.state is SlotState.CALLED_OFF:
        return reader.refuse("state", "already_called_off")
    return _change(reader, command, Outcome.UPDATED if slot else Outcome.CREATED)


def _check_kept(command: NewSlot, slot: KnownSlot | None, now: datetime) -> None:
    """What was promised to who booked or registered still holds."""
    taken, people = (slot.places_taken, slot.people_taken) if slot else (0, 0)
    if command.capacity < taken:
        raise Invalid("capacity_below_booked", field="capacity", taken=taken)
    if command.attendee_capacity is not None and command.attendee_capacity < people:
        raise Invalid("capacity_below_booked", field="attendee_capacity", taken=people)
    before = Draw(slot.command.draw_at, slot.command.is_draw_weighted) if slot else Draw()
    after = Draw(command.draw_at, command.is_draw_weighted)
    waiting, is_drawn = (slot.waiting, slot.is_drawn) if slot else (0, False)
    check_draw(before, after, now, registered=waiting, booked=taken, is_drawn=is_drawn)


def _change(reader: RowReader, command: NewSlot, outcome: Outcome) -> None:
    slot, before, after = reader.slot, {}, {}
    if slot is not None and outcome is Outcome.UPDATED:
        new = texts_of(replace(slot, command=command), reader.work.known)
        after = {name: text for name, text in new.items() if text != reader.kept[name]}
        before = {name: reader.kept[name] for name in after}
    values = {"command": command, "slot": slot}
    key = slot.public_id if slot else ""
    reader.work.changes.append(Change(reader.row.number, key, command.title, outcome, values, before, after))


def _in_order(command: NewSlot) -> NewSlot:
    """The command with what has no order sorted, so that equal ones compare as such."""
    audience = command.audience
    lists = ("parks", "tags", "sub_districts", "sizes", "enterprises")
    in_order: dict[str, Any] = {name: tuple(sorted(getattr(audience, name))) for name in lists}
    return replace(
        command,
        supporting=tuple(sorted(command.supporting)),
        services=tuple(sorted(command.services)),
        staff=tuple(sorted(command.staff)),
        audience=replace(audience, **in_order),
    )
