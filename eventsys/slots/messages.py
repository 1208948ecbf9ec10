"""What departments are told of slots, and what every message says of a slot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from eventsys.core.installation import absolute_url
from eventsys.directory.models import Department
from eventsys.directory.recipients import clerks_of
from eventsys.notifications.services import enqueue
from eventsys.slots.models import Slot


def slot_context(slot: Slot) -> dict[str, Any]:
    """What every message says of the slot."""
    place = slot.place.name if slot.place else ""
    return {
        "title": slot.title,
        "department": slot.department.short_name,
        "department_name": slot.department.name,
        "phone": slot.department.phone,
        "starts_at": slot.starts_at.isoformat(),
        "ends_at": slot.ends_at.isoformat(),
        "place": " ".join(filter(None, [place, slot.place_text])),
        "format": slot.format.value,
        "bring": slot.bring,
        "slot_url": absolute_url(f"/slots/{slot.public_id}"),
    }


def tell_department_of_slots(kind: str, department: int, slots: Sequence[Slot], **more: Any) -> None:
    """One message about slots to the clerks of a department (primary key)."""
    told = {"slots": [slot_context(slot) for slot in slots], "desk_url": absolute_url("/desk")}
    enqueue(kind, clerks_of(department), told | more)


def tell_supporting(slot: Slot, departments: Iterable[Department], what: str, **more: Any) -> None:
    """What became of a slot (`moved`, `called_off`, `withdrawn` or `handed_over`), to those that support it."""
    for department in departments:
        enqueue("support_changed", clerks_of(department.id), slot_context(slot) | {"what": what, **more})
