"""Answers to invitations come back to a mailbox and become the attendee's intent."""

import re
import socketserver
import threading
from dataclasses import replace
from email.message import EmailMessage

import pytest
from sqlalchemy import select

from eventsys.bookings.models import Attendee
from eventsys.bookings.rules import InviteAnswer
from eventsys.bookings.services import move_booking
from eventsys.calendars import tasks
from eventsys.calendars.answers import Reply, read_reply
from eventsys.calendars.mailbox import NoMailbox, unread_mails
from eventsys.calendars.services import record_answer
from eventsys.core.db import db, unit_of_work
from eventsys.notifications.models import Message
from tests import cast
from tests.bookings.test_invitations import GUEST, book, invitations
from tests.factories import make_slot, soon


def mail(uid, partstat="ACCEPTED", address=GUEST.email, method="REPLY", sender=None) -> bytes:
    """What a calendar programme sends back."""
    text = "\r\n".join(
        [
            "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//y", f"METHOD:{method}", "BEGIN:VEVENT", f"UID:{uid}",
            "DTSTAMP:20261127T000000Z", "SEQUENCE:1", "ORGANIZER:mailto:tax@example.gov.cn",
            f"ATTENDEE;PARTSTAT={partstat};CN=x:mailto:{address}", "END:VEVENT", "END:VCALENDAR", "",
        ]
    )  # fmt: skip
    message = EmailMessage()
    message["From"] = f"Guest <{sender or address}>"
    message["Subject"] = "Accepted"
    message.set_content("accepted")
    message.add_alternative(text.encode(), maintype="text", subtype="calendar", params={"method": method})
    return message.as_bytes()


@pytest.fixture
def ticket(app):
    return book(make_slot()).attendees[0]


def state(ticket):
    db.session.rollback()
    query = select(Attendee).where(Attendee.public_id == ticket.public_id)
    return db.session.scalars(query, execution_options={"populate_existing": True}).one().answer


def told():
    db.session.rollback()
    query = select(Message.address).where(Message.kind == "invitation_declined", Message.address.is_not(None))
    return list(db.session.scalars(query))


def record(raw):
    reply = read_reply(raw)
    assert reply is not None
    with unit_of_work():
        return record_answer(reply)


def uid_of(address=GUEST.email):
    return str(invitations(address)[-1].walk("VEVENT")[0]["UID"])


def test_each_answer_is_kept_and_a_no_is_told_once(app, ticket):
    for partstat, answer in (("ACCEPTED", "accepted"), ("tentative", "tentative"), ("DECLINED", "declined")):
        assert record(mail(uid_of(), partstat, address=GUEST.email.upper()))
        assert state(ticket) == answer
    assert record(mail(uid_of(), "DECLINED"))
    assert told() == [cast.CONTACT.email]
    assert record(mail(uid_of(), "ACCEPTED"))
    assert state(ticket) is InviteAnswer.ACCEPTED


def test_an_answer_that_is_not_the_invited_one_s_changes_nothing(app, ticket):
    uid = uid_of()
    for raw in (
        mail(uid, address="other@example.com"),
        mail(uid, sender="other@example.com"),
        mail(uid.replace("@eventsys.test", "@other.test")),
        mail("none@eventsys.test"),
        mail("@eventsys.test"),
        mail(f"{ticket.booking.public_id}@eventsys.test"),
    ):
        assert record(raw) is False
    assert state(ticket) is None


def test_an_answer_to_what_was_moved_counts_for_the_new_place(app, ticket):
    other = make_slot(starts_at=soon(10))
    with unit_of_work():
        fresh = move_booking(ticket.booking.public_id, other.public_id, actor=cast.CONTACT.actor)
    assert record(mail(uid_of(), "DECLINED"))
    assert state(ticket) is None
    assert state(fresh.attendees[0]) is InviteAnswer.DECLINED


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"\xff\x00", b"From: x\r\n\r\nhello", mail("a@eventsys.test", method="REQUEST"),
        mail("a@eventsys.test", "NEEDS-ACTION"), mail("a@eventsys.test", "DELEGATED"),
        b"From: x\r\nContent-Type: text/calendar; charset=nonsense\r\n\r\nBEGIN:VCALENDAR\r\nEND:VCALENDAR",
        b"From: x\r\nContent-Type: text/calendar\r\nContent-Transfer-Encoding: base64\r\n\r\n\xe7!!",
    ],
)  # fmt: skip
@pytest.mark.sqlite_only
def test_what_is_no_answer_is_passed_over(raw):
    assert read_reply(raw) is None


@pytest.mark.sqlite_only
def test_an_answer_is_read():
    reply = read_reply(mail("a@eventsys.test", "ACCEPTED"))
    assert reply == Reply("a@eventsys.test", GUEST.email, InviteAnswer.ACCEPTED, GUEST.email)


class Mailbox(socketserver.ThreadingTCPServer):
    """As much of an IMAP server as imaplib asks for."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, mails):
        super().__init__(("127.0.0.1", 0), Session)
        self.mails, self.seen, self.commands = mails, set(), []

    @property
    def url(self):
        return f"imap://calendar:pass%20word@127.0.0.1:{self.server_address[1]}/Answers"


class Session(socketserver.StreamRequestHandler):
    def handle(self):
        self._say(b"* OK ready")
        for line in self.rfile:
            tag, _, command = line.rstrip(b"\r\n").partition(b" ")
            self.server.commands.append(command.decode())
            self._answer(command)
            self._say(tag + (b" NO no" if b"wrong" in command else b" OK done"))
            if command == b"LOGOUT":
                return

    def _answer(self, command):
        server = self.server
        if command == b"CAPABILITY":
            self._say(b"* CAPABILITY IMAP4rev1")
        elif command.startswith(b"SELECT"):
            self._say(b"* %d EXISTS" % len(server.mails))
        elif b"SEARCH" in command:
            self._say(
                b"* SEARCH " + b" ".join(b"%d" % n for n in range(1, len(server.mails) + 1) if n not in server.seen)
            )
        elif b"FETCH" in command:
            number = int(command.split()[2])
            raw = server.mails[number - 1]
            self._say(b"* %d FETCH (UID %d BODY[]<0> {%d}\r\n%s)" % (number, number, len(raw), raw))
        elif b"STORE" in command:
            server.seen.add(int(command.split()[2]))

    def _say(self, line):
        self.wfile.write(line + b"\r\n")


@pytest.fixture
def mailbox():
    made = Mailbox([])
    threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def test_the_worker_reads_them_and_each_once(app, monkeypatch, ticket, mailbox):
    config = replace(app.config["EVENTSYS"], answers_url=mailbox.url)
    monkeypatch.setattr(tasks, "installation", lambda: config)
    mailbox.mails = [b"From: x\r\n\r\nspam", mail(uid_of(), "TENTATIVE"), mail("x@y"), mail(uid_of(), "DECLINED")]
    tasks.read_answers()
    assert state(ticket) is InviteAnswer.DECLINED
    assert mailbox.seen == {1, 2, 3, 4}
    assert any(re.fullmatch(r'LOGIN "?calendar"? "pass word"', command) for command in mailbox.commands)
    assert 'SELECT "Answers"' in mailbox.commands
    tasks.read_answers()
    assert len([command for command in mailbox.commands if "FETCH" in command]) == 4


def test_a_mail_whose_handling_fails_comes_again(app, monkeypatch, ticket, mailbox):
    config = replace(app.config["EVENTSYS"], answers_url=mailbox.url)
    monkeypatch.setattr(tasks, "installation", lambda: config)
    mailbox.mails = [mail(uid_of())]

    def fail(_reply):
        raise RuntimeError("killed in the middle")

    monkeypatch.setattr(tasks, "record_answer", fail)
    with pytest.raises(RuntimeError):
        tasks.read_answers()
    assert mailbox.seen == set()
    monkeypatch.setattr(tasks, "record_answer", record_answer)
    tasks.read_answers()
    assert state(ticket) is InviteAnswer.ACCEPTED


@pytest.mark.sqlite_only
def test_without_a_way_in_it_says_so(app, monkeypatch, mailbox):
    for url in (
        "imap://a:b@127.0.0.1:1/",
        mailbox.url.replace("pass%20word", "wrong"),
        mailbox.url.replace("Answers", "wrong"),
    ):
        with pytest.raises(NoMailbox), unread_mails(url):
            pass
        config = replace(app.config["EVENTSYS"], answers_url=url)
        monkeypatch.setattr(tasks, "installation", lambda config=config: config)
        assert tasks.read_answers() is False


def test_the_booking_shows_what_was_answered(app, client, ticket):
    record(mail(uid_of(), "DECLINED"))
    page = client.sign_in(cast.CONTACT).get(f"/bookings/{ticket.booking.public_id}", headers={"Accept-Language": "en"})
    assert "Declined in the calendar" in page.get_data(as_text=True)
