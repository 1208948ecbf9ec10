"""A client of the race: real HTTP on a connection kept alive, patience with 503, and a log of every act."""

from __future__ import annotations

import http.client
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from types import MappingProxyType
from typing import Any

PATIENCE_SECONDS = 120.0
TIMEOUT_SECONDS = 30.0
PAUSE_SECONDS = 0.05
NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody with a token; `enterprise` (public id) is empty for the clerk."""

    token: str
    enterprise: str = ""


@dataclass(slots=True)
class Call:
    """One act of a client and what came of it, in seconds since the epoch.

    `id` travels as X-Request-ID, by which the trail's entries are found. `asked` is the start of the try that was
    answered, `busy` counts answers 503, `cut` the tries whose answer was lost. `status` is 503 when patience was at its
    end, 0 when there was no answer at all.
    """

    id: str
    act: str
    who: Contact
    slot: str
    party: int = 0
    booking: str = ""
    key: str = ""
    started: float = 0.0
    asked: float = 0.0
    ended: float = 0.0
    status: int = 0
    body: dict[str, Any] = field(default_factory=dict)
    busy: int = 0
    cut: int = 0

    @property
    def is_done(self) -> bool:
        """Whether the server said that it is done."""
        return 200 <= self.status < 300

    @property
    def outcome(self) -> str:
        """The booking's state, the refusal's code, or that nothing was heard."""
        return str(self.body.get("state" if self.is_done else "code") or (self.status or "no answer"))


class Client:
    """It speaks for `me`, or for whoever an act names; `number` is its place in the round, from 0."""

    def __init__(self, number: int, me: Contact, clerk: Contact, ports: Sequence[int]) -> None:
        self.number, self.me, self.clerk = number, me, clerk
        self.calls: list[Call] = []
        self.random = Random(number)  # noqa: S311 - no secret
        self._ports, self._port = ports, number % len(ports)
        self._connection: http.client.HTTPConnection | None = None

    def book(
        self, slot: str, party: int = 1, *, more: Mapping[str, Any] = NOTHING, key: str = "", who: Contact | None = None
    ) -> Call:
        """Book, with `more` in the request; the same `key` may be sent by several clients."""
        call = self._call("book", slot, party, who=who, key=key or secrets.token_hex(8))
        body = {"slot": slot, "party": party, "attendees": [{"name": "林女士"}], **more}
        return self._send(call, "POST", "/bookings", body)

    def hold(self, slot: str, party: int = 1) -> Call:
        """Hold a place."""
        return self._send(self._call("hold", slot, party), "POST", "/holds", {"slot": slot, "party": party})

    def cancel(self, booking: str, slot: str, *, who: Contact | None = None) -> Call:
        """Cancel; the clerk declines by it."""
        call = self._call("cancel", slot, booking=booking, who=who)
        return self._send(call, "POST", f"/bookings/{booking}/cancel", {})

    def confirm(self, booking: str, slot: str, *, who: Contact | None = None) -> Call:
        """Take an offer; the clerk approves by it."""
        call = self._call("confirm", slot, booking=booking, who=who)
        return self._send(call, "POST", f"/bookings/{booking}/confirm", {})

    def move(self, booking: str, to: str, party: int = 1) -> Call:
        """Move into the slot `to`."""
        call = self._call("move", to, party, booking=booking)
        return self._send(call, "POST", f"/bookings/{booking}/move", {"slot": to})

    def look(self, booking: str) -> str:
        """The state of a booking now."""
        return self._send(Call(secrets.token_hex(8), "look", self.me, ""), "GET", f"/bookings/{booking}").outcome

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _call(
        self, act: str, slot: str, party: int = 0, *, booking: str = "", key: str = "", who: Contact | None = None
    ) -> Call:
        call = Call(secrets.token_hex(8), act, who or self.me, slot, party, booking, key)
        self.calls.append(call)
        return call

    def _send(self, call: Call, verb: str, path: str, body: dict[str, Any] | None = None) -> Call:
        """Try until there is an answer other than 503, at the other server when one is gone."""
        headers = {"Authorization": f"Bearer {call.who.token}", "X-Request-ID": call.id}
        if call.key:
            headers["Idempotency-Key"] = call.key
        if body is not None:
            headers["Content-Type"] = "application/json"
        data = None if body is None else json.dumps(body)
        call.started = time.time()
        patience = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < patience:
            try:
                connection = self._connected()
            except OSError:
                self._turn_to_the_other()
                continue
            call.asked = time.time()
            try:
                connection.request(verb, f"/api/v1{path}", data, headers)
                answer = connection.getresponse()
                raw = answer.read()
            except (OSError, http.client.HTTPException):
                call.cut += 1
                self._turn_to_the_other()
                continue
            call.status = answer.status
            if answer.status == 503:
                call.busy += 1
                time.sleep(float(answer.headers["Retry-After"]) * self.random.uniform(0.5, 1.5))
                continue
            call.body = json.loads(raw) if raw.startswith(b"{") else {}
            break
        call.ended = time.time()
        return call

    def _connected(self) -> http.client.HTTPConnection:
        if self._connection is None:
            connection = http.client.HTTPConnection("127.0.0.1", self._ports[self._port], timeout=TIMEOUT_SECONDS)
            connection.connect()
            self._connection = connection
        return self._connection

    def _turn_to_the_other(self) -> None:
        self.close()
        self._port = (self._port + 1) % len(self._ports)
        time.sleep(self.random.uniform(0, PAUSE_SECONDS))
