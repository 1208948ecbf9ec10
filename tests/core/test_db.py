"""The transaction edge."""

import pytest
from sqlalchemy import func, select

from eventsys.core import audit
from eventsys.core.audit import AuditEntry
from eventsys.core.db import after_commit, db, unit_of_work
from eventsys.core.errors import Conflict
from eventsys.directory.models import Park
from tests import cast


def _entries() -> int:
    query = select(func.count()).select_from(AuditEntry).where(AuditEntry.action == "slot.created")
    return db.session.scalar(query) or 0


def test_commits_then_runs_hooks(app):
    ran = []
    with unit_of_work():
        audit.record(cast.CLERK.actor, "slot.created", "slot", "abc")
        after_commit(lambda: ran.append(_entries()))
        assert not ran
    assert ran == [1]


def test_an_error_rolls_back_and_runs_no_hook(app):
    ran = []
    with pytest.raises(ZeroDivisionError), unit_of_work():  # noqa: PT012 - the error comes after the writing
        audit.record(cast.CLERK.actor, "slot.created", "slot", "abc")
        after_commit(lambda: ran.append(1))
        raise ZeroDivisionError
    assert not ran
    assert _entries() == 0


def test_is_never_nested(app):
    with pytest.raises(RuntimeError), unit_of_work(), unit_of_work():
        pass
    with unit_of_work():  # and the edge is usable again
        pass


def test_a_known_constraint_is_a_conflict(app):
    with pytest.raises(Conflict) as refused, unit_of_work():
        db.session.add(Park(name="软件园"))
    assert refused.value.code == "name_taken"


def test_a_read_before_the_write_does_not_block_it(app):
    assert _entries() == 0  # begins a read transaction, as a guard does
    with unit_of_work():
        audit.record(cast.CLERK.actor, "slot.created", "slot", "abc")
    assert _entries() == 1


@pytest.mark.parametrize("statement", ["UPDATE audit_entries SET action = 'x'", "DELETE FROM audit_entries"])
def test_the_audit_trail_is_append_only(app, statement):
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    with unit_of_work():
        audit.record(cast.CLERK.actor, "slot.created", "slot", "abc")
    with pytest.raises(DBAPIError, match="append-only"), unit_of_work():
        db.session.execute(text(statement))
    assert _entries() == 1
