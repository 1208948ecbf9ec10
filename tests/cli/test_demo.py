"""What the demonstration district is made of speaks both languages."""

import json
from importlib.resources import files

import pytest

from eventsys.cli.demo.activity import TITLES, TITLES_EN
from eventsys.cli.demo.district import PLACES
from eventsys.slots.rules import TITLE_MAX, SlotFormat

DEPARTMENTS = json.loads(files("eventsys.cli.demo").joinpath("departments.json").read_text("utf-8"))


@pytest.mark.parametrize("department", DEPARTMENTS, ids=lambda item: item["code"])
def test_every_service_has_an_english_name_that_makes_a_title(department):
    english = department["services_en"]
    assert len(set(english)) == len(english) == len(department["services"])
    for kind in SlotFormat:
        assert all(len(TITLES_EN[kind].format(service=name)) <= TITLE_MAX for name in english)
        assert all(len(TITLES[kind].format(service=name)) <= TITLE_MAX for name in department["services"])
    assert " ".join(english).isascii()


def test_places_have_english_names():
    assert all(place[1].isascii() for place in PLACES)
