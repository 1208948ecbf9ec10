"""FEEDS.md, rules 1 to 7, as a calendar client sees them."""

import os
import time
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventsys.bookings.rules import BookingState
from eventsys.core.db import db, unit_of_work
from eventsys.directory.models import District
from eventsys.directory.rules import Topic
from eventsys.slots.rules import AudienceKind, SlotFormat, SlotState
from tests import cast
from tests.calendars.conftest import (
    ALL,
    CHANGED,
    PARK_FEED,
    PUBLIC,
    TAX_FEED,
    add_booking,
    add_link,
    add_slot,
    all_feeds,
    change,
    forget_bodies,
    on,
    read,
)

# 1, 5: the text


def test_lines_end_with_crlf_and_have_at_most_75_octets(client):
    add_slot(title="税" * 80, description="\n".join(["长" * 200, "👩‍👩‍👧", "a,b;c\\d"]))
    raw = client.get(ALL).data
    assert raw.count(b"\n") == raw.count(b"\r\n") == raw.count(b"\r")
    for line in raw.split(b"\r\n"):
        assert len(line) <= 75
        line.decode()


def test_times_are_local_with_the_zone(client):
    add_slot(on(10))
    raw = client.get(ALL).get_data(as_text=True)
    assert "BEGIN:VTIMEZONE\r\nTZID:Asia/Shanghai\r\n" in raw
    assert "DTSTART;TZID=Asia/Shanghai:20261202T140000\r\n" in raw


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(
        st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\u2028\u2029"), min_size=1, max_size=80
    )
)
@pytest.mark.sqlite_only
def test_a_stored_text_is_read_back_equal(client, text):
    slot = add_slot(title=text, description=text, place_id=None, place_text=text)
    event = read(client.get(ALL))[slot.public_id]
    assert event["SUMMARY"] == f"税务局：{text}"
    assert event["LOCATION"] == text
    assert text in event["DESCRIPTION"]


# 2, 3: identity and change


def test_the_uid_is_the_public_id_at_the_stored_host_for_ever(client):
    slot = add_slot()
    before = read(client.get(ALL))[slot.public_id]
    assert before["UID"] == f"{slot.public_id}@eventsys.test"
    assert before["UID"].isascii()
    change(
        slot, starts_at=on(12), ends_at=on(12) + timedelta(hours=1), sequence=2, changed_at=CHANGED + timedelta(days=1)
    )
    after = read(client.get(ALL))[slot.public_id]
    assert after["UID"] == before["UID"]
    assert after["SEQUENCE"] > before["SEQUENCE"]
    assert after["DTSTART"].dt == on(12)
    assert after["DTSTAMP"].dt == after["LAST-MODIFIED"].dt == CHANGED + timedelta(days=1)


def test_the_same_state_gives_the_same_bytes_whenever_and_wherever_it_is_asked(client, monkeypatch):
    add_booking(add_slot(services=[1], supporting=[cast.SCIENCE]))
    add_slot(state=SlotState.CALLED_OFF, call_off_reason="台风")
    feeds, bodies = all_feeds(), []
    for zone, days in (("UTC", 0), ("Asia/Shanghai", 3), ("America/New_York", 50)):
        monkeypatch.setitem(os.environ, "TZ", zone)
        time.tzset()
        with time_machine.travel(datetime(2026, 11, 22, 15, tzinfo=UTC) + timedelta(days=days), tick=False):
            bodies.append([client.get(feed, headers={"Accept-Language": "en"}).data for feed in feeds])
    monkeypatch.undo()
    time.tzset()
    assert bodies[0] == bodies[1] == bodies[2]


# 4, 7: what stands in a feed


def test_there_is_no_method_attendee_or_alarm(client):
    add_booking(add_slot())
    for feed in all_feeds():
        raw = client.get(feed).data
        assert b"BEGIN:VEVENT" in raw
        for word in (b"METHOD", b"ATTENDEE", b"VALARM", b"ORGANIZER"):
            assert b"\r\n" + word not in raw


def test_the_heading_names_the_calendar_and_says_to_come_back_hourly(client):
    raw = client.get(TAX_FEED).get_data(as_text=True)
    for line in (
        "NAME:示范区税务局公开场次",
        "X-WR-CALNAME:示范区税务局公开场次",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "X-PUBLISHED-TTL:PT1H",
        "COLOR:royalblue",
        f"URL:http://127.0.0.1:8000/?department={cast.fixed_id('d', cast.TAX)}",
    ):
        assert f"\r\n{line}\r\n" in raw


def test_an_event_says_who_comes_what_for_where_and_how_to_book(client):
    slot = add_slot(services=[1], supporting=[cast.SCIENCE], opens_at=on(2), format=SlotFormat.VISIT)
    event = read(client.get(ALL))[slot.public_id]
    assert event["SUMMARY"] == "税务局：研发费用加计扣除"
    assert event["LOCATION"] == "第一活动中心"
    assert event["URL"] == f"http://127.0.0.1:8000/slots/{slot.public_id}"
    assert event["COLOR"] == "royalblue"
    assert [str(topic) for topic in event["CATEGORIES"].cats] == ["送政策"]
    assert (event["STATUS"], event["TRANSP"]) == ("CONFIRMED", "TRANSPARENT")
    for part in (
        "牵头部门：示范区税务局",
        "配合部门：示范区科信局",
        "服务事项：政策辅导",
        "形式：上门服务（送政策）",
        "不开展执法检查",
        "现场答疑",
        "预约开始：11月24日（周二）14:00",
        "预约截止：12月1日（周二）14:00",
        "咨询电话：0592-1000001",
    ):
        assert part in event["DESCRIPTION"]


def test_a_place_on_the_map_is_given(client):
    slot = add_slot()
    change(slot.place, latitude=24.4879, longitude=118.1781)
    geo = read(client.get(ALL))[slot.public_id]["GEO"]
    assert (geo.latitude, geo.longitude) == (24.4879, 118.1781)


def test_the_way_into_an_online_slot_is_for_who_booked(client):
    slot = add_slot(format=SlotFormat.ONLINE, online_url="https://meet.example.com/secret", place_id=None, park_id=None)
    booking = add_booking(slot)
    mine = add_link(cast.CONTACT)[1]
    assert "meet.example.com" in read(client.get(mine))[slot.public_id]["DESCRIPTION"]
    for feed in (ALL, TAX_FEED, f"/slots/{slot.public_id}.ics"):
        assert b"meet.example" not in client.get(feed).data.replace(b"\r\n ", b"")
    change(booking, state=BookingState.CANCELLED, cancelled_at=on(0))
    assert "meet.example.com" not in read(client.get(mine))[slot.public_id]["DESCRIPTION"]


# 6: cancelled, and the window


def test_a_slot_called_off_stays_thirty_days_marked_and_then_drops(client):
    recent = add_slot(state=SlotState.CALLED_OFF, called_off_at=on(-30), call_off_reason="台风", sequence=4)
    old = add_slot(state=SlotState.CALLED_OFF, called_off_at=on(-31))
    for feed in PUBLIC:
        events = read(client.get(feed))
        assert old.public_id not in events
        event = events[recent.public_id]
        assert event["STATUS"] == "CANCELLED"
        assert event["SEQUENCE"] == 4
        assert event["SUMMARY"] == "【已取消】税务局：研发费用加计扣除"
        assert event["DESCRIPTION"].startswith("因台风，本场次已取消。")


def test_a_feed_holds_ninety_days_back_and_four_hundred_ahead(client):
    inside = [add_slot(on(-90, time_of_day)) for time_of_day in (datetime.min.time(),)] + [add_slot(on(400))]
    outside = [add_slot(on(-91)), add_slot(on(401, datetime.min.time()))]
    events = read(client.get(ALL))
    assert set(events) == {slot.public_id for slot in inside}
    assert not set(events) & {slot.public_id for slot in outside}


def test_the_window_follows_what_was_swept_not_the_clock(client):
    slot = add_slot(on(-90))
    with time_machine.travel(on(30), tick=False):
        assert slot.public_id in read(client.get(ALL))
        with unit_of_work():
            db.session.get(District, 1).feed_day = on(1).date()
        forget_bodies()
        assert slot.public_id not in read(client.get(ALL))


def test_a_link_may_drop_cancelled_events_at_once(client):
    off, gone, stays = add_slot(state=SlotState.CALLED_OFF), add_slot(), add_slot()
    for slot in (off, stays):
        add_booking(slot)
    add_booking(gone, BookingState.CANCELLED)
    kept = read(client.get(add_link(cast.CONTACT)[1]))
    dropped = read(client.get(add_link(cast.CONTACT, drops_cancelled=True)[1]))
    assert set(kept) == {slot.public_id for slot in (off, gone, stays)}
    assert set(dropped) == {stays.public_id}
    assert set(read(client.get(add_link(cast.CLERK, drops_cancelled=True)[1]))) == {gone.public_id, stays.public_id}


# What is in which feed


def test_drafts_and_hidden_slots_are_in_no_public_feed(client):
    draft = add_slot(state=SlotState.DRAFT)
    named = add_slot(audience_kind=AudienceKind.NAMED)
    care = add_slot(topic=Topic.CARE, format=SlotFormat.VISIT)
    for feed in PUBLIC:
        assert not read(client.get(feed))
    desk = read(client.get(add_link(cast.CLERK)[1]))
    assert set(desk) == {named.public_id, care.public_id}
    assert draft.public_id not in desk


def test_a_joint_slot_is_in_the_feeds_of_both_departments_and_of_its_park_alone(client):
    joint = add_slot(supporting=[cast.SCIENCE])
    other = add_slot(department_id=cast.SCIENCE, park_id=cast.HILL_PARK, place_id=cast.BASE)
    science = f"/feeds/departments/{cast.fixed_id('d', cast.SCIENCE)}.ics"
    hill = f"/feeds/parks/{cast.fixed_id('k', cast.HILL_PARK)}.ics"
    assert set(read(client.get(TAX_FEED))) == {joint.public_id}
    assert set(read(client.get(science))) == {joint.public_id, other.public_id}
    assert client.get("/feeds/departments/kxj.ics").data == client.get(science).data
    assert set(read(client.get(PARK_FEED))) == {joint.public_id}
    assert set(read(client.get(hill))) == {other.public_id}


def test_an_enterprise_sees_its_own_bookings_alone(client):
    mine, theirs = add_slot(audience_kind=AudienceKind.NAMED), add_slot()
    add_booking(mine)
    add_booking(theirs, enterprise_id=cast.OTHER)
    assert set(read(client.get(add_link(cast.CONTACT)[1]))) == {mine.public_id}
    assert set(read(client.get(add_link(cast.STRANGER)[1]))) == {theirs.public_id}


def test_an_enterprise_sees_the_state_of_its_booking(client):
    slot = add_slot()
    booking = add_booking(slot, BookingState.WAITLISTED)
    mine = add_link(cast.CONTACT)[1]
    waiting = read(client.get(mine))[slot.public_id]
    assert (waiting["STATUS"], waiting["TRANSP"]) == ("TENTATIVE", "OPAQUE")
    assert "贵单位预约：候补中，2人" in waiting["DESCRIPTION"]
    change(booking, state=BookingState.CONFIRMED)
    booked = read(client.get(mine))[slot.public_id]
    assert (booked["STATUS"], booked["SEQUENCE"] > waiting["SEQUENCE"]) == ("CONFIRMED", True)


def test_the_sequence_only_rises_while_an_enterprise_books_cancels_and_books_again(client):
    slot = add_slot(sequence=2)
    mine, seen = add_link(cast.CONTACT)[1], []

    def note(status):
        event = read(client.get(mine))[slot.public_id]
        assert event["STATUS"] == status
        seen.append((event["SEQUENCE"], event["LAST-MODIFIED"].dt))

    at = CHANGED
    for _round in range(2):
        at += timedelta(hours=1)
        booking = add_booking(slot, BookingState.PENDING, changed_at=at)
        note("TENTATIVE")
        change(booking, state=BookingState.CONFIRMED, changed_at=at + timedelta(minutes=1))
        note("CONFIRMED")
        change(booking, state=BookingState.CANCELLED, cancelled_at=on(0), changed_at=at + timedelta(minutes=2))
        note("CANCELLED")
    last = add_booking(slot, changed_at=at + timedelta(minutes=3))
    note("CONFIRMED")
    change(slot, state=SlotState.CALLED_OFF, called_off_at=on(0), sequence=3, changed_at=at + timedelta(minutes=4))
    change(last, state=BookingState.CANCELLED, cancelled_at=on(0), changed_at=at + timedelta(minutes=4))
    note("CANCELLED")
    assert seen == sorted(set(seen))
    assert len({sequence for sequence, _at in seen}) == len(seen)


def test_a_cancelled_booking_stays_thirty_days(client):
    recent, old, expired = add_slot(), add_slot(), add_slot()
    add_booking(recent, BookingState.CANCELLED, ended_at=on(-30))
    add_booking(old, BookingState.CANCELLED, ended_at=on(-31))
    add_booking(expired, BookingState.EXPIRED, ended_at=on(-2), queue_number=1)  # it waited; a hold is not shown
    events = read(client.get(add_link(cast.CONTACT)[1]))
    assert set(events) == {recent.public_id, expired.public_id}
    assert {event["STATUS"] for event in events.values()} == {"CANCELLED"}
