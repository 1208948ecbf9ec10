"""Make slots: one or many, in as many statements."""

from __future__ import annotations

from collections.abc import Sequence

from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.ids import new_public_id
from eventsys.core.permissions import Permission, Scope, authorize
from eventsys.slots.draws import Draw, check_draw
from eventsys.slots.models import Run, Slot
from eventsys.slots.rules import NewSlot, SlotState, clean_slot
from eventsys.slots.services.joint import ask_supporting
from eventsys.slots.services.publishing import mark_published
from eventsys.slots.services.writing import Shared, described, draw_of, invite, write


def make_slots(
    commands: Sequence[NewSlot], *, actor: Actor, publish: bool = False, run: Run | None = None
) -> list[Slot]:
    """A draft a command, in their order; published at once when asked. All are made, or none."""
    cleaned, shared, slots = [], Shared(), []
    for command in commands:
        authorize(actor, Permission.CREATE_SLOT, Scope(departments=frozenset({command.department})))
        command = clean_slot(command, now())
        check_draw(Draw(), draw_of(command), now())
        slot = Slot(
            public_id=new_public_id(),
            department_id=command.department,
            created_by_id=actor.person,
            state=SlotState.DRAFT,
            run_id=run.id if run else None,
        )
        write(slot, command, shared)
        cleaned.append(command)
        slots.append(slot)
    db.session.add_all(slots)
    db.session.flush()
    invite(zip(slots, [command.audience for command in cleaned], strict=True))
    for slot in slots:
        audit.record(actor, "slot.created", "slot", slot.public_id, after=described(slot))
    ask_supporting(slots, actor=actor)
    if publish:
        mark_published(slots, actor)
    return slots
