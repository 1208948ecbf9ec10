"""Every booking as a table of text: to look at, to count, to hand on. Nothing reads it back in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from eventsys.bookings.models import Booking
from eventsys.bookings.queries import list_bookings
from eventsys.core.actor import Actor
from eventsys.core.db import db
from eventsys.core.installation import installation
from eventsys.directory.imports.tables import Export

SHEET_NAME = "预约"
AT_ONCE = 500
HEADINGS = (
    "预约编号", "场次编号", "开始时间", "场次", "牵头部门", "统一社会信用代码", "企业", "状态", "人数",
    "参会人员", "联系人", "来源", "代为预约原因", "诉求", "预约时间", "取消时间", "取消原因",
)  # fmt: skip


def export_bookings(actor: Actor) -> Export:
    """Every booking that `actor` may see, the newest first; times in the district's zone, attendees whose tickets are
    good. Read in pieces, so that no more than some hundred are in memory as objects."""
    rows = tuple(_row(booking) for booking in _every(actor))
    return Export(SHEET_NAME, HEADINGS, rows)


def _every(actor: Actor) -> Iterator[Booking]:
    before: int | None = None
    while batch := list_bookings(actor, limit=AT_ONCE, before=before):
        yield from batch
        before = batch[-1].id
        db.session.expunge_all()


def _row(booking: Booking) -> tuple[str, ...]:
    slot, enterprise = booking.slot, booking.enterprise
    return (
        booking.public_id,
        slot.public_id,
        _local(slot.starts_at),
        slot.title,
        slot.department.name,
        enterprise.credit_code,
        enterprise.name,
        booking.state.value,
        str(booking.party),
        "、".join(attendee.name for attendee in booking.valid_attendees),
        booking.contact_name,
        booking.channel.value,
        booking.on_behalf_reason,
        booking.asks,
        _local(booking.created_at),
        _local(booking.cancelled_at),
        booking.cancel_reason,
    )


def _local(at: datetime | None) -> str:
    return at.astimezone(installation().zone).strftime("%Y-%m-%d %H:%M") if at else ""
