"""Calendar clients of others read our feeds: ical.js and node-ical parse them equal to icalendar, vdirsyncer syncs them
from a real server and khal lists them. They live apart, see the Makefile."""

import json
import os
import re
import subprocess
import time
from datetime import UTC, timedelta
from pathlib import Path

import icalendar
import pytest

from eventsys.bookings.rules import BookingState
from eventsys.bookings.services import call_off_slot
from eventsys.core.db import unit_of_work
from eventsys.slots.rules import SlotState
from tests import cast, factories
from tests.browser.conftest import inside, site, site_home
from tests.calendars.conftest import ALL, add_booking, add_link, add_slot

ROOT = Path(__file__).parents[2]
PEERS = ROOT / ".venv/peers"
TEXTS = {
    "plain": "研发费用加计扣除",
    "special": "a,b;c\\d:e \"f\" 'g' \\, =x",
    "backslash": "C:\\neu",
    "emoji": "👩‍👩‍👧 🇨🇳 𠮷野家 é e\u0301 ｶﾞ",
    "lines": "一\n二\n\n三",
    "edge": "税" * 24 + "x" * 2 + "务" * 60,
    "like a line": "END:VEVENT\nBEGIN:VALARM",
}
# It takes an escaped backslash before an n for a line break, which it is not (RFC 5545 3.3.11).
_LINE_BREAK_TO_NODE_ICAL = "\\n"

__all__ = ["site", "site_home"]
pytestmark = pytest.mark.sqlite_only


@pytest.fixture(scope="session")
def peers() -> Path:
    """Where the clients are; without them the test is skipped, except in CI."""
    if not (PEERS / ".installed").exists():
        if os.environ.get("CI"):
            pytest.fail("no calendar clients: make test installs them")
        pytest.skip("no calendar clients: make test installs them")
    return PEERS


def _as_read(raw: bytes) -> dict[str, dict]:
    return {
        str(event["UID"]): {
            "uid": str(event["UID"]),
            "summary": str(event["SUMMARY"]),
            "description": str(event.get("DESCRIPTION", "")),
            "location": str(event.get("LOCATION", "")),
            "start": f"{event['DTSTART'].dt.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000Z",
            "end": f"{event['DTEND'].dt.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000Z",
            "status": str(event["STATUS"]),
            "sequence": int(event["SEQUENCE"]),
            "url": str(event.get("URL", "")),
        }
        for event in icalendar.Calendar.from_ical(raw).walk("VEVENT")
    }


def test_three_libraries_read_the_same(client, peers, tmp_path):
    slots = [add_slot(title=text, description=text, place_id=None, place_text=text) for text in TEXTS.values()]
    slots.append(add_slot(state=SlotState.CALLED_OFF, call_off_reason=TEXTS["special"]))
    for slot in slots:
        add_booking(slot, BookingState.CONFIRMED if slot.state is SlotState.PUBLISHED else BookingState.CANCELLED)
    feeds = [ALL, add_link(cast.CONTACT)[1], add_link(cast.CLERK)[1], f"/slots/{slots[0].public_id}.ics"]
    for feed in feeds:
        raw = client.get(feed).data
        expected = _as_read(raw)
        assert expected
        file = tmp_path / "feed.ics"
        file.write_bytes(raw)
        for reader, events in json.loads(_node(peers, file)).items():
            read = {event["uid"]: event for event in events}
            wrong = _LINE_BREAK_TO_NODE_ICAL if reader == "node-ical" else None
            fair = {uid for uid, event in expected.items() if not wrong or wrong not in event["description"]}
            assert read.keys() == expected.keys()
            assert {uid: read[uid] for uid in fair} == {uid: expected[uid] for uid in fair}, (reader, feed)


def test_a_reader_notices_what_is_wrong(client, peers, tmp_path):
    """The judges judge: an unescaped comma or a line cut inside a character is not read back equal."""
    add_slot(description="税" * 40 + ",")
    raw = client.get(ALL).data
    file = tmp_path / "feed.ics"
    for broken in (
        raw.replace("税\r\n ".encode(), "税\r\n".encode(), 1),
        raw.replace(b"STATUS:CONFIRMED", b"STATUS:X"),
    ):
        assert broken != raw
        file.write_bytes(broken)
        try:
            read = json.loads(_node(peers, file))
        except subprocess.CalledProcessError:
            continue
        assert any({event["uid"]: event for event in events} != _as_read(raw) for events in read.values())


def _node(peers: Path, file: Path) -> str:
    command = [ROOT / ".venv/bin/node", ROOT / "tests/peers/read.mjs", peers, file]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


CONFIG = """
[general]
status_path = "{home}/status"

[pair feed]
a = "here"
b = "there"
collections = null
conflict_resolution = "b wins"
partial_sync = "ignore"

[storage here]
type = "filesystem"
path = "{home}/feed"
fileext = ".ics"

[storage there]
type = "http"
url = "{url}"
"""
KHAL = """
[calendars]
[[feed]]
path = {home}/feed
readonly = True
[locale]
timeformat = %H:%M
dateformat = %Y-%m-%d
longdateformat = %Y-%m-%d
datetimeformat = %Y-%m-%d %H:%M
longdatetimeformat = %Y-%m-%d %H:%M
local_timezone = Asia/Shanghai
default_timezone = Asia/Shanghai
[sqlite]
path = {home}/khal.db
"""


class Device:
    """Somebody's computer with vdirsyncer and khal, subscribed to one address."""

    def __init__(self, peers: Path, home: Path, url: str) -> None:
        self.peers, self.home = peers, home
        (home / "feed").mkdir(parents=True)
        (home / "vdirsyncer").write_text(CONFIG.format(home=home, url=url))
        (home / "khal").write_text(KHAL.format(home=home))
        self._run("vdirsyncer", "-c", str(home / "vdirsyncer"), "discover")

    def sync(self) -> list[str]:
        """What vdirsyncer says it moved."""
        told = self._run("vdirsyncer", "-c", str(self.home / "vdirsyncer"), "sync")
        return re.findall(r"^.*(?:Copying|Deleting).*$", told, re.MULTILINE)

    def files(self) -> dict[str, bytes]:
        """The events it holds, by file name."""
        return {file.name: file.read_bytes() for file in (self.home / "feed").iterdir()}

    def listed(self, start: str, end: str) -> str:
        """What khal lists."""
        shown = "{start-time} {title} | {location} | {status}"
        return self._run("khal", "-c", str(self.home / "khal"), "list", "--format", shown, start, end)

    def _run(self, program: str, *arguments: str) -> str:
        env = {**os.environ, "HOME": str(self.home), "XDG_DATA_HOME": str(self.home), "LC_ALL": "C.UTF-8"}
        done = subprocess.run(
            [self.peers / "bin" / program, *arguments],
            env=env,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr


def test_vdirsyncer_syncs_and_khal_lists(site, site_home, peers, tmp_path):
    with inside(site_home, site):
        kept = factories.make_slot(title="留下来的👩‍👩‍👧，一场")
        off = factories.make_slot(title="要取消的；一场", starts_at=factories.soon() + timedelta(days=1))
        public, private = ALL, add_link(cast.CLERK)[1]
    for number, path in enumerate((public, private)):
        device = Device(peers, tmp_path / str(number), f"{site}{path}")
        assert len(device.sync()) >= 2
        first = device.files()
        assert len(first) >= 2
        assert device.sync() == []
        assert device.files() == first
        assert device.sync() == []  # nothing moves by time either
    with inside(site_home, site):
        time.sleep(1)
        with unit_of_work():
            call_off_slot(off.public_id, "台风", actor=cast.CLERK.actor)
    moved = device.sync()  # of an address it knows events by their text, so one that changed goes and comes
    assert sorted(line.split()[0] for line in moved) == ["Copying", "Deleting"], moved
    after = device.files()
    changed = after.keys() - first.keys()
    assert len(changed) == len(first.keys() - after.keys()) == 1
    assert b"STATUS:CANCELLED" in after[changed.pop()]
    assert device.sync() == []
    day, end = (f"{slot.starts_at.astimezone(factories.ZONE):%Y-%m-%d}" for slot in (kept, off))
    listed = device.listed(min(day, end), "10d")
    assert "税务局：留下来的👩‍👩‍👧，一场" in listed
    assert "【已取消】税务局：要取消的；一场" in listed
    assert f"{kept.starts_at.astimezone(factories.ZONE):%H:%M}" in listed
