"""Merge an enterprise into another: look for it, see what goes over, confirm."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from eventsys.core.db import unit_of_work
from eventsys.core.errors import Conflict
from eventsys.core.permissions import Permission
from eventsys.directory.queries import find_enterprise, get_enterprise, list_enterprises
from eventsys.pages.queries import count_to_merge, list_doubled
from eventsys.pages.services import merge_enterprises
from eventsys.pages.views.blueprint import bp
from eventsys.web.guards import current_actor, requires
from eventsys.web.wording import sentence

FOUND_MAX = 20


@bp.get("/admin/enterprises/<public_id>/merge")
@requires(Permission.EDIT_ENTERPRISE)
def merge(public_id: str) -> str:
    """Find the enterprise that stays; with `into`, what would go over to it."""
    enterprise = get_enterprise(public_id)
    words = "".join(c for c in request.args.get("q", "") if c.isprintable()).strip()[:100]
    found = [row for row in list_enterprises(words, size=FOUND_MAX).items if row.id != enterprise.id] if words else []
    chosen = find_enterprise(request.args.get("into", ""))
    into = chosen if chosen is not None and chosen.id != enterprise.id else None
    return render_template(
        "pages/merge.html",
        enterprise=enterprise,
        words=words,
        found=found,
        into=into,
        counts=count_to_merge(enterprise.id),
        doubled=list_doubled(enterprise.id, into.id) if into else [],
    )


@bp.post("/admin/enterprises/<public_id>/merge")
@requires(Permission.EDIT_ENTERPRISE)
def merge_into(public_id: str) -> Response:
    """Merge it, and on to the enterprise that stays."""
    into = request.form.get("into", "")
    get_enterprise(public_id)
    try:
        with unit_of_work():
            merged = merge_enterprises(public_id, into, actor=current_actor())
    except Conflict as refused:
        flash(sentence(refused.code, refused.fields), "error")
        return redirect(url_for("pages.merge", public_id=public_id), 303)
    text = gettext("Merged: %(bookings)s bookings and %(contacts)s contacts went over.", bookings=merged.bookings,
                   contacts=merged.contacts)  # fmt: skip
    flash(text, "success")
    return redirect(url_for("directory.enterprise", public_id=into), 303)
