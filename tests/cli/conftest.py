"""The `eventsys` command in an installation of its own."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from eventsys.cli import run_command

PASSWORD = "correct horse battery"
PEOPLE = (
    "--coordinator=统筹乙",
    "--coordinator-login=coordinator@example.com",
    f"--coordinator-password={PASSWORD}",
    "--administrator=管理员甲",
    "--administrator-login=13800138000",
    f"--administrator-password={PASSWORD}",
)


@dataclass(frozen=True)
class Done:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder, chosen by the environment."""
    monkeypatch.setenv("EVENTSYS_HOME", str(tmp_path / "home"))
    for name in (
        "DATABASE_URL",
        "SECRET_KEY",
        "BASE_URL",
        "MAIL_URL",
        "TIME_ZONE",
        "LOCALE",
        "TRUSTED_PROXIES",
        "ANSWERS_URL",
        "CALENDAR_HOSTS",
    ):
        monkeypatch.delenv(f"EVENTSYS_{name}", raising=False)
    return tmp_path / "home"


@pytest.fixture
def eventsys(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Done]]:
    """Runs the command as a shell would, in this process."""

    def run(*arguments: str) -> Done:
        out, err = io.StringIO(), io.StringIO()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            code = run_command(list(arguments))
        return Done(code, out.getvalue(), err.getvalue())

    return run


@pytest.fixture
def district(eventsys: Callable[..., Done]) -> Callable[..., Done]:
    """The command in an installation that is set up."""
    assert eventsys("setup", "--name", "示范区", *PEOPLE).code == 0
    return eventsys
