"""Who of the staff is busy when, besides the slots: written by the floors above, read where slots clash."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, delete, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from eventsys.core.db import Model, db
from eventsys.core.types import BigId, Id, Instant

Span = tuple[datetime, datetime]


class BusyTime(Model):
    """Somebody of the staff has no time, says a `source` outside of the slots; what for is nobody's business."""

    __tablename__ = "busy_times"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="span"),
        Index("ix_busy_times_staff", "staff_id", "ends_at"),
        Index("ix_busy_times_source", "source"),
    )

    id: Mapped[Id]
    staff_id: Mapped[int] = mapped_column(BigId, ForeignKey("staff.id", ondelete="CASCADE"))
    starts_at: Mapped[Instant]
    ends_at: Mapped[Instant]
    source: Mapped[str] = mapped_column(String(40))


def merged(spans: Iterable[Span]) -> list[Span]:
    """The spans by start, those that touch or overlap as one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        elif start < end:
            found.append((start, end))
    return found


def replace_busy(staff: int, source: str, spans: Iterable[Span]) -> int:
    """What a source says of somebody (a primary key) from now on, in place of what it said; how many spans that are."""
    db.session.execute(delete(BusyTime).where(BusyTime.source == source))
    rows = [{"staff_id": staff, "starts_at": start, "ends_at": end, "source": source} for start, end in merged(spans)]
    if rows:
        db.session.execute(insert(BusyTime), rows)
    return len(rows)


def busy_between(staff: Collection[int], first: datetime, last: datetime) -> Sequence[tuple[int, datetime, datetime]]:
    """Who of them (primary keys) is busy from when to when, as far as it touches the span."""
    if not staff:
        return []
    query = select(BusyTime.staff_id, BusyTime.starts_at, BusyTime.ends_at).where(
        BusyTime.staff_id.in_(staff), BusyTime.ends_at > first, BusyTime.starts_at < last
    )
    return [(row[0], row[1], row[2]) for row in db.session.execute(query.order_by(BusyTime.starts_at))]
