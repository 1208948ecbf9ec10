"""Pages of contacts: the enterprise's link, colleagues and their devices, applications."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from eventsys.accounts.rules import DEVICE_DAYS
from eventsys.accounts.security import enter
from eventsys.core.db import unit_of_work
from eventsys.core.errors import NotFound, Refusal, TooMany
from eventsys.core.permissions import Permission
from eventsys.directory.contact_forms import ApplicationForm, BindForm, RefusalForm
from eventsys.directory.contact_queries import (
    find_enterprise_by_link,
    find_own_device,
    get_inviting_enterprise,
    list_applications,
    list_contacts,
    list_devices,
    list_own_enterprises,
    list_waiting_devices,
    map_enterprises_by_code,
)
from eventsys.directory.contact_services import (
    accept_application,
    apply_for_enterprise,
    approve_device,
    bind_device,
    enterprise_of,
    make_enterprise_link,
    refuse_application,
    remove_contact,
    remove_device,
    revoke_enterprise_link,
)
from eventsys.directory.models import Enterprise
from eventsys.web.errors import status_of
from eventsys.web.forms import Form
from eventsys.web.guards import current_actor, public, requires
from eventsys.web.qr import qr_svg

bp = Blueprint("contacts", __name__)


@bp.get("/e/<token>")
@public
def invitation(token: str) -> Response:
    """The enterprise's link: asks who is there and changes nothing, so a preview in WeChat is harmless."""
    enterprise = _invited(token)
    return _show("invitation", BindForm(), enterprise=enterprise, token=token, days=DEVICE_DAYS)


@bp.post("/e/<token>")
@public
def bind(token: str) -> Response:
    """Bind this device."""
    enterprise, form = _invited(token), BindForm()
    page: dict[str, Any] = {"enterprise": enterprise, "token": token, "days": DEVICE_DAYS}
    if not form.validate():
        return _show("invitation", form, **page)
    try:
        with unit_of_work():
            bound = bind_device(
                token, form.to_command(), actor=current_actor(), client=request.headers.get("User-Agent", "")
            )
    except Refusal as error:
        return _show("invitation", form, error, **page)
    enter(bound.secret)
    if not bound.is_approved:
        return redirect(url_for("contacts.waiting"))
    flash(gettext("This device is bound. You can book now."), "success")
    return redirect(url_for("pages.home"))


@bp.get("/my/waiting")
@requires(Permission.USE_ACCOUNT)
def waiting() -> Response | str:
    """What happens next with a device that waits; on to the start once it counts."""
    device = find_own_device(current_actor())
    if device is None or device.approved_at is not None:
        return redirect(url_for("pages.home"))
    return render_template("directory/contacts/waiting.html", enterprise=device.membership.enterprise)


@bp.get("/my/colleagues")
@requires(Permission.INVITE_CONTACTS)
def colleagues() -> Response | str:
    """Who else speaks for my enterprise, with which devices, and the link to invite more."""
    own = list_own_enterprises(current_actor())
    if not own:
        raise NotFound()
    chosen = request.args.get("enterprise", own[0].public_id)
    return _contacts_page(get_inviting_enterprise(chosen, actor=current_actor()), own=own)


@bp.get("/admin/enterprises/<public_id>/contacts")
@requires(Permission.INVITE_CONTACTS)
def contacts(public_id: str) -> Response | str:
    """The same for the staff, of any enterprise."""
    return _contacts_page(get_inviting_enterprise(public_id, actor=current_actor()))


@bp.post("/enterprises/<public_id>/link")
@requires(Permission.INVITE_CONTACTS)
def make_link(public_id: str) -> Response | str:
    """Make a fresh link and show it this once."""
    actor = current_actor()
    enterprise = get_inviting_enterprise(public_id, actor=actor)
    with unit_of_work():
        token = make_enterprise_link(enterprise.id, actor=actor)
    return _link_page(enterprise, token)


@bp.post("/enterprises/<public_id>/link/revoke")
@requires(Permission.INVITE_CONTACTS)
def revoke_link(public_id: str) -> Response:
    """End the link."""
    actor = current_actor()
    enterprise = get_inviting_enterprise(public_id, actor=actor)
    with unit_of_work():
        revoke_enterprise_link(enterprise.id, actor=actor)
    flash(gettext("The link is revoked. Bound devices stay."), "success")
    return redirect(_page_of(enterprise))


@bp.post("/devices/<public_id>/approve")
@requires(Permission.INVITE_CONTACTS)
def approve(public_id: str) -> Response:
    """Let a waiting device in."""
    with unit_of_work():
        enterprise = enterprise_of(approve_device(public_id, actor=current_actor()).membership)
    flash(gettext("The device can be used now."), "success")
    return redirect(_page_of(enterprise))


@bp.post("/devices/<public_id>/remove")
@requires(Permission.INVITE_CONTACTS)
def remove(public_id: str) -> Response:
    """Remove a device; its session has ended."""
    with unit_of_work():
        enterprise = enterprise_of(remove_device(public_id, actor=current_actor()).membership)
    flash(gettext("The device is removed."), "success")
    return redirect(_page_of(enterprise))


@bp.post("/contacts/<public_id>/remove")
@requires(Permission.INVITE_CONTACTS)
def remove_person(public_id: str) -> Response:
    """Remove a contact with all their devices."""
    with unit_of_work():
        membership = remove_contact(public_id, actor=current_actor())
    flash(gettext("%(name)s is no contact any more. Bookings stay.", name=membership.person.name), "success")
    return redirect(_page_of(enterprise_of(membership)))


@bp.get("/apply")
@public
def apply() -> Response:
    """Ask to be let in without a link."""
    return _show("apply", ApplicationForm())


@bp.post("/apply")
@public
def send_application() -> Response:
    """Send it; the answer never says what we know of the enterprise or the number."""
    form = ApplicationForm()
    if not form.validate():
        return _show("apply", form)
    try:
        with unit_of_work():
            apply_for_enterprise(form.to_command(), actor=current_actor())
    except Refusal as error:
        return _show("apply", form, error)
    return redirect(url_for("contacts.applied"))


@bp.get("/apply/sent")
@public
def applied() -> str:
    """What happens next."""
    return render_template("directory/contacts/applied.html")


@bp.get("/admin/devices")
@requires(Permission.INVITE_CONTACTS)
def devices() -> str:
    """Devices of all enterprises that wait for approval; for staff."""
    if current_actor().enterprises():
        raise NotFound()
    return render_template("directory/contacts/devices.html", devices=list_waiting_devices())


@bp.get("/admin/applications")
@requires(Permission.EDIT_ENTERPRISE)
def applications() -> str:
    """Applications that wait."""
    waiting = list_applications()
    known = map_enterprises_by_code([one.credit_code for one in waiting])
    return render_template(
        "directory/contacts/applications.html", applications=waiting, known=known, form=RefusalForm()
    )


@bp.post("/admin/applications/<public_id>/accept")
@requires(Permission.EDIT_ENTERPRISE)
def accept(public_id: str) -> Response | str:
    """Let the applicant in and show the link to send."""
    with unit_of_work():
        membership, token = accept_application(public_id, actor=current_actor())
    return _link_page(enterprise_of(membership), token)


@bp.post("/admin/applications/<public_id>/refuse")
@requires(Permission.EDIT_ENTERPRISE)
def refuse(public_id: str) -> Response:
    """Turn it down."""
    form = RefusalForm()
    with unit_of_work():
        refuse_application(public_id, form.note.data or "", actor=current_actor())
    flash(gettext("The application is turned down."), "success")
    return redirect(url_for("contacts.applications"))


def _invited(token: str) -> Enterprise:
    enterprise = find_enterprise_by_link(token)
    if enterprise is None:
        raise NotFound("link_unknown")
    return enterprise


def _contacts_page(enterprise: Enterprise, **context: object) -> str:
    return render_template(
        "directory/contacts/contacts.html",
        enterprise=enterprise,
        contacts=list_contacts(enterprise.id),
        devices=list_devices(enterprise.id),
        this=current_actor().session,
        **context,
    )


def _link_page(enterprise: Enterprise, token: str) -> str:
    url = current_app.config["EVENTSYS"].base_url + url_for("contacts.invitation", token=token)
    picture = qr_svg(url, gettext("QR code of the link"))
    return render_template(
        "directory/contacts/link.html", enterprise=enterprise, url=url, picture=picture, back=_page_of(enterprise)
    )


def _page_of(enterprise: Enterprise) -> str:
    """Where the actor looks after this enterprise's contacts."""
    if enterprise.id in current_actor().enterprises():
        return url_for("contacts.colleagues", enterprise=enterprise.public_id)
    return url_for("contacts.contacts", public_id=enterprise.public_id)


def _show(name: str, form: Form, error: Refusal | None = None, **context: object) -> Response:
    """The form's page: 200 when asked for, 422 when it needs another look, the refusal's status after one."""
    if error is not None:
        form.refuse(error)
    status = status_of(error) if error else (422 if request.method == "POST" else 200)
    answer = make_response(render_template(f"directory/contacts/{name}.html", form=form, **context), status)
    if isinstance(error, TooMany):
        answer.headers["Retry-After"] = str(error.retry_after)
    return answer
