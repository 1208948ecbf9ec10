"""What the district holds, by what a cell may call it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

from eventsys.directory.settings import Settings
from eventsys.slots.rules import NewSlot, SlotState


@dataclass(frozen=True, slots=True)
class Named:
    """An organisation, place or edition: its primary key, the name that is written, and other names."""

    id: int
    name: str
    others: tuple[str, ...] = ()
    owner: int = 0  # of a service or somebody of the staff, the department's primary key


@dataclass(frozen=True, slots=True)
class KnownSlot:
    """A slot there is: its primary key, what makes it what it is, and what bookings left on it."""

    id: int
    public_id: str
    version: int
    state: SlotState
    command: NewSlot
    places_taken: int = 0
    people_taken: int = 0
    waiting: int = 0
    is_drawn: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """Everything cells can name. `own` are the departments (primary keys) the actor may lead with, `settings` theirs;
    `enterprises` are primary keys by credit code and by name; `slots` go by public id."""

    zone: ZoneInfo
    today: date
    departments: tuple[Named, ...] = ()
    services: tuple[Named, ...] = ()
    staff: tuple[Named, ...] = ()
    places: tuple[Named, ...] = ()
    parks: tuple[Named, ...] = ()
    tags: tuple[Named, ...] = ()
    editions: tuple[Named, ...] = ()
    own: frozenset[int] = frozenset()
    settings: Mapping[int, Settings] = field(default_factory=dict)
    credit_codes: Mapping[int, str] = field(default_factory=dict)
    enterprises: Mapping[str, frozenset[int]] = field(default_factory=dict)
    slots: Mapping[str, KnownSlot] = field(default_factory=dict)
