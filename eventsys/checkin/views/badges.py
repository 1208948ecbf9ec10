"""Badges and name cards of a slot as PDF, to print before the doors open."""

from __future__ import annotations

from pathlib import Path

from flask import Response, current_app, render_template, request
from flask_babel import get_locale, gettext

from eventsys.bookings.keys import code_of, ticket_url
from eventsys.checkin.badges import Layout, Person, told
from eventsys.checkin.forms import BadgesForm
from eventsys.checkin.queries import get_slot_at_door, list_roster
from eventsys.checkin.views.blueprint import bp
from eventsys.core.errors import Invalid
from eventsys.core.permissions import Permission
from eventsys.slots.models import Slot
from eventsys.web.assets import asset_path
from eventsys.web.guards import current_actor, requires
from eventsys.web.locale import format_span, local_name
from eventsys.web.typesetting import characters_missing, typeset

TEMPLATE = "checkin/badges.typ"
FONTS = ("poster.ttf", "rare.ttf")
EVERYBODY = ""


@bp.get("/slots/<public_id>/badges")
@requires(Permission.SEE_ROSTER)
def badges(public_id: str) -> str:
    """What can be printed, and which names hold a character that the fonts do not know."""
    slot = get_slot_at_door(public_id, current_actor())
    people = _people(slot)
    missing = characters_missing([person.name + person.organisation for person in people], _fonts())
    unknown = [person.name for person in people if missing & set(person.name + person.organisation)]
    return render_template("checkin/badges.html", slot=slot, form=_form(slot), people=people, unknown=unknown)


@bp.get("/slots/<public_id>/badges.pdf")
@requires(Permission.SEE_ROSTER)
def badges_pdf(public_id: str) -> Response:
    """The PDF, by enterprise and name."""
    slot = get_slot_at_door(public_id, current_actor())
    form = _form(slot)
    if form.layout.data not in list(Layout):
        raise Invalid("bad_choice", field="layout")
    people = _people(slot, form.enterprise.data or EVERYBODY, staff=bool(form.staff.data))
    if not people:
        raise Invalid("nobody_to_print", field="enterprise")
    place = local_name(slot.place) if slot.place else slot.place_text
    about = told(
        people,
        Layout(form.layout.data),
        title=local_name(slot),
        lead=" · ".join(filter(None, (format_span(slot.starts_at, slot.ends_at), place))),
        language=str(get_locale()),
    )
    answer = Response(typeset(_template(), about, _fonts()), content_type="application/pdf")
    answer.headers["Content-Disposition"] = f'inline; filename="badges-{slot.public_id}.pdf"'
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _form(slot: Slot) -> BadgesForm:
    form = BadgesForm(request.args)
    bookings = {attendee.booking.public_id: attendee.booking for attendee, _is_here in list_roster(slot.id)}
    form.enterprise.choices = [
        (EVERYBODY, gettext("All enterprises")),
        *((key, local_name(booking.enterprise)) for key, booking in bookings.items()),
    ]
    return form


def _people(slot: Slot, booking: str = EVERYBODY, *, staff: bool = False) -> list[Person]:
    """Who is expected, by enterprise and name, those of one booking (public id) or of all; then who comes for the
    department."""
    people = [
        Person(
            attendee.name,
            attendee.booking.enterprise.short_name or local_name(attendee.booking.enterprise),
            ticket_url(code_of(attendee, slot.public_id)),
            attendee.typed_code,
        )
        for attendee, _is_here in list_roster(slot.id)
        if booking in {EVERYBODY, attendee.booking.public_id}
    ]
    if staff:
        people += [Person(item.name, item.department.name) for item in slot.staff]
    return people


def _fonts() -> list[Path]:
    return [asset_path(name) for name in FONTS]


def _template() -> str:
    environment = current_app.jinja_env
    assert environment.loader is not None
    return environment.loader.get_source(environment, TEMPLATE)[0]
