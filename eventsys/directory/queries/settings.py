"""Which settings hold, in one statement."""

from __future__ import annotations

from sqlalchemy import select

from eventsys.core.db import db
from eventsys.directory.models import Department, District
from eventsys.directory.settings import Settings, settings_from


def district_settings() -> Settings:
    """What holds in the district; the built-in values before there is one."""
    return settings_from(db.session.scalar(select(District.settings)) or {})


def settings_of(department_id: int) -> Settings:
    """What holds for a department (its primary key)."""
    query = select(District.settings, Department.settings).outerjoin(Department, Department.id == department_id)
    row = db.session.execute(query).first()
    return settings_from(row[0], row[1]) if row else Settings()
