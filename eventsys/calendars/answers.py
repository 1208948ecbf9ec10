"""What a calendar programme answers to an invitation, out of its mail (RFC 5546 3.2.3, RFC 6047). Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import parseaddr

from eventsys.bookings.rules import InviteAnswer

TYPES = {"text/calendar", "application/ics"}
ANSWERS = {item.value.upper(): item for item in InviteAnswer}


@dataclass(frozen=True, slots=True)
class Reply:
    """Who (a mail address, in small letters) says what to which invitation; `sender` is from whom the mail came."""

    uid: str
    address: str
    answer: InviteAnswer
    sender: str


def read_reply(raw: bytes) -> Reply | None:
    """The answer in a mail; None when it is none, or says nothing definite."""
    try:
        mail = message_from_bytes(raw, policy=default)
        sender = parseaddr(str(mail.get("From", "")))[1].lower()
        return next(_replies(mail, sender), None)
    except (ValueError, LookupError, AttributeError, TypeError, IndexError, KeyError):  # mail is whatever people send
        return None


def _replies(mail: object, sender: str) -> Iterator[Reply]:
    import icalendar  # large, and only the worker reads mail

    parts = mail.walk() if isinstance(mail, EmailMessage) else ()
    for part in parts:
        if part.get_content_type() not in TYPES:
            continue
        raw = part.get_payload(decode=True)
        calendar = icalendar.Calendar.from_ical(raw if isinstance(raw, bytes) else b"")
        if str(calendar.get("METHOD", "")).upper() != "REPLY":
            continue
        for event in calendar.walk("VEVENT"):
            attendees = event.get("ATTENDEE", [])
            for who in attendees if isinstance(attendees, list) else [attendees]:
                answer = ANSWERS.get(str(who.params.get("PARTSTAT", "")).upper())
                if answer:
                    address = str(who).partition(":")[2] or str(who)
                    yield Reply(str(event.get("UID", "")), address.strip().lower(), answer, sender)
