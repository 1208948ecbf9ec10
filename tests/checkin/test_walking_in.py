"""Who comes without a booking registers at the door, and takes nobody's place."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from eventsys.bookings.models import Attendee, Booking, NoShow, QuotaException
from eventsys.bookings.rules import BookingChannel, BookingState, NewAttendee, room_for_walk_in
from eventsys.checkin.models import Scan
from eventsys.checkin.queries import list_roster, venue_token
from eventsys.checkin.rules import ScanResult, VenueKind
from eventsys.checkin.services import release_places, set_venue, walk_in_with_steward, walk_in_yourself
from eventsys.core.actor import ANYBODY
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotFound
from eventsys.directory.models import Enterprise
from eventsys.slots.models import Slot
from eventsys.slots.rules import Audience, AudienceKind, SlotFormat, WalkIns
from tests import cast
from tests.factories import make_booking, make_gate, make_slot
from tests.support import Api

WANG = NewAttendee("王一", "13800138001")
LI = NewAttendee("李二", "13900138001")
STEWARD = cast.STEWARD.actor


def name_of(enterprise):
    return db.session.get_one(Enterprise, enterprise).name


@pytest.fixture
def slot(app):
    return make_slot(capacity=2, attendee_capacity=3)


@pytest.fixture
def at_the_door(slot):
    with time_machine.travel(slot.starts_at - timedelta(minutes=30), tick=False) as traveller:
        yield traveller


def register(slot, person=WANG, enterprise=cast.ACME, actor=STEWARD):
    with unit_of_work():
        return walk_in_with_steward(slot.public_id, name_of(enterprise), person, actor=actor)


def stands(slot):
    """(places taken, people taken, admitted) as the database has it."""
    db.session.rollback()
    row = db.session.scalars(select(Slot).where(Slot.id == slot.id).execution_options(populate_existing=True)).one()
    return row.places_taken, row.people_taken, sum(is_here for _, is_here in list_roster(slot.id))


def test_who_has_not_booked_gets_a_place_a_ticket_and_is_in(slot, at_the_door):
    answer = register(slot)
    assert (answer.result, answer.attendee.name) == (ScanResult.ADMITTED, "王一")
    booking = answer.attendee.booking
    assert (booking.state, booking.channel, booking.party) == (BookingState.CONFIRMED, BookingChannel.ON_SITE, 1)
    assert stands(slot) == (1, 1, 1)


def test_it_counts_in_no_quota_and_needs_none(at_the_door, slot):
    slot = make_slot(starts_at=slot.starts_at, quota_month=1)
    other = make_slot(starts_at=slot.starts_at, quota_month=1)
    register(slot)
    register(other, LI)
    found = db.session.scalars(select(QuotaException.reason)).all()
    assert list(found) == ["walk-in", "walk-in"]


def test_a_second_person_of_the_enterprise_joins_its_booking(slot, at_the_door):
    register(slot)
    answer = register(slot, LI)
    assert answer.attendee.booking.party == 2
    assert stands(slot) == (1, 2, 2)


def test_an_unnamed_place_of_the_booking_is_taken_first(slot):
    booking = make_booking(slot, names=("赵三",), party=2)
    with time_machine.travel(slot.starts_at - timedelta(minutes=30), tick=False):
        answer = register(slot)
        assert answer.attendee.booking.public_id == booking.public_id
        assert stands(slot) == (1, 2, 1)


def test_twice_is_once(slot, at_the_door):
    register(slot)
    assert register(slot).result is ScanResult.ALREADY_ADMITTED
    assert stands(slot) == (1, 1, 1)
    assert db.session.scalar(select(func.count()).select_from(Attendee)) == 1


def test_a_full_slot_takes_nobody_unless_it_may_grow(slot, at_the_door):
    register(slot)
    register(slot, LI)
    register(slot, NewAttendee("赵三", "13700137001"))
    with pytest.raises(Conflict, match="walk_in_full"):
        register(slot, NewAttendee("钱四", "13600136001"))
    assert stands(slot) == (1, 3, 3)
    growing = make_slot(starts_at=slot.starts_at, capacity=1, attendee_capacity=1, walk_ins=WalkIns.ALWAYS)
    register(growing)
    register(growing, LI)
    register(growing, LI, enterprise=cast.OTHER)
    assert stands(growing) == (2, 3, 3)
    assert (growing.capacity, growing.attendee_capacity) == (2, 3)


@pytest.mark.parametrize(
    "changes", [{"walk_ins": WalkIns.NONE}, {"format": SlotFormat.ONLINE}, {"format": SlotFormat.VISIT}]
)
def test_where_there_are_no_walk_ins(changes, slot, at_the_door):
    slot = make_slot(starts_at=slot.starts_at, **changes)
    with pytest.raises(Conflict):
        register(slot)
    assert stands(slot) == (0, 0, 0)


def test_only_while_the_door_is_open(slot):
    for moment in (slot.starts_at - timedelta(hours=3), slot.ends_at + timedelta(minutes=1)):
        with time_machine.travel(moment, tick=False), pytest.raises(Conflict):
            register(slot)


def test_who_waits_comes_first_until_the_queue_orders_no_more(app):
    slot = make_slot(capacity=1)
    first = make_booking(slot)
    waiting = make_booking(slot, member=cast.STRANGER, waits=True)
    assert waiting.state is BookingState.WAITLISTED
    with time_machine.travel(slot.starts_at - timedelta(minutes=30), tick=False):
        with pytest.raises(Conflict, match="walk_in_unconfirmed"):
            register(slot, enterprise=waiting.enterprise_id)
        assert first.state is BookingState.CONFIRMED
    with pytest.raises(Conflict, match="walk_in_queue"):
        room_for_walk_in(WalkIns.ALWAYS, places=1, people=1, places_left=1, people_left=None, has_queue=True)


def test_not_for_who_is_not_invited(slot, at_the_door):
    slot = make_slot(starts_at=slot.starts_at, audience=Audience(AudienceKind.NAMED, enterprises=(cast.OTHER,)))
    with pytest.raises(Conflict, match="not_invited"):
        register(slot)


def test_a_steward_of_another_department_registers_nobody(slot, at_the_door):
    with pytest.raises(NotFound):
        register(slot, actor=cast.STRANGER_CLERK.actor)
    with pytest.raises(NotFound):
        register(slot, actor=cast.CONTACT.actor)


def test_nothing_is_left_of_a_walk_in_that_is_refused(slot, at_the_door):
    for person, enterprise in (
        (NewAttendee("", "13800138001"), "x"),
        (NewAttendee("王一", "123"), name_of(cast.ACME)),
        (WANG, "没有这家企业"),
        (WANG, ""),
    ):
        with pytest.raises(Invalid), unit_of_work():
            walk_in_with_steward(slot.public_id, enterprise, person, actor=STEWARD)
    assert stands(slot) == (0, 0, 0)
    assert not db.session.scalar(select(func.count()).select_from(Scan))


def test_whose_place_was_given_up_is_no_absentee_once_somebody_walks_in(slot):
    make_booking(slot)
    with time_machine.travel(slot.starts_at + timedelta(minutes=20), tick=False):
        with unit_of_work():
            release_places(slot.public_id, actor=STEWARD)
        assert db.session.scalar(select(func.count()).select_from(NoShow)) == 1
        assert register(slot).result is ScanResult.ADMITTED
        assert db.session.scalar(select(func.count()).select_from(NoShow)) == 0
        assert stands(slot) == (1, 1, 1)


class TestByTheVenuesCode:
    @pytest.fixture
    def gate(self, slot):
        return make_gate(slot)[0]

    def enter(self, gate, slot, person=WANG, enterprise=cast.ACME, token=None):
        with unit_of_work():
            return walk_in_yourself(
                token or venue_token(gate), slot.public_id, name_of(enterprise), person, actor=ANYBODY
            )

    def test_somebody_registers_and_is_in(self, slot, gate, at_the_door):
        answer = self.enter(gate, slot)
        assert (answer.result, answer.scan.device, answer.scan.gate_id) == (ScanResult.ADMITTED, "self", gate.id)

    def test_only_from_an_hour_before(self, slot, gate):
        with time_machine.travel(slot.starts_at - timedelta(minutes=61), tick=False), pytest.raises(Conflict):
            self.enter(gate, slot)

    def test_needs_a_mobile_number_and_a_living_code(self, slot, gate, at_the_door):
        with pytest.raises(Invalid):
            self.enter(gate, slot, NewAttendee("王一"))
        token = venue_token(gate)
        with unit_of_work():
            set_venue(gate.public_id, VenueKind.PRINTED, renew=True, actor=STEWARD)
        with pytest.raises(NotFound):
            self.enter(gate, slot, token=token)

    def test_not_into_a_slot_of_another_gate(self, slot, gate, at_the_door):
        other = make_slot(starts_at=slot.starts_at)
        with pytest.raises(NotFound):
            self.enter(gate, other)
        assert db.session.scalar(select(func.count()).select_from(Booking)) == 0

    def test_the_page_says_what_is_wrong_and_keeps_what_was_typed(self, slot, gate, at_the_door, client):
        address = f"/c/{venue_token(gate)}/walk-in"
        assert "现场登记" in client.get(address).text
        refused = client.post(address, data={"slot": slot.public_id, "name": "王一😀𠮷", "enterprise": "无此企业"})
        assert refused.status_code == 422
        assert "王一😀𠮷" in refused.text
        done = client.post(
            address,
            data={"slot": slot.public_id, "name": "王一", "phone": WANG.phone, "enterprise": name_of(cast.ACME)},
        )
        assert done.status_code == 200
        assert "/t/" in done.text
        assert stands(slot) == (1, 1, 1)

    def test_a_dead_code_is_no_page(self, client):
        assert client.get("/c/nothing/walk-in").status_code == 404


def test_through_the_api_by_the_gates_token(slot, at_the_door, app):
    gate, token = make_gate(slot)
    api = Api(app, token=token)
    body = {"enterprise": name_of(cast.ACME), "name": "王一", "phone": WANG.phone}
    address = f"/slots/{slot.public_id}/walk-ins"
    answer = api.post(address, body).json
    assert (answer["result"], answer["attendee"]["name"], answer["party"]) == ("admitted", "王一", 1)
    assert api.post(address, body).json["result"] == "already_admitted"
    other = make_slot(starts_at=slot.starts_at)
    assert api.post(f"/slots/{other.public_id}/walk-ins", body).status_code == 404
    assert api.get("/gates/self/roster").json["walk_in_url"].endswith(f"/c/{venue_token(gate)}/walk-in")
