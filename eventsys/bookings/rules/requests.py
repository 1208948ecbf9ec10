"""A visit an enterprise asks for: the command, its limits, and whether it still waits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from eventsys.bookings.rules.commands import NOTE_MAX, REASON_MAX
from eventsys.bookings.rules.states import RequestState
from eventsys.core.errors import Conflict, Invalid
from eventsys.core.text import clean_line, clean_text
from eventsys.directory.rules import Topic


@dataclass(frozen=True, slots=True)
class NewVisitRequest:
    """The command to ask for a visit. `enterprise` and `department` are primary keys (None: none was chosen); `wanted`
    says in words when it would suit."""

    enterprise: int
    department: int | None
    asks: str
    topic: Topic = Topic.SERVICE
    wanted: str = ""


def clean_request(command: NewVisitRequest) -> NewVisitRequest:
    """The command with cleaned texts; Invalid names every field that cannot be right."""
    cleaners: dict[str, Callable[[], str]] = {
        "wanted": lambda: clean_line(command.wanted, "wanted", REASON_MAX),
        "asks": lambda: clean_text(command.asks, "asks", NOTE_MAX, required=True),
    }
    texts: dict[str, Any] = {}
    problems = []
    for name, clean in cleaners.items():
        try:
            texts[name] = clean()
        except Invalid as problem:
            problems.append(problem)
    if problems:
        raise Invalid.many(problems)
    return replace(command, **texts)


def check_request_open(state: RequestState) -> None:
    """Raise Conflict unless the request still waits for an answer."""
    if state is not RequestState.OPEN:
        raise Conflict("request_decided", state=state.value)
