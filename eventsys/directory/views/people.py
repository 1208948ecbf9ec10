"""People and their roles in the browser."""

from __future__ import annotations

from flask import redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from eventsys.accounts.models import Person
from eventsys.accounts.services import reset_second_factor
from eventsys.core.actor import Role
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, Invalid
from eventsys.core.permissions import Permission
from eventsys.directory import services
from eventsys.directory.forms.people import PersonForm, RoleForm, department_choices, person_values
from eventsys.directory.models import Membership
from eventsys.directory.queries import (
    all_departments,
    find_department,
    find_enterprise,
    get_membership,
    get_person,
    list_people,
    memberships_of,
)
from eventsys.directory.queries.people import memberships_of_people
from eventsys.directory.views.blueprint import bp, form_page, list_page, say, switched
from eventsys.web.errors import status_of
from eventsys.web.guards import current_actor, requires

Answer = str | Response | tuple[str, int]


@bp.get("/people")
@requires(Permission.ADMINISTER)
def people() -> str:
    """The list of people with their roles."""
    return list_page(
        "directory/people.html", list_people, memberships=lambda page: memberships_of_people(list(page.items))
    )


@bp.route("/people/new", methods=["GET", "POST"])
@requires(Permission.ADMINISTER)
def new_person() -> Answer:
    """Make a person, who then gets a role."""
    form = PersonForm()

    def saved(row: Person) -> str:
        say(_("“%(name)s” was created. Now give a role.", name=row.name))
        return url_for("directory.person", public_id=row.public_id, _anchor="roles")

    return form_page(
        "directory/person.html",
        form,
        lambda: services.create_person(form.to_command(), actor=current_actor()),
        saved,
        person=None,
    )


@bp.route("/people/<public_id>", methods=["GET", "POST"])
@requires(Permission.ADMINISTER)
def person(public_id: str) -> Answer:
    """Change a person; the roles are listed below."""
    row = get_person(public_id)
    form = PersonForm(data=person_values(row) | {"version": str(row.version)})

    def saved(row: Person) -> str:
        say(_("“%(name)s” was saved.", name=row.name))
        return url_for("directory.people")

    return form_page(
        "directory/person.html",
        form,
        lambda: services.edit_person(public_id, form.to_command(), form.seen_version(), actor=current_actor()),
        saved,
        present=lambda: person_values(get_person(public_id)),
        person=row,
        memberships=memberships_of(row.id),
    )


@bp.post("/people/<public_id>/active")
@requires(Permission.ADMINISTER)
def switch_person(public_id: str) -> Response:
    """Disable or enable a person."""
    with unit_of_work():
        row = services.set_person_active(public_id, switched(), actor=current_actor())
    say(_("“%(name)s” is enabled.", name=row.name) if row.active else _("“%(name)s” is disabled.", name=row.name))
    return redirect(url_for("directory.person", public_id=public_id), 303)


@bp.post("/people/<public_id>/second-factor/reset")
@requires(Permission.ADMINISTER)
def reset_person_second_factor(public_id: str) -> Response:
    """Take the second step from who has lost the phone."""
    with unit_of_work():
        row = reset_second_factor(public_id, actor=current_actor())
    say(_("The second step of %(name)s is off.", name=row.name))
    return redirect(url_for("directory.person", public_id=public_id), 303)


@bp.route("/people/<public_id>/roles/new", methods=["GET", "POST"])
@requires(Permission.ADMINISTER)
def new_role(public_id: str) -> Answer:
    """Give a person a role."""
    row = get_person(public_id)
    form = RoleForm()
    form.department.choices = department_choices(all_departments())
    status = 200
    if form.is_submitted():
        status = 422
        if form.validate():
            try:
                with unit_of_work():
                    _grant(row, form)
                say(_("The role was granted. %(name)s signs in again to use it.", name=row.name))
                return redirect(url_for("directory.person", public_id=public_id, _anchor="roles"), 303)
            except (Invalid, Conflict) as error:
                db.session.rollback()
                form.refuse(error)
                status = status_of(error)
    return render_template("directory/role.html", form=form, person=row), status


def _grant(person: Person, form: RoleForm) -> Membership:
    department = find_department(form.department.data) if form.department.data else None
    typed = (form.enterprise.data or "").strip()
    enterprise = find_enterprise(typed) if typed else None
    if typed and enterprise is None:
        raise Invalid("unknown_enterprise", field="enterprise")
    return services.grant_role(
        person.id,
        Role(form.role.data),
        department.id if department else None,
        enterprise.id if enterprise else None,
        actor=current_actor(),
    )


@bp.post("/memberships/<public_id>/end")
@requires(Permission.ADMINISTER)
def end_role(public_id: str) -> Response:
    """Take a role back."""
    person_id = get_membership(public_id).person.public_id
    with unit_of_work():
        services.end_membership(public_id, actor=current_actor())
    say(_("The role was taken back."))
    return redirect(url_for("directory.person", public_id=person_id, _anchor="roles"), 303)
