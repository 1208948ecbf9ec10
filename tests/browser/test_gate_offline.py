"""A phone at the door whose network goes: paired by a link, it goes on, and tells the truth afterwards."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests import cast
from tests.browser.conftest import PHONE, inside, watch
from tests.factories import code_for, make_booking, make_gate, make_slot

LONG = 20_000
QUEUE = """async (put) => {
  const database = await new Promise((resolve) => {
    const open = indexedDB.open("eventsys-gate");
    open.onsuccess = () => resolve(open.result);
  });
  const store = database.transaction("queue", "readwrite").objectStore("queue");
  for (const entry of put) store.put(entry);
  const all = store.getAll();
  await new Promise((resolve) => (all.onsuccess = resolve));
  database.close();
  return all.result;
}"""  # what the phone has queued, after `put` is queued too
MORE = ("郑七", "冯九", "陈十", "褚一", "卫二", "蒋三")


@dataclass
class Door:
    """A slot that begins soon, the codes of its tickets, its gate, and a link for phones."""

    slot: str
    gate: str
    codes: list[str]
    typed: list[str]
    others: str
    booking: str
    more: list[str]
    party: str
    links: dict[str, str]


@pytest.fixture(scope="module")
def door(site: str, site_home: Path) -> Door:
    from eventsys.checkin.services import offer_pairing
    from eventsys.core.clock import now
    from eventsys.core.db import unit_of_work

    with inside(site_home, site):
        times = {"closes_at": None, "cancel_until": None, "names_until": None}
        slot = make_slot(
            title="离线签到",
            starts_at=now() + timedelta(minutes=50),
            capacity=5,
            attendee_capacity=40,
            party_max=8,
            **times,
        )
        other = make_slot(title="另一场", starts_at=now() + timedelta(minutes=55), **times)
        booking = make_booking(slot, names=("王一", "李二", "赵三", "孙四", "周五", "吴六"), party=8)
        elsewhere = make_booking(other, cast.STRANGER)
        third = make_booking(slot, cast.STRANGER, names=MORE, party=len(MORE))
        member = replace(cast.CONTACT, enterprise=cast.THIRD)
        party = make_booking(slot, member, names=("同一", "同二", "同三"), party=4)
        gate, _token = make_gate(slot)
        links = {}
        for name, may in (("plain", False), ("supervisor", True)):
            with unit_of_work():
                _pairing, secret = offer_pairing(
                    gate.public_id, may_override=may, may_search=may, actor=cast.CLERK.actor
                )
            links[name] = f"/gate/open/{secret}"
        codes = [f"{site}/t/{code_for(booking, number)}" for number in range(6)]
        typed = [attendee.typed_code for attendee in booking.attendees]
        more = [f"{site}/t/{code_for(third, number)}" for number in range(len(MORE))]
        return Door(
            slot.public_id,
            gate.public_id,
            codes,
            typed,
            code_for(elsewhere),
            booking.public_id,
            more,
            f"{site}/t/{code_for(party)}",
            links,
        )


@pytest.fixture
def phone(browser: Browser, site: str, door: Door) -> Iterator[Callable[..., Page]]:
    """A phone that was made a device of the gate, ready to go offline."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def pair(name: str, link: str = "plain", locale: str = "zh-CN") -> Page:
        context = browser.new_context(base_url=site, locale=locale, viewport=PHONE, timezone_id="Asia/Shanghai")
        contexts.append(context)
        page = context.new_page()
        watch(page, faults)
        page.goto(door.links[link])
        page.locator("input[name=name]").fill(name)
        page.locator("main form button[type=submit]").click()
        page.wait_for_url("**/gate/")
        expect(page.locator("[data-ready]")).to_be_visible(timeout=LONG)
        return page

    yield pair
    for context in contexts:
        context.close()
    assert faults == []


def scan(page: Page, code: str) -> None:
    page.locator("#code").fill(code)
    page.locator("#code").press("Enter")


def says(page: Page, *texts: str) -> None:
    for text in texts:
        expect(page.locator("[data-result]")).to_contain_text(text, timeout=LONG)


def conflicts(site: str, home: Path, slot: str) -> list[tuple[str, str]]:
    from sqlalchemy import select

    from eventsys.checkin.queries import list_conflicts
    from eventsys.core.db import db
    from eventsys.slots.models import Slot

    with inside(home, site):
        found = db.session.scalars(select(Slot).where(Slot.public_id == slot)).one()
        return [(item.attendee.name if item.attendee else "", item.result.value) for item in list_conflicts(found)]


def admissions(site: str, home: Path, slot: str) -> dict[str, str]:
    """Who is admitted, and by which phone."""
    from sqlalchemy import select

    from eventsys.bookings.models import Attendee
    from eventsys.checkin.queries.scans import admissions_of
    from eventsys.core.db import db
    from eventsys.slots.models import Slot

    with inside(home, site):
        key = db.session.scalars(select(Slot.id).where(Slot.public_id == slot)).one()
        found = admissions_of([key])
        people = db.session.execute(select(Attendee.id, Attendee.name).where(Attendee.id.in_(found)))
        return {name: found[key][0].device for key, name in people if found[key][0] is not None}


def test_a_phone_goes_on_without_a_network(phone, door, site, site_home):
    page = phone("南门一号")
    expect(page.locator("[data-gate-name]")).to_have_text("南门")
    scan(page, door.codes[0])
    says(page, "王一", "签到成功")
    page.context.set_offline(True)

    scan(page, door.codes[1])  # the name opens with the ticket's own code
    says(page, "李二", "2", "8")
    expect(page.locator("[data-admitted]")).to_have_text("2")
    expect(page.locator("[data-pending]")).to_contain_text("1条待上传", timeout=LONG)
    scan(page, door.codes[1])
    says(page, "南门", "请核对是否本人")
    scan(page, door.codes[0])  # let in while there was a network
    says(page, "请核对是否本人")
    scan(page, door.others)
    says(page, "另一场")
    forged = door.codes[2][:-60] + ("A" if door.codes[2][-60] != "A" else "B") + door.codes[2][-59:]
    scan(page, forged)
    says(page, "无法识别")
    scan(page, door.typed[3])
    says(page, "未核验")
    mistyped = door.typed[4][:5] + ("2" if door.typed[4][5] != "2" else "3")
    scan(page, mistyped)
    says(page, "输入有误")

    page.reload()  # as after a flat battery: the page, the roster and the queue are kept
    expect(page.locator("[data-ready]")).to_be_visible(timeout=LONG)
    expect(page.locator("[data-pending]")).to_contain_text("待上传", timeout=LONG)
    scan(page, door.codes[1])
    says(page, "请核对是否本人")

    page.context.set_offline(False)
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.locator("[data-pending]")).to_be_hidden(timeout=LONG)
    expect(page.locator("[data-admitted]")).to_have_text("3", timeout=LONG)  # and who had typed
    assert conflicts(site, site_home, door.slot) == []


def test_two_phones_that_let_the_same_person_in_are_told_apart_afterwards(phone, door, site, site_home):
    north, south = phone("北门"), phone("东门")
    for page in (north, south):
        page.context.set_offline(True)
        scan(page, door.codes[4])
        says(page, "周五", "签到成功")
    for page in (south, north):
        page.context.set_offline(False)
        page.evaluate("window.dispatchEvent(new Event('online'))")
        expect(page.locator("[data-pending]")).to_be_hidden(timeout=LONG)
    assert conflicts(site, site_home, door.slot) == [("周五", "already_admitted")]


@pytest.mark.parametrize(("order", "people"), [((0, 1, 2), (0, 1, 2)), ((2, 0, 1), (3, 4, 5))])
def test_three_phones_send_in_any_order_and_again(phone, door, site, site_home, order, people):
    """Each lets in everybody, beginning with another one, and sends what it queued twice."""
    names = [f"{number}号机{order[0]}" for number in range(3)]
    phones = list(map(phone, names))
    for page in phones:
        page.context.set_offline(True)
    for turn in range(3):
        for number, page in enumerate(phones):
            person = people[(number + turn) % 3]
            scan(page, door.more[person])
            says(page, MORE[person], "签到成功")
    for number in order:
        page = phones[number]
        sent = page.evaluate(QUEUE, [])
        assert len(sent) == 3
        page.context.set_offline(False)
        page.evaluate("window.dispatchEvent(new Event('online'))")
        page.wait_for_function(f"({QUEUE})([]).then((queue) => !queue.length)", timeout=LONG)
        page.evaluate(QUEUE, sent)  # as if the answer had never come, and the battery died meanwhile
        page.reload()
        page.wait_for_function(f"({QUEUE})([]).then((queue) => !queue.length)", timeout=LONG)
    admitted_by = admissions(site, site_home, door.slot)
    assert [admitted_by[MORE[person]] for person in people] == names  # who read the code first
    told = conflicts(site, site_home, door.slot)
    assert sorted(told.count((MORE[person], "already_admitted")) for person in people) == [2, 2, 2]


def test_one_code_of_a_party_lists_its_people_to_be_ticked(phone, door):
    page = phone("同行")
    scan(page, door.party)
    says(page, "同一", "1", "4")
    page.locator("[data-party-open]").click()
    expect(page.locator("[data-party] li")).to_have_count(3)
    page.get_by_role("button", name="签到 同三").click()
    says(page, "同三", "2", "4")
    expect(page.locator("[data-party] button:disabled")).to_have_count(2)


def test_undoing_before_it_was_sent(phone, door):
    page = phone("西门")
    page.context.set_offline(True)
    scan(page, door.codes[5])
    says(page, "吴六")
    page.locator("[data-undo] button").click()
    says(page, "已撤销")
    expect(page.locator("[data-pending]")).to_contain_text("0条", timeout=LONG)
    scan(page, door.codes[5])
    says(page, "吴六", "签到成功")
    page.locator("[data-undo] button").click()
    says(page, "已撤销")


def test_a_supervisor_finds_by_name_and_lets_in_with_a_reason(phone, door):
    page = phone("主管", "supervisor", locale="en-GB")
    page.locator("#q").fill("赵三")
    page.locator("#q").press("Enter")
    page.get_by_role("button", name=re.compile("Check in 赵三")).click()
    says(page, "赵三", "Checked in")
    scan(page, door.others)
    says(page, "For another slot")
    expect(page.locator("[data-override-open]")).to_be_visible()


def test_a_clock_that_is_off_decides_nothing_without_a_network(phone, door):
    page = phone("钟慢")
    page.context.set_offline(True)
    # Somebody sets the phone's clock back by ten minutes while the page is open.
    page.evaluate("{ const real = Date.now; Date.now = () => real() - 600000; }")
    expect(page.locator("[data-clock]")).to_be_visible(timeout=LONG)
    scan(page, door.codes[2])
    expect(page.locator("[data-result]")).to_have_class(re.compile("is-wait"), timeout=LONG)
    says(page, "时间")
    expect(page.locator("[data-pending]")).to_contain_text("0条", timeout=LONG)


def test_in_wechat_a_ticket_opened_on_the_phone_is_checked_in(phone, door):
    page = phone("微信手机")
    page.goto(door.codes[3])  # as WeChat's own scanner opens it
    part = page.locator("[data-steward]")
    expect(part.locator("[data-gate-name]")).to_have_text("南门")
    part.get_by_role("button", name="签到").click()
    expect(part.locator("[data-result]")).to_contain_text("签到", timeout=LONG)


def test_a_ticket_offers_no_check_in_to_anybody_else(visit, door):
    page = visit(door.codes[3])
    page.wait_for_load_state("networkidle")
    expect(page.locator("[data-steward]")).to_be_hidden()


def test_a_link_that_ended_says_so(visit):
    page = visit("/gate/open/nothing")
    expect(page.locator("h1")).to_contain_text("链接")


def test_a_phone_that_is_no_device_says_what_to_do(visit):
    page = visit("/gate/")
    expect(page.locator("[data-unpaired]")).to_be_visible()
    expect(page.locator("[data-paired]")).to_be_hidden()
