"""The register of visits (走访台账) as a table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from eventsys.bookings.models import Booking
from eventsys.checkin.models import VisitRecord
from eventsys.checkin.rules import VisitSide
from eventsys.core.installation import installation
from eventsys.directory.imports.tables import Export

SHEET_NAME = "走访台账"
HEADINGS = (
    "日期", "牵头部门", "企业", "统一社会信用代码", "地点", "主题", "走访人员", "接待人员", "到达", "离开",
    "走访内容", "企业诉求", "承诺事项", "确认方式", "确认人", "补签原因",
)  # fmt: skip
SIDES = {VisitSide.HOST: "企业确认", VisitSide.TEAM: "部门确认"}


def register_of(rows: Sequence[tuple[Booking, VisitRecord | None]]) -> Export:
    """One row a visit, in the order given; of a visit nobody confirmed only what was planned."""
    return Export(SHEET_NAME, HEADINGS, tuple(_row(booking, record) for booking, record in rows))


def promised(record: VisitRecord) -> str:
    """The promises as one text: what, by whom, until when."""
    parts = []
    for item in record.promises:
        by = "，".join(filter(None, [item["who"], f"{item['due']}前" if item["due"] else ""]))
        parts.append(f"{item['what']}（{by}）" if by else item["what"])
    return "；".join(parts)


def _row(booking: Booking, record: VisitRecord | None) -> tuple[str, ...]:
    slot, enterprise = booking.slot, booking.enterprise
    place = " ".join(filter(None, [slot.place.name if slot.place else "", slot.place_text]))
    planned = (_local(slot.starts_at, "%Y-%m-%d"), slot.department.name, enterprise.name, enterprise.credit_code, place)
    if record is None:
        return (*planned, slot.title, *[""] * 7, "未确认", "", "")
    return (
        *planned,
        slot.title,
        "、".join(record.team),
        "、".join(record.hosts),
        _local(record.arrived_at, "%H:%M"),
        _local(record.departed_at, "%H:%M"),
        record.topics,
        record.asked,
        promised(record),
        SIDES[record.confirmed_as],
        record.confirmed_by,
        record.reason,
    )


def _local(at: datetime | None, shape: str) -> str:
    return at.astimezone(installation().zone).strftime(shape) if at else ""
