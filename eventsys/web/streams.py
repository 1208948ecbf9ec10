"""Server-sent events (HTML living standard, 9.2): a page is told that what it shows has changed, and asks for it anew.

A stream holds a thread of the server and nothing else: one watcher a process asks the database, once a second for each
thing that is watched, however many watch it. `eventsys serve` has 512 threads; a quarter of them may be streams, and
who gets none asks again and again, as every page can.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from weakref import WeakSet

STREAMS_AT_MOST = 128
ASK_SECONDS = 1.0
HEARTBEAT_SECONDS = 15.0
STREAM_SECONDS = 300.0  # then the browser asks for it again, and who may not any more gets none
RETRY_MILLISECONDS = 2_000


class Watcher:
    """Asks for the revision of what is watched and tells the streams of it. `ask` (a key to its revision, or None when
    it cannot be told now) runs in the watcher's own thread, which lives as long as somebody watches."""

    def __init__(self, ask: Callable[[str], str | None]) -> None:
        self._ask = ask
        self._changed = threading.Condition()
        self._streams: WeakSet[Stream] = WeakSet()  # one that the server dropped is gone by itself
        self._known: dict[str, str] = {}
        self._thread: threading.Thread | None = None

    def stream(self, key: str, seen: str) -> Stream | None:
        """Events about `key` for somebody who has seen the revision `seen`; None when there are too many streams."""
        with self._changed:
            if len(self._streams) >= STREAMS_AT_MOST:
                return None
            made = Stream(self, key, seen)
            self._streams.add(made)
            self._known.setdefault(key, seen)
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="live-watcher", daemon=True)
                self._thread.start()
        return made

    def wait(self, key: str, seen: str, seconds: float) -> str:
        """The revision of `key` as soon as it is another one, at the latest after so many seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._known.get(key, seen) != seen, seconds)
            return self._known.get(key, seen)

    def leave(self, stream: Stream) -> None:
        """One stream fewer."""
        with self._changed:
            self._streams.discard(stream)

    @property
    def streams(self) -> int:
        """How many there are."""
        return len(self._streams)

    def _watch(self) -> None:
        while True:
            time.sleep(ASK_SECONDS)
            with self._changed:
                keys = {stream.key for stream in self._streams}
                self._known = {key: revision for key, revision in self._known.items() if key in keys}
                if not keys:
                    self._thread = None
                    return
            found = {key: revision for key in keys if (revision := self._ask(key)) is not None}
            with self._changed:
                self._known |= found
                self._changed.notify_all()


class Stream:
    """The body of a response: an event `changed` for each new revision, a comment now and then to notice who left."""

    def __init__(self, watcher: Watcher, key: str, seen: str) -> None:
        self._watcher, self.key, self._seen = watcher, key, seen
        self._ends_at = time.monotonic() + STREAM_SECONDS
        self._is_open = True
        self._has_begun = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if not self._has_begun:
            self._has_begun = True
            return f"retry: {RETRY_MILLISECONDS}\n\n".encode()
        left = self._ends_at - time.monotonic()
        if left <= 0 or not self._is_open:
            self.close()
            raise StopIteration
        revision = self._watcher.wait(self.key, self._seen, min(HEARTBEAT_SECONDS, left))
        if revision == self._seen:
            return b": still here\n\n"
        self._seen = revision
        return f"event: changed\ndata: {revision}\n\n".encode()

    def close(self) -> None:
        """The server calls it when the browser has left."""
        if self._is_open:
            self._is_open = False
            self._watcher.leave(self)
