"""The settings of the district, and a department's own."""

from __future__ import annotations

from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from eventsys.core.errors import NotFound
from eventsys.core.permissions import Permission, is_allowed
from eventsys.directory import services
from eventsys.directory.forms.settings import form_values, sections_of, settings_form
from eventsys.directory.models import Department, District
from eventsys.directory.queries import district_settings, get_department, get_district
from eventsys.directory.settings import DEPARTMENT_SETTINGS, SETTINGS, Settings
from eventsys.directory.views.blueprint import bp, form_page, say
from eventsys.web.guards import current_actor, requires
from eventsys.web.locale import local_name

Answer = str | Response | tuple[str, int]


@bp.route("/settings", methods=["GET", "POST"])
@requires(Permission.ADMINISTER)
def settings() -> Answer:
    """Change what holds in the district."""
    row = get_district()
    values = form_values(SETTINGS, row.settings)
    form = settings_form(SETTINGS, Settings(), values | {"version": str(row.version)})

    def saved(_row: District) -> str:
        say(_("The settings were saved."))
        return url_for("directory.settings")

    return form_page(
        "directory/settings.html",
        form,
        lambda: services.change_settings(form.to_values(), form.seen_version(), actor=current_actor()),
        saved,
        present=lambda: form_values(SETTINGS, get_district().settings),
        sections=sections_of(SETTINGS),
        department=None,
    )


@bp.route("/departments/<public_id>/settings", methods=["GET", "POST"])
@requires(Permission.CHANGE_DEPARTMENT_SETTINGS)
def department_settings(public_id: str) -> Answer:
    """Change what a department has of its own."""
    row, actor = get_department(public_id), current_actor()
    if not is_allowed(actor, Permission.CHANGE_DEPARTMENT_SETTINGS, row.scope):
        raise NotFound
    values = form_values(DEPARTMENT_SETTINGS, row.settings) | {"version": str(row.version)}
    form = settings_form(DEPARTMENT_SETTINGS, district_settings(), values, is_department=True)

    def saved(row: Department) -> str:
        say(_("The settings of %(name)s were saved.", name=local_name(row)))
        return url_for("directory.department_settings", public_id=row.public_id)

    return form_page(
        "directory/settings.html",
        form,
        lambda: services.change_department_settings(row.public_id, form.to_values(), form.seen_version(), actor=actor),
        saved,
        present=lambda: form_values(DEPARTMENT_SETTINGS, get_department(public_id).settings),
        sections=sections_of(DEPARTMENT_SETTINGS),
        department=row,
    )
