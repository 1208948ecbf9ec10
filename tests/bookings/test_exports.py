"""Every booking as a table: one row each, in the district's zone, only what the reader may see."""

from eventsys.bookings import exports
from eventsys.bookings.exports import HEADINGS, export_bookings
from eventsys.bookings.rules import NewAttendee
from eventsys.bookings.services import cancel_booking, replace_attendee
from eventsys.core.actor import system_actor
from eventsys.core.db import db, unit_of_work
from eventsys.directory.imports.tables import write_csv
from tests import cast
from tests.factories import ZONE, make_booking, make_slot


def test_a_row_says_what_a_person_asks_of_a_booking(app):
    slot = make_slot()
    booking = make_booking(slot, names=("=王一", "李𠮷"), party=3, asks="加计扣除")
    with unit_of_work():
        replace_attendee(booking.attendees[1].public_id, NewAttendee("孙三"))
    export = export_bookings(system_actor("test"))
    (row,) = [dict(zip(HEADINGS, row, strict=True)) for row in export.rows]
    assert row["开始时间"] == slot.starts_at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M")
    assert (row["状态"], row["人数"], row["参会人员"], row["诉求"]) == ("confirmed", "3", "=王一、孙三", "加计扣除")
    assert ",=王一" not in write_csv(export).decode("utf-8-sig")  # a formula it would be


def test_nothing_is_left_out_between_the_pieces(app, monkeypatch):
    monkeypatch.setattr(exports, "AT_ONCE", 2)
    slots = [make_slot(title=f"第{number}场") for number in range(3)]
    made = {make_booking(slot, member).public_id for slot in slots for member in (cast.CONTACT, cast.STRANGER)}
    with unit_of_work():
        cancel_booking(next(iter(made)), actor=system_actor("test"))
    db.session.expire_all()
    rows = export_bookings(system_actor("test")).rows
    assert (len(rows), {row[0] for row in rows}) == (6, made)


def test_a_reader_gets_only_their_own(app):
    slot = make_slot()
    mine, _others = make_booking(slot), make_booking(slot, cast.STRANGER)
    assert [row[0] for row in export_bookings(cast.CONTACT.actor).rows] == [mine.public_id]
    assert len(export_bookings(cast.CLERK.actor).rows) == 2
    assert export_bookings(cast.STRANGER_CLERK.actor).rows == ()
