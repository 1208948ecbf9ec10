"""The administration's entrance and the audit log."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from flask import render_template, request

from eventsys.core.permissions import Permission
from eventsys.directory.queries import TrailFilter, list_audit
from eventsys.directory.queries.trail import audited_types
from eventsys.directory.views.blueprint import bp, next_url
from eventsys.web.guards import requires
from eventsys.web.locale import zone


@bp.get("/")
@requires(Permission.ADMINISTER, Permission.EDIT_ENTERPRISE, Permission.READ_AUDIT)
def administration() -> str:
    """Where everything that is administered starts."""
    return render_template("directory/administration.html")


@bp.get("/audit")
@requires(Permission.READ_AUDIT)
def audit_log() -> str | tuple[str, int]:
    """Who did what, newest first; by object, actor and day."""
    typed = {name: request.args.get(name, "").strip()[:80] for name in ("type", "object", "actor", "day")}
    day = _day(typed["day"])
    start = datetime.combine(day, time(), zone()) if day else None
    wanted = TrailFilter(
        object_type=typed["type"],
        object_id=typed["object"],
        actor=typed["actor"],
        start=start,
        end=start + timedelta(days=1) if start else None,
    )
    is_day_wrong = bool(typed["day"]) and day is None
    page = list_audit(wanted, cursor=request.args.get("cursor"))
    shown = render_template(
        "directory/audit_log.html",
        page=page,
        typed=typed,
        types=audited_types(),
        next_url=next_url(page),
        is_day_wrong=is_day_wrong,
    )
    return (shown, 422) if is_day_wrong else shown


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1970 < day.year < 3000 else None
