"""`make screenshots`: walk the demonstration district in a real Chromium and write what people see to screenshots/.

Each page is taken on a phone and at a desk, in Chinese and English; `--only NAME` takes those whose name contains it.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from playwright.sync_api import APIRequestContext, Browser, Page, sync_playwright

from tests.browser.conftest import ARGUMENTS, CHROMIUM, DESKTOP, PHONE
from tests.browser.server import environment, eventsys, free_port, serving

FOLDER = Path("screenshots")
LANGUAGES = {"zh": "zh-CN", "en": "en-GB"}
SIZES = {"phone": PHONE, "desktop": DESKTOP}


@dataclass(frozen=True)
class Stop:
    """A page on the walk as `role` sees it; `path` may hold the names that `make_things` gives."""

    name: str
    path: str
    role: str | None = None


WALK = (
    Stop("home", "/"),
    Stop("home-calendar", "/?view=calendar"),
    Stop("slot", "/slots/{slot}"),
    Stop("edition", "/editions/{edition}"),
    Stop("ballot", "/slots/{ballot}/ballot"),
    Stop("ballot-drawn", "/slots/{drawn}/ballot"),
    Stop("sign-in", "/sign-in"),
    Stop("apply", "/apply"),
    Stop("help", "/help"),
    Stop("privacy", "/privacy"),
    Stop("not-found", "/slots/nothing"),
    Stop("api-docs", "/api/v1/docs"),
    Stop("book", "/slots/{slot}/book", "contact"),
    Stop("booking", "/bookings/{booking}", "contact"),
    Stop("booking-attendees", "/bookings/{booking}/attendees", "contact"),
    Stop("booking-cancel", "/bookings/{booking}/cancel", "contact"),
    Stop("booking-move", "/bookings/{booking}/move", "contact"),
    Stop("booking-hand-over", "/bookings/{booking}/hand-over", "contact"),
    Stop("slot-full", "/slots/{full}", "contact"),
    Stop("book-waiting", "/slots/{full}/book", "contact"),
    Stop("book-held", "/slots/{held}/book", "contact"),
    Stop("booking-waiting", "/bookings/{waiting}", "contact"),
    Stop("booking-offer", "/bookings/{offered}/offer", "contact"),
    Stop("bookings", "/bookings", "contact"),
    Stop("my-enterprise", "/my", "contact"),
    Stop("colleagues", "/my/colleagues", "contact"),
    Stop("requests", "/requests", "contact"),
    Stop("request-new", "/requests/new", "contact"),
    Stop("visit-answer", "/bookings/{visit}/visit", "contact"),
    Stop("visit-booking", "/bookings/{visit}", "contact"),
    Stop("no-shows", "/no-shows", "contact"),
    Stop("inbox", "/inbox", "contact"),
    Stop("calendars", "/calendars", "contact"),
    Stop("calendar-link", "/calendars/links/{feed_link}", "contact"),
    Stop("calendar-import", "/calendars/import", "clerk"),
    Stop("calendar-busy", "/calendars/busy", "clerk"),
    Stop("calendar-subscribe", "/calendars/subscribe?topic=policy&format=session"),
    Stop("account", "/account", "contact"),
    Stop("ticket", "{ticket}"),
    Stop("desk", "/desk", "clerk"),
    Stop("desk-month", "/desk?view=month", "clerk"),
    Stop("desk-week", "/desk?view=week", "clerk"),
    Stop("slot-new", "/desk/slots/new", "clerk"),
    Stop("slots-many", "/desk/slots/many", "clerk"),
    Stop("slot-templates", "/desk/templates", "clerk"),
    Stop("slots-import", "/desk/slots/import", "clerk"),
    Stop("slots-copied", "/desk/slots/copy-month", "clerk"),
    Stop("slot-edit", "/slots/{own}/edit", "clerk"),
    Stop("slot-hand-over", "/slots/{own}/hand-over", "clerk"),
    Stop("slot-call-off", "/slots/{own}/call-off", "clerk"),
    Stop("slot-notice", "/slots/{own}/notice", "clerk"),
    Stop("book-on-behalf", "/slots/{own}/book", "clerk"),
    Stop("booking-pending", "/bookings/{pending}", "clerk"),
    Stop("booking-decline", "/bookings/{pending}/decline", "clerk"),
    Stop("roster", "/slots/{own}/roster", "clerk"),
    Stop("visit-register", "/visits/register?month={visit_month}", "coordinator"),
    Stop("visit-to-confirm", "/bookings/{visited}/record", "coordinator"),
    Stop("arrivals", "/slots/{slot}/live", "coordinator"),
    Stop("arrivals-wall", "/slots/{slot}/live?wall=1", "coordinator"),
    Stop("attendance", "/slots/{past}/attendance", "coordinator"),
    Stop("attendance-to-come", "/slots/{door_slot}/attendance", "clerk"),
    Stop("visit-team-dead", "/w/nothing"),
    Stop("rating-dead", "/r/nothing"),
    Stop("badges", "/slots/{slot}/badges", "coordinator"),
    Stop("walk-in", "/slots/{door_slot}/walk-in", "clerk"),
    Stop("sign-in-list", "/slots/{own}/sign-in", "clerk"),
    Stop("requests-to-answer", "/requests", "clerk"),
    Stop("edition-submit", "/desk/editions/{edition}", "clerk"),
    Stop("visit-new", "/desk/visits/new?enterprise={enterprise}", "clerk"),
    Stop("visit-record", "/bookings/{visit}/visit", "clerk"),
    Stop("visit-notice", "/slots/{visit_slot}/visit-notice", "clerk"),
    Stop("explanations", "/no-shows", "clerk"),
    Stop("gates", "/gates", "steward"),
    Stop("gate", "/gates/{gate}", "steward"),
    Stop("gate-devices", "/gates/{gate}/devices", "coordinator"),
    Stop("gate-phone", "/gate/", "phone"),
    Stop("gate-venue", "/gates/{gate}/venue", "steward"),
    Stop("yourself", "{venue}"),
    Stop("walk-in-yourself", "{venue}/walk-in"),
    Stop("yourself-dead", "/c/nothing"),
    Stop("gate-open", "/gate/open/nothing"),
    Stop("door", "/slots/{slot}/door", "steward"),
    Stop("conflicts", "/slots/{slot}/conflicts", "coordinator"),
    Stop("coordinator-desk", "/desk", "coordinator"),
    Stop("district-grid", "/desk?view=district", "coordinator"),
    Stop("editions", "/desk/editions", "coordinator"),
    Stop("edition-new", "/desk/editions/new", "coordinator"),
    Stop("edition-collection", "/desk/editions/{edition}", "coordinator"),
    Stop("enterprises", "/admin/enterprises", "coordinator"),
    Stop("enterprise-merge", "/admin/enterprises/{enterprise}/merge?q=9135", "coordinator"),
    Stop("department-settings", "/admin/departments/tax/settings", "coordinator"),
    Stop("applications", "/admin/applications", "coordinator"),
    Stop("workdays", "/admin/workdays/", "coordinator"),
    Stop("workdays-provisional", "/admin/workdays/?year=2027", "auditor"),
    Stop("workdays-change", "/admin/workdays/days?first={day}&kind=closed&name=台风停工", "coordinator"),
    Stop("workdays-import", "/admin/workdays/import", "coordinator"),
    Stop("workdays-slots", "/admin/workdays/slots", "coordinator"),
    Stop("departments", "/admin/departments", "administrator"),
    Stop("department-new", "/admin/departments/new", "administrator"),
    Stop("settings", "/admin/settings", "administrator"),
    Stop("people", "/admin/people", "administrator"),
    Stop("imports", "/admin/imports/enterprises", "administrator"),
    Stop("audit", "/admin/audit", "auditor"),
)


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="pages whose name contains this")
    only = parser.parse_args().only
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as home, sync_playwright() as driver, district(Path(home)) as (url, demo):
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        names = make_things(browser, url, demo)
        for page, where in _walkers(browser, url, demo, names["gate"]):
            _walk(page, where, names, only)
        browser.close()


@contextmanager
def district(home: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The address of a server with the demonstration district, and what the demonstration says of itself."""
    port = free_port()
    env = environment(home, port)
    eventsys(env, "db", "upgrade")
    eventsys(env, "demo", "load", "--json", str(home / "demo.json"))
    demo = json.loads((home / "demo.json").read_text("utf-8"))
    with serving(env, port) as url:
        yield url, demo


def make_things(browser: Browser, url: str, demo: dict[str, Any]) -> dict[str, str]:
    """What the walk looks at, made through the API: a booking with two attendees and a gate of its slot, the clerk's
    slot, and bookings that wait, are offered, pending and held."""
    request = browser.new_context(base_url=url).request
    call = Caller(request, demo["tokens"])
    slot = demo["slots"][0]
    booking = call("contact", "/bookings", {"slot": slot, "attendees": [{"name": "林女士"}, {"name": "陈先生"}]})
    gate = call("coordinator", "/gates", {"name": "南门", "slots": [slot]})
    ticket = booking["tickets"][0]["url"].removeprefix(url)
    codes = [booking["tickets"][0]["code"], "222222"]  # let in by a gate that was offline, long before the slot
    queued = [{"code": code, "nonce": uuid4().hex, "gate": gate["id"], "device": "手机1"} for code in codes]
    call("coordinator", "/checkins/batch", queued)
    names = {"booking": booking["id"], "ticket": ticket, "gate": gate["id"], "slot": slot, "own": _own_slot(request)}
    names["enterprise"] = booking["enterprise"]["id"]
    names["drawn"], names["ballot"] = demo["ballots"]
    names["edition"] = demo["editions"][0]
    names["visit"] = demo["visits"][0]
    names["visit_slot"] = call.own("contact", f"/bookings/{names['visit']}")["slot"]
    names["day"] = call.read(f"/slots/{names['own']}")["starts_at"][:10]
    names["visit_month"] = call.own("coordinator", f"/slots/{names['visit_slot']}")["starts_at"][:7]
    names["feed_link"] = _a_calendar_link(browser, url, first_accounts(demo)["contact"])
    return names | _queue_things(call) | _a_visit(call) | _a_door(call, url) | _a_past_slot(call)


def _a_calendar_link(browser: Browser, url: str, account: dict[str, str]) -> str:
    """The link that the demonstration made for its contact."""
    page = browser.new_context(base_url=url).new_page()
    sign_in_demo(page, account)
    page.goto("/calendars")
    address = page.locator("a[href^='/calendars/links/']").first.get_attribute("href") or ""
    page.context.close()
    return address.rsplit("/", 1)[-1]


def _a_visit(call: Caller) -> dict[str, str]:
    """A visit that begins within the hour, so that it can be confirmed."""
    starts_at = datetime.now(UTC) + timedelta(minutes=40)
    times = {"starts_at": starts_at.isoformat(), "ends_at": (starts_at + timedelta(hours=1)).isoformat()}
    body = {"title": "研发费用上门辅导", "title_en": "R&D visit", "format": "visit", "capacity": 1, "publish": True}
    slot = call("clerk", "/slots", {**body, **times})["id"]
    booking = call("contact3", "/bookings", {"slot": slot, "attendees": [{"name": "林女士"}]})
    return {"visited": booking["id"]}


def _a_past_slot(call: Caller) -> dict[str, str]:
    """The last session that everybody sees at which many were."""
    day = datetime.now(UTC) - timedelta(days=3)
    span = f"from={(day - timedelta(days=25)).date()}T00:00:00Z&to={day.date()}T00:00:00Z"
    found = call.read(f"/slots?{span}&format=session&limit=100")["items"]
    return {"past": max(found, key=lambda slot: slot["capacity"] - slot["places_left"])["id"]}


def _a_door(call: Caller, url: str) -> dict[str, str]:
    """A session that begins within the hour, and the printed code of its check-in point."""
    starts_at = datetime.now(UTC) + timedelta(minutes=40)
    times = {"starts_at": starts_at.isoformat(), "ends_at": (starts_at + timedelta(hours=1)).isoformat()}
    body = {"title": "申报答疑专场", "title_en": "Questions on filing", "format": "session", "capacity": 9}
    slot = call("clerk", "/slots", {**body, **times, "publish": True})["id"]
    gate = call("clerk", "/gates", {"name": "北门", "slots": [slot]})
    call.tokens["gate"] = gate["token"]
    walk_in = call.own("gate", "/gates/self/roster")["walk_in_url"]
    return {"door_slot": slot, "venue": walk_in.removeprefix(url).removesuffix("/walk-in")}


class Caller:
    """The API by the demonstration's tokens."""

    def __init__(self, request: APIRequestContext, tokens: dict[str, str]) -> None:
        self.request, self.tokens = request, tokens

    def read(self, path: str) -> dict[str, Any]:
        """What anybody gets."""
        found: dict[str, Any] = self.request.get(f"/api/v1{path}").json()
        return found

    def own(self, token: str, path: str) -> dict[str, Any]:
        """What the token's person gets."""
        headers = {"Authorization": f"Bearer {self.tokens[token]}"}
        found: dict[str, Any] = self.request.get(f"/api/v1{path}", headers=headers).json()
        return found

    def __call__(self, token: str, path: str, body: dict[str, Any] | list[dict[str, Any]]) -> dict[str, Any]:
        """What a POST answers."""
        headers = {"Authorization": f"Bearer {self.tokens[token]}", "Idempotency-Key": uuid4().hex}
        answer = self.request.post(f"/api/v1{path}", data=body, headers=headers)
        assert answer.ok, answer.text()
        made: dict[str, Any] = answer.json()
        return made


def _queue_things(call: Caller) -> dict[str, str]:
    """Slots with one place that somebody else has, and what the contact does about them."""

    def new_slot(days: int, **more: Any) -> str:
        starts_at = (datetime.now(UTC) + timedelta(days=days)).replace(hour=2, minute=0, second=0, microsecond=0)
        times = {"starts_at": starts_at.isoformat(), "ends_at": (starts_at + timedelta(hours=1)).isoformat()}
        body = {"title": "研发费用加计扣除专场", "title_en": "R&D tax deduction session", "format": "session"}
        slot: str = call("clerk", "/slots", {**body, **times, "capacity": 1, "publish": True, **more})["id"]
        return slot

    def book(token: str, slot: str, **more: Any) -> str:
        booking: str = call(token, "/bookings", {"slot": slot, "party": 2, **more})["id"]
        return booking

    full, waited, offered = new_slot(11), new_slot(12), new_slot(13)
    first = [book("contact2", slot) for slot in (full, waited, offered)]
    book("contact3", waited, waitlist=True)
    waiting = book("contact", waited, waitlist=True, party_min=1)
    offer = book("contact", offered, waitlist=True, ask_first=True)
    call("contact2", f"/bookings/{first[2]}/cancel", {})
    pending = book("contact2", new_slot(14, needs_approval=True))
    held = call("contact", "/holds", {"slot": new_slot(15)})["slot"]
    return {"full": full, "waiting": waiting, "offered": offer, "pending": pending, "held": held}


def _own_slot(request: APIRequestContext) -> str:
    """The latest slot that everybody sees of the tax authority, whose clerk is the first of the demonstration."""
    month = datetime.now(UTC) + timedelta(days=1)
    answer = request.get("/api/v1/slots", params={"department": "tax", "from": month.isoformat(), "limit": 50})
    assert answer.ok, answer.text()
    own: str = answer.json()["items"][-1]["id"]
    return own


def first_accounts(demo: dict[str, Any]) -> dict[str, dict[str, str]]:
    """The first account of each role."""
    logins: dict[str, dict[str, str]] = {}
    for account in demo["accounts"]:
        logins.setdefault(account["role"], account)
    return logins


def _walkers(
    browser: Browser, url: str, demo: dict[str, Any], gate: str
) -> Iterator[tuple[dict[str | None, Page], str]]:
    """Pages by role, signed in, for each size and language."""
    logins = first_accounts(demo)
    for size, viewport in SIZES.items():
        for short, locale in LANGUAGES.items():
            pages: dict[str | None, Page] = {}
            for role in {stop.role for stop in WALK}:
                context = browser.new_context(
                    base_url=url, viewport=viewport, locale=locale, timezone_id="Asia/Shanghai", device_scale_factor=1
                )
                pages[role] = context.new_page()
                if role in logins:
                    sign_in_demo(pages[role], logins[role])
            pair_phone(pages["phone"], pages["coordinator"], gate)
            yield pages, f"{short}-{size}"
            for page in pages.values():
                page.context.close()


def pair_phone(phone: Page, desk: Page, gate: str) -> None:
    """Make the phone a device of the gate, by the link that the desk shows."""
    desk.goto(f"/gates/{gate}/devices")
    desk.locator("input[name=may_search]").check()
    desk.locator("main form button.btn-primary").click()
    phone.goto(desk.locator("#link").input_value())
    phone.locator("input[name=name]").fill("南门手机")
    phone.locator("main form button[type=submit]").click()
    phone.wait_for_url("**/gate/")


def sign_in_demo(page: Page, account: dict[str, str]) -> None:
    page.goto("/sign-in")
    page.locator("input[name=login]").first.fill(account["login"])
    page.locator("input[name=password]").first.fill(account["password"])
    page.locator("input[name=password]").first.press("Enter")
    page.wait_for_url(lambda url: "/sign-in" not in url)


def _walk(pages: dict[str | None, Page], where: str, names: dict[str, str], only: str) -> None:
    for stop in WALK:
        if only in stop.name:
            page = pages[stop.role]
            page.goto(stop.path.format(**names))
            page.wait_for_load_state("networkidle")
            page.screenshot(path=FOLDER / f"{stop.name}-{where}.png", full_page=True)
            width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            print(f"{stop.name}-{where}.png" + (f"  scrolls sideways by {width} px" if width > 0 else ""))


if __name__ == "__main__":
    main()
