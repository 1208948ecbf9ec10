"""What a worker process of the server weighs, and what it does not load."""

from __future__ import annotations

import http.cookiejar
import re
import subprocess
import sys
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from tests import cast
from tests.browser.conftest import write_cast
from tests.browser.server import environment, eventsys, free_port, serving

LIMIT_MB = 120
HEAVY = "PIL alembic flask_migrate holidays icalendar mako pypinyin python_calamine qrcode xlsxwriter"
PAGES = (
    "/",
    "/calendar.json?start=2026-11-01T00:00:00&end=2026-12-01T00:00:00",
    "/departments",
    "/help",
    "/feeds/all.ics",
    "/api/v1/slots",
    "/api/v1/openapi.json",
)
PAGES_OF_A_CLERK = ("/desk", "/gates", "/account", "/inbox", "/calendars", "/desk/slots/new")
ROUNDS = 8
SIGN_INS = 4

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def test_importing_the_application_loads_nothing_that_few_requests_need():
    ask = f"import sys, eventsys.app; print(*[name for name in {HEAVY.split()} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_a_worker_stays_small(tmp_path):
    port = free_port()
    env = environment(tmp_path / "home", port)
    eventsys(env, "db", "upgrade")
    write_cast(tmp_path / "home", env)
    with serving(env, port) as url:
        for _ in range(ROUNDS):
            for path in PAGES:
                assert read(urllib.request.build_opener(), url + path)
        for _ in range(SIGN_INS):
            clerk = signed_in(url)
            for path in PAGES_OF_A_CLERK:
                assert read(clerk, url + path)
        assert read(clerk, f"{url}/readyz") == "ready\n"
        assert megabytes(port) < LIMIT_MB


def read(opener: urllib.request.OpenerDirector, url: str, form: dict[str, str] | None = None) -> str:
    data = urllib.parse.urlencode(form).encode() if form else None
    with opener.open(url, data, timeout=20) as answer:
        return answer.read().decode()


def signed_in(url: str) -> urllib.request.OpenerDirector:
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    page = read(opener, f"{url}/sign-in")
    (token,) = set(re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', page))
    read(opener, f"{url}/sign-in", {"csrf_token": token, "login": cast.CLERK.email, "password": cast.PASSWORD})
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
