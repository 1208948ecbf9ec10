"""Reads for imports and exports."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from eventsys.core.db import db
from eventsys.directory.models import Department, Enterprise, ImportMapping

BATCH = 500


def find_mapping(kind: str, heading_hash: str) -> ImportMapping | None:
    """What was remembered for files with this heading row."""
    return db.session.scalars(
        select(ImportMapping).where(ImportMapping.kind == kind, ImportMapping.heading_hash == heading_hash)
    ).first()


def departments_by_code(*, lock: bool) -> dict[str, Department]:
    """Every department by its code, with its services."""
    query = select(Department).options(selectinload(Department.services)).order_by(Department.id)
    rows = db.session.scalars(
        query.with_for_update(of=Department) if lock else query, execution_options={"populate_existing": True}
    )
    return {row.code: row for row in rows}


def enterprises_by_code(codes: Collection[str], *, lock: bool) -> dict[str, Enterprise]:
    """Those enterprises of these credit codes that exist, with park and tags."""
    found: dict[str, Enterprise] = {}
    wanted = sorted(codes)
    for start in range(0, len(wanted), BATCH):
        query = (
            select(Enterprise)
            .options(selectinload(Enterprise.park), selectinload(Enterprise.tags))
            .where(Enterprise.credit_code.in_(wanted[start : start + BATCH]))
            .order_by(Enterprise.id)
        )
        rows = db.session.scalars(
            query.with_for_update(of=Enterprise) if lock else query, execution_options={"populate_existing": True}
        )
        found |= {row.credit_code: row for row in rows}
    return found


def every_department() -> Sequence[Department]:
    """Every department with its services, disabled ones too, oldest first."""
    return db.session.scalars(
        select(Department).options(selectinload(Department.services)).order_by(Department.id)
    ).all()


def every_enterprise() -> Iterator[Enterprise]:
    """Every enterprise, disabled ones too, oldest first, read in batches."""
    last = 0
    while True:
        batch = db.session.scalars(
            select(Enterprise)
            .options(joinedload(Enterprise.park), selectinload(Enterprise.tags))
            .where(Enterprise.id > last)
            .order_by(Enterprise.id)
            .limit(BATCH)
        ).all()
        yield from batch
        if len(batch) < BATCH:
            return
        last = batch[-1].id
