"""Make slots, with the visits that enterprises booked in view: what clashes is refused where that is forbidden."""

from __future__ import annotations

from collections.abc import Sequence

from eventsys.bookings.services.clashes import lock_visited, refuse_clashes
from eventsys.core.actor import Actor
from eventsys.core.errors import Refusal
from eventsys.slots import services as slots
from eventsys.slots.models import Run, Slot
from eventsys.slots.queries import list_run_slots
from eventsys.slots.rules import NewSlot
from eventsys.slots.runs import MonthCopy, NewRun


def create_slot(command: NewSlot, *, actor: Actor, publish: bool = False) -> Slot:
    """A new draft, published at once when asked. Conflict `slot_clash` when it clashes and that is forbidden."""
    lock_visited([command])
    slot = slots.create_slot(command, actor=actor, publish=publish)
    refuse_clashes([slot.id], actor=actor)
    return slot


def create_slots(commands: Sequence[tuple[NewSlot, bool]], *, actor: Actor) -> list[Slot]:
    """Slots of several commands, each published at once or not, in their order: all of them or none. A refusal says the
    `position` of its slot."""
    lock_visited([command for command, _publish in commands])
    made: list[Slot] = []
    for position, (command, publish) in enumerate(commands):
        try:
            made.append(slots.create_slot(command, actor=actor, publish=publish))
        except Refusal as refused:
            refused.fields["position"] = position
            raise
    refuse_clashes([slot.id for slot in made], actor=actor)
    return made


def create_run(command: NewRun | MonthCopy, *, actor: Actor, publish: bool = False) -> Run:
    """Make the slots chosen of a preview. Conflict `slot_clash` when one of them clashes and that is forbidden."""
    if isinstance(command, NewRun):
        lock_visited([command.slot])
    run = slots.create_run(command, actor=actor, publish=publish)
    refuse_clashes([slot.id for slot in list_run_slots(run)], actor=actor)
    return run
