"""What fields, kinds and choices of the directory are called on a page."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from eventsys.core.actor import Role
from eventsys.directory.rules import EnterpriseSize, PlaceKind, Topic

FIELDS: dict[str, Any] = {
    "code": _l("Department code"),
    "name": _l("Name"),
    "short_name": _l("Short name"),
    "name_en": _l("English name"),
    "colour": _l("Colour"),
    "phone": _l("Telephone"),
    "email": _l("Mail address"),
    "mobile": _l("Mobile number"),
    "active": _l("State"),
    "topic": _l("Topic"),
    "position": _l("Position"),
    "kind": _l("Kind"),
    "park": _l("Park"),
    "address": _l("Address"),
    "directions": _l("How to get there"),
    "latitude": _l("Latitude"),
    "longitude": _l("Longitude"),
    "seats": _l("Seats"),
    "credit_code": _l("Credit code"),
    "sub_district": _l("Sub-district"),
    "size": _l("Size"),
    "tags": _l("Tags"),
    "note": _l("Note"),
    "role": _l("Role"),
    "department": _l("Department"),
    "enterprise": _l("Enterprise"),
    "person": _l("Person"),
    "state": _l("State"),
    "file": _l("File"),
    "created": _l("Added"),
    "updated": _l("Changed"),
    "unchanged": _l("Unchanged"),
    "locale": _l("Language"),
}
OBJECTS: dict[str, Any] = {
    "department": _l("Department"),
    "service": _l("Service"),
    "park": _l("Park"),
    "place": _l("Place"),
    "enterprise": _l("Enterprise"),
    "person": _l("Person"),
    "membership": _l("Role"),
    "session": _l("Session"),
    "import": _l("Import"),
    "slot": _l("Slot"),
    "booking": _l("Booking"),
    "gate": _l("Check-in point"),
    "scan": _l("Scan"),
}
VERBS: dict[str, Any] = {
    "created": _l("created"),
    "edited": _l("edited"),
    "enabled": _l("enabled"),
    "disabled": _l("disabled"),
    "moved": _l("moved"),
    "granted": _l("granted"),
    "ended": _l("ended"),
    "applied": _l("carried out"),
}
ROLES: dict[Role, Any] = {
    Role.ADMINISTRATOR: _l("Administrator"),
    Role.COORDINATOR: _l("Coordinator"),
    Role.CLERK: _l("Department clerk"),
    Role.CONTACT: _l("Enterprise contact"),
    Role.STEWARD: _l("Steward"),
    Role.VOLUNTEER: _l("Volunteer"),
    Role.VOLUNTEER_LEAD: _l("Volunteer lead"),
    Role.AUDITOR: _l("Auditor"),
}
TOPICS: dict[Topic, Any] = {
    Topic.POLICY: _l("Policy"),
    Topic.SERVICE: _l("Services"),
    Topic.CARE: _l("Care"),
}
PLACE_KINDS: dict[PlaceKind, Any] = {
    PlaceKind.CENTRE: _l("Activity centre"),
    PlaceKind.BASE: _l("Training base"),
    PlaceKind.OTHER: _l("Other place"),
}
SIZES: dict[EnterpriseSize, Any] = {
    EnterpriseSize.LARGE: _l("Large"),
    EnterpriseSize.MEDIUM: _l("Medium"),
    EnterpriseSize.SMALL: _l("Small"),
    EnterpriseSize.MICRO: _l("Micro"),
}


def choices(words: dict[Any, Any], *, empty: Any = None) -> list[tuple[str, Any]]:
    """Choices of a select box; `empty` is the text of no choice."""
    listed = [(key.value, word) for key, word in words.items()]
    return listed if empty is None else [("", empty), *listed]
