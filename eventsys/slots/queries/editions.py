"""Reads of editions and of how far departments are with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import joinedload

from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import NotFound
from eventsys.directory.models import Department
from eventsys.slots.collection import SubmissionState
from eventsys.slots.models import Edition, Series, Slot, Submission
from eventsys.slots.rules import SlotState

LISTED_MAX = 100


@dataclass(frozen=True, slots=True)
class DepartmentStanding:
    """A department's answer for an edition (None: none yet) with its slots in it."""

    department: Department
    submission: Submission | None
    drafts: int
    published: int

    @property
    def state(self) -> SubmissionState:
        """Missing without an answer."""
        return self.submission.state if self.submission is not None else SubmissionState.MISSING


def list_editions() -> Sequence[Edition]:
    """The editions, newest first."""
    query = select(Edition).order_by(Edition.starts_on.desc(), Edition.number.desc()).limit(LISTED_MAX)
    return db.session.scalars(query).all()


def get_edition(public_id: str) -> Edition:
    """The edition; NotFound when there is none."""
    return _one(select(Edition).where(Edition.public_id == public_id))


def lock_edition(public_id: str) -> Edition:
    """The same, locked and as it is now."""
    query = select(Edition).where(Edition.public_id == public_id).options(joinedload(Edition.series))
    return _one(query.with_for_update(of=Edition).execution_options(populate_existing=True))


def find_series() -> Series | None:
    """The district's series."""
    return db.session.scalars(select(Series).order_by(Series.id).limit(1)).one_or_none()


def next_number() -> int:
    """The number of the next edition."""
    return (db.session.scalar(select(func.max(Edition.number))) or 0) + 1


def last_day() -> date | None:
    """The last day of the last edition."""
    return db.session.scalar(select(func.max(Edition.ends_on)))


def list_collecting() -> Sequence[Edition]:
    """The editions that departments submit to now, the next deadline first."""
    query = select(Edition).where(Edition.collects_until.is_not(None), Edition.published_at.is_(None))
    return db.session.scalars(query.order_by(Edition.collects_until, Edition.id)).all()


def list_editions_to_publish() -> Sequence[str]:
    """Public ids of editions whose opening time has come."""
    query = select(Edition.public_id).where(Edition.opens_at <= now(), Edition.published_at.is_(None))
    return db.session.scalars(query.order_by(Edition.opens_at)).all()


def list_standings(edition: Edition, departments: Sequence[int] | None = None) -> list[DepartmentStanding]:
    """How each active department, and each that has answered, stands; only these departments (primary keys) if given.
    One statement."""
    counted = [
        select(func.count(Slot.id))
        .where(Slot.edition_id == edition.id, Slot.department_id == Department.id, Slot.state == state)
        .scalar_subquery()
        for state in (SlotState.DRAFT, SlotState.PUBLISHED)
    ]
    query = (
        select(Department, Submission, *counted)
        .outerjoin(Submission, and_(Submission.department_id == Department.id, Submission.edition_id == edition.id))
        .where(or_(Department.active, Submission.id.is_not(None)))
        .order_by(Department.id)
        .execution_options(populate_existing=True)
    )
    if departments is not None:
        query = query.where(Department.id.in_(departments))
    return [DepartmentStanding(*row) for row in db.session.execute(query)]


def find_submission(edition: int, department: int) -> Submission | None:
    """What the department has answered (primary keys), locked."""
    query = select(Submission).where(Submission.edition_id == edition, Submission.department_id == department)
    return db.session.scalars(query.with_for_update(), execution_options={"populate_existing": True}).one_or_none()


def count_drafts(edition: int, department: int) -> int:
    """How many slots of the edition the department could have published."""
    alive = Slot.state.in_([SlotState.DRAFT, SlotState.PUBLISHED])
    query = select(func.count(Slot.id)).where(Slot.edition_id == edition, Slot.department_id == department, alive)
    return db.session.scalar(query) or 0


def list_drafts_to_publish(edition: int) -> Sequence[Slot]:
    """The drafts of departments that have submitted, by primary key."""
    query = select(Slot).where(Slot.edition_id == edition, Slot.state == SlotState.DRAFT, _is_submitted())
    return db.session.scalars(query.order_by(Slot.id)).all()


def _is_submitted() -> ColumnElement[bool]:
    return exists().where(
        Submission.edition_id == Slot.edition_id,
        Submission.department_id == Slot.department_id,
        Submission.state == SubmissionState.SUBMITTED,
    )


def _one(query: Select[Edition]) -> Edition:
    found = db.session.scalars(query).one_or_none()
    if found is None:
        raise NotFound()
    return found
