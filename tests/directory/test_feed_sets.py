"""Revisions of feed sets: each change counts, none shares a second, and nobody deadlocks."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from eventsys.core.db import db, unit_of_work
from eventsys.directory.feed_sets import bump_all_feed_sets, bump_feed_sets
from eventsys.directory.models import Department, District, Enterprise, Park
from tests import cast
from tests.support import counted_statements

NOON = datetime(2027, 3, 1, 12, 0, 0, 600_000, tzinfo=UTC)


def _state(model, key=1):
    return tuple(db.session.execute(select(model.feed_revision, model.feed_changed_at).where(model.id == key)).one())


def test_a_change_raises_the_revision_and_the_time(app):
    with time_machine.travel(NOON, tick=False), unit_of_work():
        bump_feed_sets(district=True, departments=[cast.TAX], parks=[cast.HILL_PARK], enterprises=[cast.ACME])
    whole = NOON.replace(microsecond=0)
    assert _state(District) == (2, whole)
    assert _state(Department, cast.TAX) == (2, whole)
    assert _state(Park, cast.HILL_PARK) == (2, whole)
    assert _state(Enterprise, cast.ACME) == (2, whole)
    assert _state(Department, cast.SCIENCE)[0] == 1
    assert _state(Park, cast.SOFTWARE_PARK)[0] == 1


def test_two_changes_never_share_a_second(app):
    with time_machine.travel(NOON, tick=False):
        for _ in range(3):
            with unit_of_work():
                bump_feed_sets(district=True)
    assert _state(District) == (4, NOON.replace(microsecond=0) + timedelta(seconds=2))


@pytest.mark.parametrize("step", [timedelta(0), timedelta(milliseconds=300), timedelta(milliseconds=700)])
def test_not_even_with_the_second_of_creation(app, step):
    created = NOON.replace(microsecond=500_000)
    with unit_of_work():
        db.session.get(District, 1).feed_changed_at = created
    with time_machine.travel(created + step, tick=False), unit_of_work():
        bump_feed_sets(district=True)
    assert _state(District) == (2, created.replace(microsecond=0) + timedelta(seconds=1))


def test_a_clock_set_back_does_not_turn_the_time_back(app):
    for at in (NOON, NOON - timedelta(days=3)):
        with time_machine.travel(at, tick=False), unit_of_work():
            bump_feed_sets(district=True)
    assert _state(District) == (3, NOON.replace(microsecond=0) + timedelta(seconds=1))


def test_a_name_shown_everywhere_raises_every_set(app):
    with unit_of_work(), counted_statements() as seen:
        bump_all_feed_sets()
    assert len(seen) == 5
    for model in (District, Department, Park, Enterprise):
        assert set(db.session.scalars(select(model.feed_revision))) == {2}


def test_one_statement_a_table_and_none_for_nothing(app):
    with unit_of_work(), counted_statements() as seen:
        bump_feed_sets()
        assert not seen
        bump_feed_sets(district=True, departments=[2, 1, 2], parks=[1], enterprises=range(1, 4))
    assert len(seen) == 4


def test_opposite_orders_at_once_do_not_deadlock_and_all_count(app):
    failures, rounds = [], 20

    def change(ids, department):
        with app.app_context():
            for _ in range(rounds):
                try:
                    with unit_of_work():  # as a slot is made: its department's row is share-locked first
                        db.session.execute(select(Department.id).where(Department.id == department).with_for_update(
                            read=True, key_share=True))  # fmt: skip
                        bump_feed_sets(departments=ids, enterprises=ids)
                except Exception as error:
                    failures.append(error)
            db.session.remove()

    threads = [threading.Thread(target=change, args=args) for args in (([1, 2], 2), ([2, 1], 1), ([2], 2), ([1], 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert _state(Department, 1)[0] == _state(Department, 2)[0] == 1 + 3 * rounds
