"""Every page of the demonstration as a person meets it: readable, narrow, light, and from this host only."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.conftest import watch
from tests.browser.screenshots import WALK, district, first_accounts, make_things, pair_phone, sign_in_demo

pytestmark = pytest.mark.sqlite_only

RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "resultTypes": ["violations"],
}
NARROW = {"width": 320, "height": 720}
DARK = (
    "home",
    "home-calendar",
    "slot",
    "book-on-behalf",
    "booking",
    "my-enterprise",
    "desk",
    "gate",
    "audit",
    "workdays",
)
FIRST_VISIT_MAX = 120_000


class Walk:
    """A demonstration district and one signed-in window for each role."""

    def __init__(self, browser: Browser, url: str, demo: dict[str, Any]) -> None:
        self.browser, self.url, self.faults = browser, url, list[str]()
        self.names = make_things(browser, url, demo)
        self.accounts = first_accounts(demo)
        self.pages: dict[str | None, Page] = {}

    def window(self, role: str | None) -> Page:
        """The window of a role, signed in when it is first asked for."""
        if role not in self.pages:
            page = self.pages[role] = self.context().new_page()
            watch(page, self.faults)
            if role == "phone":
                pair_phone(page, self.window("coordinator"), self.names["gate"])
            elif role:
                sign_in_demo(page, self.accounts[role])
        return self.pages[role]

    def context(self) -> BrowserContext:
        """A narrow browser of somebody new; without service workers, which keep a page in the language it had."""
        options = {"viewport": NARROW, "timezone_id": "Asia/Shanghai", "service_workers": "block"}
        return self.browser.new_context(base_url=self.url, **options)


@pytest.fixture(scope="module")
def walk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    with district(tmp_path_factory.mktemp("district")) as (url, demo):
        yield Walk(browser, url, demo)


def problems(page: Page) -> list[str]:
    """What axe finds on the page, and how far it scrolls sideways."""
    found = [
        f"{violation['id']}: {node['target']}"
        for violation in Axe().run(page, options=RULES).response["violations"]
        for node in violation["nodes"]
    ]
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [*found, *([f"scrolls sideways by {wide} px"] if wide > 0 else [])]


@pytest.mark.parametrize("language", ["zh_CN", "en"])
@pytest.mark.parametrize("stop", WALK, ids=lambda stop: stop.name)
def test_everybody_can_read_the_page(walk, stop, language):
    page = walk.window(stop.role)
    path = stop.path.format(**walk.names)
    page.goto(f"{path}{'&' if '?' in path else '?'}lang={language}")
    if stop.name in {"home-calendar", "desk-month"}:
        page.locator(".calendar-event").first.wait_for()
    assert page.locator("html").get_attribute("lang") == ("en" if language == "en" else "zh-CN")
    assert problems(page) == []
    if language == "en" and stop.name in DARK:
        page.evaluate("document.documentElement.dataset.bsTheme = 'dark'")
        page.evaluate("Promise.all(document.getAnimations().map(fading => fading.finished))")
        assert problems(page) == []
    assert walk.faults == []


def test_the_first_page_is_light(walk):
    context = walk.context()
    page = context.new_page()
    session = context.new_cdp_session(page)
    weights: list[float] = []
    session.on("Network.loadingFinished", lambda event: weights.append(event["encodedDataLength"]))
    session.send("Network.enable")
    page.goto("/", wait_until="networkidle")
    context.close()
    assert len(weights) >= 4  # the page, its style and two scripts
    assert sum(weights) < FIRST_VISIT_MAX


def test_the_header_of_a_phone_is_one_row(walk):
    for role in (None, "contact", "coordinator"):
        page = walk.window(role)
        for language in ("zh_CN", "en"):
            page.goto(f"/help?lang={language}")
            assert page.locator(".site-header").bounding_box()["height"] < 72
            assert page.locator(".site-bar").evaluate("bar => bar.scrollWidth <= bar.clientWidth")
            page.locator("details.narrow-only > summary").click()
            assert page.locator("details.narrow-only button[name=locale]").is_visible()


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_everybody_can_read_the_way_to_many_slots(walk, language):
    page = walk.window("clerk")
    page.goto(f"/desk/slots/many?lang={language}")
    page.fill("#title", "惠企政策讲堂")
    first = datetime.now(UTC).date() + timedelta(days=3)
    page.fill("#starts_on", f"{first:%Y-%m-%d}")
    page.check("input[name=every][value=day]")
    page.fill("#count", "9")
    page.fill("#first", "09:00")
    page.click("button[value=preview]:not(.visually-hidden)")
    page.locator("#preview input[name=chosen]").nth(5).wait_for()
    assert problems(page) == []
    page.click("#preview button[value=save]")
    assert problems(page) == []
    page.locator("td.actions a").nth(1).click()
    page.check("input[name=scope][value=following]")
    assert problems(page) == []
    assert walk.faults == []
