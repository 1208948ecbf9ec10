"""Visits: the host confirms by a link, the department writes the record, the register lists them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from eventsys.bookings.models import Booking
from eventsys.bookings.queries import get_booking
from eventsys.bookings.queries.visit_links import find_visit, team_token, visit_token
from eventsys.checkin.forms import RecordForm
from eventsys.checkin.models import VisitRecord
from eventsys.checkin.queries import find_record, list_visits
from eventsys.checkin.queries.visits import list_photos
from eventsys.checkin.rules import PHOTOS_MAX, SELF_OPENS_BEFORE
from eventsys.checkin.services import confirm_by_link, confirm_visit, last_sign_in, leave_visit, write_record
from eventsys.checkin.views.blueprint import bp
from eventsys.checkin.visit_register import register_of
from eventsys.core.clock import now
from eventsys.core.db import unit_of_work
from eventsys.core.errors import NotFound, Refusal
from eventsys.core.installation import absolute_url
from eventsys.core.permissions import Permission, authorize, is_allowed
from eventsys.directory.imports.tables import write_csv, write_xlsx
from eventsys.slots.rules import SlotFormat
from eventsys.web.errors import status_of
from eventsys.web.guards import current_actor, public, requires
from eventsys.web.headers import unlisted
from eventsys.web.locale import zone
from eventsys.web.months import Month, read_month, this_month
from eventsys.web.qr import qr_svg
from eventsys.web.wording import sentence


@bp.get("/v/<token>")
@public
def visit_host(token: str) -> Response:
    """What the host's link is for; looking changes nothing."""
    return _host_page(token)


@bp.post("/v/<token>")
@public
def confirm_host(token: str) -> Response:
    """The host confirms that the department was there."""
    try:
        with unit_of_work():
            confirm_by_link(token, request.form.get("name", ""), request.form.get("reason", ""), actor=current_actor())
    except NotFound:
        return _host_page(token)
    except Refusal as error:
        return _host_page(token, error)
    return redirect(url_for("checkin.visit_host", token=token), 303)


@bp.get("/bookings/<public_id>/record")
@requires(Permission.CHECK_IN)
def record(public_id: str) -> Response:
    """The visit: confirm it, or write what it was about."""
    return record_page(get_visit(public_id))


@bp.post("/bookings/<public_id>/record/confirm")
@requires(Permission.CHECK_IN)
def confirm_team(public_id: str) -> Response:
    """The department confirms that it is there."""
    booking = get_visit(public_id)
    try:
        with unit_of_work():
            confirm_visit(public_id, request.form.get("reason", ""), actor=current_actor())
    except Refusal as error:
        return record_page(booking, error=error)
    return redirect(url_for("checkin.record", public_id=public_id), 303)


@bp.post("/bookings/<public_id>/record/leave")
@requires(Permission.CHECK_IN)
def leave(public_id: str) -> Response:
    """The team leaves."""
    with unit_of_work():
        leave_visit(public_id, actor=current_actor())
    return redirect(url_for("checkin.record", public_id=public_id), 303)


@bp.post("/bookings/<public_id>/record")
@requires(Permission.CHECK_IN)
def save_record(public_id: str) -> Response:
    """Save what the visit was about."""
    booking, form = get_visit(public_id), RecordForm()
    if find_record(booking.id) is None:
        raise NotFound()
    if not form.validate():
        return record_page(booking, form)
    seen = int(form.version.data) if (form.version.data or "").isdecimal() else 0
    try:
        with unit_of_work():
            write_record(public_id, form.notes, version=seen, actor=current_actor())
    except Refusal as error:
        form.refuse(error)
        booking = get_visit(public_id)
        found = find_record(booking.id)
        form.version.data = str(found.version) if found else ""  # who saves again has been told
        return record_page(booking, form, error)
    flash(gettext("The record is saved."), "success")
    return redirect(url_for("checkin.record", public_id=public_id), 303)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What of the register is asked for."""

    month: Month
    rows: Sequence[tuple[Booking, VisitRecord | None]]


@bp.get("/visits/register")
@requires(Permission.SEE_DESK)
def register() -> str:
    """The visits of a month, with what was asked and promised."""
    asked = _asked()
    actor = current_actor()
    return render_template(
        "checkin/register.html",
        month=asked.month,
        rows=asked.rows,
        now_at=now(),
        may_record=lambda slot: is_allowed(actor, Permission.CHECK_IN, slot.scope),
    )


@bp.get("/visits/register.xlsx")
@requires(Permission.SEE_DESK)
def register_xlsx() -> Response:
    """The same as a workbook."""
    asked = _asked()
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return _file(write_xlsx(register_of(asked.rows)), kind, f"visits-{asked.month.key}.xlsx")


@bp.get("/visits/register.csv")
@requires(Permission.SEE_DESK)
def register_csv() -> Response:
    """The same as CSV."""
    asked = _asked()
    return _file(write_csv(register_of(asked.rows)), "text/csv", f"visits-{asked.month.key}.csv")


def _file(content: bytes, kind: str, name: str) -> Response:
    answer = make_response(content)
    answer.mimetype = kind
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _asked() -> _Asked:
    month = read_month(request.args.get("month", "")) or this_month(now(), zone())
    return _Asked(month, list_visits(current_actor(), month.start(zone()), month.end(zone())))


def get_visit(public_id: str) -> Booking:
    """The booking of a visit at which the actor checks in; NotFound otherwise."""
    actor = current_actor()
    booking = get_booking(public_id, visible_to=actor)
    if booking.slot.format is not SlotFormat.VISIT or not is_allowed(actor, Permission.CHECK_IN, booking.slot.scope):
        raise NotFound()
    authorize(actor, Permission.CHECK_IN, booking.slot.scope)
    return booking


def _host_page(token: str, error: Refusal | None = None) -> Response:
    booking = find_visit(token)
    found = find_record(booking.id) if booking else None
    page = render_template(
        "checkin/visit_host.html",
        booking=booking,
        record=found,
        team_code=_team_code(booking, found),
        typed=request.form,
        refused=sentence(error.code, error.fields) if error else "",
        **door_of_visit(booking),
    )
    status = 404 if booking is None else status_of(error) if error else 200
    return unlisted(make_response(page, status))


def _team_code(booking: Booking | None, found: VisitRecord | None) -> str:
    """The picture of the code that those who come scan when they arrive, and when they leave."""
    if (
        booking is None
        or door_of_visit(booking)["opens_at"]
        or (found and (found.departed_at or now() > booking.slot.ends_at))
    ):
        return ""
    return qr_svg(
        absolute_url(url_for("checkin.visit_team", token=team_token(booking))), gettext("Code for those who come")
    )


def door_of_visit(booking: Booking | None) -> dict[str, Any]:
    """From when a visit can be confirmed, where that is still to come; whether it is over."""
    if booking is None:
        return {"opens_at": None, "is_over": False, "is_closed": False}
    slot = booking.slot
    opens_at = slot.starts_at - SELF_OPENS_BEFORE
    return {
        "opens_at": opens_at if now() < opens_at else None,
        "is_over": now() > slot.ends_at,
        "is_closed": now() > slot.ends_at and now() >= last_sign_in(slot),
    }


def record_page(booking: Booking, form: RecordForm | None = None, error: Refusal | None = None) -> Response:
    """The record with what was typed and why it was refused."""
    found = find_record(booking.id)
    page = render_template(
        "checkin/record.html",
        booking=booking,
        slot=booking.slot,
        record=found,
        photos=list_photos(found.id) if found else [],
        photos_max=PHOTOS_MAX,
        form=form or (RecordForm(data=_values(found)) if found else None),
        host_url=absolute_url(url_for("checkin.visit_host", token=visit_token(booking))),
        typed=request.form,
        refused=sentence(error.code, error.fields) if error and form is None else "",
        **door_of_visit(booking),
    )
    return make_response(page, status_of(error) if error else 422 if form and form.errors else 200)


def _values(found: VisitRecord) -> dict[str, Any]:
    return {
        "version": str(found.version),
        "arrived_at": found.arrived_at,
        "departed_at": found.departed_at,
        "team": "\n".join(found.team),
        "hosts": "\n".join(found.hosts),
        "topics": found.topics,
        "asked": found.asked,
        "promises": [
            {**item, "due": date.fromisoformat(item["due"]) if item["due"] else None} for item in found.promises
        ],
    }
