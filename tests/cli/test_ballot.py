"""`eventsys ballot verify`: one line and an exit code, from the database or from a file alone."""

from __future__ import annotations

import json

import pytest

from eventsys.app import create_app
from eventsys.bookings.queries.ballot import result_of
from eventsys.core.db import db, unit_of_work
from eventsys.slots.models import Ballot, Slot
from tests.cli.test_commands import refused

pytestmark = pytest.mark.sqlite_only


@pytest.fixture
def demo(eventsys):
    """The demonstration district; the public ids of a slot drawn and of one that is to be drawn."""
    assert eventsys("db", "upgrade").code == 0
    assert eventsys("demo", "load", "--enterprises", "60", "--months", "1").code == 0
    with create_app().app_context():
        slots = db.session.scalars(db.select(Slot).where(Slot.draw_at.is_not(None)).order_by(Slot.draw_at)).all()
        drawn, to_come = [(slot.public_id, slot.drawn_at is not None) for slot in slots]
        db.session.remove()
    assert (drawn[1], to_come[1]) == (True, False)
    return drawn[0], to_come[0]


@pytest.fixture
def file(demo, tmp_path):
    """The drawn result, as everybody can download it."""
    path = tmp_path / "ballot.json"
    path.write_bytes(create_app().test_client().get(f"/slots/{demo[0]}/ballot.json").data)
    return path


def test_a_right_draw_is_right_from_both(eventsys, demo, file):
    for arguments in ([demo[0]], ["--file", str(file)]):
        done = eventsys("ballot", "verify", *arguments)
        assert (done.code, done.err) == (0, "")
        assert len(done.out.splitlines()) == 1
        assert f"The draw of {demo[0]} is right" in done.out


def test_a_changed_file_is_wrong(eventsys, file):
    told = json.loads(file.read_text("utf-8"))
    right_hash = told["seed_hash"]
    assert eventsys("ballot", "verify", "--file", str(file), "--hash", right_hash).code == 0
    assert "another one" in refused(eventsys("ballot", "verify", "--file", str(file), "--hash", "0" * 64))
    for change in (
        {"seed": "0" * 64},
        {"seed_hash": "0" * 64},
        {"entries": told["entries"][::-1]},
        {"entries": told["entries"][1:]},
        {"slot": "aaaaaaaaaaaaa"},
    ):
        file.write_text(json.dumps({**told, **change}), "utf-8")
        assert "WRONG" in refused(eventsys("ballot", "verify", "--file", str(file)))


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b"\xff\xfe", b"[" * 100_000, b'{"algorithm": "eventsys-ballot-1"}']
)
def test_what_is_no_result_is_told_in_one_line(eventsys, tmp_path, content):
    (tmp_path / "x.json").write_bytes(content)
    refused(eventsys("ballot", "verify", "--file", str(tmp_path / "x.json")))


def test_a_changed_database_is_wrong(eventsys, demo):
    with create_app().app_context():
        slot = db.session.scalars(db.select(Slot).where(Slot.public_id == demo[0])).one()
        assert result_of(slot) is not None
        with unit_of_work():
            ballot = db.session.get_one(Ballot, slot.id)
            ballot.entries = ballot.entries[::-1]
        db.session.remove()
    assert "WRONG" in refused(eventsys("ballot", "verify", demo[0]))


def test_what_is_not_drawn_says_so(eventsys, demo):
    assert "not drawn yet" in refused(eventsys("ballot", "verify", demo[1]))
    assert "no slot" in refused(eventsys("ballot", "verify", "nothing"))
    refused(eventsys("ballot", "verify"))
    refused(eventsys("ballot", "verify", demo[0], "--file", __file__))
