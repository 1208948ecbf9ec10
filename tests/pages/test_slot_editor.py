"""The clerk's editor: make, change, copy, publish, delete and call off."""

import html
import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from eventsys.bookings.models import Booking
from eventsys.bookings.services import change_slot
from eventsys.core.audit import AuditEntry
from eventsys.core.db import db, unit_of_work
from eventsys.directory.models import Enterprise
from eventsys.directory.services import change_department_settings
from eventsys.notifications.models import Message
from eventsys.slots.models import Slot
from eventsys.slots.queries import audience_of
from eventsys.slots.rules import Audience, AudienceKind, NewQuestion, QuestionKind, SlotFormat, SlotState
from tests import cast
from tests.factories import ZONE, make_booking, make_slot, new_slot, soon

NEW = "/desk/slots/new"


def typed(**changes):
    """What a browser sends for a plain session."""
    values = {
        "format": "session",
        "defaults_of": "session",
        "topic": "policy",
        "department": cast.fixed_id("d", cast.TAX),
        "title": "汇算清缴辅导",
        "starts_at": f"{soon(7):%Y-%m-%dT%H:%M}",
        "minutes": "90",
        "place": cast.fixed_id("l", cast.CENTRE),
        "place_text": "3楼",
        "capacity": "20",
        "attendee_capacity": "40",
        "party_max": "2",
        "audience": "public",
        "edition": "",
        "action": "save",
    }
    return {key: value for key, value in {**values, **changes}.items() if value is not None}


def sent_by(page):
    """The fields of the page's form as a browser would send them back."""
    page = page.text[page.text.index('id="slot-form"') :]
    fields = {}
    for tag in re.findall(r"<input [^>]*>", page):
        found = dict(re.findall(r'(\w[\w-]*)="([^"]*)"', tag))
        if found.get("type") in {"radio", "checkbox"} and not re.search(r"\bchecked\b", tag):
            continue
        if "name" in found:
            fields.setdefault(html.unescape(found["name"]), []).append(html.unescape(found.get("value", "")))
    for name, text in re.findall(r'<textarea [^>]*name="(\w+)"[^>]*>(.*?)</textarea>', page, re.DOTALL):
        fields[name] = [html.unescape(text).removeprefix("\r\n")]
    for name, options in re.findall(r'<select [^>]*name="([\w-]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'<option selected value="([^"]*)"', options) or re.search(r'value="([^"]*)"', options)
        fields[name] = [html.unescape(chosen[1])]
    return fields


def only_slot():
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(select(Slot)).one()


def slots():
    db.session.rollback()
    return db.session.scalar(select(func.count(Slot.id)))


@pytest.fixture
def clerk(client):
    return client.sign_in(cast.CLERK)


def test_saves_a_draft_with_the_default_window(app, clerk):
    answer = clerk.post(NEW, data=typed())
    slot = only_slot()
    assert (answer.status_code, answer.location) == (303, f"/slots/{slot.public_id}")
    assert (slot.state, slot.title, slot.department_id) == (SlotState.DRAFT, "汇算清缴辅导", cast.TAX)
    assert slot.starts_at == soon(7)
    assert slot.ends_at - slot.starts_at == timedelta(minutes=90)
    assert slot.closes_at < slot.starts_at
    assert slot.park_id == cast.SOFTWARE_PARK
    assert (slot.capacity, slot.attendee_capacity, slot.party_max) == (20, 40, 2)


def test_publishes_at_once(app, clerk):
    clerk.post(NEW, data=typed(action="publish"))
    assert only_slot().state is SlotState.PUBLISHED


def test_everything_of_a_slot(app, clerk):
    data = typed(
        supporting=[cast.fixed_id("d", cast.SCIENCE)],
        services=[cast.fixed_id("s", cast.TAX), cast.fixed_id("s", cast.SCIENCE)],
        audience="filtered",
        parks=[cast.fixed_id("k", cast.SOFTWARE_PARK)],
        sub_districts=["莲前街道"],
        tags=[cast.fixed_id("g", 1)],
        sizes=["small", "micro"],
        description="带材料\r\n第二行 𠮷🎉",
        opens_at=f"{soon(1):%Y-%m-%dT%H:%M}",
        closes_at=f"{soon(5):%Y-%m-%dT%H:%M}",
        ends_at=f"{soon(8):%Y-%m-%dT%H:%M}",
        title_en="Tax return",
        **{"questions-0-label": "几人？", "questions-0-kind": "text", "questions-0-is_required": "y"},
        **{"questions-1-label": "", "questions-1-kind": "text"},
        **{"questions-2-label": "停车？", "questions-2-kind": "yes_no"},
    )
    assert clerk.post(NEW, data=data).status_code == 303
    slot = only_slot()
    assert [item.code for item in slot.supporting] == ["kxj"]
    assert len(slot.services) == 2
    audience = audience_of(slot)
    assert (audience.parks, audience.tags, audience.sub_districts) == ((cast.SOFTWARE_PARK,), (1,), ("莲前街道",))
    assert slot.description == "带材料\n第二行 𠮷🎉"
    assert (slot.opens_at, slot.closes_at, slot.ends_at) == (soon(1), soon(5), soon(8))
    assert [(q["label"], q["kind"], q["required"]) for q in slot.questions] == [
        ("几人？", "text", True),
        ("停车？", "yes_no", False),
    ]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 81}, "title"),
        ({"title": "a\x07b"}, "title"),
        ({"title": None}, "title"),
        ({"starts_at": ""}, "starts_at"),
        ({"starts_at": "morgen"}, "starts_at"),
        ({"starts_at": "2020-01-01T10:00"}, "starts_at"),
        ({"starts_at": "9999-12-31T23:59"}, "starts_at"),
        ({"ends_at": "2020-01-01T10:00"}, "ends_at"),
        ({"minutes": "0"}, "minutes"),
        ({"minutes": "1" * 30}, "minutes"),
        ({"capacity": "0"}, "capacity"),
        ({"capacity": "-1"}, "capacity"),
        ({"capacity": "1e9"}, "capacity"),
        ({"capacity": "9" * 40}, "capacity"),
        ({"party_max": "0"}, "party_max"),
        ({"format": "party"}, "format"),
        ({"topic": ""}, "topic"),
        ({"department": cast.fixed_id("d", cast.SCIENCE)}, "department"),
        ({"department": "'; DROP TABLE slots"}, "department"),
        ({"place": "zzzz"}, "place"),
        ({"online_url": "javascript:alert(1)"}, "online_url"),
        ({"closes_at": "2099-01-01T10:00"}, "closes_at"),
        ({"description": "x" * 4001}, "description"),
        ({"audience": "filtered"}, "audience"),
        ({"audience": "named"}, "audience"),
        ({"audience": "named", "invited": "无此公司"}, "invited"),
        ({"supporting": [cast.fixed_id("d", cast.TAX)]}, "supporting"),
        ({"questions-0-label": "x" * 121, "questions-0-kind": "text"}, "questions-0-label"),
    ],
)
def test_bad_input_names_the_field_and_writes_nothing(app, clerk, changes, field):
    answer = clerk.post(NEW, data=typed(**changes))
    assert answer.status_code == 422
    assert f'href="#{field}' in answer.text
    assert slots() == 0


def test_what_was_typed_is_kept(app, clerk):
    page = clerk.post(NEW, data=typed(title='"><script>𠮷🎉', capacity="zwölf", description="<b>&"))
    assert page.status_code == 422
    assert "<script>𠮷" not in page.text
    fields = sent_by(page)
    assert (fields["title"], fields["capacity"], fields["description"]) == (['"><script>𠮷🎉'], ["zwölf"], ["<b>&"])


def test_another_format_fills_in_its_values_and_keeps_what_was_typed(app, clerk):
    page = clerk.post(NEW, data=typed(format="visit", party_max="5", action="format"))
    assert page.status_code == 200
    fields = sent_by(page)
    assert (fields["capacity"], fields["attendee_capacity"], fields["party_max"]) == (["1"], [""], ["5"])
    assert fields["title"] == ["汇算清缴辅导"]
    assert fields["defaults_of"] == [f"visit {cast.fixed_id('d', cast.TAX)}"]
    assert slots() == 0


def test_a_changed_format_is_shown_once_before_it_is_saved(app, clerk):
    page = clerk.post(NEW, data=typed(format="online"))
    assert page.status_code == 200
    assert slots() == 0
    assert clerk.post(NEW, data=sent_by(page)).status_code == 303
    slot = only_slot()
    assert (slot.format, slot.capacity, slot.attendee_capacity) == (SlotFormat.ONLINE, 50, 100)


def test_more_rows_for_questions(app, clerk):
    few = sent_by(clerk.get(NEW))
    more = sent_by(
        clerk.post(NEW, data={**few, "questions-0-label": "一", "questions-1-label": "二", "action": "rows"})
    )
    assert sum(name.endswith("-label") for name in more) == sum(name.endswith("-label") for name in few) + 2
    assert more["questions-0-label"] == ["一"]


def test_invited_by_name_short_name_and_code(app, clerk):
    with unit_of_work():
        db.session.get(Enterprise, cast.THIRD).short_name = "丙网"
    lines = "甲网络公司\r\n\r\n1\t91350299 MA0000 0027\t乙网络公司\r\n　丙网 \r\n甲网络公司"
    assert clerk.post(NEW, data=typed(audience="named", invited=lines)).status_code == 303
    slot = only_slot()
    assert audience_of(slot).enterprises == (cast.ACME, cast.OTHER, cast.THIRD)
    assert slot.is_hidden


def test_a_line_that_names_nobody_is_told_by_its_number(app, clerk):
    with unit_of_work():
        db.session.get(Enterprise, cast.THIRD).name = "乙网络公司"
    page = clerk.post(NEW + "?lang=en", data=typed(audience="named", invited="甲网络公司\n某某公司\n乙网络公司")).text
    assert "Line 2: no active enterprise is called “某某公司”" in page
    assert "Line 3: several enterprises are called “乙网络公司”" in page
    assert "Line 1" not in page


def test_a_day_off_is_warned_about(app, clerk):
    saturday = soon(7) + timedelta(days=(5 - soon(7).weekday()) % 7)
    data = typed(starts_at=f"{saturday.astimezone(ZONE):%Y-%m-%dT%H:%M}")
    page = clerk.post(NEW, data=data, follow_redirects=True, headers={"Accept-Language": "en"}).text
    assert "is no working day" in page


def test_the_coordinator_chooses_the_department(app, client):
    coordinator = client.sign_in(cast.COORDINATOR)
    page = coordinator.get(NEW).text
    assert 'id="department"' in page
    assert coordinator.post(NEW, data=typed(department=cast.fixed_id("d", cast.SCIENCE))).status_code == 303
    assert only_slot().department_id == cast.SCIENCE


def test_saving_unchanged_changes_nothing(app, clerk):
    slot = make_slot(
        supporting=(cast.SCIENCE,),
        services=(cast.TAX,),
        description="一\n二",
        audience=Audience(AudienceKind.NAMED, enterprises=(cast.ACME, cast.OTHER)),
        questions=(NewQuestion("几人？", QuestionKind.YES_NO, True), NewQuestion("车牌？")),
        opens_at=soon(1),
        online_url="https://example.com/x",
    )
    before, ids = slot.sequence, [item["id"] for item in slot.questions]
    answer = clerk.post(f"/slots/{slot.public_id}/edit", data=sent_by(clerk.get(f"/slots/{slot.public_id}/edit")))
    assert answer.status_code == 303
    fresh = only_slot()
    assert fresh.sequence == before
    assert [item["id"] for item in fresh.questions] == ids
    assert db.session.scalar(select(func.count()).where(AuditEntry.action == "slot.changed")) == 0


def test_a_moved_slot_is_told_to_who_booked(app, clerk):
    slot = make_slot()
    make_booking(slot)
    fields = sent_by(clerk.get(f"/slots/{slot.public_id}/edit")) | {"place_text": "改到5楼"}
    assert clerk.post(f"/slots/{slot.public_id}/edit", data=fields).status_code == 303
    assert only_slot().place_text == "改到5楼"
    assert db.session.scalar(select(func.count()).where(Message.kind == "slot_moved")) == 2  # both contacts


def test_fewer_places_than_booked(app, clerk):
    slot = make_slot()
    make_booking(slot)
    make_booking(slot, cast.STRANGER)
    fields = sent_by(clerk.get(f"/slots/{slot.public_id}/edit")) | {"capacity": "1"}
    answer = clerk.post(f"/slots/{slot.public_id}/edit", data=fields)
    assert answer.status_code == 422
    assert 'href="#capacity"' in answer.text
    assert only_slot().capacity == 3


def test_a_stale_edit_shows_what_changed_and_keeps_what_was_typed(app, clerk):
    slot = make_slot()
    address = f"/slots/{slot.public_id}/edit"
    fields = sent_by(clerk.get(address)) | {"title": "我的标题", "place_text": "我的房间"}
    with unit_of_work():
        change_slot(slot.public_id, new_slot(title="同事的标题"), version=slot.version, actor=cast.COORDINATOR.actor)
    page = clerk.post(address, data=fields, headers={"Accept-Language": "en"})
    assert page.status_code == 409
    assert f"{cast.COORDINATOR.name} changed this slot at" in page.text
    assert "Title: 同事的标题" in page.text
    kept = sent_by(page)
    assert (kept["title"], kept["place_text"]) == (["我的标题"], ["我的房间"])
    assert only_slot().title == "同事的标题"
    assert clerk.post(address, data=kept).status_code == 303
    assert (only_slot().title, only_slot().place_text) == ("我的标题", "我的房间")


@pytest.mark.parametrize("version", ["", "x", "-1", "9" * 30, "²"])
def test_a_nonsense_version_is_stale(app, clerk, version):
    slot = make_slot()
    fields = sent_by(clerk.get(f"/slots/{slot.public_id}/edit")) | {"version": version, "title": "新"}
    assert clerk.post(f"/slots/{slot.public_id}/edit", data=fields).status_code == 409
    assert only_slot().title != "新"


def test_copies_into_a_draft_to_edit(app, clerk):
    slot = make_slot()
    answer = clerk.post(f"/slots/{slot.public_id}/copy")
    db.session.rollback()
    db.session.expire_all()
    copy = db.session.scalars(select(Slot).where(Slot.id != slot.id)).one()
    assert answer.location == f"/slots/{copy.public_id}/edit"
    assert (copy.state, copy.starts_at - slot.starts_at) == (SlotState.DRAFT, timedelta(weeks=1))
    assert clerk.get(answer.location).status_code == 200


def test_publishes_a_draft_twice(app, clerk):
    slot = make_slot(publish=False)
    for _press in range(2):
        assert clerk.post(f"/slots/{slot.public_id}/publish").status_code == 303
    assert only_slot().state is SlotState.PUBLISHED
    assert db.session.scalar(select(func.count()).where(AuditEntry.action == "slot.published")) == 1


def test_deletes_a_draft_and_no_published_slot(app, clerk):
    draft, slot = make_slot(publish=False), make_slot()
    assert clerk.post(f"/slots/{draft.public_id}/delete").status_code == 303
    assert clerk.post(f"/slots/{slot.public_id}/delete").status_code == 409
    assert only_slot().public_id == slot.public_id


def test_calls_off_with_a_reason_that_reaches_who_booked(app, clerk):
    slot = make_slot()
    make_booking(slot)
    address = f"/slots/{slot.public_id}/call-off"
    assert "1 enterprise has booked" in clerk.get(address + "?lang=en").text
    assert clerk.post(address, data={"reason": " "}).status_code == 422
    assert only_slot().state is SlotState.PUBLISHED
    for _press in range(2):
        assert clerk.post(address, data={"reason": "讲师生病"}).status_code == 303
    assert (only_slot().state, only_slot().call_off_reason) == (SlotState.CALLED_OFF, "讲师生病")
    assert db.session.scalars(select(Booking)).one().cancelled_at is not None
    assert db.session.scalar(select(func.count()).where(Message.kind == "slot_called_off")) == 2  # both contacts


VERBS = ("edit", "copy", "publish", "delete", "call-off")


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    ("member", "status"),
    [(None, 302), (cast.CONTACT, 403), (cast.STEWARD, 403), (cast.AUDITOR, 403), (cast.ADMINISTRATOR, 403),
     (cast.STRANGER_CLERK, 404)],
)  # fmt: skip
def test_nobody_else_changes_a_slot(app, client, verb, member, status):
    slot = make_slot(publish=verb in {"edit", "call-off"})
    state, version = slot.state, slot.version
    if member:
        client.sign_in(member)
    answer = client.post(f"/slots/{slot.public_id}/{verb}", data=typed(reason="x", version="1"))
    assert answer.status_code == status
    slot = only_slot()
    assert (slot.state, slot.version) == (state, version)


@pytest.mark.parametrize("member", [cast.CONTACT, cast.STEWARD, cast.AUDITOR])
def test_nobody_else_makes_a_slot(app, client, member):
    assert client.sign_in(member).post(NEW, data=typed()).status_code == 403
    assert slots() == 0


@pytest.mark.parametrize("verb", VERBS)
def test_a_get_changes_nothing(app, clerk, verb):
    slot = make_slot(publish=False)
    clerk.get(f"/slots/{slot.public_id}/{verb}")
    fresh = only_slot()
    assert (fresh.state, fresh.version) == (SlotState.DRAFT, 1)


def test_a_forged_form_is_refused(app, clerk):
    slot = make_slot(publish=False)
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        for path in (NEW, *(f"/slots/{slot.public_id}/{verb}" for verb in VERBS)):
            assert clerk.post(path, data=typed(reason="x")).status_code == 400, path
    finally:
        app.config["WTF_CSRF_ENABLED"] = False
    assert only_slot().state is SlotState.DRAFT


def test_another_department_fills_in_its_values(app, client):
    with unit_of_work():
        values = {"session_minutes": 30, "session_attendee_capacity": 0}
        change_department_settings(cast.fixed_id("d", cast.SCIENCE), values, 1, actor=cast.COORDINATOR.actor)
    coordinator = client.sign_in(cast.COORDINATOR)
    first = sent_by(coordinator.get(NEW))
    assert (first["minutes"], first["attendee_capacity"]) == (["90"], ["40"])
    chosen = first | {"department": [cast.fixed_id("d", cast.SCIENCE)], "action": ["format"]}
    fields = sent_by(coordinator.post(NEW, data=chosen))
    assert (fields["minutes"], fields["attendee_capacity"], fields["capacity"]) == (["30"], [""], ["20"])


def test_the_window_follows_the_departments_settings(app, clerk):
    with unit_of_work():
        values = {"session_close_days": 0, "session_close_minutes": 30, "session_cancel_days": 0}
        change_department_settings(cast.fixed_id("d", cast.TAX), values, 1, actor=cast.CLERK.actor)
    assert clerk.post(NEW, data=typed()).status_code == 303
    slot = only_slot()
    assert slot.closes_at == slot.cancel_until == slot.starts_at - timedelta(minutes=30)
