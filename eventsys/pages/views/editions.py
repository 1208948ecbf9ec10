"""Editions: the page everybody sees, and the collection of what departments submit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import flash, make_response, redirect, render_template, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from eventsys.bookings.services import publish_edition
from eventsys.core.actor import ANYBODY, Role
from eventsys.core.clock import now
from eventsys.core.db import unit_of_work
from eventsys.core.errors import NotFound, Refusal
from eventsys.core.permissions import Permission, Scope, is_allowed, may_somewhere
from eventsys.pages.forms.editions import EditionForm, ReturnForm, values_of_edition
from eventsys.pages.forms.slot import set_value
from eventsys.pages.views.blueprint import editions_bp
from eventsys.pages.views.home import by_day
from eventsys.slots.collection import OWED, SubmissionState, usual_dates
from eventsys.slots.models import Edition
from eventsys.slots.queries import EVERYTHING, SlotFilter, list_slots
from eventsys.slots.queries.editions import (
    DepartmentStanding,
    get_edition,
    last_day,
    list_editions,
    list_standings,
    next_number,
)
from eventsys.slots.services.editions import (
    create_edition,
    edit_edition,
    remind,
    return_submission,
    submit,
    take_back,
)
from eventsys.web.errors import status_of
from eventsys.web.guards import current_actor, public, requires
from eventsys.web.locale import zone
from eventsys.web.months import Month
from eventsys.web.wording import sentence
from eventsys.workdays.queries import working_calendar

SHOWN = 500


@editions_bp.get("/editions/<public_id>")
@public
def detail(public_id: str) -> str:
    """The edition's published slots by day, or when they come."""
    edition = get_edition(public_id)
    slots = list_slots(SlotFilter(edition=public_id), ANYBODY, limit=SHOWN)
    return render_template("editions/detail.html", edition=edition, days=by_day(slots), count=len(slots))


@editions_bp.get("/desk/editions")
@requires(Permission.SEE_DESK)
def index() -> str:
    """The editions, newest first."""
    may_manage = may_somewhere(current_actor(), Permission.MANAGE_EDITIONS)
    return render_template("editions/index.html", editions=list_editions(), may_manage=may_manage, now=now())


@editions_bp.get("/desk/editions/new")
@requires(Permission.MANAGE_EDITIONS)
def new() -> Response:
    """The form, filled in for the month after the last edition."""
    last = last_day() or now().astimezone(zone()).date()
    month = Month(last.replace(day=1)).next
    until, opens = usual_dates(month.first, working_calendar(), zone())
    ends_on = month.next.first - timedelta(days=1)
    dates = {"starts_on": month.first, "ends_on": ends_on, "collects_until": until, "opens_at": opens}
    return _form_page(EditionForm(data={"number": next_number(), **dates}))


@editions_bp.post("/desk/editions/new")
@requires(Permission.MANAGE_EDITIONS)
def create() -> Response:
    """Make it, and on to its collection."""
    form = EditionForm()
    if not form.validate():
        return _form_page(form)
    try:
        with unit_of_work():
            edition = create_edition(form.to_command(), actor=current_actor())
    except Refusal as error:
        return _form_page(form, error)
    flash(gettext("The edition is open for the departments."), "success")
    return _to(edition.public_id)


@editions_bp.get("/desk/editions/<public_id>/edit")
@requires(Permission.MANAGE_EDITIONS)
def edit(public_id: str) -> Response:
    """The form, filled in."""
    edition = get_edition(public_id)
    return _form_page(EditionForm(data=values_of_edition(edition)), edition=edition)


@editions_bp.post("/desk/editions/<public_id>/edit")
@requires(Permission.MANAGE_EDITIONS)
def save(public_id: str) -> Response:
    """Save it; what somebody else has changed meanwhile is not overwritten."""
    edition, form = get_edition(public_id), EditionForm()
    if not form.validate():
        return _form_page(form, edition=edition)
    seen = int(form.version.data) if (form.version.data or "").isdecimal() else 0
    try:
        with unit_of_work():
            edit_edition(public_id, form.to_command(), seen, actor=current_actor())
    except Refusal as error:
        return _form_page(form, error, edition=get_edition(public_id))
    flash(gettext("The changes are saved."), "success")
    return _to(public_id)


@editions_bp.get("/desk/editions/<public_id>")
@requires(Permission.SEE_DESK)
def collection(public_id: str) -> Response:
    """How far the departments are: all for the coordinator, the own ones for a clerk."""
    return _collection_page(get_edition(public_id), ReturnForm())


@editions_bp.post("/desk/editions/<public_id>/departments/<department>/<any(submit, nothing, back):verb>")
@requires(Permission.SUBMIT_MONTH)
def answer(public_id: str, department: str, verb: str) -> Response:
    """Submit the department's slots, say that there is nothing, or take either back."""
    acts: dict[str, tuple[Callable[[], object], str]] = {
        "submit": (lambda: submit(public_id, department, actor=current_actor()), gettext("Submitted.")),
        "nothing": (
            lambda: submit(public_id, department, actor=current_actor(), nothing=True),
            gettext("Noted: nothing this month."),
        ),
        "back": (lambda: take_back(public_id, department, actor=current_actor()), gettext("Taken back.")),
    }
    act, said = acts[verb]
    return _act(public_id, act, said)


@editions_bp.post("/desk/editions/<public_id>/departments/<department>/return")
@requires(Permission.MANAGE_EDITIONS)
def give_back(public_id: str, department: str) -> Response:
    """Return an answer with a remark."""
    form = ReturnForm()
    edition = get_edition(public_id)
    if not form.validate():
        return _collection_page(edition, form, returning=department)
    remark = form.remark.data or ""
    return _act(
        public_id,
        lambda: return_submission(public_id, department, remark, actor=current_actor()),
        gettext("Returned; the department is told."),
    )


@editions_bp.post("/desk/editions/<public_id>/remind")
@requires(Permission.MANAGE_EDITIONS)
def remind_all(public_id: str) -> Response:
    """Remind whoever owes an answer."""
    try:
        with unit_of_work():
            count = remind(public_id, actor=current_actor())
    except NotFound:
        raise
    except Refusal as error:
        return _refused(public_id, error)
    flash(ngettext("%(num)s department reminded.", "%(num)s departments reminded.", count), "success")
    return _to(public_id)


@editions_bp.post("/desk/editions/<public_id>/publish")
@requires(Permission.MANAGE_EDITIONS)
def publish(public_id: str) -> Response:
    """Publish the edition before its time."""
    try:
        with unit_of_work():
            published = publish_edition(public_id, actor=current_actor())
    except NotFound:
        raise
    except Refusal as error:
        return _refused(public_id, error)
    flash(ngettext("%(num)s slot is published.", "%(num)s slots are published.", published.count), "success")
    for title, code in published.left:
        flash(gettext("Not published: %(title)s. %(why)s", title=title, why=sentence(code, {})), "error")
    return _to(public_id)


def _act(public_id: str, act: Callable[[], object], said: str) -> Response:
    try:
        with unit_of_work():
            act()
    except NotFound:
        raise
    except Refusal as error:
        return _refused(public_id, error)
    flash(said, "success")
    return _to(public_id)


def _refused(public_id: str, error: Refusal) -> Response:
    flash(sentence(error.code, error.fields), "error")
    return _to(public_id)


def _collection_page(edition: Edition, form: ReturnForm, *, returning: str = "") -> Response:
    actor = current_actor()
    sees_all = actor.has(*EVERYTHING)
    own = None if sees_all else sorted(actor.departments(Role.CLERK, Role.STEWARD))
    rows = list_standings(edition, own)
    is_collecting = edition.collects_until is not None and edition.published_at is None
    page = render_template(
        "editions/collection.html",
        edition=edition,
        rows=rows,
        form=form,
        returning=returning,
        now=now(),
        is_collecting=is_collecting,
        is_late=is_collecting and edition.collects_until is not None and now() > edition.collects_until,
        may_manage=is_allowed(actor, Permission.MANAGE_EDITIONS, Scope()),
        may_answer=lambda row: is_collecting and _may_answer(row),
        counts={state: sum(row.state is state for row in rows) for state in SubmissionState},
        owed=[row for row in rows if row.state in OWED],
        slots=sum(row.drafts + row.published for row in rows),
    )
    return make_response(page, 422 if form.errors else 200)


def _may_answer(row: DepartmentStanding) -> bool:
    return is_allowed(current_actor(), Permission.SUBMIT_MONTH, row.department.scope)


def _form_page(form: EditionForm, error: Refusal | None = None, *, edition: Edition | None = None) -> Response:
    if error is not None:
        form.refuse(error)
    status = status_of(error) if error else (422 if form.errors else 200)
    is_stale = error is not None and error.code == "stale_edit"
    if is_stale and edition is not None:
        set_value(form.version, edition.version)
    context: dict[str, Any] = {"form": form, "edition": edition, "is_stale": is_stale}
    return make_response(render_template("editions/form.html", **context), status)


def _to(public_id: str) -> Response:
    return redirect(url_for("editions.collection", public_id=public_id), 303)
