"""Series and editions, slots and what belongs to them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from eventsys.core.db import Base, Model
from eventsys.core.permissions import Scope
from eventsys.core.tokens import hash_token
from eventsys.core.types import (
    BigId,
    CreatedAt,
    Id,
    Instant,
    MaybeInstant,
    PublicId,
    UtcDateTime,
    Versioned,
    text_enum,
)
from eventsys.directory.models import Department, Park, Place, Service, Staff
from eventsys.directory.rules import NAME_MAX, Topic
from eventsys.slots.collection import SubmissionState
from eventsys.slots.documents import FILE_NAME_MAX, DocumentKind
from eventsys.slots.rules import (
    BRING_MAX,
    DOOR_MINUTES,
    PLACE_TEXT_MAX,
    REASON_MAX,
    TITLE_MAX,
    URL_MAX,
    AudienceKind,
    SlotFormat,
    SlotState,
    WalkIns,
    is_hidden,
)


def _link(name: str, target: str, *columns: Column[Any]) -> Table:
    """A table that ties slots to rows of `target`."""
    return Table(
        f"slot_{name}",
        Base.metadata,
        Column("slot_id", BigId, ForeignKey("slots.id", ondelete="CASCADE"), primary_key=True),
        Column(f"{name}_id", BigId, ForeignKey(f"{target}.id"), primary_key=True, index=True),
        *columns,
    )


# The departments that support a slot: when each was asked, and when it agreed.
slot_departments = _link(
    "department", "departments", Column("asked_at", UtcDateTime()), Column("confirmed_at", UtcDateTime())
)
slot_services = _link("service", "services")
slot_enterprises = _link("enterprise", "enterprises")
slot_staff = _link("staff", "staff")  # who comes


_IS_WAITED_FOR, _LAPSES = text("waiting > 0"), text("lapses_at IS NOT NULL")
_TO_OPEN = text("opens_at IS NOT NULL AND published_at IS NULL")
_IS_OFFERED = text("handed_to_id IS NOT NULL")
_AWAITS_DRAW = text("draw_at IS NOT NULL AND drawn_at IS NULL")


class Series(Model):
    """A programme, such as 党企面对面, that runs in editions."""

    __tablename__ = "series"

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    name: Mapped[str] = mapped_column(String(NAME_MAX), unique=True)
    name_en: Mapped[str] = mapped_column(String(NAME_MAX), default="")


class Edition(Versioned, Model):
    """The numbered run of a series (第N期), usually a month. With `collects_until` and `opens_at` departments submit
    their slots, and the edition is published whole; `published_at` is when it was."""

    __tablename__ = "editions"
    __table_args__ = (
        UniqueConstraint("series_id", "number"),
        CheckConstraint("number >= 1", name="number"),
        CheckConstraint("ends_on >= starts_on", name="span"),
        CheckConstraint("(collects_until IS NULL) = (opens_at IS NULL)", name="collection"),
        CheckConstraint("opens_at >= collects_until", name="opens"),
        Index("ix_editions_opens_at", "opens_at", sqlite_where=_TO_OPEN, postgresql_where=_TO_OPEN),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    series_id: Mapped[int] = mapped_column(BigId, ForeignKey("series.id"))
    number: Mapped[int]
    title: Mapped[str] = mapped_column(String(NAME_MAX), default="")
    starts_on: Mapped[date] = mapped_column(Date)
    ends_on: Mapped[date] = mapped_column(Date)
    description: Mapped[str] = mapped_column(Text, default="")
    collects_until: Mapped[MaybeInstant]
    opens_at: Mapped[MaybeInstant]
    published_at: Mapped[MaybeInstant]

    series: Mapped[Series] = relationship(lazy="joined", innerjoin=True)


class Submission(Model):
    """What a department has answered for an edition; without a row nothing yet. `remark` says why it was returned."""

    __tablename__ = "submissions"
    __table_args__ = (UniqueConstraint("edition_id", "department_id"),)

    id: Mapped[Id]
    edition_id: Mapped[int] = mapped_column(BigId, ForeignKey("editions.id"))
    department_id: Mapped[int] = mapped_column(BigId, ForeignKey("departments.id"), index=True)
    state: Mapped[SubmissionState] = mapped_column(text_enum(SubmissionState, "state"))
    remark: Mapped[str] = mapped_column(String(REASON_MAX), default="")
    at: Mapped[MaybeInstant]
    by_name: Mapped[str] = mapped_column(String(NAME_MAX), default="")
    reminded_at: Mapped[MaybeInstant]


class Run(Model):
    """Slots of a department made in one go; `rule` is what was asked for, as it was understood."""

    __tablename__ = "slot_runs"

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    department_id: Mapped[int] = mapped_column(BigId, ForeignKey("departments.id"))
    rule: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[CreatedAt]
    created_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("people.id"))

    department: Mapped[Department] = relationship()

    @property
    def scope(self) -> Scope:
        """Whose it is: the department's."""
        return Scope(departments=frozenset({self.department_id}))


class SlotTemplate(Versioned, Model):
    """A slot that a department keeps under a name to start others from; `kept` is the slot without its dates."""

    __tablename__ = "slot_templates"
    __table_args__ = (UniqueConstraint("department_id", "name"),)

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    department_id: Mapped[int] = mapped_column(BigId, ForeignKey("departments.id"))
    name: Mapped[str] = mapped_column(String(TITLE_MAX))
    kept: Mapped[dict[str, Any]]
    created_at: Mapped[CreatedAt]
    created_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("people.id"))

    department: Mapped[Department] = relationship()

    @property
    def scope(self) -> Scope:
        """Whose it is: the department's."""
        return Scope(departments=frozenset({self.department_id}))


class Slot(Versioned, Model):
    """A bookable time of one lead department and supporting ones.

    `places_taken` and `people_taken` count bookings that take places; the CHECKs make overselling impossible.
    `waiting` counts who waits, `queue_last` is the last place given in the queue, which orders until `queue_until`.
    `lapses_at` is when the next hold or offer may lapse; `month` is that of the start in the district's zone (yyyymm).
    The quotas (bookings of one enterprise a department and month, an edition, open at a time) are None without a limit.
    The lead offers it to the department `handed_to_id`, which leads it once it agrees.
    Until `invited_until` only the invited may book. `draw_at` makes it a ballot, drawn once `drawn_at` is set.
    `counts_revision` and `counted_at` rise with every change of those counts or of `waiting`.
    `sequence` and `changed_at` rise with every change a calendar shows (RFC 5545 SEQUENCE, LAST-MODIFIED).
    """

    __tablename__ = "slots"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="span"),
        CheckConstraint("capacity >= 1", name="capacity"),
        CheckConstraint("attendee_capacity IS NULL OR attendee_capacity >= 1", name="attendee_capacity"),
        CheckConstraint("party_max IS NULL OR party_max >= 1", name="party_max"),
        CheckConstraint("places_taken BETWEEN 0 AND capacity", name="places"),
        CheckConstraint(
            "people_taken >= 0 AND (attendee_capacity IS NULL OR people_taken <= attendee_capacity)", name="people"
        ),
        CheckConstraint("waiting >= 0", name="waiting"),
        CheckConstraint("quota_month >= 1 AND quota_edition >= 1 AND quota_open >= 1", name="quotas"),
        CheckConstraint("drawn_at IS NULL OR draw_at IS NOT NULL", name="drawn"),
        CheckConstraint("closes_at <= starts_at", name="closes"),
        CheckConstraint("door_minutes BETWEEN 0 AND 1440", name="door_minutes"),
        CheckConstraint("(state = 'called_off') = (called_off_at IS NOT NULL)", name="called_off"),
        Index("ix_slots_listing", "state", "is_hidden", "starts_at", "id"),
        Index("ix_slots_department", "department_id", "starts_at"),
        Index("ix_slots_park", "park_id", "starts_at"),
        Index("ix_slots_starts_at", "starts_at"),
        Index("ix_slots_waiting", "id", sqlite_where=_IS_WAITED_FOR, postgresql_where=_IS_WAITED_FOR),
        Index("ix_slots_lapses_at", "lapses_at", sqlite_where=_LAPSES, postgresql_where=_LAPSES),
        Index("ix_slots_handed_to_id", "handed_to_id", sqlite_where=_IS_OFFERED, postgresql_where=_IS_OFFERED),
        Index("ix_slots_draw_at", "draw_at", sqlite_where=_AWAITS_DRAW, postgresql_where=_AWAITS_DRAW),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId] = mapped_column(insert_sentinel=True)  # so one INSERT takes many, on SQLite too
    state: Mapped[SlotState] = mapped_column(text_enum(SlotState, "state"), default=SlotState.DRAFT)
    title: Mapped[str] = mapped_column(String(TITLE_MAX))
    title_en: Mapped[str] = mapped_column(String(TITLE_MAX), default="")
    description: Mapped[str] = mapped_column(Text, default="")
    topic: Mapped[Topic] = mapped_column(text_enum(Topic, "topic"))
    format: Mapped[SlotFormat] = mapped_column(text_enum(SlotFormat, "format"))
    department_id: Mapped[int] = mapped_column(BigId, ForeignKey("departments.id"))
    handed_to_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("departments.id"))
    edition_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("editions.id"), index=True)
    run_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("slot_runs.id"), index=True)
    place_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("places.id"), index=True)
    park_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("parks.id"))
    place_text: Mapped[str] = mapped_column(String(PLACE_TEXT_MAX), default="")
    online_url: Mapped[str] = mapped_column(String(URL_MAX), default="")
    bring: Mapped[str] = mapped_column(String(BRING_MAX), default="", server_default="")
    starts_at: Mapped[Instant]
    ends_at: Mapped[Instant]
    opens_at: Mapped[MaybeInstant]
    closes_at: Mapped[Instant]
    cancel_until: Mapped[Instant]
    names_until: Mapped[Instant]
    capacity: Mapped[int]
    attendee_capacity: Mapped[int | None]
    party_max: Mapped[int | None]
    places_taken: Mapped[int] = mapped_column(default=0)
    people_taken: Mapped[int] = mapped_column(default=0)
    waiting: Mapped[int] = mapped_column(default=0)
    counts_revision: Mapped[int] = mapped_column(default=0, server_default="0")
    counted_at: Mapped[MaybeInstant]
    queue_last: Mapped[int] = mapped_column(default=0)
    queue_until: Mapped[Instant]
    lapses_at: Mapped[MaybeInstant]
    month: Mapped[int]
    door_minutes: Mapped[int] = mapped_column(default=DOOR_MINUTES, server_default=str(DOOR_MINUTES))
    quota_month: Mapped[int | None]
    quota_edition: Mapped[int | None]
    quota_open: Mapped[int | None]
    needs_approval: Mapped[bool] = mapped_column(default=False)
    walk_ins: Mapped[WalkIns] = mapped_column(
        text_enum(WalkIns, "walk_ins"), default=WalkIns.PLACES_LEFT, server_default=WalkIns.PLACES_LEFT.value
    )
    invited_until: Mapped[MaybeInstant]
    draw_at: Mapped[MaybeInstant]
    drawn_at: Mapped[MaybeInstant]
    is_draw_weighted: Mapped[bool] = mapped_column(default=False)
    audience_kind: Mapped[AudienceKind] = mapped_column(
        text_enum(AudienceKind, "audience_kind"), default=AudienceKind.PUBLIC
    )
    audience: Mapped[dict[str, Any]] = mapped_column(default=dict)
    questions: Mapped[list[Any]] = mapped_column(default=list)  # of {id, label, kind, required}
    is_hidden: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[CreatedAt]
    created_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("people.id"))
    published_at: Mapped[MaybeInstant]
    called_off_at: Mapped[MaybeInstant]
    call_off_reason: Mapped[str] = mapped_column(String(REASON_MAX), default="")
    changed_at: Mapped[Instant]
    sequence: Mapped[int] = mapped_column(default=0)

    department: Mapped[Department] = relationship(foreign_keys=department_id)
    handed_to: Mapped[Department | None] = relationship(foreign_keys=handed_to_id)
    edition: Mapped[Edition | None] = relationship()
    run: Mapped[Run | None] = relationship()
    place: Mapped[Place | None] = relationship()
    park: Mapped[Park | None] = relationship()
    supporting: Mapped[list[Department]] = relationship(secondary=slot_departments, order_by=Department.code)
    services: Mapped[list[Service]] = relationship(secondary=slot_services, order_by=Service.id)
    staff: Mapped[list[Staff]] = relationship(secondary=slot_staff, order_by=Staff.id)
    ballot: Mapped[Ballot | None] = relationship(viewonly=True)

    @property
    def scope(self) -> Scope:
        """Whose it is: the lead department's. Supporting ones see it on their desk and edit nothing."""
        return Scope(departments=frozenset({self.department_id}))

    @property
    def door_opens_at(self) -> datetime:
        """From when on people are checked in."""
        return self.starts_at - timedelta(minutes=self.door_minutes)

    @property
    def places_left(self) -> int:
        """How many more enterprises fit."""
        return self.capacity - self.places_taken

    @property
    def attendee_places_left(self) -> int | None:
        """How many more people fit; None without a limit."""
        return None if self.attendee_capacity is None else self.attendee_capacity - self.people_taken

    def hide_or_show(self) -> None:
        """Set `is_hidden` from audience, topic and format."""
        self.is_hidden = is_hidden(self.audience_kind, self.topic, self.format)


class Document(Model):
    """What enterprises may read about a slot: a link, or a file whose `kind` was told by its content. `digest` is the
    SHA-256 of the file."""

    __tablename__ = "slot_documents"
    __table_args__ = (CheckConstraint("(url = '') = (kind IS NOT NULL)", name="link_or_file"),)

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    slot_id: Mapped[int] = mapped_column(BigId, ForeignKey("slots.id", ondelete="CASCADE"), index=True)
    title: Mapped[str] = mapped_column(String(NAME_MAX))
    url: Mapped[str] = mapped_column(String(URL_MAX), default="")
    file_name: Mapped[str] = mapped_column(String(FILE_NAME_MAX), default="")
    kind: Mapped[DocumentKind | None] = mapped_column(text_enum(DocumentKind, "kind"))
    size: Mapped[int] = mapped_column(default=0)
    digest: Mapped[str] = mapped_column(String(64), default="")
    created_at: Mapped[CreatedAt]
    created_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("people.id"))


class DocumentPart(Model):
    """A piece of a document's file, of a size that a worker can hold."""

    __tablename__ = "slot_document_parts"

    document_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("slot_documents.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class Ballot(Model):
    """The draw of a slot, made when the slot is published. `seed` (64 hex digits) stays secret until the draw;
    `entries` is the result in drawn order, as the public sees it."""

    __tablename__ = "ballots"

    slot_id: Mapped[int] = mapped_column(BigId, ForeignKey("slots.id", ondelete="CASCADE"), primary_key=True)
    seed: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[CreatedAt]
    entries: Mapped[list[Any]] = mapped_column(default=list)

    @property
    def seed_hash(self) -> str:
        """The SHA-256 of the seed, which everybody may know from the start."""
        return hash_token(self.seed)
