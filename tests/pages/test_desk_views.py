"""The views of the desk: dragging a slot, a change of those ticked, the district's month."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from eventsys.core.audit import AuditEntry
from eventsys.core.db import db
from eventsys.slots.models import Slot
from eventsys.slots.queries.grid import Filled, count_by_department_and_day
from eventsys.slots.rules import SlotState
from tests import cast
from tests.factories import ZONE, make_booking, make_slot
from tests.support import counted_statements

THURSDAY = datetime(2026, 12, 3, 14, 0, tzinfo=ZONE)
JSON = {"Accept": "application/json", "Accept-Language": "en"}
ENGLISH = {"Accept-Language": "en"}


@pytest.fixture(autouse=True)
def _november():
    with time_machine.travel(datetime(2026, 11, 26, 2, 0, tzinfo=UTC), tick=True):
        yield


def slot_at(starts_at: datetime = THURSDAY, **changes) -> Slot:
    return make_slot(starts_at=starts_at, closes_at=None, cancel_until=None, names_until=None, **changes)


def fresh(slot: Slot) -> Slot:
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(select(Slot).where(Slot.public_id == slot.public_id)).one()


def typed(slot: Slot, day: str = "2026-12-04", **changes) -> dict:
    values = {"starts_at": f"{day}T14:00:00", "ends_at": f"{day}T15:30:00", "version": str(slot.version)}
    return {**values, **changes}


def drop(client, slot: Slot, *, headers=JSON, **changes):
    return client.post(f"/desk/slots/{slot.public_id}/move", data=typed(slot, **changes), headers=headers)


def tick(client, action: str, *slots: Slot, **values):
    chosen = [f"{slot.public_id}.{slot.version}" for slot in slots]
    return client.post("/desk/selection", data={"action": action, "slot": chosen, **values}, headers=ENGLISH)


def seen_on(page) -> str:
    return re.search(r'name="seen" value="([^"]*)"', page.text)[1]


def test_a_drop_moves_a_draft_at_once_and_is_undone(client):
    slot = slot_at(publish=False)
    client.sign_in(cast.CLERK)
    answer = drop(client, slot)
    assert answer.status_code == 200
    assert answer.json["version"] == fresh(slot).version
    assert fresh(slot).starts_at == THURSDAY + timedelta(days=1)
    assert drop(client, slot).json["undo"] is None  # twice is once
    assert client.post(answer.json["undo"], headers=JSON).status_code == 200
    assert fresh(slot).starts_at == THURSDAY
    again = client.post(answer.json["undo"], headers=JSON)
    assert (again.status_code, again.json["code"]) == (409, "undo_stale")


def test_a_booked_slot_asks_first(client):
    slot = slot_at()
    make_booking(slot)
    client.sign_in(cast.CLERK)
    asked = drop(client, slot, day="2026-12-05")
    assert (asked.status_code, asked.json["code"], asked.json["asks"]) == (
        409,
        "move_unconfirmed",
        ["booked", "day_off"],
    )
    assert "1 enterprise has booked" in asked.json["questions"][0]
    assert "no working day" in asked.json["questions"][1]
    assert fresh(slot).starts_at == THURSDAY
    assert drop(client, slot, day="2026-12-05", agreed=["booked", "day_off"]).status_code == 200


def test_the_second_clerk_is_told_who_changed_it(client):
    slot = slot_at(publish=False)
    seen = typed(slot, day="2026-12-07")
    client.sign_in(cast.CLERK)
    drop(client, slot)
    client.sign_in(cast.COORDINATOR)
    late = client.post(f"/desk/slots/{slot.public_id}/move", data=seen, headers=JSON)
    assert (late.status_code, late.json["code"]) == (409, "stale_edit")
    assert cast.CLERK.name in late.json["detail"]
    assert "4 Dec" in late.json["detail"]
    assert fresh(slot).starts_at == THURSDAY + timedelta(days=1)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"starts_at": ""}, 422),
        ({"starts_at": "𠮷"}, 422),
        ({"starts_at": "2026-11-25T14:00:00"}, 422),
        ({"ends_at": "2026-12-04T13:00:00"}, 422),
        ({"version": "x"}, 409),
        ({"reason": "长" * 201}, 422),
    ],
)
def test_what_cannot_be_dropped(client, changes, status):
    slot = slot_at(publish=False)
    client.sign_in(cast.CLERK)
    assert drop(client, slot, **changes).status_code == status
    assert fresh(slot).starts_at == THURSDAY


@pytest.mark.parametrize(
    ("member", "status"), [(cast.STRANGER_CLERK, 404), (cast.CONTACT, 403), (cast.STEWARD, 403), (cast.AUDITOR, 403)]
)
def test_who_may_not(client, member, status):
    slot = slot_at()
    client.sign_in(cast.CLERK)
    undo = drop(client, slot).json["undo"]
    slot = fresh(slot)
    client.sign_in(member)
    assert drop(client, slot, day="2026-12-08").status_code == status
    assert client.post(undo, headers=JSON).status_code == status
    assert tick(client, "delete", slot).status_code == status


def test_without_javascript_the_way_back_is_a_button(client):
    slot = slot_at(publish=False)
    client.sign_in(cast.CLERK)
    page = client.get(drop(client, slot, headers=ENGLISH).location, headers=ENGLISH).text
    undo = re.search(r'action="(/desk/changes/[^"]*/undo)"', page)[1]
    assert client.post(undo, headers=ENGLISH).status_code == 303
    assert fresh(slot).starts_at == THURSDAY


def test_the_calendar_gets_slots_with_versions_and_days_off(client):
    slot = slot_at(publish=False)
    slot_at(department=cast.SCIENCE, actor=cast.STRANGER_CLERK.actor)
    span = "start=2026-11-30&end=2027-01-04"
    items = client.sign_in(cast.CLERK).get(f"/desk/slots.json?{span}").json["items"]
    own = [item for item in items if "id" in item]
    assert [(item["id"], item["version"], item["editable"]) for item in own] == [(slot.public_id, slot.version, True)]
    assert {item["start"] for item in items if item.get("display")} >= {"2026-12-05", "2026-12-06"}
    district = client.sign_in(cast.AUDITOR).get(f"/desk/slots.json?{span}&department=kxj").json["items"]
    assert [item["editable"] for item in district if "id" in item] == [False]
    assert client.get("/desk/slots.json").status_code == 422


def test_ticked_slots_are_looked_at_then_moved_together(client):
    booked, draft = slot_at(), slot_at(THURSDAY + timedelta(days=4), publish=False)
    make_booking(booked)
    client.sign_in(cast.CLERK)
    first = tick(client, "move", booked, draft)
    assert first.status_code == 200
    unseen = tick(client, "move", booked, draft, step="apply", seen=seen_on(first), steps="1", unit="weeks")
    assert unseen.status_code == 200  # it is shown before it is done
    assert "1 booking is concerned" in unseen.text
    assert fresh(booked).starts_at == THURSDAY
    values = {"step": "apply", "seen": seen_on(unseen), "steps": "1", "unit": "weeks", "reason": "台风"}
    done = tick(client, "move", booked, draft, **values)
    assert done.status_code == 303
    assert fresh(booked).starts_at == THURSDAY + timedelta(weeks=1)
    assert fresh(draft).starts_at == THURSDAY + timedelta(days=11)
    page = client.get(done.location, headers=ENGLISH).text
    undo = re.search(r'action="(/desk/changes/[^"]*/undo)"', page)[1]
    assert client.post(undo).status_code == 303
    assert fresh(booked).starts_at == THURSDAY


def test_a_stale_tick_changes_nothing_and_says_which(client):
    one, other = slot_at(), slot_at(THURSDAY + timedelta(days=4))
    client.sign_in(cast.CLERK)
    page = tick(client, "publish", one, other)
    assert page.text.count("disabled") >= 2
    values = {"step": "apply", "capacity": "5"}
    look = tick(client, "change", one, other, step="look", capacity="5")
    drop(client, other, day="2026-12-08")
    late = tick(client, "change", one, other, **values, seen=seen_on(look))
    assert late.status_code == 409
    assert "Nothing was changed, because of the slot of" in late.text
    assert fresh(one).capacity == 3


def test_call_off_asks_for_the_reason_and_delete_for_drafts(client):
    slot, draft = slot_at(), slot_at(publish=False)
    client.sign_in(cast.CLERK)
    seen = seen_on(tick(client, "call_off", slot))
    assert "cannot be undone" in tick(client, "call_off", slot).text
    assert tick(client, "call_off", slot, step="apply", seen=seen).status_code == 422
    assert tick(client, "call_off", slot, step="apply", seen=seen, reason="台风").status_code == 303
    assert fresh(slot).state is SlotState.CALLED_OFF
    doomed = {"action": "delete", "slot": f"{draft.public_id}.1", "step": "apply", "seen": seen}
    assert client.post("/desk/selection", data=doomed).status_code == 303
    assert db.session.scalars(select(Slot.state)).all() == [SlotState.CALLED_OFF]
    assert client.post("/desk/selection", data=doomed).status_code == 404


def test_an_empty_or_huge_selection(client):
    client.sign_in(cast.CLERK)
    assert tick(client, "publish").status_code == 303
    assert tick(client, "𠮷").status_code == 422
    many = {"action": "publish", "slot": [f"zzzzzzzzzz{n:03d}.1" for n in range(201)]}
    assert client.post("/desk/selection", data=many).status_code == 422


def test_the_districts_month_counts_what_is_filled(client):
    first = slot_at()
    make_booking(first)
    slot_at(THURSDAY + timedelta(hours=3), place=cast.BASE)
    slot_at(datetime(2026, 12, 1, 0, 0, tzinfo=ZONE), publish=False)
    slot_at(datetime(2026, 12, 31, 23, 30, tzinfo=ZONE), department=cast.SCIENCE, actor=cast.STRANGER_CLERK.actor)
    slot_at(datetime(2027, 1, 1, 0, 0, tzinfo=ZONE))
    midnights = [datetime(2026, 12, 1, tzinfo=ZONE) + timedelta(days=number) for number in range(32)]
    assert count_by_department_and_day(midnights) == {
        (cast.TAX, 0): Filled(drafts=1),
        (cast.TAX, 2): Filled(published=2, taken=1, places=6),
        (cast.SCIENCE, 30): Filled(published=1, places=3),
    }
    page = client.sign_in(cast.COORDINATOR).get("/desk?view=district&month=2026-12", headers=ENGLISH).text
    table = page.partition("district-grid")[2].partition("</table>")[0]
    assert table.count("<tr>") == 4
    assert "1/6" in table
    assert re.search(r"<tfoot>.*1/9", table, re.DOTALL)
    assert "district-grid" in client.sign_in(cast.AUDITOR).get("/desk?view=district").text
    assert "district-grid" not in client.sign_in(cast.CLERK).get("/desk?view=district").text


@pytest.mark.parametrize(("cell", "tenths"), [(Filled(), 0), (Filled(1, 0, 1, 100), 1), (Filled(1, 0, 99, 100), 9),
                                              (Filled(1, 0, 5, 5), 10), (Filled(1, 0, 0, 5), 0)])  # fmt: skip
def test_full_and_empty_are_never_rounded_to(cell, tenths):
    assert cell.tenths == tenths


def test_the_views_cost_few_statements(client):
    for number in range(12):
        slot_at(THURSDAY + timedelta(days=number, hours=number % 3))
    client.sign_in(cast.COORDINATOR).get("/desk?view=district")
    for path, limit in (
        ("/desk?view=district&month=2026-12", 12),
        ("/desk/slots.json?start=2026-12-01&end=2027-01-01", 8),
    ):
        db.session.remove()
        with counted_statements() as seen:
            client.get(path)
        assert len(seen) <= limit, seen


def test_the_trail_keeps_what_was_and_what_was_undone(client):
    slot = slot_at(publish=False)
    client.sign_in(cast.CLERK)
    client.post(drop(client, slot).json["undo"], headers=JSON)
    db.session.rollback()
    actions = db.session.scalars(select(AuditEntry.action).where(AuditEntry.object_type == "slot_change")).all()
    assert sorted(actions) == ["slots.changed", "slots.undone"]
    assert client.sign_in(cast.AUDITOR).get("/admin/audit").status_code == 200
