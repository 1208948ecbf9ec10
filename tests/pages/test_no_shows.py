"""The pages of what was not attended, as each side sees them."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from eventsys.bookings.models import NoShow
from eventsys.bookings.services import record_no_show
from eventsys.bookings.services.admission import CLOCKWORK
from eventsys.core.db import db, unit_of_work
from tests import cast
from tests.factories import make_booking, make_slot


@pytest.fixture
def missed(app):
    """The address of what is noted of a booking that nobody came to; it is the day after."""
    slot = make_slot()
    booking = make_booking(slot)
    with unit_of_work():
        record_no_show(booking, slot, actor=CLOCKWORK)
    with time_machine.travel(slot.starts_at + timedelta(days=1), tick=False):
        yield f"/bookings/{booking.public_id}/no-show"


def row():
    db.session.rollback()
    return db.session.scalars(select(NoShow)).one()


def test_the_contact_explains_and_reads_the_answer(client, missed):
    client.sign_in(cast.CONTACT)
    assert missed in client.get("/no-shows").text
    assert missed in client.get(missed.removesuffix("/no-show")).text
    assert 'name="appeal"' in client.get(missed).text
    empty = client.post(f"{missed}/explain", data={"appeal": " "})
    assert empty.status_code == 422
    assert client.post(f"{missed}/explain", data={"appeal": "停电\n<b>"}).status_code == 303
    page = client.get(missed).text
    assert "停电<br>&lt;b&gt;" in page
    assert 'name="appeal"' not in page
    again = client.post(f"{missed}/explain", data={"appeal": "又停电"})
    assert again.status_code == 409
    assert row().appeal == "停电\n<b>"
    clerk = client.application.test_client().sign_in(cast.CLERK)
    assert missed in clerk.get("/no-shows").text
    assert 'name="decision"' in clerk.get(missed).text
    assert clerk.post(f"{missed}/answer", data={"answer": "maybe", "decision": "x"}).status_code == 422
    assert clerk.post(f"{missed}/answer", data={"answer": "excused", "decision": "情况属实"}).status_code == 303
    assert row().is_excused
    assert "情况属实" in client.get(missed).text
    assert missed not in clerk.get("/no-shows").text
    assert clerk.post(f"{missed}/answer", data={"answer": "counted", "decision": "x"}).status_code == 409
    assert row().is_excused


def test_the_department_sees_how_often_and_the_enterprise_does_not(client, missed):
    make_booking(slot := make_slot(title="下一场"))
    roster = f"/slots/{slot.public_id}/roster?lang=en"
    assert "Did not attend 1 time in 6 months" in client.sign_in(cast.STEWARD).get(roster).text
    booking = f"{missed.removesuffix('/no-show')}?lang=en"
    assert "Did not attend 1 time in 6 months" in client.sign_in(cast.CLERK).get(booking).text
    assert "Did not attend" not in client.sign_in(cast.CONTACT).get(booking).text
    assert "爽约" not in client.get("/no-shows?lang=zh_CN").text


def test_it_is_nobody_elses_business(client, missed):
    for member in (cast.STRANGER, cast.STRANGER_CLERK):
        client.sign_in(member)
        assert client.get(missed).status_code == 404
        assert client.post(f"{missed}/explain", data={"appeal": "x"}).status_code in {403, 404}
        assert client.post(f"{missed}/answer", data={"answer": "excused", "decision": "x"}).status_code in {403, 404}
        assert missed not in client.get("/no-shows").text
    client.sign_in(cast.STEWARD)
    assert 'name="decision"' not in client.get(missed).text
    assert client.post(f"{missed}/answer", data={"answer": "excused", "decision": "x"}).status_code == 403
    client.sign_in(cast.CONTACT)
    assert client.get(f"/no-shows?enterprise={cast.fixed_id('e', cast.OTHER)}").status_code == 404
    assert row().decided_at is None


def test_empty_lists_say_so(app, client):
    assert client.sign_in(cast.CONTACT).get("/no-shows").status_code == 200
    assert client.sign_in(cast.CLERK).get("/no-shows").status_code == 200
    booking = make_booking(make_slot())
    assert client.get(f"/bookings/{booking.public_id}/no-show").status_code == 404
