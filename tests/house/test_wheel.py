"""An installed wheel runs without the checkout: built, put into an empty environment, it sets up and serves."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
START_SECONDS = 30


@dataclass(frozen=True)
class Installed:
    """The environment that holds nothing of ours but the wheel."""

    folder: Path
    wheel: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.command(*arguments), capture_output=True, text=True, check=False, **self.place)

    def command(self, *arguments: str) -> list[str]:
        return [str(self.folder / "venv/bin/eventsys"), *arguments]

    @property
    def place(self) -> dict[str, object]:
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("EVENTSYS_", "PYTHON"))
        }
        return {"cwd": self.folder, "env": environment | {"EVENTSYS_HOME": str(self.folder / "home")}}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
    build = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)]
    built = subprocess.run(build, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    (wheel,) = folder.glob("eventsys-*.whl")
    venv.create(folder / "venv", symlinks=True)
    python = folder / "venv/bin/python"
    subprocess.run([*pip, "--python", str(python), "install", "--no-deps", "--no-index", str(wheel)], check=True)
    # Dependencies are those of this run, by path: a .pth file's entries come last and their own .pth files (an editable
    # eventsys) are not followed.
    (site,) = (folder / "venv").glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return Installed(folder, wheel)


@pytest.fixture(scope="module")
def address(installed: Installed) -> Iterator[str]:
    """A running server of a district that was just set up."""
    people = []
    for who in ("coordinator", "administrator"):
        people += [
            f"--{who}",
            who,
            f"--{who}-login",
            f"{who}@example.com",
            f"--{who}-password",
            "correct horse battery",
        ]
    done = installed.run("setup", "--name", "示范区", *people)
    assert done.returncode == 0, done.stderr
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (installed.folder / "serve.log").open("wb")
    server = subprocess.Popen(installed.command("serve", "--port", str(port)), stderr=log, **installed.place)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _answers(f"http://127.0.0.1:{port}/healthz"):
            assert server.poll() is None, (installed.folder / "serve.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGINT)
        assert server.wait(20) == 0


def _answers(url: str) -> bool:
    try:
        return urllib.request.urlopen(url, timeout=2).status == 200
    except (urllib.error.URLError, OSError):
        return False


def test_the_package_comes_from_the_wheel(installed):
    python = installed.folder / "venv/bin/python"
    ask = "import eventsys, flask; print(eventsys.__file__); print(flask.__file__)"
    done = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True, **installed.place)
    ours, theirs = done.stdout.split()
    assert Path(ours).is_relative_to(installed.folder)
    assert not Path(theirs).is_relative_to(installed.folder)


def test_the_wheel_holds_what_it_needs_and_no_more(installed):
    names = set(zipfile.ZipFile(installed.wheel).namelist())
    assert "eventsys/templates/base.html" in names
    assert "eventsys/migrations/env.py" in names
    assert any(name.startswith("eventsys/migrations/versions/") for name in names)
    assert any(re.fullmatch(r"eventsys/static/dist/app-[0-9a-f]+\.css", name) for name in names)
    for source in ROOT.glob("eventsys/translations/*/LC_MESSAGES/messages.po"):
        assert str(source.relative_to(ROOT).with_suffix(".mo")) in names
    unwanted = ("tests/", "eventsys/assets/", "node_modules", "__pycache__", "instance/", ".venv", "secret_key")
    assert not [name for name in names if any(part in name for part in unwanted)]
    about = installed.wheel.name.split("-py3")[0] + ".dist-info"
    assert {name.split("/")[0] for name in names} == {"eventsys", about}


def test_it_sets_up_and_is_ready(address):
    assert urllib.request.urlopen(f"{address}/readyz").read() == b"ready\n"


def test_it_serves_a_page_with_its_built_files(address):
    page = urllib.request.urlopen(f"{address}/sign-in").read().decode()
    files = re.findall(r'(?:href|src)="(/static/dist/[^"#]+)"', page)
    assert any(file.endswith(".css") for file in files)
    assert any(file.endswith(".js") for file in files)
    for file in files:
        answer = urllib.request.urlopen(address + file)
        assert answer.status == 200
        assert answer.read()


def test_help_is_quick_and_errors_are_one_line(installed):
    assert "serve" in installed.run("--help").stdout
    wrong = installed.run("serve", "--port", "none")
    assert wrong.returncode == 1
    assert wrong.stderr.startswith("error: ")
    assert wrong.stderr.count("\n") == 1
