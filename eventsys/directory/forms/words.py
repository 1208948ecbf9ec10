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
    "session": _l("Session"),
    "services": _l("Services offered"),
    "title": _l("Title"),
    "starts_at": _l("Start"),
    "ends_at": _l("End"),
    "reason": _l("Reason"),
    "party": _l("Number of people"),
    "slot": _l("Slot"),
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
    "feed_link": _l("Calendar link"),
    "device": _l("Device"),
    "application": _l("Application"),
    "api_token": _l("API token"),
    "district": _l("District"),
    "signing_key": _l("Key of the personal codes"),
}
VERBS: dict[str, Any] = {
    "created": _l("created"),
    "edited": _l("edited"),
    "enabled": _l("enabled"),
    "disabled": _l("disabled"),
    "settings_changed": _l("settings changed"),
    "moved": _l("moved"),
    "granted": _l("granted"),
    "ended": _l("ended"),
    "applied": _l("carried out"),
    "changed": _l("edited"),
    "published": _l("published"),
    "called_off": _l("called off"),
    "deleted": _l("deleted"),
    "cancelled": _l("cancelled"),
    "attendees_changed": _l("attendees changed"),
    "share_link_renewed": _l("link for colleagues made anew"),
    "revoked": _l("revoked"),
    "annulled": _l("taken back"),
    "sign_in": _l("signed in"),
    "sign_out": _l("signed out"),
    "end_session": _l("signed out"),
    "end_sessions": _l("signed out everywhere"),
    "add_person": _l("created"),
    "change_profile": _l("edited"),
    "set_password": _l("password set"),
    "ask_password_reset": _l("asked for a new password"),
    "send_sign_in_code": _l("asked for a one-time code"),
    "turn_on_second_factor": _l("second step turned on"),
    "turn_off_second_factor": _l("second step turned off"),
    "renew_recovery_codes": _l("recovery codes made anew"),
    "add_api_token": _l("API token created"),
    "revoke_api_token": _l("API token revoked"),
    "apply": _l("applied for access"),
    "decide_application": _l("application decided"),
    "bind_device": _l("device bound"),
    "approve_device": _l("device approved"),
    "remove_device": _l("device removed"),
    "remove_contact": _l("contact removed"),
    "make_enterprise_link": _l("link for contacts made"),
    "revoke_enterprise_link": _l("link for contacts revoked"),
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
