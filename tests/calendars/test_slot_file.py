"""One slot as a file of one event."""

import pytest

from eventsys.directory.rules import Topic
from eventsys.slots.rules import AudienceKind, SlotFormat, SlotState
from tests import cast
from tests.calendars.conftest import add_booking, add_slot, change, read


def test_everybody_may_take_a_public_slot_home(client):
    slot = add_slot()
    answer = client.get(f"/slots/{slot.public_id}.ics")
    assert set(read(answer)) == {slot.public_id}
    assert answer.content_type == "text/calendar; charset=utf-8"
    assert answer.headers["Content-Disposition"] == f'inline; filename="{slot.public_id}.ics"'
    raw = answer.get_data(as_text=True)
    for word in ("METHOD", "X-WR-CALNAME", "REFRESH-INTERVAL", "VALARM"):
        assert f"\r\n{word}" not in raw
    known = {"If-None-Match": answer.headers["ETag"]}
    assert client.get(f"/slots/{slot.public_id}.ics", headers=known).status_code == 304
    change(slot, state=SlotState.CALLED_OFF, called_off_at=slot.starts_at, sequence=2)
    called_off = client.get(f"/slots/{slot.public_id}.ics", headers=known)
    assert read(called_off)[slot.public_id]["STATUS"] == "CANCELLED"


def test_it_is_the_same_event_as_in_the_feed(client):
    slot = add_slot(services=[1], supporting=[cast.SCIENCE])
    alone = read(client.get(f"/slots/{slot.public_id}.ics"))[slot.public_id]
    assert alone.to_ical() == read(client.get("/feeds/all.ics"))[slot.public_id].to_ical()


@pytest.mark.parametrize(
    ("member", "status"),
    [
        (None, 404),
        (cast.CONTACT, 404),
        (cast.STRANGER_CLERK, 404),
        (cast.VOLUNTEER, 404),
        (cast.CLERK, 200),
        (cast.STEWARD, 200),
        (cast.COORDINATOR, 200),
    ],
)
def test_a_hidden_slot_exists_for_who_may_see_it(client, member, status):
    slot = add_slot(audience_kind=AudienceKind.NAMED)
    if member:
        client.sign_in(member)
    answer = client.get(f"/slots/{slot.public_id}.ics")
    assert answer.status_code == status
    if status == 200:
        assert answer.headers["Cache-Control"] == "private, no-store"


def test_a_care_visit_exists_for_those_it_is_for(client):
    slot = add_slot(
        topic=Topic.CARE,
        format=SlotFormat.VISIT,
        audience_kind=AudienceKind.FILTERED,
        audience={"parks": [cast.SOFTWARE_PARK]},
    )
    add_booking(slot)
    assert client.sign_in(cast.CONTACT).get(f"/slots/{slot.public_id}.ics").status_code == 200
    assert client.sign_in(cast.STRANGER).get(f"/slots/{slot.public_id}.ics").status_code == 404


@pytest.mark.parametrize("name", ["x", "a" * 13, "%00", "税务", "' OR 1=1"])
def test_what_is_no_slot_is_404(client, name):
    assert client.get(f"/slots/{name}.ics").status_code == 404


def test_a_draft_is_no_event_not_even_for_its_clerk(client):
    slot = add_slot(state=SlotState.DRAFT)
    assert client.get(f"/slots/{slot.public_id}.ics").status_code == 404
    assert client.sign_in(cast.CLERK).get(f"/slots/{slot.public_id}.ics").status_code == 404
