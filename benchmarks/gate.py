"""The gate in a browser: frames decoded a second with a camera of 30, and a roster of 5,000 tickets on a slow phone.

The browser's processor is throttled to a quarter for the roster, as a phone's is; a bare loop says what that means.
"""

from __future__ import annotations

import statistics
import tempfile
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import qrcode
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from eventsys.bookings.models import Booking
from eventsys.slots.models import Slot
from tests import cast
from tests.browser.camera import write_film
from tests.browser.conftest import ARGUMENTS, CHROMIUM, PHONE, inside, sign_in, write_cast
from tests.browser.server import environment, eventsys, free_port, serving
from tests.factories import code_for, make_booking, make_gate, make_slot

TICKETS = 5_000
PARTY = 500
THROTTLE = 4
FRAMES = 30
SECONDS = 6
ROUNDS = 5

COUNT = """() => {
  window.frames_seen = 0; window.longest = 0;
  const Plain = window.Worker;
  window.Worker = class extends Plain {
    constructor(...given) { super(...given); this.addEventListener("message", () => (window.frames_seen += 1)); }
  };
  const note = (entry) => (window.longest = Math.max(window.longest, entry.duration));
  new PerformanceObserver((list) => list.getEntries().forEach(note))
    .observe({ type: "longtask", buffered: false });
}"""
LOOP = """() => {
  const started = performance.now();
  let sum = 0;
  for (let i = 0; i < 2e7; i++) sum += i % 7;
  return performance.now() - started;
}"""
LOAD = """() => new Promise((resolve) => {
  const look = () => {
    const isAll = document.querySelector("[data-expected]")?.textContent === "%d";
    if (isAll && document.querySelector("[data-ready]")?.hidden === false) resolve(performance.now());
    else setTimeout(look, 10);
  };
  look();
})"""  # since the page began to load


def measure() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        home, port = Path(folder), free_port()
        env = environment(home, port)
        eventsys(env, "db", "upgrade")
        with inside(home, env["EVENTSYS_BASE_URL"]):
            write_cast()
            gate, link, code = _door(f"http://127.0.0.1:{port}")
        with serving(env, port) as url:
            _frames(driver, url, gate, code, home)
            browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            _roster(browser, url, link)
            browser.close()


def _door(url: str) -> tuple[str, str, str]:
    """A gate of a slot with many tickets: its address, a link for phones, and a ticket's address."""
    from eventsys.checkin.services import offer_pairing
    from eventsys.core.clock import now
    from eventsys.core.db import unit_of_work

    times = {"closes_at": None, "cancel_until": None, "names_until": None}
    slot = make_slot(
        starts_at=now() + timedelta(minutes=40), capacity=50, attendee_capacity=None, party_max=None, **times
    )
    code = ""
    for member in _members(TICKETS // PARTY):
        booking = _booked(slot, member)
        code = f"{url}/t/{code_for(booking)}"
    gate, _token = make_gate(slot)
    with unit_of_work():
        _pairing, secret = offer_pairing(gate.public_id, may_override=False, may_search=False, actor=cast.CLERK.actor)
    return f"/gates/{gate.public_id}", f"/gate/open/{secret}", code


def _booked(slot: Slot, member: cast.Member) -> Booking:
    """A party; among thousands of codes one is drawn twice now and then, and the booking is asked for again."""
    from eventsys.core.db import Busy

    while True:
        with suppress(Busy):
            return make_booking(slot, member, names=tuple(f"王{number}" for number in range(PARTY)))


def _members(count: int) -> list[cast.Member]:
    """Contacts of so many enterprises more."""
    from eventsys.core.actor import Role
    from eventsys.core.db import db, unit_of_work
    from eventsys.directory.models import Enterprise

    with unit_of_work():
        rows = [Enterprise(credit_code=f"91350299MB{number:08}", name=f"第{number}公司") for number in range(count)]
        db.session.add_all(rows)
        db.session.flush()
        return [cast.Member(4, "联系人", Role.CONTACT, enterprise=row.id) for row in rows]


def _frames(driver: Playwright, url: str, gate: str, code: str, home: Path) -> None:
    picture = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, border=4)
    picture.add_data(code)
    picture.make_image().save(home / "ticket.png")
    for what, size in (("a ticket in view", 360), ("nothing in view", 1)):
        write_film(home / "ticket.png", home / "film.y4m", size=size, frames=FRAMES)
        camera = [
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",
            f"--use-file-for-fake-video-capture={home / 'film.y4m'}",
        ]
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, *camera])
        page = browser.new_context(base_url=url, viewport=PHONE, permissions=["camera"]).new_page()
        page.add_init_script(f"({COUNT})()")
        sign_in(page, cast.STEWARD)
        page.goto(gate)
        page.locator("[data-start]").click()
        page.wait_for_timeout(2_000)
        before = page.evaluate("window.longest = 0, window.frames_seen")
        page.wait_for_timeout(SECONDS * 1000)
        frames, longest = page.evaluate("[window.frames_seen, window.longest]")
        rate = (frames - before) / SECONDS
        held_up = f"page held up {longest:.0f} ms at most"
        print(f"{what:<24}{rate:>10.1f} /s{rate / FRAMES:>10.1%} of the camera's {FRAMES}; {held_up}")
        browser.close()


def _roster(browser: Browser, url: str, link: str) -> None:
    context = browser.new_context(base_url=url, viewport=PHONE)
    page = context.new_page()
    page.goto(link)
    page.locator("input[name=name]").fill("手机")
    page.locator("main form button[type=submit]").click()
    page.wait_for_url("**/gate/")
    page.locator("[data-ready]").wait_for(timeout=60_000)
    loops, fresh, kept = [], [], []
    for _ in range(ROUNDS):
        _forget_roster(page)
        fresh.append(_load(page, cached=False))
        kept.append(_load(page))
        loops.append(page.evaluate(LOOP))
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 1})
    plain = statistics.median(page.evaluate(LOOP) for _ in range(ROUNDS))
    slower = statistics.median(loops) / plain
    first, again = statistics.median(fresh), statistics.median(kept)
    print(f"a roster of {TICKETS:,} from the server {first:.2f} s, from the phone {again:.2f} s")
    print(f"  ({first / 2:.0%} of the limit of 2 s; the browser {slower:.1f} times slower than it is)")


def _forget_roster(page: Page) -> None:
    page.evaluate(
        """() => new Promise((resolve) => { const open = indexedDB.open("eventsys-gate"); open.onsuccess = () => {
             const change = open.result.transaction("kept", "readwrite"); change.objectStore("kept").delete("roster");
             change.oncomplete = () => { open.result.close(); resolve(); }; }; })"""
    )


def _load(page: Page, *, cached: bool = True) -> float:
    """Seconds from opening the page until it is ready with every ticket."""
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": THROTTLE})
    session.send("Network.setCacheDisabled", {"cacheDisabled": not cached})
    page.reload(wait_until="commit")
    took: float = page.evaluate(LOAD % TICKETS)
    return took / 1000
