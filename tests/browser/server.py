"""A real server of our own on a fresh SQLite database, for tests and pictures."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 60.0


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment(home: Path, port: int) -> dict[str, str]:
    """The variables of an installation in `home` that answers at `port`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EVENTSYS_")}
    return {**kept, "EVENTSYS_HOME": str(home), "EVENTSYS_BASE_URL": f"http://127.0.0.1:{port}"}


def eventsys(env: Mapping[str, str], *arguments: str) -> None:
    """Run one command to its end."""
    subprocess.run([sys.executable, "-m", "eventsys.cli", *arguments], env=dict(env), check=True, capture_output=True)


@contextmanager
def serving(env: Mapping[str, str], port: int, workers: int = 1) -> Iterator[str]:
    """The server's address while it answers."""
    command = [sys.executable, "-m", "eventsys.cli", "serve", "--port", str(port), "--workers", str(workers)]
    url = f"http://127.0.0.1:{port}"
    with subprocess.Popen(command, env=dict(env), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            _wait_for(url, server)
            yield url
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert server.poll() is None, "the server ended by itself"
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise AssertionError("the server did not answer in time")
