"""The pages of planned visits: plan one, answer it, what the desk shows, join another department's, the notice."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from eventsys.bookings.models import Booking, PlannedVisit
from eventsys.bookings.rules import AnswerVisit, BookingState, NewPlannedVisit, NewVisitRequest, VisitAnswer
from eventsys.bookings.services import answer_visit, ask_for_visit, plan_visit
from eventsys.bookings.tasks import remind_departments
from eventsys.core.db import db, unit_of_work
from eventsys.directory.commands import StaffDetails
from eventsys.directory.services import add_staff
from eventsys.notifications.models import Message
from eventsys.slots.models import Slot
from eventsys.slots.rules import SlotFormat, SlotState
from tests import cast
from tests.factories import ZONE, make_booking, make_slot, new_slot

NOW = datetime(2026, 12, 7, 1, tzinfo=UTC)  # Monday, 9:00 in Xiamen
TAX, SCIENCE = cast.fixed_id("d", cast.TAX), cast.fixed_id("d", cast.SCIENCE)
ACME = cast.fixed_id("e", cast.ACME)
FORM = {
    "action": "plan",
    "enterprise": ACME,
    "department": TAX,
    "starts_at": "2026-12-16T14:00",
    "minutes": "",
    "topic": "service",
    "title": "",
    "place_text": "",
    "description": "送政策上门",
}
PROMISE = "本次上门为服务活动，不开展执法检查。"


@pytest.fixture(autouse=True)
def on_a_monday():
    with time_machine.travel(NOW, tick=False):
        yield


def at(day, hour=14):
    return datetime(2026, 12, day, hour, tzinfo=ZONE)


def plan(day=16, hour=14, department=cast.TAX, actor=cast.CLERK.actor, **changes):
    command = new_slot(department=department, starts_at=at(day, hour), title="走访", place=None, **changes)
    with unit_of_work():
        return plan_visit(NewPlannedVisit(cast.ACME, command), actor=actor).public_id


def booking():
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(select(Booking)).one()


def test_a_clerk_finds_the_enterprise_and_plans(app, client):
    client.sign_in(cast.CLERK)
    assert 'href="/desk/visits/new"' in client.get("/desk").text
    assert client.get("/desk/visits/new").status_code == 200
    found = client.post("/desk/visits/new", data={**FORM, "action": "find", "enterprise": "", "search": "网络"})
    assert found.status_code == 200
    assert "甲网络公司" in found.text
    assert "2026-12-16T14:00" in found.text  # what was typed stays
    assert "未找到企业。" in client.post("/desk/visits/new", data={"action": "find", "search": "无此企业"}).text
    made = client.post("/desk/visits/new", data=FORM)
    assert made.status_code == 303
    row = booking()
    assert made.location == f"/bookings/{row.public_id}"
    assert (row.slot.title, row.slot.starts_at, row.slot.ends_at) == (
        "甲网络公司上门服务",
        at(16),
        at(16, 15) + timedelta(minutes=30),
    )
    page = client.get(made.location).text
    assert "正在征求企业意见" in page
    assert "/edit" in page
    assert client.post("/desk/visits/new", data=FORM).location == made.location  # pressed twice


def test_a_chosen_enterprise_is_in_the_address(app, client):
    page = client.sign_in(cast.CLERK).get(f"/desk/visits/new?enterprise={ACME}").text
    assert re.search(rf'value="{ACME}" checked', page)
    for nonsense in ("zzzzzzzzzzzzy", "x", "𠮷"):
        assert client.get(f"/desk/visits/new?enterprise={nonsense}").status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"enterprise": ""},
        {"enterprise": "zzzzzzzzzzzzy"},
        {"starts_at": ""},
        {"starts_at": "2026-12-01T14:00"},
        {"starts_at": "nonsense"},
        {"minutes": "1"},
        {"title": "长" * 81},
        {"department": SCIENCE},
        {"topic": "nothing"},
    ],
)
def test_what_cannot_be_planned_is_said(app, client, wrong):
    answer = client.sign_in(cast.CLERK).post("/desk/visits/new", data={**FORM, **wrong})
    assert answer.status_code == 422
    assert "error-summary" in answer.text
    assert db.session.scalars(select(Booking)).all() == []


@pytest.mark.parametrize("member", [cast.CONTACT, cast.STEWARD, cast.AUDITOR, cast.VOLUNTEER])
def test_others_plan_nothing(app, client, member):
    client.sign_in(member)
    assert client.get("/desk/visits/new").status_code == 403
    assert client.post("/desk/visits/new", data=FORM).status_code == 403
    assert client.post("/desk/visits/join", data={"slot": "x", "department": TAX}).status_code == 403


def test_beyond_the_cap_a_joint_visit_is_proposed(app, client):
    plan(15, department=cast.SCIENCE, actor=cast.STRANGER_CLERK.actor)
    slot = booking().slot.public_id
    refused = client.sign_in(cast.CLERK).post("/desk/visits/new", data=FORM)
    assert refused.status_code == 409
    assert "每周最多1次" in refused.text
    assert f'name="slot" value="{slot}"' in refused.text
    assert "超出上限的理由" not in refused.text
    joined = client.post("/desk/visits/join", data={"slot": slot, "department": TAX})
    assert joined.status_code == 303
    assert "示范区科信局" in client.get(joined.location).text
    query = select(Message.kind).where(Message.person_id == cast.STRANGER_CLERK.id)
    assert db.session.scalars(query).all() == ["joint_visit_proposed"]
    assert client.post("/desk/visits/join", data={"slot": slot, "department": SCIENCE}).status_code == 404
    assert client.post("/desk/visits/join", data={"slot": "nothing", "department": TAX}).status_code == 404
    assert client.post("/desk/visits/join", data={}).status_code == 404


def test_the_own_visit_is_not_joined(app, client):
    plan(15)
    refused = client.sign_in(cast.CLERK).post("/desk/visits/new", data=FORM)
    assert refused.status_code == 409
    assert "作为配合部门参加" not in refused.text


def test_a_coordinator_may_say_why_it_must_be(app, client):
    plan(15)
    client.sign_in(cast.COORDINATOR)
    data = {**FORM, "department": SCIENCE}
    assert "超出上限的理由" in client.post("/desk/visits/new", data=data).text
    assert client.post("/desk/visits/new", data={**data, "beyond": "区领导带队"}).status_code == 303


def test_so_it_is_when_a_visit_moves_or_was_asked_for(app, client):
    first, second = plan(15), plan(23)
    slot = db.session.scalars(select(Slot).join(Booking).where(Booking.public_id == first)).one()
    client.sign_in(cast.COORDINATOR)
    page = client.get(f"/slots/{slot.public_id}/edit").text
    assert "超出上限的理由" not in page
    data = fields_of(page) | {"starts_at": "2026-12-24T14:00", "action": "save"}
    refused = client.post(f"/slots/{slot.public_id}/edit", data=data)
    assert (refused.status_code, "每周最多1次" in refused.text, "超出上限的理由" in refused.text) == (409, True, True)
    moved = client.post(f"/slots/{slot.public_id}/edit", data={**data, "beyond": "区领导带队"})
    assert moved.status_code == 303
    db.session.expire_all()
    assert db.session.get_one(Slot, slot.id).starts_at == at(24)
    assert first != second


def fields_of(page):
    """What a browser would send of the slot's form."""
    form = page[page.index('id="slot-form"') :]
    found = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = (re.search(rf'\b{key}="([^"]*)"', tag) for key in ("name", "value"))
        kind = re.search(r'type="(\w+)"', tag)
        is_box = kind and kind[1] in {"radio", "checkbox"}
        if name and (not is_box or " checked" in tag):
            found[name[1]] = value[1].replace("&#9;", "\t") if value else ""
    for name, inner in re.findall(r'<textarea[^>]*name="([^"]*)"[^>]*>(.*?)</textarea>', form, re.S):
        found[name] = inner.strip("\r\n")
    for name, inner in re.findall(r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'<option selected value="([^"]*)"', inner)
        found[name] = chosen[1] if chosen else ""
    return found


def test_the_contact_answers_with_one_button(app, client):
    public_id = plan()
    client.sign_in(cast.CONTACT)
    assert f"/bookings/{public_id}/visit" in client.get("/my").text
    assert "计划走访待答复" in client.get(f"/bookings/{public_id}").text
    page = client.get(f"/bookings/{public_id}/visit").text
    assert PROMISE in page
    assert 'value="联系人丁"' in page
    assert all(word in page for word in ("同意", "改期", "暂不需要"))
    seen = {"seen": at(16).isoformat()}
    agreed = client.post(f"/bookings/{public_id}/visit", data={**seen, "answer": "agreed", "name": "王一", "phone": ""})
    assert agreed.status_code == 303
    page = client.get(f"/bookings/{public_id}").text
    assert "王一" in page
    assert f"/bookings/{public_id}/move" not in page
    assert "/visit-notice" in page
    assert client.get(f"/bookings/{public_id}/visit").status_code == 303
    late = client.post(f"/bookings/{public_id}/visit", data={**seen, "answer": "not_now"})
    assert late.status_code == 303
    assert "本次走访已有答复" in client.get(late.location).text
    assert booking().state is BookingState.CONFIRMED


def test_another_time_comes_onto_the_desk(app, client):
    public_id = plan()
    client.sign_in(cast.CONTACT)
    path = f"/bookings/{public_id}/visit"
    blank = client.post(path, data={"answer": "another_time", "seen": at(16).isoformat()})
    assert blank.status_code == 422
    assert "请至少提出一个时间" in blank.text
    past = client.post(path, data={"answer": "another_time", "seen": at(16).isoformat(), "first": "2026-12-01T09:00"})
    assert past.status_code == 422
    data = {"answer": "another_time", "seen": at(16).isoformat(), "first": "2026-12-17T09:00", "wishes": "<b>上午"}
    assert client.post(path, data=data).status_code == 303
    assert "已申请改期" in client.get("/my").text
    client.sign_in(cast.CLERK)
    desk = client.get("/desk").text
    assert "希望改期" in desk
    assert "12月17日" in desk
    assert "&lt;b&gt;上午" in desk
    assert "+8613800138001" in desk
    assert "/approve" not in desk


def test_not_needed(app, client):
    public_id = plan()
    client.sign_in(cast.CONTACT)
    data = {"answer": "not_now", "seen": at(16).isoformat(), "why": "正在审计"}
    assert client.post(f"/bookings/{public_id}/visit", data=data).status_code == 303
    page = client.get(f"/bookings/{public_id}").text
    assert "对企业没有任何影响" in page
    assert "正在审计" in page
    assert booking().slot.state is SlotState.CALLED_OFF


@pytest.mark.parametrize("seen", ["", "nonsense", "2026-12-16T14:00:00", at(17).isoformat()])
def test_only_what_was_seen_is_agreed_to(app, client, seen):
    public_id = plan()
    client.sign_in(cast.CONTACT)
    answer = client.post(f"/bookings/{public_id}/visit", data={"answer": "agreed", "seen": seen})
    assert answer.status_code == 409
    assert f'value="{at(16).astimezone(UTC).isoformat()}"' in answer.text or at(16).isoformat() in answer.text
    assert booking().state is BookingState.PENDING


@pytest.mark.parametrize("given", ["", "waiting", "nonsense"])
def test_what_is_no_answer(app, client, given):
    public_id = plan()
    client.sign_in(cast.CONTACT)
    data = {"answer": given, "seen": at(16).isoformat()}
    assert client.post(f"/bookings/{public_id}/visit", data=data).status_code == 422


def test_a_clerk_records_the_answer(app, client):
    public_id = plan()
    client.sign_in(cast.CLERK)
    path = f"/bookings/{public_id}/visit"
    assert "登记企业的答复" in client.get(path).text
    data = {"answer": "agreed", "seen": at(16).isoformat(), "channel": "phone"}
    assert client.post(path, data=data).status_code == 422
    assert client.post(path, data={**data, "reason": "致电林女士", "channel": "web"}).status_code == 422
    assert client.post(path, data={**data, "reason": "致电林女士"}).status_code == 303
    assert booking().on_behalf_reason == "致电林女士"


@pytest.mark.parametrize(
    ("member", "status"),
    [(cast.STRANGER, 404), (cast.STRANGER_CLERK, 404), (cast.STEWARD, 403), (cast.AUDITOR, 403)],
)
def test_who_cannot_answer(app, client, member, status):
    public_id = plan()
    client.sign_in(member)
    assert client.get(f"/bookings/{public_id}/visit").status_code == status
    assert client.post(f"/bookings/{public_id}/visit", data={"answer": "agreed"}).status_code == status


def test_other_bookings_have_no_such_page(app, client):
    other = make_booking(make_slot()).public_id
    assert client.sign_in(cast.CONTACT).get(f"/bookings/{other}/visit").status_code == 404


def test_who_did_not_answer_is_to_be_called(app, client):
    plan()
    client.sign_in(cast.CLERK)
    assert "请致电" not in client.get("/desk").text
    with time_machine.travel(NOW + timedelta(days=4), tick=False):
        remind_departments()
        client.sign_in(cast.CLERK)
        assert "请致电" in client.get("/desk").text


def test_the_notice_is_for_who_visits_and_who_is_visited(app, client):
    public_id = plan(description="送政策\n现场答疑", supporting=(cast.SCIENCE,))
    slot = booking().slot.public_id
    for member in (cast.CLERK, cast.STEWARD, cast.STRANGER_CLERK, cast.CONTACT, cast.COLLEAGUE, cast.COORDINATOR):
        page = client.sign_in(member).get(f"/slots/{slot}/visit-notice")
        assert page.status_code == 200, member
        for text in (
            PROMISE,
            "上门服务告知书",
            "甲网络公司",
            "示范区税务局",
            "示范区科信局",
            "现场答疑",
            "0592-1000001",
        ):
            assert text in page.text
    assert client.sign_in(cast.STRANGER).get(f"/slots/{slot}/visit-notice").status_code == 404
    english = client.get(f"/slots/{slot}/visit-notice")
    assert english.status_code == 404
    assert public_id


def test_the_notice_of_other_slots(app, client):
    session = make_slot()
    visit = make_slot(starts_at=at(20), format=SlotFormat.VISIT, capacity=2, place=None)
    client.sign_in(cast.CLERK)
    assert client.get(f"/slots/{session.public_id}/visit-notice").status_code == 404
    assert "________________" in client.get(f"/slots/{visit.public_id}/visit-notice").text
    make_booking(visit)
    make_booking(visit, cast.STRANGER, names=("李二",))
    page = client.get(f"/slots/{visit.public_id}/visit-notice").text
    assert page.count(PROMISE) == 2
    own = client.sign_in(cast.STRANGER).get(f"/slots/{visit.public_id}/visit-notice").text
    assert "乙网络公司" in own
    assert "甲网络公司" not in own
    assert app.test_client().get(f"/slots/{visit.public_id}/visit-notice").status_code != 200


def test_the_notice_names_who_comes(client):
    with unit_of_work():
        member = add_staff(TAX, StaffDetails("陈𠮷", office="纳税服务科"), actor=cast.CLERK.actor)
    visit = make_slot(starts_at=at(20), format=SlotFormat.VISIT, place=None, staff=(member.id,))
    page = client.sign_in(cast.CLERK).get(f"/slots/{visit.public_id}/visit-notice").text
    assert "陈𠮷 纳税服务科" in page
    assert "visit-notice-blank" not in page


def test_for_its_own_booking_an_enterprise_only_gets_a_hint(app, client):
    visit = make_slot(starts_at=at(17), format=SlotFormat.VISIT, capacity=1, place=None)
    client.sign_in(cast.CONTACT)
    hint = "其他部门近期已安排上门服务"
    assert hint not in client.get(f"/slots/{visit.public_id}/book").text
    plan(16)
    assert hint in client.get(f"/slots/{visit.public_id}/book").text
    make_booking(visit)


def test_the_api_shows_it_to_its_enterprise_alone(app, api):
    public_id = plan()
    slot = booking().slot.public_id
    assert api(cast.CONTACT).get(f"/bookings/{public_id}").json["state"] == "pending"
    assert api(cast.CONTACT).get(f"/slots/{slot}").status_code == 200
    assert api(cast.STRANGER).get(f"/slots/{slot}").status_code == 404
    assert api(cast.STRANGER_CLERK).get(f"/slots/{slot}").status_code == 404
    assert api(cast.CLERK).post(f"/bookings/{public_id}/confirm").status_code in {404, 409}
    assert booking().state is BookingState.PENDING


def test_in_english(app, client):
    public_id = plan()
    client.sign_in(cast.CONTACT)
    client.post("/locale", data={"locale": "en", "next": "/"})
    slot = booking().slot.public_id
    for path in (f"/bookings/{public_id}/visit", f"/bookings/{public_id}", "/my", f"/slots/{slot}/visit-notice"):
        assert client.get(path).status_code == 200
    assert "A service visit, not an inspection." in client.get(f"/slots/{slot}/visit-notice").text


def test_a_request_beyond_the_cap(app, client):
    plan(15)
    with unit_of_work():
        request = ask_for_visit(
            NewVisitRequest(cast.ACME, cast.SCIENCE, "请来一趟"), actor=cast.CONTACT.actor
        ).public_id
    client.sign_in(cast.COORDINATOR)
    data = fields_of(client.get(f"/desk/slots/new?request={request}").text)
    data |= {"starts_at": "2026-12-17T09:00", "action": "publish"}
    refused = client.post(f"/desk/slots/new?request={request}", data=data)
    assert (refused.status_code, "超出上限的理由" in refused.text) == (409, True)
    made = client.post(f"/desk/slots/new?request={request}", data={**data, "beyond": "企业急需"})
    assert made.status_code == 303


def test_what_a_visit_without_an_answer_looks_like_afterwards(app, client):
    public_id = plan()
    with unit_of_work():
        answer_visit(public_id, AnswerVisit(VisitAnswer.ANOTHER_TIME, wishes="再说"), actor=cast.CONTACT.actor)
    with time_machine.travel(at(20), tick=False):
        client.sign_in(cast.CONTACT)
        assert "本次走访的时间已过" in client.get(f"/bookings/{public_id}/visit").text
        assert client.get(f"/bookings/{public_id}").status_code == 200
        assert f"/bookings/{public_id}/visit" not in client.get("/my").text
    assert db.session.scalars(select(PlannedVisit)).one().answer is VisitAnswer.ANOTHER_TIME
