"""A slot as the cells of a row. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from eventsys.slots.imports.columns import NONE
from eventsys.slots.imports.known import Known, KnownSlot, Named
from eventsys.slots.imports.times import write_clock, write_day, write_instant
from eventsys.slots.imports.words import FORMATS, SIZES, STATES, TOPICS, WALK_INS, YES_NO, join_names, write_questions
from eventsys.slots.rules import Audience, AudienceKind, NewSlot

TEXTS = ("title", "title_en", "place_text", "online_url", "bring", "description")
LIMITS = (
    "capacity", "attendee_capacity", "party_max", "quota_month", "quota_edition", "quota_open", "door_minutes",
)  # fmt: skip
INSTANTS = ("invited_until", "opens_at", "closes_at", "cancel_until", "names_until", "draw_at")
SWITCHES = ("needs_approval", "is_draw_weighted")
PUBLIC, NAMED, FILTERED = "公开", "定向邀请", "按条件"
FILTERS = {"parks": "园区", "sub_districts": "街道", "tags": "标签", "sizes": "规模"}


def texts_of(slot: KnownSlot, known: Known) -> dict[str, str]:
    """The cells of a slot by field: what `plan` reads back as the same slot."""
    command, zone = slot.command, known.zone
    return {
        "id": slot.public_id,
        "version": str(slot.version),
        "state": STATES[slot.state][0],
        "department": _name(known.departments, command.department),
        "topic": TOPICS[command.topic][0],
        "format": FORMATS[command.format][0],
        "walk_ins": WALK_INS[command.walk_ins][0],
        "date": write_day(command.starts_at, zone),
        "start": write_clock(command.starts_at, zone),
        "end": _end(command, known),
        "place": _name(known.places, command.place),
        "supporting": join_names(_name(known.departments, key) for key in command.supporting),
        "services": join_names(names_offered(command.services, known.services, command)),
        "staff": join_names(names_offered(command.staff, known.staff, command)),
        "audience": audience_text(command.audience, known),
        "invited": join_names(known.credit_codes.get(key, "") for key in command.audience.enterprises),
        "questions": write_questions(command.questions),
        "edition": _name(known.editions, command.edition),
        **{name: getattr(command, name) for name in TEXTS},
        **{name: _limit(getattr(command, name)) for name in LIMITS},
        **{name: _instant(getattr(command, name), known) for name in INSTANTS},
        **{name: YES_NO[getattr(command, name)][0] for name in SWITCHES},
    }


def names_offered(keys: Iterable[int], rows: Sequence[Named], command: NewSlot) -> list[str]:
    """The names of services or staff of a slot's departments; the longer form of one whose name several have."""
    offered_by = {command.department, *command.supporting}
    offered = [item.name for item in rows if item.owner in offered_by]
    return [
        item.name if offered.count(item.name) == 1 else item.others[0]
        for key in keys
        for item in rows
        if item.id == key
    ]


def audience_text(audience: Audience, known: Known) -> str:
    """Whom a slot is for, without those invited by name."""
    if audience.kind is not AudienceKind.FILTERED:
        return PUBLIC if audience.kind is AudienceKind.PUBLIC else NAMED
    lists: dict[str, Iterable[str]] = {
        "parks": [_name(known.parks, key) for key in audience.parks],
        "sub_districts": audience.sub_districts,
        "tags": [_name(known.tags, key) for key in audience.tags],
        "sizes": [SIZES[size][0] for size in audience.sizes],
    }
    parts = [f"{FILTERS[name]}：{join_names(names)}" for name, names in lists.items() if names]
    return "；".join(parts) or FILTERED


def _end(command: NewSlot, known: Known) -> str:
    if write_day(command.ends_at, known.zone) == write_day(command.starts_at, known.zone):
        return write_clock(command.ends_at, known.zone)
    return write_instant(command.ends_at, known.zone)


def _name(rows: Sequence[Named], key: int | None) -> str:
    return next((item.name for item in rows if item.id == key), "") if key is not None else ""


def _limit(value: int | None) -> str:
    return NONE if value is None else str(value)


def _instant(value: datetime | None, known: Known) -> str:
    return "" if value is None else write_instant(value, known.zone)


def row_of(texts: dict[str, str], fields: Sequence[Any]) -> tuple[str, ...]:
    """The cells in the order of the columns."""
    return tuple(texts[column.field] for column in fields)
