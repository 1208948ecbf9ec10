"""A real Chromium in front of a real server."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from tests import cast
from tests.browser.server import environment, eventsys, free_port, serving
from tests.conftest import make_config

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where the browser is; without one the test is skipped, except in CI."""
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium on this machine")
        pytest.skip("no Chromium on this machine")
    return CHROMIUM


@pytest.fixture(scope="session")
def playwright_driver(chromium: str) -> Iterator[Playwright]:
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def browser(playwright_driver: Playwright, chromium: str) -> Iterator[Browser]:
    opened = playwright_driver.chromium.launch(executable_path=chromium, args=ARGUMENTS)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def site_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of the server."""
    return tmp_path_factory.mktemp("site")


@pytest.fixture(scope="session")
def site(site_home: Path) -> Iterator[str]:
    """The address of a server whose database holds the cast; everybody's password is `cast.PASSWORD`."""
    port = free_port()
    env = environment(site_home, port)
    eventsys(env, "db", "upgrade")
    with inside(site_home, env["EVENTSYS_BASE_URL"]):
        write_cast()
    with serving(env, port) as url:
        yield url


@contextmanager
def inside(home: Path, url: str) -> Iterator[None]:
    """Within the application of a server, for what no page does: on its database, not in its process."""
    from eventsys.app import create_app
    from eventsys.core.db import db

    secret = (home / "secret_key").read_text()
    with create_app(make_config(home, secret_key=secret, base_url=url)).app_context():
        yield
        db.session.remove()
        db.engine.dispose()


def write_cast() -> None:
    """The cast with passwords, and a ticket key."""
    from eventsys.accounts.services.passwords import hash_new_password
    from eventsys.bookings.keys import ensure_signing_key
    from eventsys.core.actor import system_actor
    from eventsys.core.db import unit_of_work

    with unit_of_work():
        cast.load_cast(hash_new_password(cast.PASSWORD))
        ensure_signing_key(actor=system_actor("test"))


@pytest.fixture
def visit(browser: Browser, site: str) -> Iterator[Callable[..., Page]]:
    """Open a page as somebody: `visit("/desk", cast.CLERK, locale="en")`. Faults on the page fail the test."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def open_page(path: str, member: cast.Member | None = None, locale: str = "zh-CN", **options: Any) -> Page:
        context = browser.new_context(
            base_url=site,
            locale=locale,
            viewport=options.pop("viewport", DESKTOP),
            timezone_id="Asia/Shanghai",
            **options,
        )
        contexts.append(context)
        page = context.new_page()
        watch(page, faults)
        if member is not None:
            sign_in(page, member)
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


def watch(page: Page, faults: list[str]) -> None:
    """Note what a person would never see and must not happen: script errors, CSP reports, requests to other hosts."""
    page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
    page.on(
        "console",
        lambda message: (
            faults.append(f"{page.url}: {message.text}") if "Content Security Policy" in message.text else None
        ),
    )
    page.on(
        "request",
        lambda request: (
            faults.append(f"{page.url} asks {request.url}")
            if not request.url.startswith(("http://127.0.0.1", "data:", "blob:"))
            else None
        ),
    )


def sign_in(page: Page, member: cast.Member) -> None:
    """Sign in with the password, as the page asks."""
    page.goto("/sign-in")
    login = page.locator("input[name=login]").first
    login.fill(member.email or member.mobile or "")
    page.locator("input[name=password]").first.fill(cast.PASSWORD)
    page.locator("input[name=password]").first.press("Enter")
    page.wait_for_url(lambda url: "/sign-in" not in url)
