"""Enterprises in the browser."""

from __future__ import annotations

from flask import redirect, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from eventsys.core.db import unit_of_work
from eventsys.core.permissions import Permission
from eventsys.directory import services
from eventsys.directory.forms.organisations import EnterpriseForm, enterprise_values, park_choices
from eventsys.directory.models import Enterprise
from eventsys.directory.queries import all_parks, all_tags, get_enterprise, list_enterprises, sub_districts
from eventsys.directory.views.blueprint import bp, form_page, list_page, say, switched
from eventsys.web.guards import current_actor, requires

Answer = str | Response | tuple[str, int]


@bp.get("/enterprises")
@requires(Permission.EDIT_ENTERPRISE)
def enterprises() -> str:
    """The list of enterprises."""
    return list_page("directory/enterprises.html", list_enterprises)


@bp.route("/enterprises/new", methods=["GET", "POST"])
@requires(Permission.EDIT_ENTERPRISE)
def new_enterprise() -> Answer:
    """Make an enterprise."""
    form = EnterpriseForm()
    form.park.choices = park_choices(all_parks())
    return form_page(
        "directory/enterprise.html",
        form,
        lambda: services.create_enterprise(form.to_command(), actor=current_actor()),
        _saved,
        enterprise=None,
        tags=all_tags(),
        sub_districts=sub_districts(),
    )


@bp.route("/enterprises/<public_id>", methods=["GET", "POST"])
@requires(Permission.EDIT_ENTERPRISE)
def enterprise(public_id: str) -> Answer:
    """Change an enterprise."""
    row = get_enterprise(public_id)
    form = EnterpriseForm(data=enterprise_values(row) | {"version": str(row.version)})
    form.park.choices = park_choices(all_parks(include_inactive=True), row.park)
    return form_page(
        "directory/enterprise.html",
        form,
        lambda: services.edit_enterprise(row.public_id, form.to_command(), form.seen_version(), actor=current_actor()),
        _saved,
        present=lambda: enterprise_values(get_enterprise(public_id)),
        enterprise=row,
        tags=all_tags(),
        sub_districts=sub_districts(),
    )


@bp.post("/enterprises/<public_id>/active")
@requires(Permission.EDIT_ENTERPRISE)
def switch_enterprise(public_id: str) -> Response:
    """Disable or enable an enterprise."""
    with unit_of_work():
        row = services.set_enterprise_active(public_id, switched(), actor=current_actor())
    say(_("“%(name)s” is enabled.", name=row.name) if row.active else _("“%(name)s” is disabled.", name=row.name))
    return redirect(url_for("directory.enterprise", public_id=public_id), 303)


def _saved(row: Enterprise) -> str:
    say(_("“%(name)s” was saved.", name=row.name))
    if not row.is_code_checked:
        say(_("The check digit of %(code)s does not fit. Compare it with the licence.", code=row.credit_code), "warn")
    return url_for("directory.enterprises")
