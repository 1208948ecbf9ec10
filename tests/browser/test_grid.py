"""The desk's calendar by mouse and by keyboard, and two clerks at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.slots.models import Slot
from eventsys.workdays.rules import OFFICIAL
from tests import cast
from tests.browser.conftest import inside
from tests.factories import ZONE, make_booking, make_slot

pytestmark = pytest.mark.sqlite_only

OPEN = {"closes_at": None, "cancel_until": None, "names_until": None, "place": None}


@pytest.fixture
def tuesday() -> date:
    """A Tuesday three weeks ahead or more, of a week without holidays that lies in one month."""
    day = now().astimezone(ZONE).date() + timedelta(days=21)
    day += timedelta(days=(1 - day.weekday()) % 7)
    while not all(OFFICIAL.is_workday(day + timedelta(days=n)) for n in range(4)) or (day + timedelta(days=3)).day < 5:
        day += timedelta(weeks=1)
    return day


@pytest.fixture
def made(site: str, site_home: Path) -> Iterator[Callable[..., str]]:
    """Makes slots on the server's database; they are called off afterwards, so that none is in another's way."""
    keys: list[str] = []

    def make(day: date, *, booked: bool = False, **changes) -> str:
        with inside(site_home, site):
            at = datetime(day.year, day.month, day.day, 9, 0, tzinfo=ZONE)
            slot = make_slot(starts_at=at, **{**OPEN, **changes})
            if booked:
                make_booking(slot)
            keys.append(slot.public_id)
            return slot.public_id

    yield make
    with inside(site_home, site):
        from eventsys.core.db import unit_of_work
        from eventsys.slots.services import delete_draft

        for key in keys:
            slot = db.session.scalars(select(Slot).where(Slot.public_id == key)).one()
            if slot.state == "draft":
                db.session.rollback()
                with unit_of_work():
                    delete_draft(key, actor=cast.CLERK.actor)
            db.session.rollback()


@pytest.fixture
def times(site: str, site_home: Path) -> Callable[[str], tuple[datetime, datetime]]:
    """When a slot starts and ends, in the database."""

    def read(key: str) -> tuple[datetime, datetime]:
        with inside(site_home, site):
            slot = db.session.scalars(select(Slot).where(Slot.public_id == key)).one()
            return slot.starts_at.astimezone(ZONE), slot.ends_at.astimezone(ZONE)

    return read


def event_of(page: Page, key: str) -> Locator:
    found = page.locator(f'[data-slot="{key}"]').first
    found.wait_for()
    found.scroll_into_view_if_needed()
    return found


def day_cell(page: Page, day: date) -> Locator:
    return page.locator(f'.desk-calendar [data-date="{day.isoformat()}"]').last


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + 4, start[1] + 4, steps=3)
    page.mouse.move(*end, steps=12)
    page.mouse.up()


def middle(box: dict[str, float]) -> tuple[float, float]:
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_draft_dragged_to_another_day_and_taken_back(visit, made, times, tuesday):
    key = made(tuesday, publish=False, title="拖动")
    page = visit(f"/desk?view=month&month={tuesday:%Y-%m}", cast.CLERK)
    event = event_of(page, key)
    drag(page, middle(event.bounding_box()), middle(day_cell(page, tuesday + timedelta(days=1)).bounding_box()))
    expect(page.locator("[data-calendar-said]")).to_contain_text("拖动")
    assert times(key)[0].date() == tuesday + timedelta(days=1)
    page.locator("[data-undo]").click()
    expect(page.locator("[data-calendar-said]")).to_be_hidden()
    assert times(key)[0].date() == tuesday


def test_the_edge_dragged_makes_it_longer(visit, made, times, tuesday):
    key = made(tuesday, publish=False)
    page = visit(f"/desk?view=week&month={tuesday:%Y-%m}", cast.CLERK)
    while not page.locator(f'[data-slot="{key}"]').count():
        page.locator(".desk-calendar .calendar-button").last.click()
        page.wait_for_timeout(300)
    event = event_of(page, key)
    event.scroll_into_view_if_needed()
    event.hover()
    box = event.bounding_box()
    edge = (box["x"] + box["width"] / 2, box["y"] + box["height"] - 2)
    drag(page, edge, (edge[0], edge[1] + box["height"]))
    expect(page.locator("[data-calendar-said]")).to_be_visible()
    start, end = times(key)
    assert start.hour == 9
    assert end - start > timedelta(minutes=90)


def test_a_booked_slot_asks_and_goes_back_when_not_agreed(visit, made, times, tuesday):
    key = made(tuesday, booked=True)
    page = visit(f"/desk?view=month&month={tuesday:%Y-%m}", cast.CLERK)
    target = day_cell(page, tuesday + timedelta(days=2))
    drag(page, middle(event_of(page, key).bounding_box()), middle(target.bounding_box()))
    ask = page.locator("#grid-ask")
    expect(ask).to_contain_text("已有1家企业预约")
    ask.locator("button").last.click()
    page.wait_for_timeout(500)
    assert times(key)[0].date() == tuesday
    drag(page, middle(event_of(page, key).bounding_box()), middle(target.bounding_box()))
    ask.locator("[data-ask-reason]").fill("场地调整")
    ask.locator("button").first.click()
    expect(page.locator("[data-calendar-said]")).to_be_visible()
    assert times(key)[0].date() == tuesday + timedelta(days=2)


def test_the_keyboard_does_all_of_it(visit, made, times, tuesday):
    key = made(tuesday, publish=False, title="键盘")
    page = visit(f"/desk?view=month&month={tuesday:%Y-%m}", cast.CLERK)
    event_of(page, key).focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("key => document.activeElement?.dataset.slot === key", arg=key)
    page.keyboard.press("Alt+ArrowDown")
    page.wait_for_function("key => document.activeElement?.dataset.slot === key", arg=key)
    expect(page.locator("#page-announcer")).to_contain_text("9:15")
    assert times(key)[0].date() == tuesday  # nothing is saved while it is carried
    page.keyboard.press("Enter")
    expect(page.locator("[data-calendar-said]")).to_contain_text("键盘")
    assert times(key)[0] == datetime(*(tuesday + timedelta(days=1)).timetuple()[:3], 9, 15, tzinfo=ZONE)
    page.wait_for_function("key => document.activeElement?.dataset.slot === key", arg=key)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Escape")
    expect(page.locator("#page-announcer")).to_contain_text("未变")
    event_of(page, key).focus()
    page.keyboard.press("m")
    page.locator("#grid-day").fill((tuesday + timedelta(days=3)).isoformat())
    page.locator("#grid-end").fill("12:00")
    page.locator("#grid-open [data-open-move]").click()
    expect(page.locator("[data-calendar-said]")).to_contain_text("12:00")
    assert [at.hour for at in times(key)] == [9, 12]
    assert times(key)[0].date() == tuesday + timedelta(days=3)


def test_the_second_of_two_clerks_is_told_who_was_first(visit, made, times, tuesday):
    key = made(tuesday, publish=False)
    address = f"/desk?view=month&month={tuesday:%Y-%m}"
    first, second = visit(address, cast.CLERK), visit(f"{address}&department=tax", cast.COORDINATOR)
    for page in (first, second):
        event_of(page, key)
    for page, days in ((first, 1), (second, 2)):
        target = day_cell(page, tuesday + timedelta(days=days))
        drag(page, middle(event_of(page, key).bounding_box()), middle(target.bounding_box()))
        page.wait_for_timeout(600)
    expect(second.locator("[data-calendar-message]")).to_contain_text(cast.CLERK.name)
    assert times(key)[0].date() == tuesday + timedelta(days=1)
    box, cell = (item.bounding_box() for item in (event_of(second, key), day_cell(second, tuesday + timedelta(days=1))))
    assert cell["x"] <= middle(box)[0] <= cell["x"] + cell["width"]  # it stands where the first has put it
