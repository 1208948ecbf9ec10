"""The days that make the district's working calendar differ from the library's."""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint, Date, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from eventsys.core.db import Model
from eventsys.core.types import CreatedAt, Id, text_enum
from eventsys.workdays.rules import NAME_MAX, DayKind

_IS_OWN, _IS_OFFICIAL = text("notice IS NULL"), text("notice IS NOT NULL")


class WorkdayOverride(Model):
    """A day by the imported notice of the year `notice`, or (None) by the district, which counts first.

    A year is announced once its notice has rows here. Edits name the state they were made on (its fingerprint), so
    there is no version.
    """

    __tablename__ = "workday_overrides"
    __table_args__ = (
        CheckConstraint("notice IS NULL OR kind IN ('open', 'closed')", name="notice_kind"),
        CheckConstraint("name <> ''", name="reason"),
        Index("uq_workday_overrides_day", "day", unique=True, sqlite_where=_IS_OWN, postgresql_where=_IS_OWN),
        Index(
            "uq_workday_overrides_notice",
            "notice",
            "day",
            unique=True,
            sqlite_where=_IS_OFFICIAL,
            postgresql_where=_IS_OFFICIAL,
        ),
    )

    id: Mapped[Id]
    day: Mapped[date] = mapped_column(Date)
    kind: Mapped[DayKind] = mapped_column(text_enum(DayKind, "kind"))
    name: Mapped[str] = mapped_column(String(NAME_MAX))
    notice: Mapped[int | None]
    created_at: Mapped[CreatedAt]
