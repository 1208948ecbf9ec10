"""Feed sets: the revisions of everything that is somebody's calendar, raised by whoever changes an event in it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Update, case, func, literal, select, text, true, update
from sqlalchemy.orm import InstrumentedAttribute

from eventsys.core.clock import now
from eventsys.core.db import db, is_sqlite
from eventsys.core.types import UtcDateTime
from eventsys.directory.models import Department, District, Enterprise, Park

Bumped = type[District] | type[Department] | type[Park] | type[Enterprise]


def bump_feed_sets(
    *,
    district: bool = False,
    departments: Collection[int] = (),
    parks: Collection[int] = (),
    enterprises: Collection[int] = (),
) -> None:
    """Raise the revision of each set named (primary keys): one UPDATE a table, rows locked in the order of their ids.

    `feed_changed_at` becomes the present second, or a second after its last value: two changes never share one, so
    Last-Modified alone tells them apart (FEEDS.md 8). Tables are locked in one order, enterprises first; a caller that
    also locks slots has locked these enterprises before them.
    """
    at = now().replace(microsecond=0)
    for model, ids in ((Enterprise, enterprises), (Department, departments), (Park, parks)):
        if ids:
            db.session.execute(_bump(model, sorted(set(ids)), at))
    if district:
        db.session.execute(_bump(District, [1], at))


def bump_all_feed_sets() -> None:
    """Raise every revision, when something shown in feeds of all kinds changes (a department's, place's or service's
    name). Rare, and as dear as there are enterprises."""
    at = now().replace(microsecond=0)
    for model in (Enterprise, Department, Park, District):
        db.session.execute(_bump(model, None, at))


def _bump(model: Bumped, ids: list[int] | None, at: datetime) -> Update:
    wanted = true() if ids is None else model.id.in_(ids)
    if not is_sqlite():  # NO KEY: whoever inserts a slot holds a key-share lock on its department's row
        locked = select(model.id).where(wanted).order_by(model.id).with_for_update(key_share=True).cte("locked")
        wanted = model.id.in_(select(locked.c.id))
    return (
        update(model)
        .where(wanted)
        .values(feed_revision=model.feed_revision + 1, feed_changed_at=_later(model.feed_changed_at, at))
        .execution_options(synchronize_session=False)
    )


def _later(previous: InstrumentedAttribute[datetime], at: datetime) -> ColumnElement[Any]:
    """`at`, or a second after `previous` when that is later."""
    present = literal(at, UtcDateTime())
    if is_sqlite():  # stored as text
        a_second_on: ColumnElement[Any] = func.strftime("%Y-%m-%d %H:%M:%S.000000", previous, "+1 second")
    else:
        a_second_on = func.date_trunc("second", previous) + text("interval '1 second'")
    return case((previous < present, present), else_=a_second_on)


def lock_enterprise(enterprise: int) -> Enterprise | None:
    """The enterprise's row, locked until the end of the unit of work, its feed set raised: one statement."""
    at = now().replace(microsecond=0)
    query = _bump(Enterprise, [enterprise], at).returning(Enterprise)
    return db.session.scalars(query, execution_options={"populate_existing": True}).one_or_none()
