"""Delivery: what a mail server answers decides what becomes of a message."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from eventsys.core.clock import now
from eventsys.core.db import db, unit_of_work
from eventsys.notifications.models import Message
from eventsys.notifications.rules import LEASE, RETRY_SECONDS, MessageState
from eventsys.notifications.services import claim_due
from eventsys.notifications.tasks import deliver_due
from tests.notifications.conftest import SENDER

NOON = datetime(2026, 11, 30, 4, tzinfo=UTC)


def fresh(message: Message) -> Message:
    db.session.rollback()
    db.session.expire_all()
    return db.session.get(Message, message.id)


def later(**span: float) -> datetime:
    return datetime.now(UTC) + timedelta(**span)


def test_a_message_goes_out_once_with_all_its_parts(put, post):
    calendar_text = "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
    message = put(
        attachments=[
            {"filename": "slot.ics", "content_type": "text/calendar; method=REQUEST", "text": calendar_text},
            {"filename": "参会码.png", "qr": "https://example.com/t/abc"},
        ]
    )
    assert deliver_due(SENDER) == 1
    assert deliver_due(SENDER) == 0
    (mail,) = post.mails
    assert post.received[0].mail_from == "office@example.com"
    assert post.received[0].rcpt_tos == ["contact@example.com"]
    assert mail["Message-ID"] == f"<{message.public_id}@eventsys.test>"
    assert mail["From"] == "示范区 <office@example.com>"
    assert "政策辅导" in mail["Subject"]
    assert "12月3日（周四）14:00" in mail.get_body(("plain",)).get_content()
    assert "<p>政策辅导</p>" in mail.get_body(("html",)).get_content()
    calendar, code = mail.iter_attachments()
    assert calendar.get_content_type() == "text/calendar"
    assert calendar["Content-Type"].params["method"] == "REQUEST"
    assert calendar.get_payload(decode=True) == calendar_text.encode()
    assert code.get_filename() == "参会码.png"
    assert _read_qr(code.get_payload(decode=True)) == "https://example.com/t/abc"
    assert fresh(message).state is MessageState.SENT
    assert fresh(message).sent_at is not None


def _read_qr(png: bytes) -> str:
    import io

    import zxingcpp
    from PIL import Image

    return zxingcpp.read_barcode(Image.open(io.BytesIO(png))).text


def test_the_recipients_language(put, post):
    put(locale="en")
    deliver_due(SENDER)
    (mail,) = post.mails
    assert mail["Content-Language"] == "en"
    assert "Thu, 3 Dec" in mail.get_body(("plain",)).get_content()


def test_after_an_outage_each_message_arrives_once(put, post):
    messages = [put(title=f"第{number}场") for number in range(5)]
    post.stop()
    with time_machine.travel(NOON + timedelta(days=400), tick=False) as clock:
        for seconds in RETRY_SECONDS[:5]:
            assert deliver_due(SENDER) == 5
            assert deliver_due(SENDER) == 0  # waits for its next turn
            clock.shift(seconds + 1)
        post.start()
        assert deliver_due(SENDER) == 5
        clock.shift(86_400)
        assert deliver_due(SENDER) == 0
    assert sorted(mail["Message-ID"] for mail in post.mails) == sorted(
        f"<{message.public_id}@eventsys.test>" for message in messages
    )
    assert {fresh(message).state for message in messages} == {MessageState.SENT}


def test_gives_up_after_two_days(put, post):
    message = put()
    post.stop()
    with time_machine.travel(later(minutes=1), tick=False) as clock:
        for _ in range(len(RETRY_SECONDS) + 1):
            assert deliver_due(SENDER) == 1
            clock.shift(86_401)
        assert deliver_due(SENDER) == 0
    assert fresh(message).state is MessageState.FAILED
    assert "connection" in fresh(message).last_error


@pytest.mark.parametrize(
    ("answer", "state"), [("550 no such user", MessageState.FAILED), ("450 mailbox busy", MessageState.QUEUED)]
)
def test_a_refused_recipient_keeps_nobody_else_back(put, post, answer, state):
    refused, fine = put(address="gone@example.com"), put()
    post.refused, post.recipient_answer = frozenset({"gone@example.com"}), answer
    assert deliver_due(SENDER) == 2
    assert fresh(refused).state is state
    assert answer.split(" ", 1)[1] in fresh(refused).last_error
    assert fresh(fine).state is MessageState.SENT


def test_refused_content_fails_at_once(put, post):
    message = put()
    post.data_answer = "554 looks like spam"
    deliver_due(SENDER)
    assert fresh(message).state is MessageState.FAILED


def test_killed_between_acceptance_and_commit_it_comes_again_with_the_same_id(put, post, monkeypatch):
    message = put()

    class Killed(BaseException):
        pass

    def die(*_arguments, **_options):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("eventsys.notifications.tasks.settle", die)
        with pytest.raises(Killed):
            deliver_due(SENDER)
    assert fresh(message).state is MessageState.QUEUED
    assert deliver_due(SENDER) == 0  # still leased to the dead worker
    with time_machine.travel(now() + LEASE + timedelta(seconds=1)):
        assert deliver_due(SENDER) == 1
    assert len(post.mails) == 2
    assert {mail["Message-ID"] for mail in post.mails} == {f"<{message.public_id}@eventsys.test>"}
    assert fresh(message).state is MessageState.SENT


def test_a_worker_whose_lease_ran_out_does_not_undo_the_others_outcome(put, post):
    from eventsys.notifications.services import settle

    message = put()
    with unit_of_work():
        (claimed,) = claim_due(1)
    db.session.expunge(claimed)
    with time_machine.travel(now() + LEASE + timedelta(seconds=1)):
        deliver_due(SENDER)
        with unit_of_work():
            settle(claimed, error="too slow", is_final=True)
    assert fresh(message).state is MessageState.SENT


def test_a_broken_template_keeps_nobody_else_back(put, post):
    broken, unknown, fine = put(kind="broken"), put(kind="nobody-wrote-it"), put()
    deliver_due(SENDER)
    assert fresh(broken).state is MessageState.QUEUED
    assert "ZeroDivisionError" in fresh(broken).last_error
    assert fresh(unknown).state is MessageState.QUEUED
    assert fresh(fine).state is MessageState.SENT


NAUGHTY = (
    "a\r\nBcc: everyone@example.com",
    "a\nX: y\n\nbody",
    "𠮷 emoji 🎉",
    "=?utf-8?q?x?=",
    "x" * 5000,
    "\x1b[31m\u202e",
)


@pytest.mark.parametrize("title", NAUGHTY)
def test_no_title_becomes_a_header(put, post, title):
    message = put(title=title)
    deliver_due(SENDER)
    (mail,) = post.mails
    assert mail["Bcc"] is None
    assert mail["X"] is None
    assert "\n" not in mail["Subject"]
    assert post.received[0].rcpt_tos == ["contact@example.com"]
    assert fresh(message).state is MessageState.SENT


@pytest.mark.parametrize(
    "address", ["a@b.cn\r\nBcc: x@example.com", "no address", "", "张三@example.com", "a@b.cn, c@d.cn"]
)
def test_an_address_that_is_none_fails_at_once(put, post, address):
    message = put()
    with unit_of_work():
        db.session.execute(db.update(Message).values(address=address))
    deliver_due(SENDER)
    assert post.received == []
    assert fresh(message).state is MessageState.FAILED


def test_not_before_it_is_due(put, post):
    put(due_at=later(hours=1))
    assert deliver_due(SENDER) == 0
    with time_machine.travel(later(hours=2)):
        assert deliver_due(SENDER) == 1


@pytest.mark.sqlite_only
def test_without_a_mail_server_mails_are_files(put, app):
    message = put()
    deliver_due(SENDER)
    file = app.config["EVENTSYS"].home / "mail" / f"{message.public_id}.eml"
    assert f"Message-ID: <{message.public_id}@eventsys.test>".encode() in file.read_bytes()
    assert fresh(message).state is MessageState.SENT


def test_two_workers_share_the_outbox_without_doubling(app, put, post):
    from threading import Barrier, Thread

    for number in range(12):
        put(title=f"第{number}场")
    barrier, tried = Barrier(3), []

    def work() -> None:
        with app.app_context():
            barrier.wait()
            while count := deliver_due(SENDER, limit=2):
                tried.append(count)

    threads = [Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(tried) == 12
    assert len({mail["Message-ID"] for mail in post.mails}) == len(post.mails) == 12
