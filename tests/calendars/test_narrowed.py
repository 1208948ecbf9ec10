"""Public feeds narrowed by department, park, edition, topic, format and words; saved ones; what a link says."""

from urllib.parse import urlencode

import pytest

from eventsys.bookings.rules import BookingState
from eventsys.bookings.services import change_slot
from eventsys.calendars.rules import Detail
from eventsys.core.db import unit_of_work
from eventsys.core.errors import Invalid, NotFound
from eventsys.directory.rules import Topic
from eventsys.slots.rules import SlotFormat, SlotState
from eventsys.slots.services.editions import create_edition
from tests import cast, factories
from tests.calendars.conftest import ALL, add_booking, add_link, add_slot, change, read
from tests.house.world import _edition as new_edition

SCIENCE = cast.fixed_id("d", cast.SCIENCE)
SOFT = cast.fixed_id("k", cast.SOFTWARE_PARK)


def held(client, path):
    return set(read(client.get(path)))


def test_a_feed_holds_what_fits_every_filter(client):
    tax = add_slot(title="研发费用加计扣除")
    online = add_slot(format=SlotFormat.ONLINE, topic=Topic.SERVICE, place_id=None, park_id=None)
    science = add_slot(department_id=cast.SCIENCE, title="高新技术企业认定")
    joint = add_slot(supporting=[cast.SCIENCE], topic=Topic.SERVICE)
    ids = {slot: slot.public_id for slot in (tax, online, science, joint)}
    for filters, expected in (
        ({}, {tax, online, science, joint}),
        ({"topic": "policy"}, {tax, science}),
        ({"format": "online"}, {online}),
        ({"department": "kxj"}, {science, joint}),
        ({"department": SCIENCE, "topic": "service"}, {joint}),
        ({"park": SOFT, "topic": "policy"}, {tax, science}),
        ({"q": "高新"}, {science}),
        ({"q": "keji"}, set()),
        ({"topic": "care"}, set()),
        ({"unknown": "x", "places": "1", "month": "2026-12"}, {tax, online, science, joint}),
    ):
        assert held(client, f"/feeds/slots.ics?{urlencode(filters)}") == {ids[slot] for slot in expected}, filters
    assert held(client, "/feeds/topics/policy.ics") == {ids[tax], ids[science]}


def test_what_does_not_exist_is_404_and_never_everything(client):
    add_slot()
    for path in (
        "/feeds/topics/none.ics",
        "/feeds/editions/none.ics",
        "/feeds/editions/" + "x" * 300 + ".ics",
        "/feeds/slots.ics?topic=none",
        "/feeds/slots.ics?format=%F0%9F%8E%89",
        "/feeds/slots.ics?department=none",
        "/feeds/slots.ics?park='--",
        f"/feeds/slots.ics?department={SOFT}",
    ):
        answer = client.get(path)
        assert (answer.status_code, answer.data) == (404, b"not found\n"), path
    for path in ("/calendars/subscribe?topic=none", "/calendars/subscribe?department=none"):
        assert client.get(path).status_code == 404


def test_an_edition_has_a_feed(client):
    with unit_of_work():
        edition = create_edition(new_edition(), actor=cast.COORDINATOR.actor)
    inside, outside = add_slot(edition_id=edition.id), add_slot()
    path = f"/feeds/editions/{edition.public_id}.ics"
    assert held(client, path) == {inside.public_id}
    assert f"URL:http://127.0.0.1:8000/editions/{edition.public_id}\r\n" in client.get(path).get_data(as_text=True)
    assert outside.public_id in held(client, ALL)


def test_a_slot_put_into_an_edition_and_out_of_it_is_seen(client):
    with unit_of_work():
        edition = create_edition(new_edition(), actor=cast.COORDINATOR.actor)
    slot = factories.make_slot()
    path = f"/feeds/editions/{edition.public_id}.ics"
    for into, expected in ((edition.id, {slot.public_id}), (None, set())):
        tag = client.get(path).headers["ETag"]
        with unit_of_work():
            values = factories.new_slot(edition=into)
            change_slot(slot.public_id, values, version=None, actor=cast.CLERK.actor)
        assert set(read(client.get(path, headers={"If-None-Match": tag}))) == expected


def test_the_heading_says_what_it_is_narrowed_to(client):
    everything = "/feeds/slots.ics?department=tax&topic=policy&format=session&q=%E7%A0%94%E5%8F%91"
    for path, name in (
        (ALL, "示范区服务预约"),
        (everything, "示范区税务局·送政策·服务专场·“研发”公开场次"),
        ("/feeds/topics/service.ics?lang=en", "Public slots – service"),
    ):
        text = client.get(path).get_data(as_text=True).replace("\r\n ", "")
        assert f"\r\nNAME:{name}\r\n" in text


def test_a_department_s_change_leaves_the_filter_of_another_known(client):
    slot, _other = add_slot(), add_slot(department_id=cast.SCIENCE)
    paths = ["/feeds/slots.ics?department=tax&topic=policy", "/feeds/slots.ics?department=kxj&topic=policy"]
    tags = [client.get(path).headers["ETag"] for path in paths]
    change(slot, {"district": True, "departments": [cast.TAX]}, title="改过")
    known = [
        client.get(path, headers={"If-None-Match": tag}).status_code for path, tag in zip(paths, tags, strict=True)
    ]
    assert known == [200, 304]
    change(slot, {"district": True, "departments": [cast.TAX]}, topic=Topic.SERVICE)
    assert held(client, paths[0]) == set()


def test_a_public_address_may_choose_its_words(client):
    slot = add_slot(title_en="R&D relief")
    off = add_slot(state=SlotState.CALLED_OFF)
    plain = read(client.get(ALL))
    brief = read(client.get(f"{ALL}?detail=brief&lang=en&cancelled=drop"))
    assert set(plain) == {slot.public_id, off.public_id}
    assert set(brief) == {slot.public_id}
    event = brief[slot.public_id]
    assert "R&D relief" in event["SUMMARY"]
    assert "DESCRIPTION" not in event
    assert read(client.get(f"{ALL}?detail=busy&lang=xx"))[slot.public_id] == plain[slot.public_id]


@pytest.mark.parametrize("detail", Detail)
def test_a_link_says_as_much_as_its_owner_wants(client, detail):
    slot = add_slot()
    add_booking(slot)
    raw = client.get(add_link(cast.CONTACT, detail=detail, locale="en")[1])
    event = read(raw)[slot.public_id]
    words = {
        Detail.FULL: ["Lead: ", "Your booking: booked, 2 people"],
        Detail.BRIEF: ["研发费用"],
        Detail.BUSY: ["Busy"],
    }[detail]
    text = "".join(str(event.get(name, "")) for name in ("SUMMARY", "LOCATION", "DESCRIPTION"))
    assert all(word in text for word in words)
    if detail is Detail.BUSY:
        kept = {"UID", "DTSTAMP", "LAST-MODIFIED", "SEQUENCE", "DTSTART", "DTEND", "STATUS", "TRANSP", "SUMMARY"}
        assert set(event) == kept
        assert "研发" not in raw.get_data(as_text=True)


# What a department sees of its own


def test_a_desk_sees_the_numbers_and_each_change_of_them(client):
    slot = add_slot(capacity=20, places_taken=2, people_taken=5, waiting=1, counts_revision=3)
    desk = add_link(cast.CLERK)[1]
    first = client.get(desk)
    event = read(first)[slot.public_id]
    assert event["SUMMARY"] == "税务局：研发费用加计扣除（2/20）"
    assert "已预约：2家（共20家），5人\n候补：1家\n签到开始：12月2日（周三）12:00" in event["DESCRIPTION"]
    assert "预约截止" not in event["DESCRIPTION"]
    change(slot, places_taken=3, counts_revision=4)  # no set of feeds is raised by a booking
    again = client.get(desk, headers={"If-None-Match": first.headers["ETag"]})
    assert read(again)[slot.public_id]["SUMMARY"].endswith("（3/20）")
    assert read(again)[slot.public_id]["SEQUENCE"] == event["SEQUENCE"]
    assert client.get(desk, headers={"If-None-Match": again.headers["ETag"]}).status_code == 304


def test_the_public_never_sees_the_numbers(client):
    slot = add_slot(capacity=20, places_taken=2)
    assert "2/20" not in read(client.get(ALL))[slot.public_id]["SUMMARY"]


def test_a_joint_slot_s_numbers_reach_the_supporting_desk(client):
    slot = add_slot(supporting=[cast.SCIENCE])
    desk = add_link(cast.STRANGER_CLERK)[1]
    tag = client.get(desk).headers["ETag"]
    change(slot, places_taken=1, counts_revision=1)
    assert client.get(desk, headers={"If-None-Match": tag}).status_code == 200


def test_a_steward_sees_the_slots_that_have_a_door(client):
    session = add_slot(door_minutes=45)
    visit = add_slot(format=SlotFormat.VISIT)
    online = add_slot(format=SlotFormat.ONLINE)
    path = add_link(cast.STEWARD, department=cast.TAX, for_stewards=True)[1]
    events = read(client.get(path))
    assert set(events) == {session.public_id}
    assert "签到开始：12月2日（周三）13:15" in events[session.public_id]["DESCRIPTION"]
    assert {visit.public_id, online.public_id} < held(client, add_link(cast.CLERK)[1])


# Saved filters


def test_anybody_who_signed_in_keeps_a_filter_as_a_link(client):
    fits, _other = add_slot(), add_slot(topic=Topic.SERVICE)
    hidden = add_slot(is_hidden=True)
    path = add_link(cast.VOLUNTEER, filter="topic=policy", purpose="我的手机")[1]
    answer = client.get(path)
    assert set(read(answer)) == {fits.public_id}
    assert hidden.public_id not in answer.get_data(as_text=True)
    assert answer.headers["Cache-Control"].startswith("private")
    assert client.get(path, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    assert read(answer)[fits.public_id]["TRANSP"] == "TRANSPARENT"


def test_a_filter_that_finds_nothing_ever_is_refused(app):
    with pytest.raises(NotFound):
        add_link(cast.VOLUNTEER, filter="department=none")
    with pytest.raises(NotFound):
        add_link(cast.VOLUNTEER, filter="topic=none")
    with pytest.raises(Invalid):
        add_link(cast.CONTACT, filter="topic=policy", enterprise=cast.ACME)


def test_the_page_of_a_filter_keeps_it_among_my_links(client):
    client.sign_in(cast.VOLUNTEER)
    page = client.get("/calendars/subscribe?topic=policy&places=1").get_data(as_text=True)
    assert 'name="filter"' in page
    made = client.post("/calendars/subscribe", data={"filter": "topic=policy", "detail": "brief", "purpose": "手机"})
    assert made.status_code == 200
    assert "/feeds/private/" in made.get_data(as_text=True)
    listed = client.get("/calendars").get_data(as_text=True)
    assert "送政策公开场次" in listed
    assert client.post("/calendars/subscribe", data={"filter": "topic=policy", "detail": "busy"}).status_code == 422
    assert client.post("/calendars/subscribe", data={"filter": ""}).status_code == 422
    assert client.post("/calendars/subscribe", data={"filter": "topic=x"}).status_code == 404


def test_the_page_of_a_filter_needs_no_sign_in_and_offers_every_way(client):
    page = client.get("/calendars/subscribe?department=tax&format=session").get_data(as_text=True)
    for part in (
        "webcal://127.0.0.1:8000/feeds/slots.ics?department=",
        "https://calendar.google.com/calendar/render?cid=webcal%3A%2F%2F127.0.0.1",
        "https://outlook.office.com/calendar/0/addfromweb?url=http%3A%2F%2F127.0.0.1",
        '<svg class="qr"',
        "每小时至每天",
    ):
        assert part in page, part
    assert 'name="filter"' not in page


# Changing and renewing a link


def test_a_link_is_changed_and_renewed_by_its_owner_alone(client):
    slot = add_slot()
    add_booking(slot, BookingState.CONFIRMED)
    public_id, path = add_link(cast.CONTACT)
    tag = client.get(path).headers["ETag"]
    client.sign_in(cast.STRANGER)
    for verb, address in (("get", ""), ("post", ""), ("post", "/renew")):
        assert (
            getattr(client, verb)(f"/calendars/links/{public_id}{address}", data={"detail": "busy"}).status_code == 404
        )
    client.sign_in(cast.CONTACT)
    changed = client.post(f"/calendars/links/{public_id}", data={"detail": "busy", "purpose": "共享", "locale": "en"})
    assert changed.status_code == 302
    answer = client.get(path, headers={"If-None-Match": tag})
    assert read(answer)[slot.public_id]["SUMMARY"] == "Busy"
    since = {"If-Modified-Since": answer.headers["Last-Modified"]}  # no set changed, so its time says nothing
    assert client.get(path, headers=since).status_code == 200
    assert client.post(f"/calendars/links/{public_id}", data={"detail": "none"}).status_code == 422
    renewed = client.post(f"/calendars/links/{public_id}/renew").get_data(as_text=True)
    assert client.get(path).status_code == 404
    new = renewed.split('id="link">http://127.0.0.1:8000')[1].split("<")[0]
    assert read(client.get(new))[slot.public_id]["SUMMARY"] == "Busy"
    assert "共享" in client.get("/calendars").get_data(as_text=True)
