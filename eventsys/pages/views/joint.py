"""Joint slots: what a department was asked to support, and its answers."""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from eventsys.bookings.services import decline_support
from eventsys.core.db import unit_of_work
from eventsys.core.errors import Conflict, Invalid
from eventsys.core.permissions import Permission
from eventsys.pages.forms.joint import DeclineSupportForm
from eventsys.pages.views.blueprint import slots_bp
from eventsys.slots.queries import get_visible_slot
from eventsys.slots.services import check_supports, confirm_support, get_answerer
from eventsys.web.guards import current_actor, requires
from eventsys.web.wording import sentence


@slots_bp.post("/desk/support")
@requires(Permission.EDIT_SLOT)
def confirm_supporting() -> Response:
    """Agree to support one slot or several; a second press finds it agreed."""
    slots = request.form.getlist("slot")
    try:
        with unit_of_work():
            newly = confirm_support(slots, request.form.get("department", ""), actor=current_actor())
    except Conflict as error:
        flash(sentence(error.code, error.fields), "error")
    else:
        flash(_told(newly), "success")
    if request.form.get("back") == "slot" and len(slots) == 1:
        return redirect(url_for("slots.detail", public_id=slots[0]), 303)
    return redirect(url_for("pages.desk"), 303)


@slots_bp.get("/slots/<public_id>/support/<department>/decline")
@requires(Permission.EDIT_SLOT)
def decline_supporting(public_id: str, department: str) -> Response:
    """Ask for the reason."""
    return _page(public_id, department, DeclineSupportForm())


@slots_bp.post("/slots/<public_id>/support/<department>/decline")
@requires(Permission.EDIT_SLOT)
def confirm_decline(public_id: str, department: str) -> Response:
    """Decline; the lead department reads why, and the slot does not name the department any more."""
    form = DeclineSupportForm()
    if not form.validate():
        return _page(public_id, department, form)
    try:
        with unit_of_work():
            decline_support(public_id, department, form.reason.data or "", actor=current_actor())
    except Invalid as error:
        form.refuse(error)
        return _page(public_id, department, form)
    flash(gettext("Declined. The lead department is told."), "success")
    return redirect(url_for("pages.desk"), 303)


def _page(public_id: str, department: str, form: DeclineSupportForm) -> Response:
    actor = current_actor()
    slot, own = get_visible_slot(public_id, actor), get_answerer(department, actor)
    check_supports(slot, own)
    page = render_template("slots/decline_support.html", slot=slot, own=own, form=form)
    return make_response(page, 422 if form.errors else 200)


def _told(newly: int) -> str:
    words: str = ngettext(
        "%(num)s slot confirmed. The lead department is told.",
        "%(num)s slots confirmed. The lead departments are told.",
        newly or 1,
    )
    return words
