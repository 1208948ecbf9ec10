"""Parks and places."""

import pytest

from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotAllowed
from eventsys.directory import services
from eventsys.directory.commands import ParkDetails, PlaceDetails
from eventsys.directory.queries import get_park, get_place, list_parks, list_places
from tests import cast

COORDINATOR = cast.COORDINATOR.actor
PARK_ID, PLACE_ID = cast.fixed_id("k", 1), cast.fixed_id("l", 1)


def test_a_coordinator_keeps_parks(app):
    with unit_of_work():
        row = services.create_park(ParkDetails("云顶创谷", "云顶", latitude=24.4, longitude=118.1), actor=COORDINATOR)
    assert [park.name for park in list_parks("ydcg").items] == ["云顶创谷"]
    with unit_of_work():
        services.edit_park(row.public_id, ParkDetails("云顶谷"), 1, actor=COORDINATOR)
        services.set_park_active(row.public_id, False, actor=COORDINATOR)
    assert list_parks("云顶谷").items == []
    db.session.rollback()
    db.session.expire_all()
    row = get_park(row.public_id)
    assert (row.latitude, row.feed_revision, row.version) == (None, 2, 3)


def test_a_coordinator_keeps_places(app):
    details = PlaceDetails("二号厅", kind="base", park=PARK_ID, address="路1号", directions="一\r\n二", seats=40)
    with unit_of_work():
        row = services.create_place(details, actor=COORDINATOR)
    assert (row.park.name, row.directions, row.seats) == ("软件园", "一\n二", 40)
    with unit_of_work():
        services.edit_place(row.public_id, PlaceDetails("三号厅", park=""), 1, actor=COORDINATOR)
    assert get_place(row.public_id).park_id is None
    assert [place.name for place in list_places("sht").items] == ["三号厅"]


@pytest.mark.parametrize(
    ("details", "field", "code"),
    [
        (PlaceDetails(""), "name", "required"),
        (PlaceDetails("第一活动中心"), "name", "name_taken"),
        (PlaceDetails("厅", kind="moon"), "kind", "bad_choice"),
        (PlaceDetails("厅", park="aaaaaaaaaaaaa"), "park", "unknown_park"),
        (PlaceDetails("厅", seats=0), "seats", "out_of_range"),
        (PlaceDetails("厅", seats=10**20), "seats", "out_of_range"),
        (PlaceDetails("厅", latitude=91.0, longitude=0.0), "latitude", "out_of_range"),
        (PlaceDetails("厅", latitude=float("nan"), longitude=0.0), "latitude", "out_of_range"),
        (PlaceDetails("厅", latitude=1.0), "longitude", "required"),
    ],
)
def test_what_cannot_be_is_refused_by_field(app, details, field, code):
    with pytest.raises(Invalid) as refused, unit_of_work():
        services.create_place(details, actor=COORDINATOR)
    assert (refused.value.field, refused.value.code) == (field, code)


@pytest.mark.parametrize("member", [cast.CLERK, cast.CONTACT, cast.AUDITOR, cast.STEWARD], ids=lambda m: m.role)
def test_nobody_else_may(app, client, member):
    for act in (
        lambda: services.create_park(ParkDetails("x"), actor=member.actor),
        lambda: services.edit_park(PARK_ID, ParkDetails("x"), 1, actor=member.actor),
        lambda: services.set_place_active(PLACE_ID, False, actor=member.actor),
        lambda: services.create_place(PlaceDetails("x"), actor=member.actor),
    ):
        with pytest.raises(NotAllowed), unit_of_work():
            act()
    client.sign_in(member)
    assert client.get("/admin/parks").status_code == 403
    assert client.post(f"/admin/places/{PLACE_ID}/active", data={"active": "0"}).status_code == 403


def test_a_stale_save_of_a_park_or_place_is_refused(app):
    with unit_of_work():
        services.edit_park(PARK_ID, ParkDetails("甲"), 1, actor=COORDINATOR)
        services.edit_place(PLACE_ID, PlaceDetails("乙"), 1, actor=COORDINATOR)
    for act in (
        lambda: services.edit_park(PARK_ID, ParkDetails("丙"), 1, actor=COORDINATOR),
        lambda: services.edit_place(PLACE_ID, PlaceDetails("丙"), 1, actor=COORDINATOR),
    ):
        with pytest.raises(Conflict), unit_of_work():
            act()


def test_the_browser_edits_a_place(app, client):
    client.sign_in(cast.COORDINATOR)
    typed = {"name": "大厅", "kind": "centre", "park": PARK_ID, "seats": "12", "latitude": "24.4", "longitude": "118.1"}
    assert client.post(f"/admin/places/{PLACE_ID}", data=typed | {"version": "1"}).status_code == 303
    assert client.post(f"/admin/places/{PLACE_ID}", data=typed | {"version": "x"}).status_code == 409
    assert client.post(f"/admin/places/{PLACE_ID}", data=typed | {"version": "2", "seats": "many"}).status_code == 422
    assert (
        client.post(f"/admin/places/{PLACE_ID}", data=typed | {"version": "2", "park": "elsewhere"}).status_code == 422
    )
    assert client.post("/admin/parks/new", data={"name": "新园"}).status_code == 303
    assert client.post("/admin/parks/new", data={"name": "新园"}).status_code == 422
    assert get_place(PLACE_ID).seats == 12
