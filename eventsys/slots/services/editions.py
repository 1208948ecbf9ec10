"""The verbs of editions: make and change one, submit to it, give back, remind. Publishing is on the bookings floor."""

from __future__ import annotations

from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Conflict, Invalid, NotFound
from eventsys.core.ids import new_public_id
from eventsys.core.installation import absolute_url
from eventsys.core.permissions import Permission, Scope, authorize, is_allowed
from eventsys.core.text import clean_line
from eventsys.directory.models import Department
from eventsys.directory.queries import find_department, get_district
from eventsys.directory.recipients import clerks_of
from eventsys.notifications.services import enqueue
from eventsys.slots.collection import (
    OWED,
    NewEdition,
    SubmissionState,
    check_collecting,
    check_return,
    clean_edition,
)
from eventsys.slots.models import Edition, Series, Submission
from eventsys.slots.queries.editions import (
    count_drafts,
    find_series,
    find_submission,
    list_standings,
    lock_edition,
)
from eventsys.slots.rules import REASON_MAX

DESCRIBED = ("number", "title", "starts_on", "ends_on", "collects_until", "opens_at")


def create_edition(command: NewEdition, *, actor: Actor) -> Edition:
    """A new edition of the district's series; Invalid names the field, `number_taken` for one that exists."""
    authorize(actor, Permission.MANAGE_EDITIONS, Scope())
    edition = Edition(public_id=new_public_id(), series=_series(), version=1)
    _write(edition, command)
    db.session.add(edition)
    db.session.flush()
    audit.record(actor, "edition.created", "edition", edition.public_id, after=_described(edition))
    return edition


def edit_edition(public_id: str, command: NewEdition, version: int | None, *, actor: Actor) -> Edition:
    """Change an edition; Conflict for a stale version, and for the dates of one that is published."""
    authorize(actor, Permission.MANAGE_EDITIONS, Scope())
    edition = lock_edition(public_id)
    edition.require_version(version)
    dates = (edition.collects_until, edition.opens_at)
    if edition.published_at is not None and dates != (command.collects_until, command.opens_at):
        raise Conflict("edition_published")
    before = _described(edition)
    _write(edition, command)
    db.session.flush()
    old, new = audit.changes(before, _described(edition))
    audit.record(actor, "edition.changed", "edition", public_id, before=old, after=new)
    return edition


def submit(public_id: str, department: str, *, actor: Actor, nothing: bool = False) -> Submission:
    """Say that the department's slots of the edition are complete, or that it has `nothing` this month.

    Conflict `no_slots_yet` without a slot, `slots_there` for nothing with some, `collection_closed` after the deadline.
    """
    edition, found = lock_edition(public_id), _department(department, actor)
    submission = find_submission(edition.id, found.id)
    state = submission.state if submission is not None else SubmissionState.MISSING
    may_late = is_allowed(actor, Permission.MANAGE_EDITIONS, Scope())
    check_collecting(state, edition.collects_until, edition.published_at, now(), late=may_late)
    slots = count_drafts(edition.id, found.id)
    if nothing and slots:
        raise Conflict("slots_there", count=slots)
    if not nothing and not slots:
        raise Conflict("no_slots_yet")
    after = SubmissionState.NOTHING if nothing else SubmissionState.SUBMITTED
    submission = _answer(submission or Submission(edition_id=edition.id, department_id=found.id), after, actor)
    submission.remark = ""
    _record(actor, f"edition.{after.value}", edition, found, slots=slots)
    return submission


def take_back(public_id: str, department: str, *, actor: Actor) -> None:
    """The department is not done after all; until the deadline."""
    edition, found = lock_edition(public_id), _department(department, actor)
    submission = find_submission(edition.id, found.id)
    state = submission.state if submission is not None else SubmissionState.MISSING
    may_late = is_allowed(actor, Permission.MANAGE_EDITIONS, Scope())
    check_collecting(state, edition.collects_until, edition.published_at, now(), late=may_late)
    if submission is None or state in OWED:
        raise Conflict("nothing_submitted")
    _answer(submission, SubmissionState.MISSING, actor)
    _record(actor, "edition.taken_back", edition, found)


def return_submission(public_id: str, department: str, remark: str, *, actor: Actor) -> Submission:
    """Give a department's answer back with a remark; its clerks are told and may submit until the edition opens."""
    authorize(actor, Permission.MANAGE_EDITIONS, Scope())
    remark = clean_line(remark, "remark", REASON_MAX, required=True)
    edition, found = lock_edition(public_id), _find(department)
    submission = find_submission(edition.id, found.id)
    check_return(submission.state if submission is not None else SubmissionState.MISSING, edition.published_at)
    assert submission is not None  # an answer there is has a row
    _answer(submission, SubmissionState.RETURNED, actor)
    submission.remark = remark
    _record(actor, "edition.returned", edition, found, remark=remark)
    _tell("submission_returned", edition, found, remark=remark)
    return submission


def remind(public_id: str, *, actor: Actor) -> int:
    """Remind the clerks of every department that owes an answer; how many departments that were."""
    authorize(actor, Permission.MANAGE_EDITIONS, Scope())
    edition = lock_edition(public_id)
    check_collecting(SubmissionState.RETURNED, edition.collects_until, edition.published_at, now(), late=True)
    owing = [item for item in list_standings(edition) if item.state in OWED]
    for item in owing:
        submission = item.submission
        if submission is None:
            submission = Submission(
                edition_id=edition.id, department_id=item.department.id, state=SubmissionState.MISSING
            )
            db.session.add(submission)
        submission.reminded_at = now()
        _tell("submission_wanted", edition, item.department, remark=submission.remark or "")
    db.session.flush()
    audit.record(actor, "edition.reminded", "edition", public_id, after={"departments": len(owing)})
    return len(owing)


def _answer(submission: Submission, state: SubmissionState, actor: Actor) -> Submission:
    submission.state, submission.at, submission.by_name = state, now(), actor.name
    db.session.add(submission)
    db.session.flush()
    return submission


def _series() -> Series:
    """The district's series; made with the first edition, under the district's name."""
    found = find_series()
    if found is None:
        found = Series(public_id=new_public_id(), name=get_district().name)
        db.session.add(found)
    return found


def _write(edition: Edition, command: NewEdition) -> None:
    command = clean_edition(command)
    edition.number, edition.title, edition.description = command.number, command.title, command.description
    edition.starts_on, edition.ends_on = command.starts_on, command.ends_on
    edition.collects_until, edition.opens_at = command.collects_until, command.opens_at


def _described(edition: Edition) -> dict[str, object]:
    return {name: getattr(edition, name) for name in DESCRIBED}


def _department(named: str, actor: Actor) -> Department:
    """The department, when the actor answers for it; NotFound otherwise."""
    found = _find(named)
    if not is_allowed(actor, Permission.SUBMIT_MONTH, Scope(departments=frozenset({found.id}))):
        raise NotFound()
    return found


def _find(named: str) -> Department:
    found = find_department(named)
    if found is None:
        raise Invalid("unknown_department", field="department")
    return found


def _record(actor: Actor, action: str, edition: Edition, department: Department, **more: object) -> None:
    audit.record(actor, action, "edition", edition.public_id, after={"department": department.code, **more})


def _tell(kind: str, edition: Edition, department: Department, **more: object) -> None:
    until = edition.collects_until.isoformat() if edition.collects_until else ""
    context = {
        "series": edition.series.name,
        "number": edition.number,
        "department": department.short_name,
        "until": until,
        "url": absolute_url(f"/desk/editions/{edition.public_id}"),
        **more,
    }
    enqueue(kind, clerks_of(department.id), context)
