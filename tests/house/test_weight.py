"""What a worker process of the server weighs, and what it does not load."""

from __future__ import annotations

import http.cookiejar
import re
import subprocess
import sys
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.browser.screenshots import district, first_accounts
from tests.browser.server import environment

LIMIT_MB = 120
HEAVY = "PIL alembic flask_migrate holidays icalendar mako pypinyin python_calamine qrcode stdnum xlsxwriter"
LEFT_OUT = "PIL greenlet pydantic.main pydantic_core.core_schema rich.console"
VISITORS = (
    "/",
    "/?view=calendar",
    "/calendar.json?start=2026-11-01T00:00:00&end=2026-12-01T00:00:00",
    "/departments",
    "/help",
    "/feeds/all.ics",
    "/feeds/departments/tax.ics",
    "/api/v1/slots",
    "/api/v1/departments",
    "/api/v1/openapi.json",
    "/api/v1/docs",
)
PAGES = {
    "clerk": ("/desk", "/gates", "/account", "/inbox", "/calendars", "/desk/slots/new", "/bookings"),
    "contact": ("/my", "/bookings", "/inbox", "/my/colleagues"),
    "coordinator": ("/desk", "/desk?department=tax", "/bookings", "/admin/enterprises", "/admin/applications"),
    "administrator": ("/admin/", "/admin/people", "/admin/imports/enterprises", "/admin/settings", "/admin/audit"),
}
ROUNDS = 4
AT_ONCE = 8


def test_importing_the_application_loads_nothing_that_few_requests_need():
    ask = f"import sys, eventsys.app; print(*[name for name in {HEAVY.split()} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_server_process_leaves_out_what_it_does_not_use(tmp_path):
    ask = f"""
import sys
from eventsys.cli.served import create_served_app
create_served_app()
print(*[name for name in {LEFT_OUT.split()} if sys.modules.get(name)])
from PIL import Image
import qrcode
qrcode.make("x").get_image()  # what a poster needs still works
"""
    env = environment(tmp_path, 1)
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True, env=env)
    assert done.stdout.split() == []


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_worker_stays_small(tmp_path):
    """Everybody's pages of the demonstration district, with sign-ins, eight requests at a time."""
    with district(tmp_path) as (url, demo), ThreadPoolExecutor(AT_ONCE) as several:
        visitor, accounts = urllib.request.build_opener(), first_accounts(demo)
        slots = [f"/slots/{public_id}" for public_id in demo["slots"][:20]]
        for _ in range(ROUNDS):
            everything = [(visitor, path) for path in (*VISITORS, *slots)]
            people = several.map(lambda role: signed_in(url, accounts[role]), PAGES)
            for role, opener in zip(PAGES, people, strict=True):
                everything += [(opener, path) for path in PAGES[role]]
            assert all(several.map(lambda seen: read(seen[0], url + seen[1]), everything))
        assert read(visitor, f"{url}/readyz") == "ready\n"
        assert megabytes(urlsplit(url).port) < LIMIT_MB


def read(opener: urllib.request.OpenerDirector, url: str, form: dict[str, str] | None = None) -> str:
    data = urllib.parse.urlencode(form).encode() if form else None
    with opener.open(url, data, timeout=20) as answer:
        return answer.read().decode()


def signed_in(url: str, account: dict[str, str]) -> urllib.request.OpenerDirector:
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    page = read(opener, f"{url}/sign-in")
    (token,) = set(re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', page))
    read(opener, f"{url}/sign-in", {"csrf_token": token, "login": account["login"], "password": account["password"]})
    return opener


def megabytes(port: int) -> float:
    """The largest resident size among the processes of the server at `port`."""
    ours = [
        folder
        for folder in Path("/proc").glob("[0-9]*")
        if f"--port\0{port}\0".encode() in (folder / "cmdline").read_bytes()
    ]
    sizes = [int(re.search(r"VmRSS:\s+(\d+)", (folder / "status").read_text())[1]) / 1024 for folder in ours]
    assert len(sizes) == 2, "the server and its worker"
    return max(sizes)
