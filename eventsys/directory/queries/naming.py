"""Enterprises as people write them: by name, short name or credit code."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import or_, select

from eventsys.core.db import db
from eventsys.core.errors import Invalid
from eventsys.directory.models import Enterprise
from eventsys.directory.rules import parse_credit_code


def enterprises_by_name(typed: Collection[str]) -> dict[str, set[int]]:
    """The enterprises that each typed text names, by primary key."""
    codes = {_credit_code(text): text for text in typed}
    wanted = or_(
        Enterprise.credit_code.in_([code for code in codes if code]),
        Enterprise.name.in_(typed),
        Enterprise.short_name.in_(typed),
    )
    query = select(Enterprise.id, Enterprise.name, Enterprise.short_name, Enterprise.credit_code)
    found: dict[str, set[int]] = {}
    for row in db.session.execute(query.where(Enterprise.active, wanted)):
        for name in {row.name, row.short_name, codes.get(row.credit_code, "")} - {""}:
            found.setdefault(name, set()).add(row.id)
    return found


def _credit_code(text: str) -> str | None:
    try:
        return parse_credit_code(text).text
    except Invalid:
        return None
