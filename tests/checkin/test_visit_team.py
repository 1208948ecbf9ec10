"""The visiting team scans the enterprise's code, and keeps photos with the record."""

from datetime import timedelta
from io import BytesIO

import pytest
import time_machine
from PIL import Image
from sqlalchemy import select

from eventsys.bookings.queries.visit_links import team_token, visit_token
from eventsys.bookings.services import cancel_booking
from eventsys.checkin.models import VisitPhoto
from eventsys.checkin.queries import find_record
from eventsys.checkin.rules import PHOTOS_MAX, VisitSide
from eventsys.checkin.services import add_photo, confirm_by_code, confirm_by_link, confirm_visit, leave_by_code
from eventsys.core.actor import ANYBODY
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotFound
from eventsys.slots.rules import SlotFormat
from eventsys.web.pictures import LONGEST_SIDE, shrink
from tests import cast
from tests.factories import make_booking, make_slot


@pytest.fixture
def slot(app):
    return make_slot(format=SlotFormat.VISIT, capacity=1)


@pytest.fixture
def booking(slot):
    return make_booking(slot)


@pytest.fixture
def there(slot, booking):
    with time_machine.travel(slot.starts_at - timedelta(minutes=10), tick=False) as traveller:
        yield traveller


def arrive(booking, *names, token=None, reason=""):
    with unit_of_work():
        return confirm_by_code(token or team_token(booking), names, reason, actor=ANYBODY)


def leave(booking):
    with unit_of_work():
        return leave_by_code(team_token(booking), actor=ANYBODY)


class TestTheCode:
    def test_who_came_when_they_arrived_and_left(self, booking, there, slot):
        record = arrive(booking, "科长甲", "科员乙")
        assert (record.confirmed_as, record.confirmed_by, record.team) == (
            VisitSide.TEAM,
            "科长甲",
            ["科长甲", "科员乙"],
        )
        there.shift(timedelta(minutes=60))
        assert leave(booking).departed_at - record.arrived_at == timedelta(minutes=60)
        there.shift(timedelta(minutes=5))
        assert leave(booking).departed_at - record.arrived_at == timedelta(minutes=60)

    def test_twice_is_once_whoever_was_first(self, booking, there):
        with unit_of_work():
            confirm_by_link(visit_token(booking), "前台", actor=ANYBODY)
        assert arrive(booking, "科长甲").confirmed_as is VisitSide.HOST

    def test_needs_a_name_and_the_right_code(self, booking, there):
        with pytest.raises(Invalid):
            arrive(booking)
        for wrong in (visit_token(booking), "nothing"):
            with pytest.raises(NotFound):
                arrive(booking, "科长甲", token=wrong)
        with pytest.raises(NotFound):
            leave(booking)
        with pytest.raises(Invalid):
            arrive(booking, "长" * 61)
        assert find_record(booking.id) is None

    def test_a_cancelled_visit_has_none(self, booking, there):
        token = team_token(booking)
        with unit_of_work():
            cancel_booking(booking.public_id, reason="有事", actor=cast.CONTACT.actor)
        with pytest.raises(NotFound):
            arrive(booking, "科长甲", token=token)

    def test_the_host_shows_it_and_the_page_works_without_an_account(self, booking, there, client):
        assert "qr-large" in client.get(f"/v/{visit_token(booking)}").text
        address = f"/w/{team_token(booking)}"
        assert client.get(address).status_code == 200
        assert find_record(booking.id) is None
        assert client.post(address, data={"others": ""}).status_code == 422
        assert client.post(address, data={"others": "科长甲，科员𠮷"}).status_code == 303
        assert "科员𠮷" in client.get(address).text
        assert client.post(f"{address}/leave").status_code == 303
        assert client.get("/w/nothing").status_code == 404
        assert client.post("/w/nothing/leave").status_code == 404


def photo(size=(3000, 2000), kind="JPEG", mode="RGB", **options):
    kept = BytesIO()
    Image.new(mode, size, "teal").save(kept, kind, **options)
    return kept.getvalue()


class TestPhotos:
    def test_they_are_made_small_upright_and_forget_where_they_were_taken(self):
        exif = Image.Exif()
        exif[0x0112] = 6  # turned by a quarter
        exif[0x010F] = "SecretPhone"
        exif.get_ifd(0x8825)[1] = "N"
        width, height, small = shrink(photo(exif=exif), "photos")
        assert (width, height) == (1067, LONGEST_SIDE)
        with Image.open(BytesIO(small)) as opened:
            assert (opened.size, opened.format, dict(opened.getexif())) == ((width, height), "JPEG", {})
        assert b"SecretPhone" not in small

    @pytest.mark.parametrize("kind", ["PNG", "WEBP"])
    def test_other_kinds_become_jpeg(self, kind):
        assert shrink(photo((40, 30), kind, "RGBA"), "photos")[:2] == (40, 30)

    @pytest.mark.parametrize("content", [b"", b"no photo", photo()[:200], b"<svg/>", photo((4, 4), "GIF", "P")])
    def test_what_is_no_photo_is_refused(self, content):
        with pytest.raises(Invalid) as refused:
            shrink(content, "photos")
        assert refused.value.field == "photos"

    def test_through_the_page(self, booking, there, client):
        client.sign_in(cast.CLERK)
        address = f"/bookings/{booking.public_id}/record"
        send = {"photos": [(BytesIO(photo((50, 40))), "a.jpg"), (BytesIO(b"nothing"), "b.jpg")]}
        assert client.post(f"{address}/photos", data=dict(send)).status_code == 404  # no record yet
        with unit_of_work():
            confirm_visit(booking.public_id, actor=cast.CLERK.actor)
        two = {"photos": [(BytesIO(photo((50, 40))), "a.jpg"), (BytesIO(b"nothing"), "b.jpg")]}
        assert client.post(f"{address}/photos", data=two).status_code == 422
        assert client.post(f"{address}/photos", data={}).status_code == 422
        db.session.rollback()
        kept = db.session.scalars(select(VisitPhoto.public_id)).one()
        picture = client.get(f"{address}/photos/{kept}")
        assert (picture.status_code, picture.content_type) == (200, "image/jpeg")
        assert kept in client.get(address).text
        for member in (cast.STRANGER_CLERK, cast.CONTACT):
            client.sign_in(member)
            assert client.get(f"{address}/photos/{kept}").status_code in {403, 404}
        client.sign_in(cast.CLERK)
        for _ in range(2):
            assert client.post(f"{address}/photos/{kept}/remove").status_code == 303
        assert client.get(f"{address}/photos/{kept}").status_code == 404

    def test_not_without_end(self, booking, there):
        with unit_of_work():
            confirm_visit(booking.public_id, actor=cast.CLERK.actor)
            for _ in range(PHOTOS_MAX):
                add_photo(booking.public_id, 1, 1, b"x", actor=cast.CLERK.actor)
        with pytest.raises(Conflict, match="too_many_photos"), unit_of_work():
            add_photo(booking.public_id, 1, 1, b"x", actor=cast.CLERK.actor)
