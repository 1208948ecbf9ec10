"""Settings changed: the district's, and what a department has of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.db import db
from eventsys.core.errors import NotFound
from eventsys.core.permissions import Permission, Scope, authorize, is_allowed
from eventsys.directory.models import Department, District
from eventsys.directory.queries.organisations import lock_row
from eventsys.directory.settings import DEPARTMENT_SETTINGS, SETTINGS, changed_settings


def change_settings(values: Mapping[str, Any], version: int | None, *, actor: Actor) -> District:
    """Set the district's settings, by key; None takes one back to the built-in value.

    Invalid names every wrong key, Conflict `stale_edit` when `version` is not the present one.
    """
    authorize(actor, Permission.ADMINISTER, Scope())
    query = select(District).with_for_update()
    district = db.session.scalars(query, execution_options={"populate_existing": True}).one()
    changed = changed_settings(district.settings, values, SETTINGS)
    district.require_version(version)
    _store(district, changed, "district", "1", actor)
    return district


def change_department_settings(
    public_id: str, values: Mapping[str, Any], version: int | None, *, actor: Actor
) -> Department:
    """Set a department's own settings, by key; None takes one back to the district's value.

    NotFound for somebody else's department; otherwise raises as above.
    """
    department = lock_row(Department, public_id)
    if not is_allowed(actor, Permission.CHANGE_DEPARTMENT_SETTINGS, department.scope):
        raise NotFound
    changed = changed_settings(department.settings, values, DEPARTMENT_SETTINGS)
    department.require_version(version)
    _store(department, changed, "department", public_id, actor)
    return department


def _store(row: District | Department, changed: dict[str, Any], kind: str, object_id: str, actor: Actor) -> None:
    keys = sorted(key for key in row.settings.keys() | changed.keys() if row.settings.get(key) != changed.get(key))
    before, after = ({key: values.get(key) for key in keys} for values in (row.settings, changed))
    row.settings = changed
    db.session.flush()
    if keys:
        audit.record(actor, f"{kind}.settings_changed", kind, object_id, before=before, after=after)
