"""Clients that ask the API as fast as they are answered: a process of its own, with little work of its own.

`python -m benchmarks.clients PORT SECONDS SLOT SPREAD FIRST ENTERPRISES` prints the bookings and the seconds it took.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from collections.abc import Callable

CLIENTS = 16
DIGITS = str.maketrans("0123456789", "abcdefghij")


def named(kind: str, number: int) -> str:
    """The public id that seed.sql gives."""
    return f"{kind}{str(number).rjust(11, '0').translate(DIGITS)}a"


def pair(number: int, slot: int, spread: int, enterprises: int) -> tuple[int, int]:
    """The enterprise and the slot of a number: each pair once in the first `enterprises` x `spread` numbers."""
    return 1 + number % enterprises, slot + (number + number // enterprises) % spread


class Client:
    """One kept-alive connection."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def book(self, enterprise: int, slot: int, key: int) -> None:
        """Book one named person in; anything but 201 is an error."""
        body = json.dumps({"slot": named("s", slot), "attendees": [{"name": "林女士"}]})
        answer = self.post("bookings", body, f"evt_bench_{enterprise}", f"Idempotency-Key: bench-{slot}-{key}\r\n")
        if not answer.startswith(b"HTTP/1.1 201"):
            raise RuntimeError(answer.decode())

    def check_in(self, gate: int, code: str, nonce: str) -> None:
        """Let somebody in; anything but an admission is an error."""
        body = json.dumps({"code": code, "nonce": nonce, "device": "手机1"})
        answer = self.post("checkins", body, f"evg_bench_{gate}")
        if b'"result":"admitted"' not in answer:
            raise RuntimeError(answer.decode())

    def post(self, path: str, body: str, token: str, more: str = "") -> bytes:
        """The answer to a request, head and body."""
        sent = body.encode()
        head = (
            f"POST /api/v1/{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {token}\r\n{more}Content-Length: {len(sent)}\r\n\r\n"
        )
        self.socket.sendall(head.encode() + sent)
        return self._read()

    def _read(self) -> bytes:
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._receive()
        head, _, body = answer.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        while len(body) < length:
            body += (chunk := self._receive())
            answer += chunk
        return answer

    def _receive(self) -> bytes:
        chunk = self.socket.recv(65536)
        if not chunk:
            raise ConnectionError("the server hung up")
        return chunk


def act_for(port: int, seconds: float, act: Callable[[Client, int], None]) -> tuple[int, float]:
    """How often all clients together acted, each on numbers of its own, and in how many seconds."""
    counts, failures = [0] * CLIENTS, []
    started = time.perf_counter()

    def work(client_number: int) -> None:
        client = Client(port)
        try:
            while time.perf_counter() < started + seconds:
                act(client, client_number + CLIENTS * counts[client_number])
                counts[client_number] += 1
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return sum(counts), time.perf_counter() - started


def book_for(port: int, seconds: float, slot: int, spread: int, first: int, enterprises: int) -> tuple[int, float]:
    """How many bookings all clients together made, and in how many seconds."""

    def book(client: Client, number: int) -> None:
        client.book(*pair(first + number, slot, spread, enterprises), first + number)

    return act_for(port, seconds, book)


if __name__ == "__main__":
    port, seconds, *numbers = sys.argv[1:]
    made, took = book_for(int(port), float(seconds), *map(int, numbers))
    print(made, took)
