"""The servers and the worker of the race: processes of their own, killed and started again."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import click

START_SECONDS = 60.0
STOP_SECONDS = 20.0


class Process:
    """One `python -m …` in a session of its own; what it says is added to `log`."""

    def __init__(self, arguments: Sequence[str], log: Path) -> None:
        self.arguments, self.log = arguments, log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own commands
                [sys.executable, "-m", *self.arguments], stdout=log, stderr=log, start_new_session=True
            )

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """kill -9, its children too."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def stop(self) -> None:
        """End in order, or at once when that takes too long or somebody ends us meanwhile."""
        if self._process is None or not self.is_running:
            return
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            try:
                self._process.wait(STOP_SECONDS)
            finally:
                if self.is_running:
                    self.kill()


class Server(Process):
    """`eventsys serve` on a free port, the same one whenever it starts; without `locks` the canary's."""

    def __init__(self, log: Path, *, locks: bool) -> None:
        self.port = _free_port()
        command = ("eventsys.cli", "serve", "--port") if locks else ("eventsys.cli.race.canary",)
        super().__init__((*command, str(self.port)), log)

    def wait_until_ready(self) -> None:
        """Return when it answers and finds its database as it should be."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.is_running:
            if self._is_ready():
                return
            time.sleep(0.02)
        raise click.ClickException(f"a server does not start; it said: {_last_line(self.log)}")

    def _is_ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


@contextmanager
def serving(folder: Path, *, locks: bool = True, works: bool = True) -> Iterator[list[Server]]:
    """Two servers, and the worker where it `works`, as long as the block runs."""
    name = "server" if locks else "canary"
    servers = [Server(folder / f"{name}-{number}.log", locks=locks) for number in (1, 2)]
    worker = Process(("eventsys.cli", "worker"), folder / "worker.log")
    with ExitStack() as ending:
        for process in [*servers, worker] if works else servers:
            ending.callback(process.stop)
            process.start()
        for server in servers:
            server.wait_until_ready()
        yield servers


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _last_line(log: Path) -> str:
    lines = log.read_text("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else "nothing"
