"""A sought-after slot opens and everybody presses at once: real requests at a real server."""

from __future__ import annotations

import os
import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import select

from eventsys.accounts.models import ApiToken, Person
from eventsys.bookings.models import Booking
from eventsys.cli.race.clients import Client, Contact
from eventsys.core.actor import Role
from eventsys.core.audit import AuditEntry
from eventsys.core.clock import now
from eventsys.core.db import db, unit_of_work
from eventsys.core.ids import new_public_id
from eventsys.core.permissions import TOKEN_SCOPES
from eventsys.core.tokens import hash_token
from eventsys.directory.models import Enterprise, Membership
from tests.browser.server import environment, free_port, serving
from tests.factories import make_slot

CLIENTS = 500 if os.environ.get("EVENTSYS_SOAK") else 40
CAPACITY = 20
OPENS_IN = timedelta(seconds=3)
PATIENCE = 300.0


@pytest.fixture
def contacts(app):
    """So many enterprises with one contact each, who has a token."""
    made = []
    with unit_of_work():
        for number in range(CLIENTS):
            name, token = f"{number}号企业", f"evt_opening_{number}"
            enterprise = Enterprise(public_id=new_public_id(), credit_code=f"9135029988{number:08d}", name=name)
            person = Person(public_id=new_public_id(), name="联系人", mobile=f"+8610{number:08d}", fs_uniquifier=token)
            db.session.add_all([enterprise, person])
            db.session.flush()
            db.session.add_all(
                [
                    Membership(person_id=person.id, role=Role.CONTACT, enterprise_id=enterprise.id),
                    ApiToken(name="test", token_hash=hash_token(token), person_id=person.id, scopes=list(TOKEN_SCOPES)),
                ]
            )
            made.append(Contact(token, enterprise.public_id))
    return made


@pytest.fixture
def port(app):
    """Where a server answers that has the test's database."""
    config, port = app.config["EVENTSYS"], free_port()
    env = environment(config.home, port) | {"EVENTSYS_SECRET_KEY": config.secret_key}
    if config.database_url.startswith("postgresql"):
        env["EVENTSYS_DATABASE_URL"] = config.database_url.replace("+psycopg", "")
    db.session.remove()
    with serving(env, port):
        yield port


def press(contacts, port, slot):
    """Everybody waits for the moment and presses; what they got, in the order in which they were served."""
    clients = [Client(number, contact, contact, [port]) for number, contact in enumerate(contacts)]
    ready = threading.Barrier(len(clients), timeout=PATIENCE)

    def wait_and_press(client):
        ready.wait()
        time.sleep(max(0.0, (slot.opens_at - now()).total_seconds()))
        client.book(slot.public_id, more={"waitlist": True})
        client.close()

    threads = [threading.Thread(target=wait_and_press, args=(client,), daemon=True) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    return [client.calls[-1] for client in clients]


@pytest.mark.soak
def test_all_get_a_place_or_their_number_in_the_order_they_came(contacts, port):
    slot = make_slot(capacity=CAPACITY, attendee_capacity=None, party_max=None, opens_at=now() + OPENS_IN)
    early = Client(0, contacts[0], contacts[0], [port])
    assert early.book(slot.public_id).outcome == "window_not_open"
    calls = press(contacts, port, slot)
    assert [call.status for call in calls if call.status != 201] == []  # 503 with Retry-After was tried again
    assert sum(call.body["state"] == "confirmed" for call in calls) == CAPACITY
    numbers = {call.body["id"]: call.body["place_in_queue"] for call in calls}
    assert sorted(filter(None, numbers.values())) == list(range(1, CLIENTS - CAPACITY + 1))
    db.session.rollback()
    entries = select(AuditEntry.object_id).where(AuditEntry.action == "booking.created").order_by(AuditEntry.id)
    served = [numbers[booking] for booking in db.session.scalars(entries)]
    assert served == [None] * CAPACITY + list(range(1, CLIENTS - CAPACITY + 1))
    stored = db.session.execute(select(Booking.public_id, Booking.queue_number))
    assert {row.public_id: row.queue_number for row in stored} == numbers
