"""The editor begins at a time that an enterprise proposed."""

import re
from datetime import timedelta

import pytest

from tests import cast
from tests.factories import ZONE, make_slot


@pytest.fixture
def slot(app):
    return make_slot()


def edited(client, slot, **arguments):
    page = client.sign_in(cast.CLERK).get(f"/slots/{slot.public_id}/edit", query_string=arguments)
    assert page.status_code == 200
    (field,) = re.findall(r'<input[^>]* name="starts_at"[^>]*>', page.text)
    return re.search(r'value="([^"]*)"', field)[1]


def test_the_form_is_filled_with_the_time_proposed(slot, client):
    proposed = slot.starts_at + timedelta(days=1, minutes=30)
    assert edited(client, slot, starts_at=proposed.isoformat()) == f"{proposed.astimezone(ZONE):%Y-%m-%dT%H:%M}"


@pytest.mark.parametrize("nonsense", ["", "tomorrow", "2026-12-03T14:00", "𠮷", "9999-99-99T00:00:00Z"])
def test_nonsense_leaves_the_slots_own_time(slot, client, nonsense):
    assert edited(client, slot, starts_at=nonsense) == f"{slot.starts_at.astimezone(ZONE):%Y-%m-%dT%H:%M}"
