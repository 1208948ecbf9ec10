"""Reads of departments, parks, places and enterprises."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, TypeVar

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import joinedload, selectinload

from eventsys.core.db import db
from eventsys.core.errors import NotFound
from eventsys.core.text import fold
from eventsys.directory.models import Department, Enterprise, Park, Place, Service, Staff, Tag
from eventsys.directory.queries.paging import matching, page_of
from eventsys.web.pagination import PAGE_SIZE, Page

Row = TypeVar("Row", Department, Park, Place, Enterprise, Service, Staff)


def list_departments(
    search: str = "", *, include_inactive: bool = False, cursor: str | None = None, size: int = PAGE_SIZE
) -> Page[Department]:
    """Departments with their services, found by name, code, pinyin or initials."""
    query = select(Department).options(selectinload(Department.services))
    found = matching(Department.search_text, search)
    if found:
        query = query.where(or_(Department.code == fold(search), and_(*found)))
    return page_of(_active(query, Department, include_inactive), Department.id, cursor, size)


def list_parks(
    search: str = "", *, include_inactive: bool = False, cursor: str | None = None, size: int = PAGE_SIZE
) -> Page[Park]:
    """Parks, found by name, pinyin or initials."""
    query = select(Park).where(*matching(Park.search_text, search))
    return page_of(_active(query, Park, include_inactive), Park.id, cursor, size)


def list_places(
    search: str = "", *, include_inactive: bool = False, cursor: str | None = None, size: int = PAGE_SIZE
) -> Page[Place]:
    """Places with their parks, found by name, pinyin or initials."""
    query = select(Place).options(joinedload(Place.park)).where(*matching(Place.search_text, search))
    return page_of(_active(query, Place, include_inactive), Place.id, cursor, size)


def list_enterprises(
    search: str = "",
    *,
    include_inactive: bool = False,
    cursor: str | None = None,
    size: int = PAGE_SIZE,
    only: Collection[int] | None = None,
) -> Page[Enterprise]:
    """Enterprises with park and tags, found by name, credit code, pinyin or initials; `only` limits to primary keys."""
    query = select(Enterprise).options(joinedload(Enterprise.park), selectinload(Enterprise.tags))
    found = matching(Enterprise.search_text, search)
    if found:
        query = query.where(
            or_(Enterprise.credit_code.startswith(fold(search).upper()[:18], autoescape=True), and_(*found))
        )
    if only is not None:
        query = query.where(Enterprise.id.in_(only))
    return page_of(_active(query, Enterprise, include_inactive), Enterprise.id, cursor, size)


def all_departments(*, include_inactive: bool = False) -> Sequence[Department]:
    """Every department, for choices and exports."""
    return db.session.scalars(_active(select(Department), Department, include_inactive).order_by(Department.id)).all()


def all_parks(*, include_inactive: bool = False) -> Sequence[Park]:
    """Every park, for choices and exports."""
    return db.session.scalars(_active(select(Park), Park, include_inactive).order_by(Park.id)).all()


def all_tags() -> Sequence[Tag]:
    """Every tag by name."""
    return db.session.scalars(select(Tag).order_by(Tag.name)).all()


def sub_districts() -> Sequence[str]:
    """The sub-districts enterprises sit in, by name."""
    query = select(Enterprise.sub_district).where(Enterprise.sub_district != "").distinct()
    return db.session.scalars(query.order_by(Enterprise.sub_district)).all()


def find_department(id_or_code: str) -> Department | None:
    """By public id or permanent code."""
    return db.session.scalars(
        select(Department).where(or_(Department.public_id == id_or_code, Department.code == id_or_code.lower()))
    ).first()


def get_department(id_or_code: str) -> Department:
    """By public id or permanent code, or NotFound."""
    return _found(find_department(id_or_code))


def find_park(public_id: str) -> Park | None:
    """By public id."""
    return db.session.scalars(select(Park).where(Park.public_id == public_id)).first()


def get_park(public_id: str) -> Park:
    """By public id, or NotFound."""
    return _found(find_park(public_id))


def find_place(public_id: str) -> Place | None:
    """By public id."""
    return db.session.scalars(select(Place).where(Place.public_id == public_id)).first()


def get_place(public_id: str) -> Place:
    """By public id, or NotFound."""
    return _found(find_place(public_id))


def find_enterprise(id_or_credit_code: str) -> Enterprise | None:
    """By public id or unified social credit code."""
    return db.session.scalars(
        select(Enterprise).where(
            or_(Enterprise.public_id == id_or_credit_code, Enterprise.credit_code == id_or_credit_code.upper())
        )
    ).first()


def get_enterprise(id_or_credit_code: str) -> Enterprise:
    """By public id or unified social credit code, or NotFound."""
    return _found(find_enterprise(id_or_credit_code))


def get_service(public_id: str) -> Service:
    """By public id with its department, or NotFound."""
    query = select(Service).options(joinedload(Service.department)).where(Service.public_id == public_id)
    return _found(db.session.scalars(query).first())


def lock_row(model: type[Row], public_id: str) -> Row:
    """The row of this public id, freshly read and locked until the end of the unit of work, or NotFound."""
    query: Select[Any] = select(model).where(model.public_id == public_id).with_for_update(of=model)
    row: Row | None = db.session.scalars(query, execution_options={"populate_existing": True}).first()
    return _found(row)


def _found(row: Row | None) -> Row:
    if row is None:
        raise NotFound
    return row


def _active(query: Select[Any], model: Any, include_inactive: bool) -> Select[Any]:
    return query if include_inactive else query.where(model.active)
