"""Booking over the API: once however often it is sent, by who may, with answers that name the rule."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from eventsys.bookings.models import Booking
from eventsys.core.audit import AuditEntry
from eventsys.core.db import db, unit_of_work
from eventsys.directory.models import Membership
from eventsys.slots.models import Slot
from eventsys.slots.rules import NewQuestion, QuestionKind
from tests import cast
from tests.api.conftest import problem_fields
from tests.factories import make_booking, make_slot, soon
from tests.support import counted_statements

PEOPLE = [{"name": "王一", "phone": "138 0013 8000"}, {"name": "李二", "email": "li@example.com"}]


def book(api, booked_slot, key="k1", **body):
    sent = {"slot": booked_slot.public_id, "attendees": [{"name": "王一"}], **body}
    return api.post("/bookings", sent, Idempotency_Key=key)


def count_bookings():
    db.session.rollback()
    return db.session.scalar(select(func.count(Booking.id)))


def test_books_and_answers_with_tickets(contact):
    slot = make_slot()
    answer = book(contact, slot, attendees=PEOPLE)
    assert answer.status_code == 201, answer.text
    told = answer.json
    assert answer.headers["Location"] == f"/api/v1/bookings/{told['id']}"
    assert (told["state"], told["party"], told["slot"]) == ("confirmed", 2, slot.public_id)
    assert told["enterprise"]["credit_code"] == "91350299MA00000019"
    assert [ticket["name"] for ticket in told["tickets"]] == ["王一", "李二"]
    for ticket in told["tickets"]:
        assert set(ticket) == {"id", "code", "url", "name", "typed_code"}
        assert ticket["url"] == f"http://127.0.0.1:8000/t/{ticket['code']}"
        assert len(ticket["typed_code"]) == 6
    whole = contact.get(f"/bookings/{told['id']}").json
    assert whole["tickets"] == told["tickets"]
    assert whole["attendees"][0]["phone"] == "+8613800138000"
    assert (whole["channel"], whole["title"]) == ("api", slot.title)


def test_costs_few_statements(contact, database):
    """With rules, idempotency, audit and outbox; SQLite writes a table at a time under its lock."""
    book(contact, make_slot(title="暖机"), key="warm")
    slot = make_slot()
    with counted_statements() as seen:
        assert book(contact, slot, key="k2", attendees=PEOPLE).status_code == 201
    assert len(seen) <= {"postgresql": 3, "sqlite": 8}[database] + 1, "\n".join(seen)  # and one: who sent it


def test_the_same_key_gives_the_same_answer(contact, api):
    slot = make_slot()
    first = book(contact, slot)
    again = book(contact, slot)
    assert (again.status_code, again.json) == (201, first.json)
    other = book(contact, slot, party=2)
    assert (other.status_code, other.json["code"]) == (422, "idempotency_key_reused")
    assert problem_fields(other) == ["Idempotency-Key"]
    fresh = book(contact, slot, key="k2")
    assert (fresh.status_code, fresh.json["code"]) == (409, "already_booked")
    theirs = book(api(cast.STRANGER), slot)  # a key is its owner's
    assert theirs.status_code == 201
    assert theirs.json["id"] != first.json["id"]
    assert count_bookings() == 2


def test_a_key_is_needed(contact):
    slot = make_slot()
    missing = contact.post("/bookings", {"slot": slot.public_id, "party": 1})
    assert (missing.status_code, missing.json["code"]) == (422, "idempotency_key_missing")
    assert problem_fields(missing) == ["Idempotency-Key"]
    assert problem_fields(book(contact, slot, key="k" * 201)) == ["Idempotency-Key"]
    assert problem_fields(book(contact, slot, key=" ")) == ["Idempotency-Key"]
    assert count_bookings() == 0


def test_the_same_key_at_once_books_once(app, contact):
    slot = make_slot(capacity=3)
    db.session.rollback()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: book(contact, slot), range(16)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    good = [answer.json for answer in answers if answer.status_code == 201]
    assert good
    assert all(answer == good[0] for answer in good)
    assert count_bookings() == 1


def test_two_enterprises_at_once_for_the_last_place(app, contact, stranger):
    slot = make_slot(capacity=1)
    db.session.rollback()
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda api: book(api, slot), (contact, stranger)))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert count_bookings() == 1


def test_full_names_the_rule_and_the_nearest(contact, stranger):
    slot = make_slot(capacity=1)
    other = make_slot(title="另一场", starts_at=soon(8))
    make_booking(slot, cast.STRANGER)
    answer = book(contact, slot)
    assert (answer.status_code, answer.json["code"]) == (409, "slot_full")
    assert answer.content_type == "application/problem+json"
    assert [item["id"] for item in answer.json["nearest"]] == [other.public_id]
    assert answer.json["nearest"][0]["department"]["code"] == "tax"
    assert answer.json["nearest"][0]["online_url"] is None


def test_each_rule_has_its_code(contact):
    not_open = make_slot(opens_at=soon(2), title="未开放")
    answer = book(contact, not_open, key="a")
    assert (answer.status_code, answer.json["code"]) == (409, "window_not_open")
    assert answer.json["opens_at"] == soon(2).isoformat()
    answer = book(contact, make_slot(title="小"), key="b", party=5)
    assert (answer.json["code"], answer.json["maximum"], answer.json["remove"]) == ("party_too_large", 4, 1)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"slot": 5}, "slot"),
        ({"slot": ""}, "slot"),
        ({"slot": "x" * 100}, "slot"),
        ({"slot": None}, "slot"),
        ({"attendees": "王一"}, "attendees"),
        ({"attendees": [{"name": ""}]}, "attendees.0.name"),
        ({"attendees": [{"name": "王一"}, {"phone": "1"}]}, "attendees.1.name"),
        ({"attendees": [{"name": "王一", "phone": "not a phone"}]}, "attendees.0.phone"),
        ({"attendees": [{"name": "王一", "email": "nobody"}]}, "attendees.0.email"),
        ({"attendees": [{"name": "王一", "id": 3}]}, "attendees.0.id"),
        ({"attendees": [{"name": "王\x00一"}]}, "attendees.0.name"),
        ({"attendees": [5]}, "attendees.0"),
        ({"attendees": [{"name": "x"}] * 501}, "attendees"),
        ({"attendees": []}, "attendees"),
        ({"party": 0}, "party"),
        ({"party": 10**40}, "party"),
        ({"party": 1, "attendees": PEOPLE}, "attendees"),
        ({"answers": {"nothing": "x"}}, "answers.nothing"),
        ({"answers": []}, "answers"),
        ({"answers": {"q": 5}}, "answers.q"),
        ({"asks": "长" * 1001}, "asks"),
        ({"channel": "pigeon"}, "channel"),
        ({"waitlist": "yes"}, "waitlist"),
        ({"party_min": 9}, "party_min"),
        ({"state": "confirmed"}, "state"),
        ({"enterprise_id": 2}, "enterprise_id"),
    ],
)
@pytest.mark.sqlite_only
def test_what_cannot_be_right_is_named_and_nothing_written(contact, change, field):
    slot = make_slot()
    assert any(name.startswith(field) for name in problem_fields(book(contact, slot, **change)))
    assert count_bookings() == 0


def test_unknown_slots_and_drafts_do_not_exist(contact):
    draft = make_slot(publish=False)
    assert book(contact, draft).status_code == 404
    answer = contact.post("/bookings", {"slot": "aaaaaaaaaaaaa", "party": 1}, Idempotency_Key="k")
    assert answer.status_code == 404


def test_questions_are_answered_by_id(contact):
    slot = make_slot(questions=(NewQuestion("来过？", QuestionKind.YES_NO, is_required=True),))
    (question,) = contact.get(f"/slots/{slot.public_id}").json["questions"]
    assert problem_fields(book(contact, slot)) == [f"answers.{question['id']}"]
    told = book(contact, slot, answers={question["id"]: "yes"}).json
    assert contact.get(f"/bookings/{told['id']}").json["answers"] == {question["id"]: "yes"}


def test_only_who_may_books(api, steward):
    slot = make_slot()
    assert book(api, slot).status_code == 401
    assert book(steward, slot).status_code == 403
    assert book(api(cast.CONTACT, ("bookings:read",)), slot).status_code == 403
    assert book(api(cast.AUDITOR), slot).status_code == 403
    forged = api(cast.CONTACT)
    forged.token = "evt_forged"
    assert book(forged, slot).status_code == 401
    assert count_bookings() == 0


def test_a_contact_books_for_the_own_enterprise_only(contact):
    slot = make_slot()
    for named in (cast.fixed_id("e", cast.OTHER), "91350299MA00000027", "nobody"):
        assert book(contact, slot, on_behalf_of=named).status_code == 404
    assert book(contact, slot, on_behalf_of="91350299ma00000019").status_code == 201


def test_a_contact_of_two_names_which(contact):
    with unit_of_work() as session:
        public_id = cast.fixed_id("m", 99)
        session.add(
            Membership(public_id=public_id, person_id=cast.CONTACT.id, role=cast.CONTACT.role, enterprise_id=cast.OTHER)
        )
    slot = make_slot()
    assert problem_fields(book(contact, slot)) == ["on_behalf_of"]
    told = book(contact, slot, on_behalf_of="91350299MA00000027").json
    assert told["enterprise"]["name"] == "乙网络公司"


def test_a_clerk_books_on_behalf(clerk, api, contact, stranger):
    slot = make_slot()
    assert problem_fields(book(clerk, slot)) == ["on_behalf_of"]
    assert problem_fields(book(clerk, slot, on_behalf_of="nobody")) == ["on_behalf_of"]
    foreign = book(api(cast.STRANGER_CLERK), slot, on_behalf_of="91350299MA00000019")
    assert foreign.status_code == 403
    body = {"on_behalf_of": "91350299MA00000019", "channel": "phone", "reason": "电话预约"}
    answer = book(clerk, slot, **body)
    assert answer.status_code == 201, answer.text
    told = contact.get(f"/bookings/{answer.json['id']}").json
    assert (told["channel"], told["on_behalf_reason"]) == ("phone", "电话预约")
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.object_id == told["id"])).one()
    assert (entry.actor_id, entry.reason, entry.channel) == (cast.CLERK.id, "电话预约", "api")
    assert stranger.get(f"/bookings/{told['id']}").status_code == 404


def test_lists_and_single_bookings_are_for_whom_they_concern(api, contact, stranger, clerk):
    slot = make_slot()
    own, theirs = make_booking(slot), make_booking(slot, cast.STRANGER, ("外一",))

    def listed(who, query=""):
        answer = who.get(f"/bookings{query}")
        assert answer.status_code == 200, answer.text
        return [item["id"] for item in answer.json["items"]]

    assert listed(contact) == listed(api(cast.COLLEAGUE)) == [own.public_id]
    assert listed(stranger) == [theirs.public_id]
    assert listed(clerk) == listed(api(cast.COORDINATOR)) == [theirs.public_id, own.public_id]
    assert listed(api(cast.STRANGER_CLERK)) == []
    assert listed(clerk, "?state=cancelled") == listed(clerk, "?slot=nothing") == []
    page = clerk.get("/bookings?limit=1").json
    assert listed(clerk, f"?limit=1&cursor={page['next']}") == [own.public_id]
    assert contact.get(f"/bookings/{theirs.public_id}").status_code == 404
    assert api(cast.STRANGER_CLERK).get(f"/bookings/{own.public_id}").status_code == 404
    assert api.get("/bookings").status_code == 401
    assert api(cast.CONTACT, ("slots:read",)).get("/bookings").status_code == 403


def test_who_only_looks_gets_no_codes(api, contact, clerk):
    booking = make_booking(make_slot(), names=("王一",))
    path = f"/bookings/{booking.public_id}"
    reading = api(cast.CONTACT, ("bookings:read",))
    for who in (contact, clerk, reading):
        assert who.get(path).json["tickets"][0]["code"]
    for who in (api(cast.AUDITOR), api(cast.STEWARD)):
        (ticket,) = who.get(path).json["tickets"]
        assert (ticket["name"], ticket["code"], ticket["url"], ticket["typed_code"]) == ("王一", None, None, None)


def test_names_change_tickets(contact, stranger):
    slot = make_slot()
    booking = make_booking(slot, names=("王一",), party=3)
    path = f"/bookings/{booking.public_id}"
    before = contact.get(path)
    kept = before.json["attendees"][0]
    body = {"attendees": [{**kept, "phone": "13800138000"}, {"name": "李二"}]}
    answer = contact.patch(path, body, If_Match=before.headers["ETag"])
    assert answer.status_code == 200, answer.text
    assert answer.json["tickets"][0] == before.json["tickets"][0]
    assert [item["name"] for item in answer.json["attendees"]] == ["王一", "李二"]
    assert answer.json["version"] > before.json["version"]
    stale = contact.patch(path, body, If_Match=before.headers["ETag"])
    assert (stale.status_code, stale.json["code"]) == (412, "stale_edit")
    replaced = contact.patch(path, {"attendees": [{"id": kept["id"], "name": "赵三"}]})
    assert replaced.json["tickets"][0]["code"] != before.json["tickets"][0]["code"]
    assert problem_fields(contact.patch(path, {"attendees": [{"name": str(n)} for n in range(4)]})) == ["attendees"]
    assert problem_fields(contact.patch(path, {"attendees": [{"id": "nothing", "name": "x"}]})) == ["attendees.0.id"]
    assert problem_fields(contact.patch(path, {})) == ["attendees"]
    assert stranger.patch(path, {"attendees": []}).status_code == 404


def test_cancelling(contact, stranger, clerk):
    slot = make_slot()
    booking = make_booking(slot)
    path = f"/bookings/{booking.public_id}"
    assert stranger.post(f"{path}/cancel").status_code == 404
    answer = contact.post(f"{path}/cancel", {"reason": "临时有事"})
    assert answer.status_code == 200, answer.text
    assert (answer.json["state"], answer.json["cancel_reason"]) == ("cancelled", "临时有事")
    assert answer.json["is_late_cancellation"] is False
    again = contact.post(f"{path}/cancel")
    assert (again.status_code, again.json["code"]) == (409, "booking_not_active")
    db.session.rollback()
    db.session.expire_all()
    fresh = db.session.get(Slot, slot.id)
    assert (fresh.places_taken, fresh.people_taken) == (0, 0)
    assert problem_fields(clerk.post(f"{path}/cancel", {"reason": "x" * 201})) == ["reason"]


def test_a_party_without_names(contact):
    slot = make_slot()
    told = contact.post("/bookings", {"slot": slot.public_id, "party": 3}, Idempotency_Key="k").json
    assert (told["party"], told["tickets"]) == (3, [])
