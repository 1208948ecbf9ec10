"""What the form of a slot is filled with: the slot as it is, or the defaults of a new one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from eventsys.directory.models import Enterprise
from eventsys.directory.rules import Topic
from eventsys.directory.settings import Settings
from eventsys.pages.forms.slot import BY_FORMAT, QUOTAS, defaults_of
from eventsys.pages.queries import SlotChoices
from eventsys.slots.models import Slot
from eventsys.slots.rules import DOOR_MINUTES, AudienceKind, NewSlot, SlotFormat, WalkIns


def values_of(slot: Slot, invited: Iterable[Enterprise], choices: SlotChoices) -> dict[str, Any]:
    """What the form is filled with to change `slot`; `invited` are the enterprises it names."""
    length = slot.ends_at - slot.starts_at
    in_minutes = length % timedelta(minutes=1) == timedelta(0) and length <= timedelta(days=1)
    kept = slot.audience
    return {
        **{name: getattr(slot, name) for name in PLAIN},
        "version": slot.version,
        "defaults_of": defaults_of(slot.format, slot.department.public_id),
        "format": slot.format.value,
        "walk_ins": slot.walk_ins.value,
        "topic": slot.topic.value,
        "audience": slot.audience_kind.value,
        "department": slot.department.public_id,
        "supporting": [item.public_id for item in slot.supporting],
        "staff": [item.public_id for item in slot.staff],
        "services": [item.public_id for item in slot.services],
        "place": slot.place.public_id if slot.place else "",
        "edition": slot.edition.public_id if slot.edition else "",
        "minutes": length // timedelta(minutes=1) if in_minutes else None,
        "ends_at": None if in_minutes else slot.ends_at,
        "parks": [item.public_id for item in choices.parks if item.id in kept.get("parks", ())],
        "tags": [item.public_id for item in choices.tags if item.id in kept.get("tags", ())],
        "sub_districts": kept.get("sub_districts", []),
        "sizes": kept.get("sizes", []),
        "invited": "\n".join(f"{item.credit_code}\t{item.name}" for item in invited),
        "questions": [
            {"label": item["label"], "kind": item["kind"], "is_required": item["required"]} for item in slot.questions
        ],
    }


PLAIN = (
    "title",
    "title_en",
    "description",
    "place_text",
    "online_url",
    "bring",
    "starts_at",
    "opens_at",
    "closes_at",
    "cancel_until",
    "names_until",
    "capacity",
    "attendee_capacity",
    "party_max",
    "needs_approval",
    "door_minutes",
    "invited_until",
    "draw_at",
    "is_draw_weighted",
    *QUOTAS,
)


def values_of_template(
    kept: NewSlot, invited: Iterable[Enterprise], choices: SlotChoices, *, department: str
) -> dict[str, Any]:
    """What the form of a new slot is filled with from a template of a department (a public id); whatever is not
    offered any more is left out."""
    audience = kept.audience
    return {
        **{name: getattr(kept, name) for name in KEPT},
        "format": kept.format.value,
        "walk_ins": kept.walk_ins.value,
        "defaults_of": defaults_of(kept.format, department),
        "topic": kept.topic.value,
        "audience": audience.kind.value,
        "department": department,
        "minutes": (kept.ends_at - kept.starts_at) // timedelta(minutes=1),
        "supporting": _public_ids(choices.departments, kept.supporting),
        "services": _public_ids(choices.services, kept.services),
        "place": next(iter(_public_ids(choices.places, [kept.place])), ""),
        "parks": _public_ids(choices.parks, audience.parks),
        "tags": _public_ids(choices.tags, audience.tags),
        "sub_districts": list(audience.sub_districts),
        "sizes": [size.value for size in audience.sizes],
        "invited": "\n".join(f"{item.credit_code}\t{item.name}" for item in invited),
        "questions": [
            {"label": item.label, "kind": item.kind.value, "is_required": item.is_required} for item in kept.questions
        ],
    }


def _public_ids(rows: Iterable[Any], keys: Iterable[int | None]) -> list[str]:
    wanted = set(keys)
    return [item.public_id for item in rows if item.id in wanted]


KEPT = ("title", "title_en", "description", "place_text", "online_url", "capacity", "attendee_capacity", "party_max",
        "needs_approval", "door_minutes", *QUOTAS)  # fmt: skip


def first_values(choices: SlotChoices, kind: SlotFormat = SlotFormat.SESSION, department: str = "") -> dict[str, Any]:
    """What the form of a new slot is filled with; the department (a public id) when it is one to choose."""
    own = [item.public_id for item in choices.own]
    department = department if department in own else next(iter(own), "")
    settings = choices.settings.get(department, Settings())
    defaults = settings.of_format(kind)
    return {
        **{name: getattr(defaults, name) or None for name in BY_FORMAT},
        **{name: getattr(settings, name) or None for name in QUOTAS},
        "format": kind.value,
        "walk_ins": WalkIns.PLACES_LEFT.value,
        "door_minutes": DOOR_MINUTES,
        "defaults_of": defaults_of(kind, department),
        "topic": Topic.SERVICE.value,
        "audience": AudienceKind.PUBLIC.value,
        "department": department,
    }
