"""The inbox on the site."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from eventsys.core.db import unit_of_work
from eventsys.core.errors import Invalid, NotFound
from eventsys.notifications.queries import count_unread, list_inbox
from eventsys.notifications.rendering import parse_instants, render_inbox
from eventsys.notifications.services import mark_all_read, mark_read
from eventsys.notifications.tasks import deliver_due
from tests import cast
from tests.notifications.conftest import SENDER


def test_newest_first_in_pages(put):
    for number in range(5):
        put(title=str(number), address=None if number % 2 else "contact@example.com")
    first = list_inbox(cast.CONTACT.id, size=3)
    second = list_inbox(cast.CONTACT.id, first.next, size=3)
    assert [message.context["title"] for message in (*first.items, *second.items)] == ["4", "3", "2", "1", "0"]
    assert second.next is None
    with pytest.raises(Invalid):
        list_inbox(cast.CONTACT.id, "nonsense")


def test_only_ones_own_and_only_when_due(put):
    put()
    put(person=None)  # a mail to somebody without an account
    put(due_at=datetime.now(UTC) + timedelta(hours=1))
    assert count_unread(cast.CONTACT.id) == 1
    assert count_unread(cast.STRANGER.id) == 0
    assert list_inbox(cast.STRANGER.id).items == []


def test_a_mail_being_tried_again_stays_in_the_inbox(put, post):
    put()
    post.stop()
    deliver_due(SENDER)
    assert count_unread(cast.CONTACT.id) == 1


def test_reading_is_noted_once_and_only_for_ones_own(put):
    message = put()
    with pytest.raises(NotFound), unit_of_work():
        mark_read(message.public_id, actor=cast.STRANGER.actor)
    with unit_of_work():
        at = mark_read(message.public_id, actor=cast.CONTACT.actor).read_at
    with unit_of_work():
        assert mark_read(message.public_id, actor=cast.CONTACT.actor).read_at == at
    assert count_unread(cast.CONTACT.id) == 0


def test_everything_read(put):
    put(), put()
    with unit_of_work():
        mark_all_read(actor=cast.STRANGER.actor)
    assert count_unread(cast.CONTACT.id) == 2
    with unit_of_work():
        mark_all_read(actor=cast.CONTACT.actor)
    assert count_unread(cast.CONTACT.id) == 0


@pytest.mark.sqlite_only
def test_words_for_the_page_are_without_the_mails_frame(put):
    title, text = render_inbox(put(title="<b>税务</b>"))
    assert "<b>税务</b>" in title  # text: the page's template escapes it
    assert text == "<b>税务</b> 12月3日（周四）14:00"


@pytest.mark.sqlite_only
def test_instants_only_where_they_are_meant():
    at = "2026-12-03T14:00:00+08:00"
    parsed = parse_instants(
        {"starts_at": at, "names_until": at, "title": at, "slots": [{"ends_at": at}], "closed_at": None}
    )
    assert parsed["starts_at"] == parsed["names_until"] == parsed["slots"][0]["ends_at"] == datetime.fromisoformat(at)
    assert parsed["title"] == at
    assert parse_instants({"starts_at": "tomorrow"}) == {"starts_at": "tomorrow"}
