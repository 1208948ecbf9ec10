"""Slots over the API: lists, drafts, edits, publishing, calling off."""

from datetime import datetime, timedelta

import pytest

from eventsys.bookings.queries import list_slot_bookings
from eventsys.bookings.rules import BookingState
from eventsys.core.db import db, unit_of_work
from eventsys.directory.rules import Topic
from eventsys.slots.models import Slot
from eventsys.slots.rules import Audience, AudienceKind, SlotFormat
from tests import cast
from tests.api.conftest import problem_fields, slot_body
from tests.factories import make_booking, make_slot, soon
from tests.support import counted_statements


def test_stranger_sees_the_published_slot(api):
    slot = make_slot(attendee_capacity=None)
    (item,) = api.get("/slots").json["items"]
    assert item["id"] == slot.public_id
    assert item["department"] == {"id": cast.fixed_id("d", cast.TAX), "code": "tax", "short_name": "税务局"}
    assert item["place"] == {"id": cast.fixed_id("l", cast.CENTRE), "name": "第一活动中心"}
    assert item["audience"]["kind"] == "public"
    assert (item["places_left"], item["attendee_places_left"], item["attendee_capacity"]) == (3, None, None)
    assert item["opens_at"] is None
    assert item["starts_at"].endswith("+08:00")
    assert datetime.fromisoformat(item["starts_at"]) == slot.starts_at
    assert item["url"] == f"http://127.0.0.1:8000/slots/{slot.public_id}"


def test_drafts_and_hidden_slots_are_the_departments(api, clerk):
    draft = make_slot(publish=False)
    hidden = make_slot(audience=Audience(AudienceKind.NAMED, enterprises=(cast.ACME,)))
    assert api.get("/slots").json["items"] == []
    assert api.get("/slots?state=draft").json["items"] == []
    assert [item["id"] for item in clerk.get("/slots?state=draft").json["items"]] == [draft.public_id]
    assert [item["id"] for item in api(cast.CONTACT).get("/slots").json["items"]] == [hidden.public_id]
    assert api(cast.STRANGER).get("/slots").json["items"] == []
    for one in (draft, hidden):
        assert api.get(f"/slots/{one.public_id}").status_code == 404
        assert api(cast.STRANGER).get(f"/slots/{one.public_id}").status_code == 404
        assert clerk.get(f"/slots/{one.public_id}").status_code == 200


def test_a_token_without_the_scope_sees_what_everybody_sees(api):
    draft = make_slot(publish=False)
    narrow = api(cast.CLERK, ("checkin",))
    assert narrow.get("/slots?state=draft").json["items"] == []
    assert narrow.get(f"/slots/{draft.public_id}").status_code == 404


def test_filters(api):
    tax = make_slot()
    science = make_slot(
        department=cast.SCIENCE,
        actor=cast.STRANGER_CLERK.actor,
        topic=Topic.POLICY,
        format=SlotFormat.ONLINE,
        place=None,
        starts_at=soon(9),
    )

    def found(query):
        answer = api.get(f"/slots?{query}")
        assert answer.status_code == 200, answer.text
        return [item["id"] for item in answer.json["items"]]

    assert found("") == [tax.public_id, science.public_id]
    assert found("department=tax") == found(f"department={cast.fixed_id('d', cast.TAX)}") == [tax.public_id]
    assert found(f"park={cast.fixed_id('k', cast.SOFTWARE_PARK)}") == [tax.public_id]
    assert found("topic=policy") == found("format=online") == [science.public_id]
    assert found(f"from={(soon(8)).strftime('%Y-%m-%dT%H:%M:%S')}Z") == [science.public_id]
    assert found(f"to={(soon(8)).strftime('%Y-%m-%dT%H:%M:%S')}%2B08:00") == [tax.public_id]
    make_booking(tax)
    assert found("has_places=true") == [tax.public_id, science.public_id]
    with unit_of_work() as session:
        found_slot = session.get(Slot, tax.id)
        assert found_slot is not None
        found_slot.capacity = 1
    assert found("has_places=true") == [science.public_id]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=2026-12-03T14:00:00", "from"),
        ("from=tomorrow", "from"),
        ("to=9999-12-31T23:59:59Z", "to"),
        ("department=nobody", "department"),
        ("park=nowhere", "park"),
        ("topic=nonsense", "topic"),
        ("format=", "format"),
        ("has_places=perhaps", "has_places"),
        ("cursor=!!!", "cursor"),
        ("cursor=WyJ4IiwxXQ", "cursor"),
        ("cursor=WzEsMiwzXQ", "cursor"),
        ("cursor=" + "A" * 5000, "cursor"),
        ("limit=0", "limit"),
        ("limit=99999999999999999999999", "limit"),
        ("limit=ten", "limit"),
        ("colour=red", "colour"),
    ],
)
@pytest.mark.sqlite_only
def test_a_filter_that_cannot_be_right_names_itself(api, query, field):
    assert problem_fields(api.get(f"/slots?{query}")) == [field]


@pytest.mark.sqlite_only
def test_control_characters_in_the_address(api):
    assert api.get("/slots?search=%00").status_code == 400
    assert api.get("/slots?search=%01%F0%A0%AE%B7%FF%0A").json["items"] == []


def test_pages(api):
    made = [make_slot(starts_at=soon(5 + number % 2), title=f"第{number}场").public_id for number in range(5)]
    seen, cursor = [], ""
    while True:
        page = api.get(f"/slots?limit=2{cursor}").json
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        assert len(page["items"]) == 2
        cursor = f"&cursor={page['next']}"
    assert sorted(seen) == sorted(made)
    assert len(seen) == 5


def test_a_page_costs_few_statements(api):
    for number in range(6):
        make_slot(title=f"第{number}场", audience=Audience(AudienceKind.FILTERED, parks=(cast.HILL_PARK,)))
    with counted_statements() as seen:
        assert len(api.get("/slots").json["items"]) == 6
    assert len(seen) <= 6, seen


def test_clerk_publishes_with_nothing_but_the_necessary(clerk):
    answer = clerk.post("/slots", slot_body())
    assert answer.status_code == 201, answer.text
    slot = answer.json
    assert answer.headers["Location"] == f"/api/v1/slots/{slot['id']}"
    assert slot["state"] == "published"
    assert slot["department"]["code"] == "tax"
    assert slot["topic"] == "service"
    assert (slot["attendee_capacity"], slot["party_max"], slot["opens_at"]) == (None, None, None)
    assert slot["closes_at"] < slot["starts_at"]
    assert datetime.fromisoformat(slot["closes_at"]).strftime("%H:%M") == "17:00"


def test_a_draft_with_everything(clerk, api):
    body = slot_body(
        publish=False,
        department="tax",
        supporting=["kxj"],
        place=cast.fixed_id("l", cast.BASE),
        place_text="301室",
        topic="policy",
        services=[cast.fixed_id("s", cast.TAX), cast.fixed_id("s", cast.SCIENCE)],
        description="一、讲解\n二、答疑 🎉𠮷",
        audience={"parks": [cast.fixed_id("k", cast.HILL_PARK)], "tags": ["专精特新"], "sizes": ["small"]},
        opens_at=(soon(1)).isoformat(),
        closes_at=(soon(6)).isoformat(),
        cancel_until=(soon(5)).isoformat(),
        attendee_capacity=9,
        party_max=3,
        questions=[{"label": "是否已申报？", "kind": "yes_no", "required": True}],
        online_url="https://meet.example.com/1",
    )
    slot = clerk.post("/slots", body).json
    assert slot["state"] == "draft"
    assert [department["code"] for department in slot["supporting"]] == ["kxj"]
    assert slot["place"]["name"] == "实训基地 301室"
    assert len(slot["services"]) == 2
    assert slot["description"] == body["description"]
    assert slot["audience"] == {
        "kind": "filtered",
        "parks": [cast.fixed_id("k", cast.HILL_PARK)],
        "tags": ["专精特新"],
        "sub_districts": [],
        "sizes": ["small"],
    }
    for name in ("opens_at", "closes_at", "cancel_until"):
        assert slot[name] == body[name]
    assert slot["questions"][0]["required"] is True
    published = clerk.post(f"/slots/{slot['id']}/publish")
    assert published.json["state"] == "published"
    again = clerk.post(f"/slots/{slot['id']}/publish")
    assert (again.status_code, again.json["code"]) == (409, "not_a_draft")
    assert api.get(f"/slots/{slot['id']}").json["online_url"] is None


def test_a_named_audience_takes_credit_codes_and_is_told_to_nobody(clerk, contact):
    body = slot_body(audience={"enterprises": ["91350299MA00000019"]})
    slot = clerk.post("/slots", body).json
    assert slot["audience"]["kind"] == "named"
    assert "enterprises" not in slot["audience"]
    assert contact.get(f"/slots/{slot['id']}").status_code == 200


def test_a_list_is_made_whole_or_not_at_all(clerk, api):
    bad = clerk.post("/slots", [slot_body(), slot_body(capacity=0), slot_body(title=" ")])
    assert problem_fields(bad) == ["1.capacity"]
    bad = clerk.post("/slots", [slot_body(), slot_body(title=" ")])
    assert problem_fields(bad) == ["1.title"]
    assert api.get("/slots").json["items"] == []
    good = clerk.post("/slots", [slot_body(), slot_body(title="第二场")])
    assert good.status_code == 201
    assert [item["title"] for item in good.json["items"]] == [slot_body()["title"], "第二场"]
    assert problem_fields(clerk.post("/slots", [])) == [""]
    assert problem_fields(clerk.post("/slots", [slot_body()] * 101)) == [""]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "长" * 81}, "title"),
        ({"title": "a\x00b"}, "title"),
        ({"title": "a\x07b"}, "title"),
        ({"title": "a\nb"}, "title"),
        ({"title": 5}, "title"),
        ({"title": None}, "title"),
        ({"capacity": 0}, "capacity"),
        ({"capacity": -1}, "capacity"),
        ({"capacity": 10**30}, "capacity"),
        ({"capacity": "3"}, "capacity"),
        ({"capacity": True}, "capacity"),
        ({"capacity": 1.5}, "capacity"),
        ({"attendee_capacity": 10**18}, "attendee_capacity"),
        ({"starts_at": "2030-01-01T10:00:00"}, "starts_at"),
        ({"starts_at": "2020-01-01T10:00:00Z"}, "starts_at"),
        ({"starts_at": 1790000000}, "starts_at"),
        ({"ends_at": "2020-01-01T10:00:00Z"}, "ends_at"),
        ({"format": "party"}, "format"),
        ({"department": "nobody"}, "department"),
        ({"supporting": ["nobody"]}, "supporting.0"),
        ({"supporting": ["tax"]}, "supporting"),
        ({"supporting": "kxj"}, "supporting"),
        ({"services": ["sxxxxxxxaaaaa"]}, "services.0"),
        ({"place": "nowhere"}, "place"),
        ({"audience": {"enterprises": ["nobody"]}}, "audience.enterprises.0"),
        ({"audience": {"parks": ["nowhere"]}}, "audience.parks.0"),
        ({"audience": {"kind": "named"}}, "audience"),
        ({"audience": "public"}, "audience"),
        ({"audience": {"sub_districts": [" "]}}, "audience.sub_districts.0"),
        ({"closes_at": "2099-01-01T00:00:00Z"}, "closes_at"),
        ({"online_url": "javascript:alert(1)"}, "online_url"),
        ({"questions": [{"label": "x", "kind": "essay"}]}, "questions.0.kind"),
        ({"publish": "yes"}, "publish"),
        ({"places_taken": 0}, "places_taken"),
        ({"state": "published"}, "state"),
        ({"version": 7}, "version"),
        ({"id": "x"}, "id"),
        ({"party": 3}, "party"),
        ({"description": "\ud800"}, "description"),
        ({"\ud800": "x"}, ""),
    ],
)
@pytest.mark.sqlite_only
def test_what_cannot_be_right_is_named_and_nothing_written(clerk, change, field):
    assert field in problem_fields(clerk.post("/slots", slot_body(**change)))
    assert db.session.scalar(db.select(db.func.count(Slot.id))) == 0


def test_only_the_departments_clerk_makes_slots(api, contact, steward):
    assert api.post("/slots", slot_body()).status_code == 401
    assert contact.post("/slots", slot_body()).status_code == 403
    assert steward.post("/slots", slot_body()).status_code == 403
    assert api(cast.CLERK, ("slots:read",)).post("/slots", slot_body()).status_code == 403
    assert api(cast.CLERK).post("/slots", slot_body(department="kxj")).status_code == 403
    assert problem_fields(api(cast.COORDINATOR).post("/slots", slot_body())) == ["department"]
    assert api(cast.COORDINATOR).post("/slots", slot_body(department="kxj")).status_code == 201


def test_edit_with_the_version_seen(clerk):
    slot = make_slot(closes_at=soon(6), edition=None)
    seen = clerk.get(f"/slots/{slot.public_id}").headers["ETag"]
    answer = clerk.patch(f"/slots/{slot.public_id}", {"title": "新题目", "capacity": 5}, If_Match=seen)
    assert answer.status_code == 200, answer.text
    assert (answer.json["title"], answer.json["capacity"], answer.json["party_max"]) == ("新题目", 5, 4)
    assert answer.json["place"]["name"] == "第一活动中心"
    assert answer.headers["ETag"] != seen
    stale = clerk.patch(f"/slots/{slot.public_id}", {"title": "旧"}, If_Match=seen)
    assert (stale.status_code, stale.json["code"]) == (412, "stale_edit")
    missing = clerk.patch(f"/slots/{slot.public_id}", {"title": "旧"})
    assert (missing.status_code, missing.json["code"]) == (428, "if_match_missing")
    for odd in ('"x"', "x" * 50, '""', "-1"):
        assert clerk.patch(f"/slots/{slot.public_id}", {"title": "旧"}, If_Match=odd).status_code == 412
    assert clerk.patch(f"/slots/{slot.public_id}", {"title": "任意"}, If_Match="*").status_code == 200


def test_a_booking_makes_no_edit_stale(clerk):
    slot = make_slot()
    seen = clerk.get(f"/slots/{slot.public_id}").headers["ETag"]
    make_booking(slot)
    assert clerk.get(f"/slots/{slot.public_id}").headers["ETag"] != seen
    assert clerk.patch(f"/slots/{slot.public_id}", {"title": "新"}, If_Match=seen).status_code == 200


def test_the_windows_move_with_the_start(clerk):
    slot = make_slot(closes_at=soon(6), cancel_until=soon(5))
    later = soon(10)
    body = {"starts_at": later.isoformat(), "ends_at": (later + timedelta(hours=1)).isoformat()}
    answer = clerk.patch(f"/slots/{slot.public_id}", body, If_Match="1" if slot.version == 1 else f'"{slot.version}"')
    assert answer.status_code == 200, answer.text
    assert answer.json["closes_at"] == soon(9).isoformat()
    assert answer.json["cancel_until"] == soon(8).isoformat()


def test_edits_are_bounded_by_what_is_booked(clerk):
    slot = make_slot()
    make_booking(slot)
    make_booking(slot, cast.STRANGER)
    assert problem_fields(clerk.patch(f"/slots/{slot.public_id}", {"capacity": 1}, If_Match="*")) == ["capacity"]


def test_another_departments_slot_does_not_exist_to_change(api, contact):
    slot = make_slot(publish=False)
    foreign = api(cast.STRANGER_CLERK)
    assert foreign.patch(f"/slots/{slot.public_id}", {"title": "x"}, If_Match="*").status_code == 404
    assert foreign.post(f"/slots/{slot.public_id}/publish").status_code == 404
    shown = make_slot()
    assert foreign.patch(f"/slots/{shown.public_id}", {"title": "x"}, If_Match="*").status_code == 404
    assert foreign.post(f"/slots/{shown.public_id}/call-off", {"reason": "x"}).status_code == 404
    assert contact.patch(f"/slots/{shown.public_id}", {"title": "x"}, If_Match="*").status_code == 403
    assert foreign.get("/slots/aaaaaaaaaaaaa").status_code == 404
    assert foreign.get("/slots/%00").status_code == 404


def test_calling_off_cancels_the_bookings(clerk, contact):
    slot = make_slot()
    booking = make_booking(slot)
    assert problem_fields(clerk.post(f"/slots/{slot.public_id}/call-off")) == ["reason"]
    assert problem_fields(clerk.post(f"/slots/{slot.public_id}/call-off", {"reason": " "})) == ["reason"]
    answer = clerk.post(f"/slots/{slot.public_id}/call-off", {"reason": "台风"})
    assert (answer.json["state"], answer.json["call_off_reason"]) == ("called_off", "台风")
    db.session.rollback()
    db.session.expire_all()
    (gone,) = list_slot_bookings(slot.id, tuple(BookingState))
    assert gone.state is BookingState.CANCELLED
    assert contact.get(f"/bookings/{booking.public_id}").json["state"] == "cancelled"
    again = clerk.post(f"/slots/{slot.public_id}/call-off", {"reason": "台风"})
    assert (again.status_code, again.json["code"]) == (409, "not_published")
    assert clerk.patch(f"/slots/{slot.public_id}", {"title": "x"}, If_Match="*").status_code == 409


def test_the_meetings_address_is_for_who_booked(api, clerk, contact, stranger):
    slot = make_slot(online_url="https://meet.example.com/1")
    path = f"/slots/{slot.public_id}"
    assert contact.get(path).json["online_url"] is None
    make_booking(slot)
    assert contact.get(path).json["online_url"] == clerk.get(path).json["online_url"] == "https://meet.example.com/1"
    for other in (stranger, api):
        assert other.get(path).json["online_url"] is None
    assert contact.get("/slots").json["items"][0]["online_url"] is None
