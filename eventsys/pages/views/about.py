"""What the service is, what it keeps of people, and which departments take part."""

from __future__ import annotations

from flask import render_template, request

from eventsys.directory.queries import list_departments
from eventsys.pages.forms.search import SEARCH_MAX
from eventsys.pages.views.blueprint import bp
from eventsys.web.guards import public, while_enrolling


@bp.get("/help")
@while_enrolling
@public
def help() -> str:
    """How to book, in a few steps."""
    return render_template("pages/help.html")


@bp.get("/privacy")
@while_enrolling
@public
def privacy() -> str:
    """What is kept of people, why, and how long."""
    return render_template("pages/privacy.html")


@bp.get("/departments")
@public
def departments() -> str:
    """The departments with their services and telephone numbers."""
    search = request.args.get("q", "")[:SEARCH_MAX]
    page = list_departments(search, cursor=request.args.get("cursor"))
    return render_template("pages/departments.html", page=page, search=search)
