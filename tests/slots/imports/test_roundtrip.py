"""Slots written to a sheet and read back: without a change, and as the same slots where they are made anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from eventsys.bookings.services import call_off_slot, import_slots
from eventsys.core.db import db, unit_of_work
from eventsys.directory.commands import StaffDetails
from eventsys.directory.imports.tables import Export, write_csv, write_xlsx
from eventsys.directory.models import Tag
from eventsys.directory.rules import EnterpriseSize, Topic
from eventsys.directory.services.staff import add_staff
from eventsys.slots.collection import NewEdition
from eventsys.slots.imports.columns import COLUMNS
from eventsys.slots.imports.export import export_slots
from eventsys.slots.models import Slot
from eventsys.slots.queries import commands_of
from eventsys.slots.rules import Audience, AudienceKind, NewQuestion, QuestionKind, SlotFormat, WalkIns
from eventsys.slots.services.editions import create_edition
from tests import cast
from tests.factories import make_slot, new_slot, soon

COORDINATOR, CLERK = cast.COORDINATOR.actor, cast.CLERK.actor
FIELDS = [column.field for column in COLUMNS]


def bring(content, *, actor=COORDINATOR, **options):
    content = content if isinstance(content, bytes) else content.encode()
    with unit_of_work():
        return import_slots(content, "场次.xlsx", actor=actor, **{"dry_run": False, **options})


def counts(report):
    return report.created, report.updated, report.unchanged


def lines(report):
    return [(problem.row, problem.column, problem.code) for problem in report.problems]


def all_slots():
    db.session.rollback()
    db.session.expire_all()
    return list(db.session.scalars(select(Slot).order_by(Slot.id)))


def exported(**options):
    db.session.rollback()
    db.session.expire_all()
    return export_slots(COORDINATOR, **options)


def without(export, *names):
    """The sheet with these columns empty."""
    places = {FIELDS.index(name) for name in names}
    rows = [tuple("" if place in places else cell for place, cell in enumerate(row)) for row in export.rows]
    return Export(export.sheet, export.headings, tuple(rows))


LINE = st.text(
    alphabet=st.one_of(
        st.sampled_from("甲、，,；;：:\"'｜|=+-@\u200b😀𠮷 a1（）"),
        st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029\ufffe\uffff\u0085"),
    ),
    min_size=1,
    max_size=20,
).filter(lambda text: bool(text.strip(" \n\t\u3000")))
LIMIT = st.none() | st.integers(1, 10_000)


@st.composite
def commands(draw, tags, staff):
    start = soon(draw(st.integers(2, 300)), draw(st.integers(0, 23))).astimezone(UTC)
    start += draw(st.sampled_from([timedelta(), timedelta(minutes=7), timedelta(seconds=3, microseconds=50)]))
    kind = draw(st.sampled_from(AudienceKind))
    named = tuple(draw(st.sets(st.sampled_from([cast.ACME, cast.OTHER, cast.THIRD]), min_size=1)))
    filters = {
        "parks": tuple(draw(st.sets(st.sampled_from([cast.SOFTWARE_PARK, cast.HILL_PARK]), min_size=1))),
        "tags": tuple(draw(st.sets(st.sampled_from(tags)))),
        "sub_districts": tuple(draw(st.sets(LINE.map(lambda text: text.strip(" \u3000")[:40]), max_size=2))),
        "sizes": tuple(draw(st.sets(st.sampled_from(EnterpriseSize)))),
    }
    closes = start - timedelta(hours=draw(st.integers(0, 5)))
    opens = draw(st.none() | st.just(closes - timedelta(days=1, minutes=1)))
    label = LINE.map(lambda text: text.strip(" \n\t\u3000"))
    questions = draw(st.lists(st.builds(NewQuestion, label, st.sampled_from(QuestionKind), st.booleans()), max_size=3))
    return new_slot(
        department=cast.TAX,
        title=draw(LINE),
        title_en=draw(st.just("") | LINE),
        description=draw(st.just("") | st.lists(LINE, max_size=3).map("\n".join)),
        topic=draw(st.sampled_from(Topic)),
        format=draw(st.sampled_from(SlotFormat)),
        starts_at=start,
        ends_at=start + timedelta(minutes=draw(st.sampled_from([5, 90, 24 * 60, 3 * 24 * 60]))),
        place=draw(st.sampled_from([None, cast.CENTRE, cast.BASE])),
        place_text=draw(st.just("") | LINE),
        online_url=draw(st.sampled_from(["", "https://example.com/a?b=c,d"])),
        capacity=draw(st.integers(1, 10_000)),
        attendee_capacity=draw(LIMIT),
        party_max=draw(LIMIT),
        supporting=draw(st.sampled_from([(), (cast.SCIENCE,)])),
        services=draw(st.sampled_from([(), (1,)])),
        audience=Audience(kind, enterprises=named, **(filters if kind is AudienceKind.FILTERED else {})),
        questions=tuple(questions),
        edition=draw(st.sampled_from([None, 1])),
        staff=tuple(draw(st.sets(st.sampled_from(staff)))),
        bring=draw(st.just("") | st.lists(LINE, max_size=2).map("\n".join)),
        opens_at=opens,
        closes_at=closes,
        cancel_until=closes,
        names_until=start,
        needs_approval=draw(st.booleans()),
        walk_ins=draw(st.sampled_from(WalkIns)),
        door_minutes=draw(st.integers(0, 1440)),
        quota_month=draw(LIMIT),
        quota_edition=draw(LIMIT),
        quota_open=draw(LIMIT),
        invited_until=draw(st.none() | st.just(closes - timedelta(hours=1))),
        is_draw_weighted=draw(st.booleans()),
    )


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_is_exported_is_imported_without_a_change(app, reset, data):
    reset()
    with unit_of_work():
        today = soon().date()
        create_edition(NewEdition(3, today, today + timedelta(days=30)), actor=COORDINATOR)
        tags = [Tag(name=f"标签{data.draw(LINE)}"[:40].strip()), Tag(name="高新二")]
        db.session.add_all(tags)
        db.session.flush()
        keys = [tag.id for tag in tags]
        names = ("陈一", "陈一", '欧阳、𠮷 "甲"')
        staff = [add_staff(cast.fixed_id("d", cast.TAX), StaffDetails(name), actor=CLERK).id for name in names]
    for publish in (True, False):
        command = data.draw(commands(keys, staff))
        make_slot(publish, COORDINATOR, **{name: getattr(command, name) for name in command.__slots__})
    sheet = exported()
    for content in (write_xlsx(sheet), write_csv(sheet)):
        report = bring(content)
        assert (lines(report), counts(report)) == ([], (0, 0, 2))
    anew = without(sheet, "id", "version", "state")
    before = commands_of(all_slots())
    report = bring(write_xlsx(anew))
    assert (lines(report), counts(report)) == ([], (2, 0, 0))
    assert [plain(item) for item in commands_of(all_slots()[2:])] == [plain(item) for item in before]


def plain(command):
    audience = replace(command.audience, enterprises=tuple(sorted(command.audience.enterprises)))
    return replace(command, audience=audience, staff=tuple(sorted(command.staff)))


def test_slots_of_every_state_and_time_are_left_alone(app):
    over, off = make_slot(), make_slot()
    with unit_of_work():
        call_off_slot(off.public_id, "换届", actor=CLERK)
        slot = db.session.get_one(Slot, over.id)
        slot.starts_at, slot.ends_at = (datetime(2020, 1, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, 2, tzinfo=UTC))
        slot.closes_at = slot.cancel_until = slot.names_until = slot.starts_at
    report = bring(write_csv(exported()))
    assert (lines(report), counts(report), report.is_applied) == ([], (0, 0, 2), True)


@pytest.mark.sqlite_only
def test_a_span_and_a_department_narrow_an_export(app):
    first, second = make_slot(starts_at=soon(3)), make_slot(starts_at=soon(40))
    make_slot(actor=COORDINATOR, department=cast.SCIENCE, starts_at=soon(3))
    assert [row[0] for row in exported(starts_before=soon(20), lead=cast.TAX).rows] == [first.public_id]
    assert [row[0] for row in exported(starts_from=soon(20)).rows] == [second.public_id]
    assert len(export_slots(CLERK).rows) == 2
    assert export_slots(CLERK, lead=cast.SCIENCE).rows == ()
