"""Joint slots on the pages: the desk shows what is asked, and the answers."""

from __future__ import annotations

import re

from eventsys.slots.queries.support import confirmed_support
from tests import cast
from tests.factories import make_slot, soon

SCIENCE = cast.fixed_id("d", cast.SCIENCE)


def test_a_department_sees_what_waits_and_confirms_all_at_once(app, client):
    slots = [make_slot(supporting=(cast.SCIENCE,), starts_at=soon(days), publish=False) for days in (7, 8)]
    client.sign_in(cast.STRANGER_CLERK)
    desk = client.get("/desk").text
    assert "请本部门配合的场次" in desk
    assert len(re.findall(r'action="/desk/support"', desk)) == 3  # each, and all
    sent = {"department": SCIENCE, "slot": [slot.public_id for slot in slots]}
    answer = client.post("/desk/support", data=sent, follow_redirects=True)
    assert "已确认2场" in answer.text
    assert "请本部门配合的场次" not in answer.text
    assert all(confirmed_support(slot)[cast.SCIENCE] for slot in slots)


def test_the_slot_says_who_has_not_answered_to_the_staff_alone(app, client):
    slot = make_slot(supporting=(cast.SCIENCE,))
    page = f"/slots/{slot.public_id}"
    assert "待确认" not in client.get(page).text
    client.sign_in(cast.CLERK)
    assert "待确认" in client.get(page).text
    assert "/desk/support" not in client.get(page).text
    client.sign_in(cast.STRANGER_CLERK)
    assert "/desk/support" in client.get(page).text
    done = client.post("/desk/support", data={"department": SCIENCE, "slot": slot.public_id, "back": "slot"})
    assert done.location == page
    assert "待确认" not in client.get(page).text


def test_declining_asks_for_the_reason(app, client):
    slot = make_slot(supporting=(cast.SCIENCE,))
    client.sign_in(cast.STRANGER_CLERK)
    path = f"/slots/{slot.public_id}/support/{SCIENCE}/decline"
    assert client.get(path).status_code == 200
    assert client.post(path, data={"reason": " "}).status_code == 422
    assert client.post(path, data={"reason": "x" * 201}).status_code == 422
    assert client.post(path, data={"reason": "另有安排 𠮷"}).status_code == 303
    assert confirmed_support(slot) == {}
    assert client.post(path, data={"reason": "再来一次"}).status_code == 404
    assert client.get(path).status_code == 404


def test_the_lead_and_strangers_cannot_answer(app, client):
    slot = make_slot(supporting=(cast.SCIENCE,))
    path = f"/slots/{slot.public_id}/support/{SCIENCE}/decline"
    client.sign_in(cast.CLERK)
    assert client.get(path).status_code == 404
    assert client.post(path, data={"reason": "不行"}).status_code == 404
    assert client.post("/desk/support", data={"department": SCIENCE, "slot": slot.public_id}).status_code == 404
    client.sign_in(cast.CONTACT)
    assert client.post("/desk/support", data={"department": SCIENCE, "slot": slot.public_id}).status_code == 403
    assert confirmed_support(slot) == {cast.SCIENCE: None}
