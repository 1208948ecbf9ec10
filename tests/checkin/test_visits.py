"""Visits have no gate: host or department confirm them, and their record says what was promised."""

import io
import re
from datetime import date, timedelta

import pytest
import time_machine
from python_calamine import CalamineWorkbook
from sqlalchemy import func, select

from eventsys.bookings.queries.visit_links import visit_token
from eventsys.bookings.services import cancel_booking, revoke_share_link
from eventsys.checkin.models import VisitRecord
from eventsys.checkin.queries import aftermath, list_visits
from eventsys.checkin.rules import Promise, VisitNotes, VisitSide
from eventsys.checkin.services import confirm_by_link, confirm_visit, last_sign_in, leave_visit, write_record
from eventsys.checkin.visit_register import HEADINGS, register_of
from eventsys.core.actor import ANYBODY
from eventsys.core.audit import AuditEntry
from eventsys.core.clock import now
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotAllowed, NotFound
from eventsys.directory.imports.tables import write_xlsx
from eventsys.slots.rules import SlotFormat
from tests import cast
from tests.factories import make_booking, make_slot
from tests.support import counted_statements


@pytest.fixture
def slot(app):
    return make_slot(title="上门辅导", format=SlotFormat.VISIT, capacity=1, place=None, place_text="企业所在地")


@pytest.fixture
def booking(slot):
    return make_booking(slot, names=("王一",), party=2)


@pytest.fixture
def there(slot, booking):
    with time_machine.travel(slot.starts_at - timedelta(minutes=10), tick=False) as traveller:
        yield traveller


def by_host(booking, name="", reason="", token=None):
    with unit_of_work():
        return confirm_by_link(token or visit_token(booking), name, reason, actor=ANYBODY)


def by_team(booking, actor=cast.CLERK.actor, reason=""):
    with unit_of_work():
        return confirm_visit(booking.public_id, reason, actor=actor)


def write(booking, notes, version=None, actor=cast.CLERK.actor):
    with unit_of_work():
        return write_record(booking.public_id, notes, version=version, actor=actor)


def count():
    return db.session.scalar(select(func.count(VisitRecord.id)))


def test_the_host_confirms_by_a_link_once(booking, there):
    first = by_host(booking, "李总𠮷")
    assert (first.confirmed_as, first.confirmed_by, first.arrived_at) == (VisitSide.HOST, "李总𠮷", now())
    assert first.hosts == ["王一"]
    there.shift(60)
    assert by_host(booking, "别人").confirmed_by == "李总𠮷"
    assert by_team(booking).id == first.id
    assert count() == 1


def test_confirming_costs_few_statements(booking, there):
    token = visit_token(booking)
    with counted_statements() as seen, unit_of_work():
        confirm_by_link(token, actor=ANYBODY)
    assert len(seen) <= 9, seen


def test_a_dead_link_confirms_nothing(booking, there):
    token = visit_token(booking)
    for nonsense in ("", token[:-1], booking.public_id, "𠮷" * 40):
        with pytest.raises(NotFound):
            by_host(booking, token=nonsense or "x")
    with unit_of_work():
        revoke_share_link(booking.public_id, actor=cast.CONTACT.actor)
    with pytest.raises(NotFound):
        by_host(booking, token=token)
    with unit_of_work():
        cancel_booking(booking.public_id, actor=cast.CONTACT.actor)
    with pytest.raises(NotFound):
        by_host(booking)
    assert count() == 0


def test_the_department_confirms_in_time(slot, booking, there):
    there.move_to(slot.starts_at - timedelta(minutes=60, seconds=1))
    with pytest.raises(Conflict, match="door_not_yet"):
        by_team(booking)
    there.shift(1)
    assert by_team(booking, cast.STEWARD.actor).confirmed_as is VisitSide.TEAM


def test_afterwards_with_a_reason_for_two_working_days(slot, booking, there):
    there.move_to(slot.ends_at + timedelta(minutes=1))
    with pytest.raises(Invalid) as missing:
        by_team(booking)
    assert missing.value.field == "reason"
    late = by_team(booking, reason="忘记确认")
    assert (late.reason, late.arrived_at) == ("忘记确认", slot.starts_at)
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "visit.confirmed")).one()
    assert entry.reason == "忘记确认"


def test_then_no_more(slot, booking, there):
    there.move_to(last_sign_in(slot))
    for confirm in (by_team, by_host):
        with pytest.raises(Conflict, match="sign_in_over"):
            confirm(booking, reason="太晚")


def test_a_session_is_not_confirmed_like_this(there):
    session = make_booking(
        make_slot(starts_at=now() + timedelta(minutes=30), closes_at=None, cancel_until=None, names_until=None)
    )
    with pytest.raises(Conflict, match="not_a_visit"):
        by_team(session)


def test_only_the_departments_people(booking, there):
    with pytest.raises(NotFound):
        by_team(booking, cast.STRANGER_CLERK.actor)
    for member in (cast.CONTACT, cast.AUDITOR):
        with pytest.raises(NotAllowed):
            by_team(booking, member.actor)
    assert count() == 0


def test_the_record_says_what_was_promised(slot, booking, there):
    with pytest.raises(NotFound):  # nobody has confirmed yet
        write(booking, VisitNotes(now()))
    by_team(booking)
    there.move_to(slot.ends_at)
    with unit_of_work():
        left = leave_visit(booking.public_id, actor=cast.CLERK.actor)
    assert (left.departed_at, left.version) == (now(), 2)
    promise = Promise("三日内答复归集口径", "税务局经办人", date(2026, 12, 8))
    notes = VisitNotes(slot.starts_at, slot.ends_at, ("张科长",), ("王一", "赵总"), "加计扣除", "=口径？𠮷", (promise,))
    record = write(booking, notes, version=2)
    assert (record.team, record.hosts, record.asked) == (["张科长"], ["王一", "赵总"], "=口径？𠮷")
    assert record.promises == [{"what": "三日内答复归集口径", "who": "税务局经办人", "due": "2026-12-08"}]
    with pytest.raises(Conflict, match="stale_edit"):
        write(booking, notes, version=2)


@pytest.mark.parametrize(
    ("arrived", "departed", "field"),
    [(timedelta(hours=3), None, "arrived_at"), (-timedelta(days=2), None, "arrived_at"),
     (timedelta(), -timedelta(minutes=1), "departed_at")],
)  # fmt: skip
def test_times_that_cannot_be_are_refused(slot, booking, there, arrived, departed, field):
    by_team(booking)
    there.move_to(slot.starts_at + timedelta(minutes=20))
    at = slot.starts_at + arrived
    with pytest.raises(Invalid) as refused:
        write(booking, VisitNotes(at, at + departed if departed else None))
    assert refused.value.field == field


def test_the_register_lists_every_visit(slot, booking, there):
    span = slot.starts_at - timedelta(days=1), slot.starts_at + timedelta(days=1)
    for member, rows in ((cast.CLERK, 1), (cast.COORDINATOR, 1), (cast.AUDITOR, 1), (cast.STRANGER_CLERK, 0)):
        assert len(list_visits(member.actor, *span)) == rows
    there.move_to(slot.ends_at + timedelta(minutes=1))
    assert [item.id for item in aftermath(cast.CLERK.actor).unrecorded] == [booking.id]
    assert aftermath(cast.STRANGER_CLERK.actor).unrecorded == []
    by_team(booking, reason="忘记确认")
    assert aftermath(cast.CLERK.actor).unrecorded == []
    write(booking, VisitNotes(slot.starts_at, None, ("张科长",), (), "", "=1+1", (Promise("答复"),)))
    sheet = write_xlsx(register_of(list_visits(cast.CLERK.actor, *span)))
    (row,) = CalamineWorkbook.from_filelike(io.BytesIO(sheet)).get_sheet_by_index(0).to_python()[1:]
    told = dict(zip(HEADINGS, row, strict=True))
    assert (told["走访人员"], told["企业诉求"], told["承诺事项"], told["确认方式"]) == (
        "张科长",
        "=1+1",
        "答复",
        "部门确认",
    )


def test_looking_at_the_link_confirms_nothing(slot, booking, there, client):
    address = f"/v/{visit_token(booking)}"
    for _ in range(2):
        assert client.get(address).status_code == 200
    assert count() == 0
    assert client.post(address, data={"name": "李总"}).status_code == 303
    assert count() == 1
    assert "李总" in client.get(address).text
    assert client.get("/v/nothing").status_code == 404
    assert client.post("/v/nothing").status_code == 404


def test_a_visit_from_the_desk_to_the_enterprises_page(slot, booking, there, client):
    client.sign_in(cast.CLERK)
    address = f"/bookings/{booking.public_id}/record"
    assert visit_token(booking) in client.get(address).text
    assert client.post(f"{address}/confirm").status_code == 303
    page = client.get(address).text
    arrived = re.search(r'name="arrived_at"[^>]*value="([^"]+)"', page)[1]
    fields = {"version": "1", "arrived_at": arrived, "team": "张科长、李科员\n", "hosts": "", "asked": "口径"}
    fields |= {"promises-0-what": "三日内答复", "promises-0-due": "2026-12-08"}
    answer = client.post(address, data=fields)
    assert answer.status_code == 303, answer.text[-2000:]
    assert "三日内答复" in client.get(f"/v/{visit_token(booking)}").text
    assert "三日内答复" in client.get(f"/visits/register?month={slot.starts_at:%Y-%m}").text
    stale = client.post(address, data=fields)
    assert (stale.status_code, "口径" in stale.text) == (409, True)
    fields["version"] = re.search(r'name="version"[^>]*value="(\d+)"', stale.text)[1]
    assert client.post(address, data=fields).status_code == 303  # having compared
    for member in (cast.STRANGER_CLERK, cast.CONTACT):
        assert client.sign_in(member).get(address).status_code in {403, 404}
