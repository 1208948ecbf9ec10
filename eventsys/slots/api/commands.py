"""From the JSON of a slot to the services' command: ids and codes become primary keys."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from eventsys.core.actor import Actor, Role
from eventsys.core.errors import Invalid
from eventsys.core.text import clean_line
from eventsys.directory.models import Department, Enterprise, Park, Place, Service, Staff, Tag
from eventsys.directory.queries import find_department
from eventsys.slots.models import Slot
from eventsys.slots.queries import command_of, find_keys
from eventsys.slots.rules import Audience, AudienceKind, NewQuestion, NewSlot

SUB_DISTRICT_MAX = 40
_MOVING = ("closes_at", "cancel_until", "names_until")  # with the start, unless they are sent
_PLAIN = (
    "title", "title_en", "description", "topic", "format", "place_text", "online_url", "bring", "starts_at", "ends_at",
    "opens_at", "closes_at", "cancel_until", "names_until", "capacity", "attendee_capacity", "party_max",
    "needs_approval", "walk_ins", "door_minutes", "invited_until", "draw_at",
)  # fmt: skip


def new_command(sent: dict[str, Any], actor: Actor) -> NewSlot:
    """The command of a whole new slot; no department means the caller's."""
    named = sent.get("department")
    department = _department(named) if named else _own_department(actor)
    return NewSlot(department=department, **_plain(sent), **_references(sent))


def changed_command(slot: Slot, sent: dict[str, Any]) -> NewSlot:
    """The command that leaves the slot as it is but for what was sent."""
    command = command_of(slot)
    changes = _plain(sent) | _references(sent)
    if "department" in sent:
        changes["department"] = _department(sent["department"])
    delay = changes.get("starts_at", slot.starts_at) - slot.starts_at
    moved = {name: getattr(slot, name) + delay for name in _MOVING if delay and name not in sent}
    return replace(command, **{**moved, **changes})


def _plain(sent: dict[str, Any]) -> dict[str, Any]:
    plain = {name: sent[name] for name in _PLAIN if name in sent}
    plain |= {f"quota_{name}": limit for name, limit in sent.get("quota", {}).items()}
    return plain | ({"is_draw_weighted": sent["draw_weighted"]} if "draw_weighted" in sent else {})


def _references(sent: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "supporting" in sent:
        wanted = sent["supporting"]
        found["supporting"] = _keys(Department, wanted, "supporting", "unknown_department", Department.code)
    if "services" in sent:
        found["services"] = _keys(Service, sent["services"], "services", "unknown_service")
    if "staff" in sent:
        found["staff"] = _keys(Staff, sent["staff"], "staff", "unknown_staff")
    if "place" in sent:
        found["place"] = (
            _keys(Place, [sent["place"]], "place", "unknown_place", Place.name)[0] if sent["place"] else None
        )
    if "audience" in sent:
        found["audience"] = _audience(sent["audience"], invites_first=sent.get("invited_until") is not None)
    if "questions" in sent:
        found["questions"] = tuple(
            NewQuestion(item["label"], item["kind"], item["required"]) for item in sent["questions"]
        )
    return found


def _own_department(actor: Actor) -> int:
    own = actor.departments(Role.CLERK)
    if len(own) != 1:
        raise Invalid("required", field="department")
    return next(iter(own))


def _department(id_or_code: str) -> int:
    department = find_department(id_or_code)
    if department is None:
        raise Invalid("unknown_department", field="department")
    return department.id


def _audience(sent: dict[str, Any], *, invites_first: bool) -> Audience:
    """The audience; the enterprises named are the whole of it, or those who may book first."""
    enterprises = _keys(
        Enterprise, sent["enterprises"], "audience.enterprises", "unknown_enterprise", Enterprise.credit_code
    )
    filters = {
        "parks": _keys(Park, sent["parks"], "audience.parks", "unknown_park"),
        "tags": _keys(Tag, sent["tags"], "audience.tags", "unknown_tag", Tag.name),
        "sub_districts": tuple(
            clean_line(name, f"audience.sub_districts.{position}", SUB_DISTRICT_MAX, required=True)
            for position, name in enumerate(sent["sub_districts"])
        ),
        "sizes": tuple(sent["sizes"]),
    }
    kind = AudienceKind.PUBLIC
    if any(filters.values()):
        kind = AudienceKind.FILTERED
    if (enterprises and not invites_first) or sent.get("kind") is AudienceKind.NAMED:
        kind = AudienceKind.NAMED
    if sent.get("kind", kind) is not kind or (kind is AudienceKind.NAMED and any(filters.values())):
        raise Invalid("bad_choice", field="audience.kind")
    return Audience(kind, enterprises=enterprises, **filters)


def _keys(model: Any, named: list[str], field: str, code: str, *codes: Any) -> tuple[int, ...]:
    """Primary keys of `named`, by public id or one of the columns `codes`; Invalid names the field of an unknown."""
    found = find_keys(model, named, codes)
    for position, name in enumerate(named):
        if name not in found:
            raise Invalid(code, field=f"{field}.{position}" if field != "place" else field)
    return tuple(dict.fromkeys(found[name] for name in named))
