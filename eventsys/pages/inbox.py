"""The inbox: what the programme told a person, whether it went by mail too or not."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from eventsys.core.db import unit_of_work
from eventsys.core.permissions import Permission
from eventsys.notifications.queries import count_unread, list_inbox
from eventsys.notifications.rendering import render_inbox
from eventsys.notifications.services import mark_all_read, mark_read
from eventsys.web.guards import current_actor, requires

bp = Blueprint("inbox", __name__)


@bp.get("/inbox")
@requires(Permission.USE_INBOX)
def index() -> str:
    """My messages, newest first; looking marks nothing as read."""
    person = current_actor().person or 0
    page = list_inbox(person, request.args.get("cursor"))
    return render_template(
        "pages/inbox.html",
        messages=[(message, *render_inbox(message)) for message in page.items],
        next_cursor=page.next,
        unread=count_unread(person),
    )


@bp.post("/inbox/read")
@requires(Permission.USE_INBOX)
def read_all() -> Response:
    """Mark everything as read."""
    with unit_of_work():
        mark_all_read(actor=current_actor())
    flash(gettext("Everything is marked as read."), "success")
    return redirect(url_for("inbox.index"), 303)


@bp.post("/inbox/<public_id>/read")
@requires(Permission.USE_INBOX)
def read(public_id: str) -> Response:
    """Mark one of mine as read."""
    with unit_of_work():
        mark_read(public_id, actor=current_actor())
    return redirect(url_for("inbox.index"), 303)
