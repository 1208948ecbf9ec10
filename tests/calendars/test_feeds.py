"""FEEDS.md, rules 1 to 9, as a calendar client sees them."""

import gzip
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
from eventsys.slots.models import Slot
from eventsys.slots.rules import AudienceKind, SlotFormat, SlotState
from tests import cast
from tests.calendars.conftest import CHANGED, add_booking, add_link, add_slot, change, on, read
from tests.support import counted_statements

ALL = "/feeds/all.ics"
TAX_FEED = "/feeds/departments/tax.ics"
PARK_FEED = f"/feeds/parks/{cast.fixed_id('k', cast.SOFTWARE_PARK)}.ics"
PUBLIC = (ALL, TAX_FEED, PARK_FEED)


def _all_feeds() -> list[str]:
    return [*PUBLIC, add_link(cast.CONTACT)[1], add_link(cast.CLERK)[1]]


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
    feeds, bodies = _all_feeds(), []
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
    for feed in _all_feeds():
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


# 8: HTTP


def test_a_feed_is_inline_text_for_clients_that_ask_for_anything(client):
    for feed in _all_feeds():
        answer = client.get(feed, headers={"Accept": "application/json"})
        assert answer.content_type == "text/calendar; charset=utf-8"
        assert answer.headers["Content-Disposition"].startswith("inline;")
        assert answer.headers["Content-Disposition"].endswith('.ics"')
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert not answer.headers["ETag"].startswith("W/")
        assert "Set-Cookie" not in answer.headers


def test_a_client_that_has_it_all_gets_304_within_two_statements_and_no_event_is_read(client):
    add_booking(add_slot())
    for feed in _all_feeds():
        first = client.get(feed)
        with counted_statements() as seen:
            answer = client.get(feed, headers={"If-None-Match": first.headers["ETag"]})
            assert answer.status_code == 304
            assert not answer.data
            if "private" in feed:
                answer.close()
        assert len(seen) <= 2
        assert not any("FROM slots" in statement for statement in seen)
        assert answer.headers["ETag"] == first.headers["ETag"]
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert answer.headers["Cache-Control"] == first.headers["Cache-Control"]
        assert "Set-Cookie" not in answer.headers
        since = client.get(feed, headers={"If-Modified-Since": first.headers["Last-Modified"]})
        assert since.status_code == 304


def test_no_session_is_read_or_kept_even_when_a_cookie_is_sent(client):
    client.sign_in(cast.CONTACT)
    feeds = _all_feeds()
    db.session.remove()
    for feed in feeds:
        with counted_statements() as seen:
            answer = client.get(feed)
        assert not any("sign_ins" in statement for statement in seen)
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("condition", ['"other"', "*junk", "", '"a", "b"', 'W/"other"', "\x7f", '"' + "x" * 5000 + '"'])
def test_a_validator_that_is_not_ours_gets_the_whole_feed(client, condition):
    assert client.get(ALL, headers={"If-None-Match": condition}).status_code == 200


def test_validators_are_compared_as_the_standard_says(client):
    tag, modified = (client.get(ALL).headers[name] for name in ("ETag", "Last-Modified"))
    assert client.get(ALL, headers={"If-None-Match": f'"x", {tag}'}).status_code == 304
    assert client.get(ALL, headers={"If-None-Match": f"W/{tag}"}).status_code == 304
    assert client.get(ALL, headers={"If-None-Match": "*"}).status_code == 304
    # If-None-Match goes before If-Modified-Since
    both = {"If-None-Match": '"other"', "If-Modified-Since": modified}
    assert client.get(ALL, headers=both).status_code == 200
    assert client.get(ALL, headers={"If-Modified-Since": "yesterday"}).status_code == 200


def test_a_removal_never_yields_a_false_304_not_even_within_one_second(client):
    slots = [add_slot(), add_slot()]
    at = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=1)
    with time_machine.travel(at, tick=False):
        first = client.get(ALL)
        for slot in slots:  # two removals and two fetches, all within the same second
            change(slot, bump={"district": True}, state=SlotState.DRAFT)
            for condition in ("ETag", "Last-Modified"):
                header = {"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"}[condition]
                answer = client.get(ALL, headers={header: first.headers[condition]})
                assert answer.status_code == 200
                assert slot.public_id not in read(answer)
            first = answer
        # a client that sends its own clock instead of our Last-Modified
        own_clock = {"If-Modified-Since": at.strftime("%a, %d %b %Y %H:%M:%S GMT")}
        assert client.get(ALL, headers=own_clock).status_code == 200


def test_gzip_is_another_representation_with_its_own_strong_tag(client):
    add_slot()
    plain = client.get(ALL)
    packed = client.get(ALL, headers={"Accept-Encoding": "gzip, br"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert client.get(ALL, headers={"Accept-Encoding": "gzip"}).data == packed.data
    refused = client.get(ALL, headers={"Accept-Encoding": "gzip;q=0"})
    assert "Content-Encoding" not in refused.headers
    known = {"Accept-Encoding": "gzip", "If-None-Match": packed.headers["ETag"]}
    assert client.get(ALL, headers=known).status_code == 304
    assert client.get(ALL, headers={"If-None-Match": packed.headers["ETag"]}).status_code == 200


def test_head_says_what_get_would(client):
    add_slot()
    get, head = client.get(ALL), client.head(ALL)
    assert head.status_code == 200
    assert not head.data
    for name in ("ETag", "Last-Modified", "Content-Length", "Content-Type"):
        assert head.headers[name] == get.headers[name]


def test_the_tag_changes_with_the_language_and_address_of_the_installation(app, client, monkeypatch):
    from dataclasses import replace

    tag = client.get(ALL).headers["ETag"]
    for change_of in ({"locale": "en"}, {"base_url": "https://example.org"}):
        monkeypatch.setitem(app.config, "EVENTSYS", replace(app.config["EVENTSYS"], **change_of))
        assert client.get(ALL, headers={"If-None-Match": tag}).status_code == 200
        monkeypatch.undo()


def test_an_english_installation_has_english_feeds(app, client, monkeypatch):
    from dataclasses import replace

    slot = add_slot(title_en="R&D tax credit", services=[1])
    off = add_slot(state=SlotState.CALLED_OFF, call_off_reason="typhoon")
    monkeypatch.setitem(app.config, "EVENTSYS", replace(app.config["EVENTSYS"], locale="en"))
    events = read(client.get(ALL))
    assert events[slot.public_id]["SUMMARY"] == "TAX Department: R&D tax credit"
    assert "Booking closes: Tue, 1 Dec 14:00" in events[slot.public_id]["DESCRIPTION"]
    assert events[off.public_id]["SUMMARY"].startswith("[Cancelled] TAX Department: ")


def test_feeds_that_do_not_exist_are_404_and_cost_no_more(client):
    for path in (
        "departments/none",
        "departments/" + "a" * 5000,
        "parks/1",
        "parks/%F0%9F%8E%89",
        "parks/'--",
    ):
        answer = client.get(f"/feeds/{path}.ics")
        assert (answer.status_code, answer.data) == (404, b"not found\n")
    for path in ("/feeds/", "/feeds/x.ics", "/feeds/all.ICS"):
        assert client.get(path).status_code == 404
    assert client.post(ALL).status_code == 405


def test_robots_may_read_public_feeds_and_not_private_ones(client):
    rules = client.get("/robots.txt").get_data(as_text=True)
    assert "Allow: /feeds/\n" in rules
    assert "Disallow: /feeds/private/\n" in rules


def test_any_number_of_events_costs_the_same_statements(client):
    counts = []
    for _round in range(2):
        for _slot in range(5):
            add_booking(add_slot(services=[1], supporting=[cast.SCIENCE]))
        feeds = _all_feeds()
        db.session.remove()
        with counted_statements() as seen:
            for feed in feeds:
                read(client.get(feed))
        counts.append(len([statement for statement in seen if "feed_links SET" not in statement]))
    assert counts[0] == counts[1]
    assert db.session.query(Slot).count() == 10
