"""Feed sets: the revisions of everything that is somebody's calendar, raised by whoever changes an event in it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Update, bindparam, case, func, literal, select, text, true, update
from sqlalchemy.orm import InstrumentedAttribute, load_only
from sqlalchemy.sql.dml import ReturningUpdate

from eventsys.core.clock import now
from eventsys.core.db import db, is_sqlite
from eventsys.core.types import UtcDateTime
from eventsys.directory.models import Department, District, Enterprise, Park, Staff

Bumped = type[District] | type[Department] | type[Park] | type[Staff] | type[Enterprise]


def bump_feed_sets(
    *,
    district: bool = False,
    departments: Collection[int] = (),
    parks: Collection[int] = (),
    enterprises: Collection[int] = (),
    staff: Collection[int] = (),
) -> None:
    """Raise the revision of each set named (primary keys): one UPDATE a table, rows locked in the order of their ids.

    `feed_changed_at` becomes the present second, or a second after its last value: two changes never share one, so
    Last-Modified alone tells them apart (FEEDS.md 8). Tables are locked in one order, enterprises first; a caller that
    also locks slots has locked these enterprises before them.
    """
    at = now().replace(microsecond=0)
    for model, ids in ((Enterprise, enterprises), (Department, departments), (Park, parks), (Staff, staff)):
        if ids:
            db.session.execute(_bump(model, sorted(set(ids)), at))
    if district:
        db.session.execute(_bump(District, [1], at))


def bump_all_feed_sets() -> None:
    """Raise every revision, when something shown in feeds of all kinds changes (a department's, place's or service's
    name). Rare, and as dear as there are enterprises."""
    at = now().replace(microsecond=0)
    for model in (Enterprise, Department, Park, Staff, District):
        db.session.execute(_bump(model, None, at))


def _bump(model: Bumped, ids: list[int] | None, at: datetime) -> Update:
    wanted = true() if ids is None else model.id.in_(ids)
    if not is_sqlite():  # NO KEY: whoever inserts a slot holds a key-share lock on its department's row
        locked = select(model.id).where(wanted).order_by(model.id).with_for_update(key_share=True).cte("locked")
        wanted = model.id.in_(select(locked.c.id))
    return _raised(model, literal(at, UtcDateTime()), sqlite=is_sqlite()).where(wanted)


def _raised(model: Bumped, at: ColumnElement[datetime], *, sqlite: bool) -> Update:
    return (
        update(model)
        .values(feed_revision=model.feed_revision + 1, feed_changed_at=_later(model.feed_changed_at, at, sqlite=sqlite))
        .execution_options(synchronize_session=False)
    )


def _later(
    previous: InstrumentedAttribute[datetime], at: ColumnElement[datetime], *, sqlite: bool
) -> ColumnElement[Any]:
    """`at`, or a second after `previous` when that is later."""
    if sqlite:  # stored as text
        a_second_on: ColumnElement[Any] = func.strftime("%Y-%m-%d %H:%M:%S.000000", previous, "+1 second")
    else:
        a_second_on = func.date_trunc("second", previous) + text("interval '1 second'")
    return case((previous < at, at), else_=a_second_on)


def lock_enterprise(enterprise: int) -> Enterprise | None:
    """The enterprise, locked until the end of the unit of work, its feed set raised: one statement. What a booking
    does not need of it is loaded when it is asked for."""
    values = {"enterprise": enterprise, "at": now().replace(microsecond=0)}
    return db.session.scalars(_locking(sqlite=is_sqlite()), values).one_or_none()


@cache
def _locking(*, sqlite: bool) -> ReturningUpdate[Enterprise]:
    needed = load_only(Enterprise.public_id, Enterprise.credit_code, Enterprise.name, Enterprise.active)
    raised = _raised(Enterprise, bindparam("at", type_=UtcDateTime()), sqlite=sqlite)
    raised = raised.where(Enterprise.id == bindparam("enterprise"))
    return raised.returning(Enterprise).options(needed).execution_options(populate_existing=True)
