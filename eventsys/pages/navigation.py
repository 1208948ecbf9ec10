"""What base.html asks of every page: who is here, where they can go, what waits for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Flask, g, has_request_context, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.exc import SQLAlchemyError

from eventsys.core.actor import ANYBODY, Actor, Role
from eventsys.directory.queries import get_district
from eventsys.notifications.queries import count_unread
from eventsys.web.locale import current_locale, local_name

STAFF = (Role.CLERK, Role.COORDINATOR, Role.AUDITOR)


@dataclass(frozen=True, slots=True)
class Entry:
    """A place in the menu and the roles that find it there."""

    endpoint: str
    label: Any
    icon: str
    roles: tuple[Role, ...]


ENTRIES = (
    Entry("pages.desk", _l("Desk"), "grid", (*STAFF, Role.STEWARD)),
    Entry("pages.my_enterprise", _l("My enterprise"), "building", (Role.CONTACT,)),
    Entry("bookings.index", _l("Bookings"), "ticket-perforated", (Role.CONTACT, Role.CLERK, Role.COORDINATOR)),
    Entry("requests.index", _l("Visit requests"), "geo-alt", (Role.CONTACT, Role.CLERK, Role.COORDINATOR)),
    Entry("checkin.gates", _l("Check-in points"), "qr-code-scan", (Role.CLERK, Role.COORDINATOR, Role.STEWARD)),
    Entry("directory.enterprises", _l("Enterprises"), "buildings", (Role.COORDINATOR, Role.ADMINISTRATOR)),
    Entry("workdays.year", _l("Working calendar"), "calendar-week", (Role.COORDINATOR, Role.CLERK, Role.AUDITOR)),
    Entry("contacts.applications", _l("Applications"), "person-check", (Role.COORDINATOR, Role.ADMINISTRATOR)),
    Entry("directory.administration", _l("Administration"), "gear", (Role.ADMINISTRATOR,)),
    Entry("directory.audit_log", _l("Audit trail"), "shield-check", (Role.AUDITOR, Role.ADMINISTRATOR)),
    Entry("calendars.links", _l("Calendar links"), "rss", (Role.CONTACT, Role.CLERK, Role.COORDINATOR)),
)
FOOTER = (
    ("pages.departments", _l("Departments and services")),
    ("pages.help", _l("Help")),
    ("pages.privacy", _l("Privacy")),
)


def init_navigation(app: Flask) -> None:
    """Give every template of a request what base.html needs."""

    @app.context_processor
    def frame() -> dict[str, Any]:
        if not has_request_context():
            return {}
        actor: Actor = g.get("actor") or ANYBODY
        frame = {
            "locale": current_locale(),
            "district_name": _district_name(),
            "home_url": url_for("pages.home"),
            "navigation": _navigation(actor),
            "footer_links": [{"label": label, "url": url_for(endpoint)} for endpoint, label in FOOTER],
            "sign_in_url": url_for("accounts.sign_in"),
        }
        return frame | (_of_person(actor) if actor.person is not None else {})


def _of_person(actor: Actor) -> dict[str, Any]:
    return {
        "actor": actor,
        "account_url": url_for("accounts.account"),
        "sign_out_url": url_for("accounts.leave"),
        "inbox_url": url_for("inbox.index"),
        "inbox_count": _unread(actor),
    }


def _navigation(actor: Actor) -> list[dict[str, Any]]:
    """Home and what the actor's roles open; nothing for somebody without a role, who finds home by the name above."""
    mine = [entry for entry in ENTRIES if actor.has(*entry.roles)]
    if not mine:
        return []
    home = Entry("pages.home", gettext("Slots"), "calendar3", ())
    return [
        {
            "label": entry.label,
            "url": url_for(entry.endpoint),
            "icon": entry.icon,
            "current": request.endpoint == entry.endpoint,
        }
        for entry in (home, *mine)
    ]


def _district_name() -> str:
    """The district's name; empty before set-up and when the database is out of reach: errors need a page as well."""
    try:
        return local_name(get_district())
    except (LookupError, SQLAlchemyError):
        return ""


def _unread(actor: Actor) -> int:
    try:
        return count_unread(actor.person) if actor.person is not None else 0
    except SQLAlchemyError:
        return 0
