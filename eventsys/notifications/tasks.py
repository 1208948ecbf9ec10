"""Delivery of the outbox: what is due goes out, and each outcome is recorded as soon as it is known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import structlog
from flask import current_app

from eventsys.config import Config
from eventsys.core.clock import now
from eventsys.core.db import db, unit_of_work
from eventsys.notifications.channels import Channel, TryAgain, open_channel, sender_address
from eventsys.notifications.mails import Letter, Undeliverable, build_mail
from eventsys.notifications.models import Message
from eventsys.notifications.rendering import render_mail
from eventsys.notifications.rules import BATCH, LEASE
from eventsys.notifications.services import claim_due, settle

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sender:
    """Under which name mails go out; `uid_host` is the district's, part of every Message-ID."""

    district: str
    uid_host: str


def deliver_due(sender: Sender, limit: int = BATCH) -> int:
    """Send up to `limit` due mails and return how many were tried. No transaction is open while one is sent."""
    config: Config = current_app.config["EVENTSYS"]
    with unit_of_work():
        messages = claim_due(limit)
    for message in messages:
        db.session.expunge(message)  # what was claimed stays as it was read: settle() compares with it
    if messages:
        with open_channel(config) as channel:
            _deliver(messages, channel, sender, config)
    return len(messages)


def _deliver(messages: Iterable[Message], channel: Channel, sender: Sender, config: Config) -> None:
    """One after the other; after an outage the rest is put off untried, and so is what the lease no longer covers."""
    outage = ""
    give_back_at = now() + LEASE / 2
    for message in messages:
        error, is_final = outage, False
        if not outage and now() < give_back_at:
            try:
                _send(message, channel, sender, config)
            except Undeliverable as refusal:
                error, is_final = str(refusal), True
            except TryAgain as failure:
                error, outage = str(failure), str(failure) if failure.is_outage else ""
            except Exception as broken:  # a template or context that fails must not keep the others back
                error = f"not rendered: {type(broken).__name__}: {broken}"
        elif not outage:
            error = "no time left in this batch"
        with unit_of_work():
            settle(message, error=error, is_final=is_final)
        _log(message, error, is_final)


def _send(message: Message, channel: Channel, sender: Sender, config: Config) -> None:
    wording = render_mail(message, district=sender.district)
    letter = Letter(
        message_id=f"{message.public_id}@{sender.uid_host}",
        sender=sender_address(config),
        sender_name=sender.district,
        recipient=message.address or "",
        written_at=message.created_at,
        subject=wording.subject,
        text=wording.text,
        html=wording.html,
        attachments=message.attachments,
        language=message.locale,
    )
    channel.send(build_mail(letter), recipient=letter.recipient, public_id=message.public_id)


def _log(message: Message, error: str, is_final: bool) -> None:
    """Never the address: a log is read by more people than a mail."""
    seen = {"message": message.public_id, "kind": message.kind, "attempt": message.attempts}
    if not error:
        log.info("mail_sent", **seen)
    else:
        log.warning("mail_failed" if is_final else "mail_put_off", **seen, error=error)
