"""The venue's code: shown or printed by the desk, scanned with WeChat by who comes."""

from __future__ import annotations

from flask import make_response, redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from eventsys.checkin.forms import VenueForm, YourselfForm
from eventsys.checkin.models import Gate
from eventsys.checkin.queries import find_venue, get_gate, venue_token
from eventsys.checkin.rendering import message_of
from eventsys.checkin.rules import ROTATES_EVERY, ScanResult, VenueKind
from eventsys.checkin.services import Answer, check_in_yourself, set_venue, takes_walk_ins
from eventsys.checkin.services.venue import own_door
from eventsys.checkin.views.blueprint import bp
from eventsys.core.clock import now
from eventsys.core.db import unit_of_work
from eventsys.core.errors import NotFound, Refusal
from eventsys.core.installation import absolute_url
from eventsys.core.permissions import Permission
from eventsys.web.errors import status_of
from eventsys.web.guards import current_actor, public, requires
from eventsys.web.headers import unlisted
from eventsys.web.qr import qr_svg

TONES = {ScanResult.ADMITTED: "good", ScanResult.EXITED: "good", ScanResult.ALREADY_ADMITTED: "note"}


@bp.get("/gates/<public_id>/venue")
@requires(Permission.MANAGE_GATES)
def venue(public_id: str) -> str:
    """The code to print or to show, and which kind it is."""
    here = _gate(public_id)
    form = VenueForm(data={"kind": here.venue_kind.value})
    every = int(ROTATES_EVERY.total_seconds()) // 3
    return render_template("checkin/venue.html", gate=here, form=form, picture=_picture(here), every_seconds=every)


@bp.post("/gates/<public_id>/venue")
@requires(Permission.MANAGE_GATES)
def change_venue(public_id: str) -> Response:
    """Another kind of code, or the same anew."""
    form = VenueForm()
    if not form.validate():
        here = _gate(public_id)
        page = render_template("checkin/venue.html", gate=here, form=form, picture=_picture(here), every_seconds=20)
        return make_response(page, 422)
    with unit_of_work():
        set_venue(public_id, VenueKind(form.kind.data), renew=bool(form.renew.data), actor=current_actor())
    return redirect(url_for("checkin.venue", public_id=public_id), 303)


@bp.get("/gates/<public_id>/venue/code")
@requires(Permission.MANAGE_GATES)
def venue_code(public_id: str) -> Response:
    """The code as it is now, for a screen that shows it anew."""
    answer = make_response(_picture(_gate(public_id)))
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.get("/c/<token>")
@public
def yourself(token: str) -> Response:
    """What somebody sees who scanned the venue's code; changes nothing."""
    return _page(token, YourselfForm(), find_venue(token))


@bp.post("/c/<token>")
@public
def confirm_yourself(token: str) -> Response:
    """The attendee confirms being here."""
    form = YourselfForm()
    if not form.validate():
        return _page(token, form, find_venue(token), 422)
    try:
        with unit_of_work():
            answer = check_in_yourself(token, form.code.data or "", form.name.data or "", actor=current_actor())
            told = (message_of(answer), TONES.get(answer.result, "warn"), _name(answer))
    except NotFound:
        return _page(token, form, None)
    except Refusal as error:
        form.refuse(error)
        return _page(token, form, find_venue(token), status_of(error))
    return make_response(render_template("checkin/yourself_done.html", told=told, token=token))


def _name(answer: Answer) -> str:
    """Whom it concerns, where the code was good."""
    return answer.attendee.name if answer.attendee and answer.result in TONES else ""


def _gate(public_id: str) -> Gate:
    return get_gate(public_id, current_actor(), Permission.MANAGE_GATES)


def _picture(here: Gate) -> str:
    if here.venue_kind is VenueKind.OFF:
        return ""
    address = absolute_url(url_for("checkin.yourself", token=venue_token(here)))
    return qr_svg(address, gettext("Venue code"))


def _page(token: str, form: YourselfForm, here: Gate | None, status: int = 200) -> Response:
    slots = [slot for slot in here.slots if slot.ends_at >= now()] if here else []
    opens_at = min((own_door(slot) for slot in slots), default=None)
    page = render_template(
        "checkin/yourself.html",
        gate=here,
        slots=slots,
        opens_at=opens_at if opens_at is not None and opens_at > now() else None,
        form=form,
        token=token,
        walk_ins=[slot for slot in slots if takes_walk_ins(slot)],
    )
    return unlisted(make_response(page, status if here else 404))
