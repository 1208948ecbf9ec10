"""Private calendar links. Only the token's hash is stored; one per feed and purpose, revocable at once."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from eventsys.core.db import Model
from eventsys.core.types import BigId, CreatedAt, Id, MaybeInstant, PublicId
from eventsys.directory.models import Department, Enterprise, Staff


class FeedLink(Model):
    """A secret address of an enterprise's or a department's calendar, or (`staff_id`) of that of somebody of the
    department's staff, made by one of its people."""

    __tablename__ = "feed_links"
    __table_args__ = (
        CheckConstraint("(enterprise_id IS NULL) <> (department_id IS NULL)", name="one_owner"),
        Index("ix_feed_links_enterprise", "enterprise_id"),
        Index("ix_feed_links_department", "department_id"),
        Index("ix_feed_links_staff", "staff_id"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    purpose: Mapped[str] = mapped_column(String(60), default="")
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[int] = mapped_column(BigId, ForeignKey("people.id"))
    enterprise_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("enterprises.id"))
    department_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("departments.id"))
    staff_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("staff.id"))
    drops_cancelled: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[CreatedAt]
    revoked_at: Mapped[MaybeInstant]
    last_fetched_at: Mapped[MaybeInstant]
    last_client: Mapped[str] = mapped_column(String(120), default="")

    enterprise: Mapped[Enterprise | None] = relationship()
    department: Mapped[Department | None] = relationship()
    staff: Mapped[Staff | None] = relationship()
