"""What stands against a slot that is typed or stored, in sentences."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from eventsys.bookings.queries.clashes import list_clashes, list_clashes_of, tell_clashes
from eventsys.core.actor import Actor
from eventsys.core.errors import Invalid
from eventsys.directory.ways import NOWHERE
from eventsys.pages.forms.slot import SlotForm, numbered_lines
from eventsys.pages.queries import SlotChoices, find_enterprises_named
from eventsys.slots.clashes import Clash, Held
from eventsys.slots.models import Slot
from eventsys.slots.queries.clashes import venues_of
from eventsys.slots.rules import LONGEST, AudienceKind, SlotFormat
from eventsys.web.wording import sentence

SHOWN_MAX = 5

Told = tuple[str, str | None, bool]  # the sentence, the other slot's public id, whether it is forbidden


def clashes_typed(form: SlotForm, choices: SlotChoices, slot: Slot | None, actor: Actor) -> list[Told]:
    """What stands against the slot as far as it is typed; nothing before time and department are there."""
    held = _held(form, choices, slot)
    return _told(list_clashes([held]), actor) if held else []


def clashes_stored(slots: Collection[int], actor: Actor) -> list[Told]:
    """What stands against stored slots (primary keys)."""
    return _told(list_clashes_of(slots), actor)


def _told(clashes: Sequence[Clash], actor: Actor) -> list[Told]:
    told = tell_clashes(clashes[:SHOWN_MAX], actor)
    return [(sentence(item.code, item.fields), item.slot, item.is_forbidden) for item in told]


def _held(form: SlotForm, choices: SlotChoices, slot: Slot | None) -> Held | None:
    starts_at, ends_at = form.starts_at.data, form.until()
    department = next((item.id for item in choices.own if item.public_id == form.department.data), None)
    if department is None or starts_at is None or ends_at is None or not starts_at < ends_at <= starts_at + LONGEST:
        return None
    place = next((item.id for item in choices.places if item.public_id == form.place.data), None)
    venues = venues_of([place] if place is not None else [])
    chosen = set(form.staff.data or ())
    return Held(
        starts_at,
        ends_at,
        department,
        slot.id if slot else None,
        place,
        venues[place].where if place in venues else NOWHERE,
        form.attendee_capacity.data,
        frozenset(item.id for item in choices.staff if item.public_id in chosen),
        _visited(form),
    )


def _visited(form: SlotForm) -> frozenset[int]:
    """The only enterprise named, of a visit for named ones; nobody while the names cannot be read."""
    if form.format.data != SlotFormat.VISIT or form.audience.data != AudienceKind.NAMED:
        return frozenset()
    try:
        named = find_enterprises_named(numbered_lines(form.invited.data), "invited")
    except Invalid:
        return frozenset()
    return frozenset(named if len(named) == 1 else ())
