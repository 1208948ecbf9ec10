"""What a process keeps to spare itself work, within so many octets; what was not asked for longest goes. Safe between
threads."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Kept = TypeVar("Kept")


class Shelf(Generic[Kept]):
    """Things by key within `room` octets."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._taken = 0
        self._things: OrderedDict[Hashable, tuple[Kept, int]] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, key: Hashable) -> Kept | None:
        """The thing kept under the key."""
        with self._lock:
            found = self._things.get(key)
            if found is None:
                return None
            self._things.move_to_end(key)
            return found[0]

    def keep(self, key: Hashable, thing: Kept, size: int) -> None:
        """Keep a thing of so many octets in place of an earlier one."""
        with self._lock:
            self._taken += size - self._things.pop(key, (None, 0))[1]
            self._things[key] = (thing, size)
            while self._taken > self._room:
                self._taken -= self._things.popitem(last=False)[1][1]

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._things.clear()
            self._taken = 0
