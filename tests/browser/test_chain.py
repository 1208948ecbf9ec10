"""The main job, from publishing to calling off, by people in browsers and nobody's help."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from datetime import datetime, timedelta
from pathlib import Path

import icalendar
import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, Playwright, expect

from tests import cast
from tests.browser.camera import write_film
from tests.browser.conftest import ARGUMENTS, PHONE, sign_in, watch
from tests.factories import ZONE

TITLE = "研发费用加计扣除政策辅导"


def publish(page: Page) -> str:
    """The clerk publishes a session that begins in an hour; its id."""
    starts_at = (datetime.now(ZONE) + timedelta(minutes=65)).strftime("%Y-%m-%dT%H:%M")
    page.get_by_label("标题", exact=True).fill(TITLE)
    page.get_by_label("开始时间", exact=True).fill(starts_at)
    page.locator("button[name=action][value=publish]").click()
    page.wait_for_url(re.compile(r"/slots/[a-z2-7]{13}$"))
    return page.url.rsplit("/", 1)[1]


def book_two(page: Page) -> None:
    """The contact books for two people, from the slot's page."""
    page.get_by_role("button", name="预约", exact=True).first.click()
    page.locator("input[name=party]").fill("2")
    for number, name in enumerate(("王一", "李二")):
        field = page.locator(f"input[name='attendees-{number}-name']")
        if not field.count():
            page.get_by_role("button", name=re.compile("添加|再加")).first.click()
        page.locator(f"input[name='attendees-{number}-name']").fill(name)
    page.locator("main form[method=post] button[type=submit].btn-primary").last.click()
    page.wait_for_url(re.compile(r"/bookings/[a-z2-7]{13}$"))


def events(url: str) -> dict[str, icalendar.Event]:
    """The events of a feed by UID."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        calendar = icalendar.Calendar.from_ical(answer.read())
    return {str(event["UID"]).split("@")[0]: event for event in calendar.walk("VEVENT")}


@pytest.fixture
def gate_page(playwright_driver: Playwright, chromium: str, site: str, tmp_path: Path):
    """A steward's phone whose camera sees the picture it is given."""
    opened = []
    faults: list[str] = []

    def open_gate(picture: Path, path: str) -> Page:
        film = tmp_path / "camera.y4m"
        write_film(picture, film)
        camera = [
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",
            f"--use-file-for-fake-video-capture={film}",
        ]
        browser = playwright_driver.chromium.launch(executable_path=chromium, args=[*ARGUMENTS, *camera])
        opened.append(browser)
        context = browser.new_context(base_url=site, locale="zh-CN", viewport=PHONE, permissions=["camera"])
        page = context.new_page()
        watch(page, faults)
        sign_in(page, cast.STEWARD)
        page.goto(path)
        return page

    yield open_gate
    for browser in opened:
        browser.close()
    assert faults == []


def test_from_publishing_to_calling_off(visit, gate_page, site, tmp_path):
    clerk = visit("/desk/slots/new", cast.CLERK)
    slot = publish(clerk)
    feed = f"{site}/feeds/departments/tax.ics"
    assert events(feed)[slot]["SUMMARY"].endswith(TITLE)

    contact = visit(f"/slots/{slot}", cast.CONTACT, viewport=PHONE)
    book_two(contact)
    booking = contact.url
    tickets = contact.locator("a[href*='/t/']")
    expect(contact.locator("main")).to_contain_text("王一")
    address = tickets.first.get_attribute("href")

    attendee = visit(address, viewport=PHONE)  # no sign-in
    code = attendee.locator("main svg").first
    picture = tmp_path / "ticket.png"
    code.screenshot(path=picture)
    read = zxingcpp.read_barcodes(Image.open(picture))
    assert [barcode.text for barcode in read] == [site + re.sub(r"^https?://[^/]+", "", address)]

    steward = visit("/gates", cast.STEWARD)
    steward.locator("input[name=name]").fill("南门")
    steward.locator(f"input[type=checkbox][value='{slot}']").check()
    steward.locator("main form[method=post] button[type=submit].btn-primary").last.click()
    gate = steward.locator("a[href*='/gates/']").first.get_attribute("href")

    door = gate_page(picture, gate)
    door.locator("[data-start]").click()
    result = door.locator("[data-result]")
    expect(result).to_contain_text("签到成功", timeout=20_000)
    expect(result).to_contain_text("王一")
    expect(door.locator("[data-admitted]")).to_have_text("1")
    door.locator("[data-stop]").click()
    door.locator("#code").fill(address)
    door.locator("#code").press("Enter")
    expect(result).to_contain_text("南门", timeout=10_000)  # who admitted, and when
    expect(result).to_contain_text("请核对是否本人")
    expect(door.locator("[data-admitted]")).to_have_text("1")

    clerk.goto(f"/slots/{slot}/roster")
    expect(clerk.locator("main")).to_contain_text("王一")

    clerk.goto(f"/slots/{slot}/call-off")
    clerk.locator("[name=reason]").fill("台风停办")
    clerk.locator("main form[method=post] button[type=submit]").last.click()
    confirm = clerk.locator("dialog[open] button[type=submit], dialog[open] button.btn-danger")
    if confirm.count():
        confirm.first.click()
    expect(clerk.locator("main")).to_contain_text("台风停办")

    called_off = events(feed)[slot]
    assert (called_off["STATUS"], called_off["SUMMARY"][:5]) == ("CANCELLED", "【已取消】")
    attendee.reload()
    expect(attendee.locator("main")).to_contain_text("已取消")
    contact.goto(booking)
    expect(contact.locator("main")).to_contain_text("台风停办")
    contact.goto("/inbox")
    expect(contact.locator("main")).to_contain_text("台风停办")
