"""Reads of people and their memberships."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import joinedload

from eventsys.accounts.models import Person
from eventsys.core.actor import Role
from eventsys.core.db import db
from eventsys.core.errors import NotFound
from eventsys.directory.models import Membership
from eventsys.directory.queries.paging import page_of, search_words
from eventsys.directory.rules import MembershipState
from eventsys.web.pagination import PAGE_SIZE, Page


def list_people(
    search: str = "", *, include_inactive: bool = False, cursor: str | None = None, size: int = PAGE_SIZE
) -> Page[Person]:
    """People, found by name, pinyin, initials, mobile number or mail address."""
    query = select(Person)
    words = search_words(search)
    if words:
        query = query.where(and_(*[_person_matches(word) for word in words]))
    if not include_inactive:
        query = query.where(Person.active)
    return page_of(query, Person.id, cursor, size)


def _person_matches(word: str) -> Any:
    columns = (Person.search_text, Person.name, Person.mobile, Person.email)
    return or_(*[column.contains(word, autoescape=True) for column in columns])


def get_person(public_id: str) -> Person:
    """By public id, or NotFound."""
    return _found(select(Person).where(Person.public_id == public_id))


def lock_person(person_id: int) -> Person:
    """By primary key, freshly read and locked until the end of the unit of work, or NotFound."""
    return _found(select(Person).where(Person.id == person_id).with_for_update())


def _found(query: Select[Any]) -> Person:
    person: Person | None = db.session.scalars(query, execution_options={"populate_existing": True}).first()
    if person is None:
        raise NotFound
    return person


def memberships_of(person_id: int, *, include_ended: bool = False) -> Sequence[Membership]:
    """A person's memberships with their organisations, oldest first."""
    query = (
        select(Membership)
        .options(joinedload(Membership.department), joinedload(Membership.enterprise))
        .where(Membership.person_id == person_id)
    )
    if not include_ended:
        query = query.where(Membership.state != MembershipState.ENDED)
    return db.session.scalars(query.order_by(Membership.id)).all()


def memberships_of_people(people: Sequence[Person]) -> dict[int, list[Membership]]:
    """Active memberships of several people by their primary keys: one statement for a whole list."""
    query = (
        select(Membership)
        .options(joinedload(Membership.department), joinedload(Membership.enterprise))
        .where(Membership.person_id.in_([p.id for p in people]), Membership.state == MembershipState.ACTIVE)
    )
    found: dict[int, list[Membership]] = {person.id: [] for person in people}
    for membership in db.session.scalars(query.order_by(Membership.id)):
        found[membership.person_id].append(membership)
    return found


def get_membership(public_id: str) -> Membership:
    """By public id, or NotFound."""
    membership = db.session.scalars(select(Membership).where(Membership.public_id == public_id)).first()
    if membership is None:
        raise NotFound
    return membership


def lock_administrators() -> Sequence[Membership]:
    """Memberships of everybody who can administer now, locked so that two cannot remove each other at once."""
    return db.session.scalars(
        select(Membership)
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.role == Role.ADMINISTRATOR, Membership.state == MembershipState.ACTIVE, Person.active)
        .order_by(Membership.id)
        .with_for_update(of=Membership)
    ).all()
