"""The camera at the door reads tickets as they are held: dim, tilted, small, on a cracked screen."""

from __future__ import annotations

from pathlib import Path

import pytest
import qrcode
from playwright.sync_api import Playwright, expect

from tests import cast
from tests.browser.camera import write_film
from tests.browser.conftest import ARGUMENTS, PHONE, inside, sign_in, watch
from tests.factories import code_for, make_booking, make_gate, make_slot

HELD = {
    "dim": {"light": 0.22},
    "tilted": {"tilt": 33.0},
    "small": {"size": 190, "tilt": 3.0},
    "cracked": {"cracks": 5, "tilt": 10.0},
}


@pytest.fixture(scope="module")
def tickets(site: str, site_home: Path) -> tuple[str, dict[str, str]]:
    """The address of a gate, and a ticket's address for each way of holding it."""
    from datetime import timedelta

    from eventsys.core.clock import now

    with inside(site_home, site):
        times = {"closes_at": None, "cancel_until": None, "names_until": None}
        slot = make_slot(title="摄像头", starts_at=now() + timedelta(minutes=40), attendee_capacity=20, **times)
        booking = make_booking(slot, names=tuple(f"某{name}" for name in HELD), party=4)
        gate, _token = make_gate(slot)
        codes = {name: f"{site}/t/{code_for(booking, number)}" for number, name in enumerate(HELD)}
        return f"/gates/{gate.public_id}", codes


@pytest.mark.parametrize("held", HELD)
def test_reads_a_ticket(
    playwright_driver: Playwright,
    chromium: str,
    site: str,
    tickets: tuple[str, dict[str, str]],
    tmp_path: Path,
    held: str,
) -> None:
    gate, codes = tickets
    code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, border=4)
    code.add_data(codes[held])
    code.make_image().save(tmp_path / "ticket.png")
    write_film(tmp_path / "ticket.png", tmp_path / "film.y4m", **HELD[held])
    camera = [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={tmp_path / 'film.y4m'}",
    ]
    faults: list[str] = []
    browser = playwright_driver.chromium.launch(executable_path=chromium, args=[*ARGUMENTS, *camera])
    try:
        context = browser.new_context(base_url=site, locale="zh-CN", viewport=PHONE, permissions=["camera"])
        page = context.new_page()
        watch(page, faults)
        sign_in(page, cast.STEWARD)
        page.goto(gate)
        page.locator("[data-start]").click()
        expect(page.locator("[data-result]")).to_contain_text(f"某{held}", timeout=20_000)
        expect(page.locator("[data-result]")).to_contain_text("签到成功")
    finally:
        browser.close()
    assert faults == []
