"""Bookings, attendees with their tickets and the keys that sign them; exceptions, no-shows, visits asked for and
planned."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from eventsys.accounts.models import Person
from eventsys.accounts.rules import EMAIL_MAX, NAME_MAX
from eventsys.bookings.rules import (
    ACTIVE,
    NOTE_MAX,
    REASON_MAX,
    RELEASED,
    BookingChannel,
    BookingState,
    InviteAnswer,
    RequestState,
    TicketState,
    VisitAnswer,
)
from eventsys.bookings.tickets import TYPED_LENGTH
from eventsys.core.db import Model
from eventsys.core.ids import PUBLIC_ID_LENGTH
from eventsys.core.permissions import Scope
from eventsys.core.types import BigId, CreatedAt, Id, Instant, MaybeInstant, PublicId, Versioned, text_enum
from eventsys.directory.models import Department, Enterprise
from eventsys.directory.rules import Topic
from eventsys.slots.models import Slot

_IS_ACTIVE = text("state IN ({})".format(", ".join(f"'{state.value}'" for state in ACTIVE)))
_IS_PENDING = text(f"state = '{BookingState.PENDING.value}'")
_IS_OPEN = text("state = 'open'")
_IS_ASKED_AGAIN = text("reconfirm_by IS NOT NULL")
_IS_MOVED = text("invite_id <> ''")
_IS_UNANSWERED = text("answer = 'waiting' AND told_at IS NULL")


class Booking(Versioned, Model):
    """An enterprise's place in a slot, for a party of n. At most one active one per enterprise and slot.

    `month`, `department_id` and `edition_id` are the slot's, copied so that one index answers an enterprise's quotas.
    A hold or offer lapses at `lapses_at`, whether somebody notes it or not; `draft` is what was typed meanwhile. Who
    waits has a `queue_number` (None: registered for a draw), comes with at least `party_min` people, and was passed
    over `passed_over` times since `passed_since`. A pending one is to be decided by `approve_by`. After a large move of
    the slot `moved_from` is the start the enterprise agreed to, until it agrees to the new one; `reconfirm_by` is when
    the department is told that it has not. A booking made by moving another keeps its invitation: the id, and as base
    a number above all of its sequences.
    """

    __tablename__ = "bookings"
    __table_args__ = (
        CheckConstraint("party >= 1", name="party"),
        CheckConstraint("(state = 'cancelled') = (cancelled_at IS NOT NULL)", name="cancelled"),
        CheckConstraint("(state IN ('held', 'offered')) = (lapses_at IS NOT NULL)", name="lapses"),
        CheckConstraint("party_min BETWEEN 1 AND party", name="party_min"),
        Index(
            "uq_bookings_active",
            "slot_id",
            "enterprise_id",
            unique=True,
            sqlite_where=_IS_ACTIVE,
            postgresql_where=_IS_ACTIVE,
        ),
        Index("ix_bookings_enterprise", "enterprise_id", "id"),
        Index("ix_bookings_slot", "slot_id", "state"),
        Index("ix_bookings_month", "enterprise_id", "month"),
        Index("ix_bookings_edition", "enterprise_id", "edition_id"),
        Index(
            "ix_bookings_reconfirm_by",
            "reconfirm_by",
            sqlite_where=_IS_ASKED_AGAIN,
            postgresql_where=_IS_ASKED_AGAIN,
        ),
        Index("ix_bookings_approve_by", "approve_by", sqlite_where=_IS_PENDING, postgresql_where=_IS_PENDING),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    slot_id: Mapped[int] = mapped_column(BigId, ForeignKey("slots.id"))
    enterprise_id: Mapped[int] = mapped_column(BigId, ForeignKey("enterprises.id"))
    state: Mapped[BookingState] = mapped_column(text_enum(BookingState, "state"))
    party: Mapped[int]
    party_min: Mapped[int]
    month: Mapped[int]
    department_id: Mapped[int] = mapped_column(BigId, ForeignKey("departments.id"))
    edition_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("editions.id"))
    lapses_at: Mapped[MaybeInstant]
    renewals: Mapped[int] = mapped_column(default=0)
    draft: Mapped[dict[str, Any]] = mapped_column(default=dict)
    queue_number: Mapped[int | None]
    asks_first: Mapped[bool] = mapped_column(default=False)
    passed_over: Mapped[int] = mapped_column(default=0)
    passed_since: Mapped[MaybeInstant]
    approve_by: Mapped[MaybeInstant]
    reminded_at: Mapped[MaybeInstant]
    escalated_at: Mapped[MaybeInstant]
    moved_from: Mapped[MaybeInstant]
    reconfirm_by: Mapped[MaybeInstant]
    moved_to_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("bookings.id"))
    channel: Mapped[BookingChannel] = mapped_column(text_enum(BookingChannel, "channel"))
    contact_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("people.id"))
    contact_name: Mapped[str] = mapped_column(String(NAME_MAX), default="")
    on_behalf_reason: Mapped[str] = mapped_column(String(REASON_MAX), default="")
    asks: Mapped[str] = mapped_column(Text, default="")
    answers: Mapped[dict[str, Any]] = mapped_column(default=dict)
    invite_id: Mapped[str] = mapped_column(String(PUBLIC_ID_LENGTH), default="", server_default="")
    invite_base: Mapped[int] = mapped_column(default=0, server_default="0")
    share_version: Mapped[int] = mapped_column(default=1)  # of the link by which colleagues enter themselves
    created_at: Mapped[CreatedAt]
    changed_at: Mapped[Instant]
    cancelled_at: Mapped[MaybeInstant]
    is_late_cancellation: Mapped[bool] = mapped_column(default=False)
    cancel_reason: Mapped[str] = mapped_column(String(REASON_MAX), default="")

    slot: Mapped[Slot] = relationship()
    enterprise: Mapped[Enterprise] = relationship()
    contact: Mapped[Person | None] = relationship()
    attendees: Mapped[list[Attendee]] = relationship(order_by="Attendee.id", back_populates="booking")

    @property
    def valid_attendees(self) -> list[Attendee]:
        """Those whose tickets are good."""
        return [attendee for attendee in self.attendees if attendee.state is TicketState.VALID]

    def scope_with(self, slot: Slot) -> Scope:
        """Whose it is: the enterprise's, and the slot's department's."""
        return Scope(departments=slot.scope.departments, enterprise=self.enterprise_id)

    @property
    def scope(self) -> Scope:
        """Whose it is (reads the slot)."""
        return self.scope_with(self.slot)

    @property
    def is_released(self) -> bool:
        """Whether its places were given up at the door, after the start, when nobody else cancels (reads the slot)."""
        ended_at = self.cancelled_at
        return self.cancel_reason == RELEASED and ended_at is not None and ended_at >= self.slot.starts_at


class Attendee(Model):
    """A named person of a booking, and their ticket: the public id is the ticket id in the code. `answer` is what their
    calendar said to the invitation."""

    __tablename__ = "attendees"
    __table_args__ = (
        UniqueConstraint("slot_id", "typed_code"),
        Index("ix_attendees_booking", "booking_id", "state"),
        Index("ix_attendees_invite_id", "invite_id", sqlite_where=_IS_MOVED, postgresql_where=_IS_MOVED),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId] = mapped_column(insert_sentinel=True)  # so one INSERT takes many, on SQLite too
    booking_id: Mapped[int] = mapped_column(BigId, ForeignKey("bookings.id", ondelete="CASCADE"))
    slot_id: Mapped[int] = mapped_column(BigId, ForeignKey("slots.id"))
    name: Mapped[str] = mapped_column(String(NAME_MAX))
    phone: Mapped[str] = mapped_column(String(20), default="")
    email: Mapped[str] = mapped_column(String(EMAIL_MAX), default="")
    typed_code: Mapped[str] = mapped_column(String(TYPED_LENGTH))
    key_id: Mapped[int]
    state: Mapped[TicketState] = mapped_column(text_enum(TicketState, "state"), default=TicketState.VALID)
    created_at: Mapped[CreatedAt]
    ended_at: Mapped[MaybeInstant]
    invite_id: Mapped[str] = mapped_column(String(PUBLIC_ID_LENGTH), default="", server_default="")
    answer: Mapped[InviteAnswer | None] = mapped_column(text_enum(InviteAnswer, "answer"))
    answered_at: Mapped[MaybeInstant]

    booking: Mapped[Booking] = relationship(back_populates="attendees")


class QuotaException(Model):
    """A coordinator lets an enterprise book a slot beyond its quotas; the reason stays on record."""

    __tablename__ = "quota_exceptions"

    slot_id: Mapped[int] = mapped_column(BigId, ForeignKey("slots.id", ondelete="CASCADE"), primary_key=True)
    enterprise_id: Mapped[int] = mapped_column(BigId, ForeignKey("enterprises.id"), primary_key=True)
    reason: Mapped[str] = mapped_column(String(REASON_MAX))
    granted_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("people.id"))
    granted_by: Mapped[str] = mapped_column(String(NAME_MAX), default="")
    created_at: Mapped[CreatedAt]


class NoShow(Model):
    """A booked enterprise of which nobody came, noted after the end. An appeal may have it excused."""

    __tablename__ = "no_shows"
    __table_args__ = (Index("ix_no_shows_enterprise", "enterprise_id", "at"),)

    booking_id: Mapped[int] = mapped_column(BigId, ForeignKey("bookings.id", ondelete="CASCADE"), primary_key=True)
    enterprise_id: Mapped[int] = mapped_column(BigId, ForeignKey("enterprises.id"))
    at: Mapped[Instant]  # the slot's start
    appeal: Mapped[str] = mapped_column(String(NOTE_MAX), default="")
    appealed_at: Mapped[MaybeInstant]
    decided_at: Mapped[MaybeInstant]
    is_excused: Mapped[bool] = mapped_column(default=False)
    decision: Mapped[str] = mapped_column(String(REASON_MAX), default="")

    booking: Mapped[Booking] = relationship()


class VisitRequest(Model):
    """An enterprise asks a department for a visit; the clerk makes a slot of it, or says why not."""

    __tablename__ = "visit_requests"
    __table_args__ = (
        Index("ix_visit_requests_department", "department_id", "state"),
        Index("ix_visit_requests_enterprise", "enterprise_id", "id"),
        Index("ix_visit_requests_answer_by", "answer_by", sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN),
        CheckConstraint("(state = 'arranged') = (slot_id IS NOT NULL)", name="arranged"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    enterprise_id: Mapped[int] = mapped_column(BigId, ForeignKey("enterprises.id"))
    department_id: Mapped[int] = mapped_column(BigId, ForeignKey("departments.id"))
    topic: Mapped[Topic] = mapped_column(text_enum(Topic, "topic"))
    wanted: Mapped[str] = mapped_column(String(REASON_MAX), default="")
    asks: Mapped[str] = mapped_column(String(NOTE_MAX))
    state: Mapped[RequestState] = mapped_column(text_enum(RequestState, "state"), default=RequestState.OPEN)
    contact_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("people.id"))
    contact_name: Mapped[str] = mapped_column(String(NAME_MAX), default="")
    slot_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("slots.id"))
    created_at: Mapped[CreatedAt]
    answer_by: Mapped[Instant]
    reminded_at: Mapped[MaybeInstant]
    escalated_at: Mapped[MaybeInstant]
    decided_at: Mapped[MaybeInstant]
    decision: Mapped[str] = mapped_column(String(REASON_MAX), default="")

    enterprise: Mapped[Enterprise] = relationship()
    department: Mapped[Department] = relationship()
    slot: Mapped[Slot | None] = relationship()

    @property
    def scope(self) -> Scope:
        """Whose it is: the enterprise's and the department's."""
        return Scope(departments=frozenset({self.department_id}), enterprise=self.enterprise_id)


class PlannedVisit(Model):
    """What the enterprise has said to a visit that is reserved for it, in its booking, which is pending meanwhile.

    Without an answer by `answer_by` the clerks are told to call, once, at `told_at`. `proposals` (instants as RFC 3339
    text) and `wishes` say when else it would suit, or why it does not.
    """

    __tablename__ = "planned_visits"
    __table_args__ = (
        CheckConstraint("(answer = 'waiting') = (answered_at IS NULL)", name="answered"),
        Index("ix_planned_visits_answer_by", "answer_by", sqlite_where=_IS_UNANSWERED, postgresql_where=_IS_UNANSWERED),
    )

    booking_id: Mapped[int] = mapped_column(BigId, ForeignKey("bookings.id", ondelete="CASCADE"), primary_key=True)
    answer: Mapped[VisitAnswer] = mapped_column(text_enum(VisitAnswer, "answer"), default=VisitAnswer.WAITING)
    wishes: Mapped[str] = mapped_column(String(NOTE_MAX), default="")
    proposals: Mapped[list[Any]] = mapped_column(default=list)
    asked_at: Mapped[Instant]
    answer_by: Mapped[Instant]
    told_at: Mapped[MaybeInstant]
    answered_at: Mapped[MaybeInstant]
    answered_by: Mapped[str] = mapped_column(String(NAME_MAX), default="")

    booking: Mapped[Booking] = relationship()


class SigningKey(Model):
    """An Ed25519 key that signs tickets; the private half is encrypted under the installation's secret key."""

    __tablename__ = "signing_keys"
    __table_args__ = (CheckConstraint("key_id BETWEEN 1 AND 255", name="key_id"),)

    key_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    public_key: Mapped[bytes] = mapped_column(LargeBinary(32))
    private_key: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[CreatedAt]
    retired_at: Mapped[MaybeInstant]


class IdempotencyKey(Model):
    """The answer to a request that carried an Idempotency-Key, stored in the transaction of what it did."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (UniqueConstraint("owner", "key", name="uq_idempotency_keys_owner_key"),)

    id: Mapped[Id]
    owner: Mapped[str] = mapped_column(String(80))
    key: Mapped[str] = mapped_column(String(200))
    request_hash: Mapped[str] = mapped_column(String(64))
    booking_id: Mapped[int] = mapped_column(BigId, ForeignKey("bookings.id", ondelete="CASCADE"))
    answer: Mapped[dict[str, Any]]
    created_at: Mapped[CreatedAt] = mapped_column(index=True)

    booking: Mapped[Booking] = relationship()
