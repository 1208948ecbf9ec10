"""Collection: departments submit, are reminded, get it back; the edition is published whole at its time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from sqlalchemy import select

from eventsys.bookings.rules import NewVisitRequest
from eventsys.bookings.services import arrange_visit, ask_for_visit, publish_edition
from eventsys.bookings.tasks import publish_editions
from eventsys.core.audit import AuditEntry
from eventsys.core.clock import now
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotAllowed, NotFound
from eventsys.notifications.models import Message
from eventsys.notifications.rendering import render_inbox
from eventsys.slots.collection import NewEdition, SubmissionState, clean_edition, usual_dates
from eventsys.slots.models import Edition, Slot
from eventsys.slots.queries.editions import list_standings
from eventsys.slots.rules import Audience, AudienceKind, SlotFormat, SlotState
from eventsys.slots.services.editions import (
    create_edition,
    edit_edition,
    remind,
    return_submission,
    submit,
    take_back,
)
from eventsys.workdays.rules import OFFICIAL
from tests import cast
from tests.factories import make_slot, new_slot, soon

COORDINATOR, CLERK = cast.COORDINATOR.actor, cast.CLERK.actor
ZONE = ZoneInfo("Asia/Shanghai")


def command(**changes):
    starts_on = (now().date() + timedelta(days=20)).replace(day=1) + timedelta(days=31)
    values = {
        "number": 9,
        "starts_on": starts_on,
        "ends_on": starts_on + timedelta(days=30),
        "collects_until": now() + timedelta(days=5),
        "opens_at": now() + timedelta(days=6),
        **changes,
    }
    return NewEdition(**values)


@pytest.fixture
def edition(app):
    with unit_of_work():
        return create_edition(command(), actor=COORDINATOR)


def draft(edition, **changes):
    return make_slot(publish=False, edition=edition.id, **changes)


def act(verb, edition, *rest, actor=CLERK, **named):
    with unit_of_work():
        return verb(edition.public_id, *rest, actor=actor, **named)


def states(edition):
    db.session.rollback()
    db.session.expire_all()
    return {row.department.code: row.state.value for row in list_standings(edition)}


def refused(code, verb, edition, *rest, actor=CLERK, **named):
    with pytest.raises(Conflict) as error:
        act(verb, edition, *rest, actor=actor, **named)
    assert error.value.code == code


def kinds(person):
    db.session.rollback()
    return list(db.session.scalars(select(Message.kind).where(Message.person_id == person.id).order_by(Message.id)))


def state_of(slot):
    db.session.rollback()
    return db.session.scalar(select(Slot.state).where(Slot.id == slot.id))


def test_departments_answer_one_way_or_the_other(edition):
    assert states(edition) == {"tax": "missing", "kxj": "missing"}
    refused("no_slots_yet", submit, edition, "tax")
    draft(edition)
    refused("slots_there", submit, edition, "tax", nothing=True)
    act(submit, edition, "tax")
    act(submit, edition, "kxj", nothing=True, actor=cast.STRANGER_CLERK.actor)
    assert states(edition) == {"tax": "submitted", "kxj": "nothing"}
    act(take_back, edition, "tax")
    assert states(edition)["tax"] == "missing"
    refused("nothing_submitted", take_back, edition, "tax")
    actions = set(db.session.scalars(select(AuditEntry.action).where(AuditEntry.object_id == edition.public_id)))
    assert actions == {"edition.created", "edition.submitted", "edition.nothing", "edition.taken_back"}


def test_what_is_returned_may_come_again_even_after_the_deadline(edition):
    draft(edition)
    refused("nothing_submitted", return_submission, edition, "tax", "x", actor=COORDINATOR)
    act(submit, edition, "tax")
    with pytest.raises(Invalid):
        act(return_submission, edition, "tax", " ", actor=COORDINATOR)
    act(return_submission, edition, "tax", "请补充地点", actor=COORDINATOR)
    assert states(edition)["tax"] == "returned"
    assert kinds(cast.CLERK)[-1] == "submission_returned"
    with time_machine.travel(edition.collects_until + timedelta(hours=1), tick=False):
        act(submit, edition, "tax")
    assert states(edition)["tax"] == "submitted"


def test_after_the_deadline_only_the_coordinator_answers(edition):
    draft(edition)
    with time_machine.travel(edition.collects_until + timedelta(seconds=1), tick=False):
        refused("collection_closed", submit, edition, "tax")
        act(submit, edition, "tax", actor=COORDINATOR)
    assert states(edition)["tax"] == "submitted"


def test_who_owes_an_answer_is_reminded(edition):
    act(submit, edition, "kxj", nothing=True, actor=cast.STRANGER_CLERK.actor)
    assert act(remind, edition, actor=COORDINATOR) == 1
    assert kinds(cast.CLERK) == ["submission_wanted"]
    assert kinds(cast.STRANGER_CLERK) == []
    assert states(edition)["tax"] == "missing"
    message = db.session.scalars(select(Message).where(Message.kind == "submission_wanted")).one()
    assert "报送" in render_inbox(message)[0]


def test_it_is_published_whole_at_its_time(edition):
    first, second, other = (
        draft(edition, starts_at=soon(30)),
        draft(edition, starts_at=soon(31)),
        draft(edition, actor=cast.STRANGER_CLERK.actor, department=cast.SCIENCE, services=()),
    )
    outside = make_slot(publish=False)
    act(submit, edition, "tax")
    publish_editions()
    assert state_of(first) is SlotState.DRAFT
    with time_machine.travel(edition.opens_at + timedelta(seconds=1), tick=False):
        publish_editions()
        publish_editions()
    published = [state_of(slot) for slot in (first, second, other, outside)]
    assert published == [SlotState.PUBLISHED, SlotState.PUBLISHED, SlotState.DRAFT, SlotState.DRAFT]
    assert kinds(cast.COORDINATOR) == ["edition_published"]
    refused("edition_published", publish_edition, edition, actor=COORDINATOR)
    refused("edition_published", submit, edition, "tax")


def test_one_that_cannot_be_published_keeps_no_other_back(edition):
    late = draft(edition, starts_at=now() + timedelta(days=2), opens_at=None)
    fine = draft(edition, starts_at=soon(30))
    act(submit, edition, "tax")
    with time_machine.travel(edition.opens_at + timedelta(seconds=1), tick=False):
        published = act(publish_edition, edition, actor=COORDINATOR)
    assert (published.count, len(published.left)) == (1, 1)
    assert (state_of(late), state_of(fine)) == (SlotState.DRAFT, SlotState.PUBLISHED)
    message = db.session.scalars(select(Message).where(Message.kind == "edition_published")).one()
    assert late.title in render_inbox(message)[1]


def test_a_visit_that_was_asked_for_is_booked_with_it(edition):
    with unit_of_work():
        asked = ask_for_visit(NewVisitRequest(cast.ACME, cast.TAX, "请来一趟"), actor=cast.CONTACT.actor)
    audience = Audience(AudienceKind.NAMED, enterprises=(cast.ACME,))
    visit = new_slot(format=SlotFormat.VISIT, capacity=1, audience=audience, edition=edition.id, starts_at=soon(30))
    with unit_of_work():
        slot = arrange_visit(asked.public_id, visit, actor=CLERK)
    act(submit, edition, "tax")
    act(publish_edition, edition, actor=COORDINATOR)
    assert "visit_arranged" in kinds(cast.CONTACT)
    assert db.session.scalar(select(Slot.places_taken).where(Slot.id == slot.id)) == 1


def test_others_may_not(edition):
    draft(edition)
    for member in (cast.STRANGER_CLERK, cast.CONTACT, cast.AUDITOR, cast.STEWARD):
        with pytest.raises(NotFound):
            act(submit, edition, "tax", actor=member.actor)
    for verb, rest in ((remind, ()), (publish_edition, ()), (return_submission, ("tax", "x"))):
        with pytest.raises(NotAllowed):
            act(verb, edition, *rest)
    with pytest.raises(NotAllowed), unit_of_work():
        create_edition(command(number=10), actor=CLERK)
    with pytest.raises(NotFound):
        act(submit, Edition(public_id="aaaaaaaaaaaaa"), "tax")
    with pytest.raises(Invalid):
        act(submit, edition, "nobody")


def test_a_stale_change_overwrites_nothing(edition):
    with unit_of_work():
        edit_edition(edition.public_id, command(title="金融服务"), edition.version, actor=COORDINATOR)
    with pytest.raises(Conflict) as error, unit_of_work():
        edit_edition(edition.public_id, command(title="别的"), 1, actor=COORDINATOR)
    assert error.value.code == "stale_edit"
    with pytest.raises(Conflict) as error, unit_of_work():
        create_edition(command(), actor=COORDINATOR)
    assert error.value.code == "number_taken"


def test_the_dates_of_a_published_edition_stay(edition):
    act(publish_edition, edition, actor=COORDINATOR)
    db.session.expire_all()
    fresh = db.session.scalars(select(Edition)).one()
    with pytest.raises(Conflict) as error, unit_of_work():
        edit_edition(edition.public_id, command(), fresh.version, actor=COORDINATOR)
    assert error.value.code == "edition_published"


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"number": 0}, "number"),
        ({"number": 10_000}, "number"),
        ({"ends_on": date(2026, 1, 1)}, "ends_on"),
        ({"ends_on": date(2031, 1, 1)}, "ends_on"),
        ({"opens_at": None}, "opens_at"),
        ({"collects_until": None}, "collects_until"),
        ({"opens_at": datetime(2026, 1, 1, tzinfo=UTC)}, "opens_at"),
        ({"title": "题" * 200}, "title"),
    ],
)
def test_bad_input_names_the_field(app, changes, field):
    with pytest.raises(Invalid) as error:
        clean_edition(command(**changes))
    assert error.value.field == field


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("month", "until", "opens"),
    [
        (date(2026, 12, 1), "2026-11-20T17:30", "2026-11-25T10:00"),  # both working days
        (date(2026, 10, 1), "2026-09-20T17:30", "2026-09-28T10:00"),  # a Sunday made up for; the festival of the 25th
        (date(2026, 7, 5), "2026-06-22T17:30", "2026-06-25T10:00"),
    ],
)
def test_the_usual_dates_are_working_days(app, month, until, opens):
    found = [moment.strftime("%Y-%m-%dT%H:%M") for moment in usual_dates(month, OFFICIAL, ZONE)]
    assert found == [until, opens]


@pytest.mark.sqlite_only
def test_states_are_those_of_the_badges(app):
    assert {state.value for state in SubmissionState} == {"missing", "submitted", "returned", "nothing"}
