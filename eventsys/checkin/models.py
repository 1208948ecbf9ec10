"""Gates and the append-only log of scans; admissions follow from it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, LargeBinary, String, Table, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from eventsys.bookings.models import Attendee, Booking
from eventsys.checkin.rules import (
    CODE_MAX,
    COMMENT_MAX,
    DEVICE_NAME_MAX,
    GATE_NAME_MAX,
    NONCE_MAX,
    REASON_MAX,
    Answered,
    Direction,
    ScanResult,
    VenueKind,
    VisitSide,
)
from eventsys.core.db import Base, Model
from eventsys.core.permissions import Scope
from eventsys.core.types import BigId, CreatedAt, Id, Instant, MaybeInstant, PublicId, Versioned, text_enum
from eventsys.slots.models import Slot

gate_slots = Table(
    "gate_slots",
    Base.metadata,
    Column("gate_id", BigId, ForeignKey("gates.id", ondelete="CASCADE"), primary_key=True),
    Column("slot_id", BigId, ForeignKey("slots.id", ondelete="CASCADE"), primary_key=True, index=True),
)


class Gate(Model):
    """A check-in point (签到点) that serves some slots; its token admits at this gate and does nothing else.

    `venue_kind` says whether attendees check in themselves by the code that hangs or runs there (现场签到码); raising
    `venue_version` makes that code anew.
    """

    __tablename__ = "gates"

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    name: Mapped[str] = mapped_column(String(GATE_NAME_MAX))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[CreatedAt]
    created_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("people.id"))
    revoked_at: Mapped[MaybeInstant]
    venue_kind: Mapped[VenueKind] = mapped_column(text_enum(VenueKind, "venue_kind"), default=VenueKind.PRINTED)
    venue_version: Mapped[int] = mapped_column(default=1)

    slots: Mapped[list[Slot]] = relationship(secondary=gate_slots, order_by=Slot.starts_at)

    @property
    def scope(self) -> Scope:
        """Whose it is: the departments whose slots it serves."""
        return Scope(departments=frozenset(slot.department_id for slot in self.slots), gate=self.id)


class GatePairing(Model):
    """A link that makes a phone a device of a gate, for as long as it lasts; what such a device may do is told here."""

    __tablename__ = "gate_pairings"

    id: Mapped[Id]
    gate_id: Mapped[int] = mapped_column(BigId, ForeignKey("gates.id", ondelete="CASCADE"), index=True)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    may_override: Mapped[bool]
    may_search: Mapped[bool]
    created_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("people.id"))
    created_at: Mapped[CreatedAt]
    ends_at: Mapped[Instant]

    gate: Mapped[Gate] = relationship()


class GateDevice(Model):
    """A phone or tablet at a gate. Its token checks in there, also what it queued without a network, until it is taken
    out; an override or a search by name only where it was paired for it."""

    __tablename__ = "gate_devices"

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    gate_id: Mapped[int] = mapped_column(BigId, ForeignKey("gates.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(DEVICE_NAME_MAX))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    may_override: Mapped[bool]
    may_search: Mapped[bool]
    paired_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("people.id"))
    created_at: Mapped[CreatedAt]
    revoked_at: Mapped[MaybeInstant]

    gate: Mapped[Gate] = relationship()


class Scan(Model):
    """What was read where and what it meant when it came. Never changed or removed (triggers hold it); an annulment is
    a row. `shown` is what a gate showed that judged on its own, without a network; else it showed the result."""

    __tablename__ = "scans"
    __table_args__ = (
        CheckConstraint("(result = 'annulled') = (annuls_id IS NOT NULL)", name="annuls"),
        Index("ix_scans_attendee", "attendee_id", "id"),
        Index("ix_scans_slot", "slot_id", "id"),
        Index("ix_scans_gate", "gate_id", "id"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    nonce: Mapped[str] = mapped_column(String(NONCE_MAX), unique=True)
    code: Mapped[str] = mapped_column(String(CODE_MAX))
    gate_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("gates.id"))
    slot_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("slots.id"))
    attendee_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("attendees.id"))
    direction: Mapped[Direction] = mapped_column(text_enum(Direction, "direction"), default=Direction.ENTRY)
    result: Mapped[ScanResult] = mapped_column(text_enum(ScanResult, "result"))
    shown: Mapped[ScanResult | None] = mapped_column(text_enum(ScanResult, "shown"))
    scanned_at: Mapped[Instant]
    received_at: Mapped[Instant]
    actor_id: Mapped[int | None] = mapped_column(BigId)
    actor_name: Mapped[str] = mapped_column(String(200), default="")
    device: Mapped[str] = mapped_column(String(60), default="")
    is_override: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str] = mapped_column(String(REASON_MAX), default="")
    annuls_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("scans.id"), unique=True)

    gate: Mapped[Gate | None] = relationship()
    attendee: Mapped[Attendee | None] = relationship()


class VisitRecord(Versioned, Model):
    """That a visit took place (到访确认), and its record (走访记录): who came and who received them (names), what it
    was about, what was asked, and what was promised (`{what, who, due}`, due as an ISO date or empty)."""

    __tablename__ = "visit_records"
    __table_args__ = (CheckConstraint("departed_at IS NULL OR departed_at >= arrived_at", name="departed"),)

    id: Mapped[Id]
    booking_id: Mapped[int] = mapped_column(BigId, ForeignKey("bookings.id", ondelete="CASCADE"), unique=True)
    slot_id: Mapped[int] = mapped_column(BigId, ForeignKey("slots.id"), index=True)
    confirmed_as: Mapped[VisitSide] = mapped_column(text_enum(VisitSide, "confirmed_as"))
    confirmed_by: Mapped[str] = mapped_column(String(60))
    confirmed_at: Mapped[Instant]
    reason: Mapped[str] = mapped_column(String(REASON_MAX), default="")
    arrived_at: Mapped[Instant]
    departed_at: Mapped[MaybeInstant]
    team: Mapped[list[Any]] = mapped_column(default=list)
    hosts: Mapped[list[Any]] = mapped_column(default=list)
    topics: Mapped[str] = mapped_column(Text, default="")
    asked: Mapped[str] = mapped_column(Text, default="")
    promises: Mapped[list[Any]] = mapped_column(default=list)

    booking: Mapped[Booking] = relationship()
    slot: Mapped[Slot] = relationship()


class Attendance(Model):
    """What became of a slot after its end: when the department confirmed who came (enterprises and people, as they
    stood then), and when those who came were thanked."""

    __tablename__ = "attendances"
    __table_args__ = (CheckConstraint("(confirmed_at IS NULL) = (confirmed_by = '')", name="confirmed"),)

    slot_id: Mapped[int] = mapped_column(BigId, ForeignKey("slots.id", ondelete="CASCADE"), primary_key=True)
    confirmed_at: Mapped[MaybeInstant]
    confirmed_by: Mapped[str] = mapped_column(String(60), default="")
    enterprises: Mapped[int] = mapped_column(default=0)
    people: Mapped[int] = mapped_column(default=0)
    thanked_at: Mapped[MaybeInstant]

    slot: Mapped[Slot] = relationship()


class Rating(Model):
    """What somebody who came says of the slot. `giver` is the public id of the attendee, or of the booking when its
    contact answers for it; the department reads it without a name."""

    __tablename__ = "ratings"
    __table_args__ = (CheckConstraint("stars BETWEEN 1 AND 5", name="stars"),)

    id: Mapped[Id]
    giver: Mapped[PublicId]
    slot_id: Mapped[int] = mapped_column(BigId, ForeignKey("slots.id", ondelete="CASCADE"), index=True)
    booking_id: Mapped[int] = mapped_column(BigId, ForeignKey("bookings.id", ondelete="CASCADE"), index=True)
    stars: Mapped[int]
    answered: Mapped[Answered | None] = mapped_column(text_enum(Answered, "answered"))
    comment: Mapped[str] = mapped_column(String(COMMENT_MAX), default="")
    created_at: Mapped[CreatedAt]
    changed_at: Mapped[Instant]


class VisitPhoto(Model):
    """A picture of a visit, made small and without what the camera wrote into it (where, by which phone)."""

    __tablename__ = "visit_photos"

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    record_id: Mapped[int] = mapped_column(BigId, ForeignKey("visit_records.id", ondelete="CASCADE"), index=True)
    width: Mapped[int]
    height: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)  # JPEG
    created_at: Mapped[CreatedAt]
    created_by: Mapped[str] = mapped_column(String(60), default="")
