"""Departments and their services in the browser."""

from __future__ import annotations

from typing import Any

from flask import abort, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from eventsys.core.db import unit_of_work
from eventsys.core.permissions import Permission
from eventsys.directory import services
from eventsys.directory.forms.organisations import (
    DepartmentForm,
    ServiceForm,
    department_values,
    service_values,
)
from eventsys.directory.models import Department
from eventsys.directory.queries import get_department, get_service, list_departments
from eventsys.directory.views.blueprint import bp, form_page, list_page, say, switched
from eventsys.web.guards import current_actor, requires

Answer = str | Response | tuple[str, int]


@bp.get("/departments")
@requires(Permission.ADMINISTER)
def departments() -> str:
    """The list of departments."""
    return list_page("directory/departments.html", list_departments)


@bp.route("/departments/new", methods=["GET", "POST"])
@requires(Permission.ADMINISTER)
def new_department() -> Answer:
    """Make a department."""
    form = DepartmentForm()

    def saved(row: Department) -> str:
        say(_("“%(name)s” was created. Now add its services.", name=row.name))
        return url_for("directory.department", public_id=row.public_id)

    return form_page(
        "directory/department.html",
        form,
        lambda: services.create_department(form.to_command(), actor=current_actor()),
        saved,
        department=None,
    )


@bp.route("/departments/<public_id>", methods=["GET", "POST"])
@requires(Permission.ADMINISTER)
def department(public_id: str) -> Answer:
    """Change a department; its services are listed below."""
    row = get_department(public_id)
    form = DepartmentForm(data=department_values(row) | {"version": str(row.version)})
    del form.code

    def saved(row: Department) -> str:
        say(_("“%(name)s” was saved.", name=row.name))
        return url_for("directory.departments")

    return form_page(
        "directory/department.html",
        form,
        lambda: services.edit_department(row.public_id, form.to_command(), form.seen_version(), actor=current_actor()),
        saved,
        present=lambda: department_values(get_department(public_id)),
        department=row,
        service_form=ServiceForm(formdata=None),
    )


@bp.post("/departments/<public_id>/active")
@requires(Permission.ADMINISTER)
def switch_department(public_id: str) -> Response:
    """Disable or enable a department."""
    with unit_of_work():
        row = services.set_department_active(public_id, switched(), actor=current_actor())
    say(_("“%(name)s” is enabled.", name=row.name) if row.active else _("“%(name)s” is disabled.", name=row.name))
    return redirect(url_for("directory.department", public_id=public_id), 303)


@bp.route("/departments/<public_id>/services/new", methods=["GET", "POST"])
@requires(Permission.ADMINISTER)
def new_service(public_id: str) -> Answer:
    """Add a service to a department."""
    row = get_department(public_id)
    form = ServiceForm()
    return form_page(
        "directory/service.html",
        form,
        lambda: services.add_service(row.public_id, form.to_command(), actor=current_actor()),
        lambda _service: _services_of(row),
        department=row,
        service=None,
    )


@bp.route("/services/<public_id>", methods=["GET", "POST"])
@requires(Permission.ADMINISTER)
def service(public_id: str) -> Answer:
    """Change a service."""
    row = get_service(public_id)
    form = ServiceForm(data=service_values(row))
    return form_page(
        "directory/service.html",
        form,
        lambda: services.edit_service(public_id, form.to_command(), actor=current_actor()),
        lambda _service: _services_of(row.department),
        department=row.department,
        service=row,
    )


@bp.post("/services/<public_id>/active")
@requires(Permission.ADMINISTER)
def switch_service(public_id: str) -> Response:
    """Disable or enable a service."""
    with unit_of_work():
        row = services.set_service_active(public_id, switched(), actor=current_actor())
    return redirect(_services_of(row.department), 303)


@bp.post("/services/<public_id>/move")
@requires(Permission.ADMINISTER)
def move_service(public_id: str) -> Response:
    """Move a service one place up or down."""
    steps: dict[str, Any] = {"up": -1, "down": 1}
    if request.form.get("to") not in steps:
        abort(422)
    with unit_of_work():
        row = services.move_service(public_id, steps[request.form["to"]], actor=current_actor())
    return redirect(_services_of(row.department), 303)


def _services_of(department: Department) -> str:
    return url_for("directory.department", public_id=department.public_id, _anchor="services")
