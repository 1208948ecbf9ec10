"""Private calendar links. Only the token's hash is stored; one per feed and purpose, revocable at once."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from eventsys.calendars.rules import FILTER_MAX, Detail, LinkKind, Options
from eventsys.core.db import Model
from eventsys.core.types import BigId, CreatedAt, Id, Instant, MaybeInstant, PublicId, text_enum
from eventsys.directory.models import Department, Enterprise, Staff


class FeedLink(Model):
    """A secret address of a calendar, made by one of the people it is for. `department_id` is also that of a member of
    staff; `filter` are the arguments of an address that narrow the public slots. `clients` are the calendar programmes
    that came by, with the RFC 3339 time of each one's last visit."""

    __tablename__ = "feed_links"
    __table_args__ = (
        CheckConstraint(
            "(enterprise_id IS NOT NULL) = (kind = 'enterprise') "
            "AND (department_id IS NOT NULL) = (kind IN ('desk', 'steward', 'staff')) "
            "AND (staff_id IS NOT NULL) = (kind = 'staff') AND (filter <> '') = (kind = 'filter')",
            name="owner",
        ),
        Index("ix_feed_links_enterprise", "enterprise_id"),
        Index("ix_feed_links_department", "department_id"),
        Index("ix_feed_links_staff", "staff_id"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    kind: Mapped[LinkKind] = mapped_column(text_enum(LinkKind, "kind"))
    purpose: Mapped[str] = mapped_column(String(60), default="")
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[int] = mapped_column(BigId, ForeignKey("people.id"))
    enterprise_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("enterprises.id"))
    department_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("departments.id"))
    staff_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("staff.id"))
    filter: Mapped[str] = mapped_column(String(FILTER_MAX), default="")
    detail: Mapped[Detail] = mapped_column(text_enum(Detail, "detail"), default=Detail.FULL)
    locale: Mapped[str] = mapped_column(String(8), default="")
    drops_cancelled: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[CreatedAt]
    changed_at: Mapped[MaybeInstant]
    renewed_at: Mapped[MaybeInstant]
    revoked_at: Mapped[MaybeInstant]
    clients: Mapped[dict[str, Any]] = mapped_column(default=dict)

    enterprise: Mapped[Enterprise | None] = relationship()
    department: Mapped[Department | None] = relationship()
    staff: Mapped[Staff | None] = relationship()

    @property
    def visits(self) -> list[tuple[str, datetime]]:
        """Which calendar programmes came by and when each did last, the latest first."""
        latest = sorted(self.clients.items(), key=lambda item: str(item[1]), reverse=True)
        return [(name, datetime.fromisoformat(at)) for name, at in latest]

    @property
    def options(self) -> Options:
        """What its owner chose."""
        return Options(self.detail, self.locale, self.drops_cancelled)


class BusyCalendar(Model):
    """A calendar of somebody of the staff, read for when they have no time. Its address is a secret, kept sealed;
    `host` is what is shown of it. `error` is why it could not be read last (a code, and
    what its server answered), `whole_on` the day on which it was last read whole, `due_at` when it is read again."""

    __tablename__ = "busy_calendars"
    __table_args__ = (
        Index("ix_busy_calendars_staff", "staff_id"),
        Index("ix_busy_calendars_due", "due_at"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    staff_id: Mapped[int] = mapped_column(BigId, ForeignKey("staff.id", ondelete="CASCADE"))
    sealed_url: Mapped[str] = mapped_column(String(1_000))
    host: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[CreatedAt]
    created_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("people.id"))
    read_at: Mapped[MaybeInstant]
    whole_on: Mapped[date] = mapped_column(Date)
    due_at: Mapped[Instant]
    etag: Mapped[str] = mapped_column(String(200), default="")
    number: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(String(40), default="")

    staff: Mapped[Staff] = relationship()

    @property
    def source(self) -> str:
        """What its busy times are kept under."""
        return f"calendar:{self.public_id}"
