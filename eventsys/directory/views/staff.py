"""The people who come to slots for a department, in the browser: its clerk keeps the list."""

from __future__ import annotations

from flask import redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from eventsys.core.db import unit_of_work
from eventsys.core.errors import NotFound
from eventsys.core.permissions import Permission, is_allowed
from eventsys.directory import services
from eventsys.directory.forms.organisations import StaffForm, person_choices, staff_values
from eventsys.directory.models import Department, Staff
from eventsys.directory.queries import get_department
from eventsys.directory.queries.staff import get_staff, list_accounts, list_staff
from eventsys.directory.views.blueprint import bp, form_page, say, switched
from eventsys.web.guards import current_actor, requires

Answer = str | Response | tuple[str, int]


@bp.get("/departments/<public_id>/staff")
@requires(Permission.MANAGE_STAFF)
def staff(public_id: str) -> str:
    """Everybody of the department, with the way to add, change and disable."""
    row = _department(public_id)
    people = list_staff(row.id, include_inactive=True)
    return render_template("directory/staff.html", department=row, people=people)


@bp.route("/departments/<public_id>/staff/new", methods=["GET", "POST"])
@requires(Permission.MANAGE_STAFF)
def new_staff(public_id: str) -> Answer:
    """Add somebody."""
    row, form = _department(public_id), StaffForm()
    form.person.choices = person_choices(list_accounts(row.id))

    def saved(member: Staff) -> str:
        say(_("“%(name)s” was added.", name=member.name))
        return url_for("directory.staff", public_id=row.public_id)

    return form_page(
        "directory/staff_member.html",
        form,
        lambda: services.add_staff(row.public_id, form.to_command(), actor=current_actor()),
        saved,
        department=row,
        member=None,
    )


@bp.route("/staff/<public_id>", methods=["GET", "POST"])
@requires(Permission.MANAGE_STAFF)
def staff_member(public_id: str) -> Answer:
    """Change somebody's details."""
    row = _member(public_id)
    form = StaffForm(data=staff_values(row) | {"version": str(row.version)})
    form.person.choices = person_choices(list_accounts(row.department_id), row.person)

    def saved(member: Staff) -> str:
        say(_("“%(name)s” was saved.", name=member.name))
        return url_for("directory.staff", public_id=row.department.public_id)

    return form_page(
        "directory/staff_member.html",
        form,
        lambda: services.edit_staff(public_id, form.to_command(), form.seen_version(), actor=current_actor()),
        saved,
        present=lambda: staff_values(get_staff(public_id)),
        department=row.department,
        member=row,
    )


@bp.post("/staff/<public_id>/active")
@requires(Permission.MANAGE_STAFF)
def switch_staff(public_id: str) -> Response:
    """Disable or enable somebody."""
    with unit_of_work():
        row = services.set_staff_active(public_id, switched(), actor=current_actor())
    say(_("“%(name)s” is enabled.", name=row.name) if row.active else _("“%(name)s” is disabled.", name=row.name))
    return redirect(url_for("directory.staff_member", public_id=public_id), 303)


def _department(public_id: str) -> Department:
    row = get_department(public_id)
    if not is_allowed(current_actor(), Permission.MANAGE_STAFF, row.scope):
        raise NotFound
    return row


def _member(public_id: str) -> Staff:
    row = get_staff(public_id)
    if not is_allowed(current_actor(), Permission.MANAGE_STAFF, row.scope):
        raise NotFound
    return row
