"""The page of a slot that is still closed opens by itself, without being loaded again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from tests import cast
from tests.browser.conftest import inside

SLOW = 60_000  # milliseconds on a busy machine
ANNOUNCED = "#page-announcer"


@pytest.fixture
def opening(site, site_home):
    """`opening(seconds)`: the address of a slot whose window opens by then; `opening(seconds, slot)` moves it."""
    from eventsys.core.clock import now
    from eventsys.core.db import db, unit_of_work
    from eventsys.slots.models import Slot
    from tests.factories import make_slot

    def open_in(seconds: int, path: str = "") -> str:
        opens_at = now() + timedelta(seconds=seconds)
        with inside(site_home, site):
            if not path:
                return f"/slots/{make_slot(opens_at=opens_at, place=None, capacity=7).public_id}"
            with unit_of_work():
                slot = db.session.query(Slot).where(Slot.public_id == path.rsplit("/", 1)[1]).one()
                slot.opens_at = opens_at
        return path

    return open_in


def asked(page: Page) -> list[str]:
    """The paths that the page asks from now on."""
    paths: list[str] = []
    page.on("request", lambda request: paths.append(request.url.split("/", 3)[3]))
    return paths


def book(page: Page):
    return page.get_by_role("button", name="预约", exact=True)


def test_it_opens_by_itself(visit, opening):
    page = visit("/", cast.CONTACT)
    path = opening(8)
    paths = asked(page)
    page.goto(path)
    expect(page.locator("[data-opening-left]")).to_contain_text("距开始预约还有0小时00分0")
    expect(page.locator("[data-opening-again]")).to_be_hidden()
    expect(book(page)).to_have_count(0)
    expect(book(page)).to_be_visible(timeout=SLOW)
    expect(page.locator("[data-opening-said]")).to_have_text("现已开始预约。剩余名额：7家")
    expect(page.locator(ANNOUNCED)).to_have_text("现已开始预约。剩余名额：7家")
    expect(page.locator("[data-opening-left]")).to_be_hidden()
    expect(page.get_by_text("未开始", exact=False)).to_be_hidden()
    assert paths.count(path[1:]) == 1
    assert 1 <= paths.count(f"{path[1:]}/window.json") <= 4
    book(page).click()
    page.wait_for_url(lambda url: url.endswith("/book"))


def test_who_finds_no_turn_waits_without_seeing_an_error(visit, opening):
    page = visit("/", cast.CONTACT)
    page.goto(opening(-60))
    answers = iter([503, 503])

    def busy(route):
        status = next(answers, None) if route.request.method == "POST" else None
        if status is None:
            route.continue_()
        else:
            route.fulfill(status=status, headers={"Retry-After": "1"}, body="系统繁忙")

    page.route("**/holds", busy)
    book(page).click()
    expect(page.locator(ANNOUNCED)).to_have_text("当前预约人数较多，请稍候，系统会自动为您提交。")
    page.wait_for_url(lambda url: url.endswith("/book"), timeout=SLOW)
    assert list(answers) == []


def test_it_follows_when_the_moment_is_moved(visit, opening):
    path = opening(86_400 * 3 + 30)
    page = visit(path)
    expect(page.locator("[data-opening-left]")).to_have_text("距开始预约还有3天0小时00分")
    opening(2, path)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # looked at again after a while
    expect(page.get_by_role("link", name="预约", exact=True)).to_be_visible(timeout=SLOW)


@pytest.mark.parametrize("hours", [-9, 9])
def test_the_clock_of_the_device_may_be_wrong(visit, opening, hours):
    page = visit("/")
    page.add_init_script(f"Date.now = ((now) => () => now() + {hours * 3_600_000})(Date.now)")
    page.goto(opening(3_620))
    expect(page.locator("[data-opening-left]")).to_contain_text("距开始预约还有1小时00分")


def test_without_a_script_a_sentence_and_a_link_do(visit, opening):
    path = opening(5)
    page = visit(path, java_script_enabled=False)
    expect(page.locator("[data-opening-said]")).to_contain_text("本场将于")
    expect(page.locator("[data-opening-left]")).to_be_hidden()
    again = page.get_by_role("link", name="届时请重新打开本页。")
    expect(again).to_be_visible()
    page.wait_for_timeout(5_500)
    again.click()
    expect(page.get_by_role("link", name="预约", exact=True)).to_be_visible()
