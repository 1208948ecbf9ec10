"""A mail server that can refuse, and messages of a kind that only these tests know."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope
from apiflask import APIFlask
from jinja2 import ChoiceLoader, DictLoader

from eventsys.core.db import db, unit_of_work
from eventsys.notifications.models import Message
from eventsys.notifications.services import Recipient, enqueue
from eventsys.notifications.tasks import Sender
from tests import cast

SENDER = Sender(district="示范区", uid_host="eventsys.test")
TEMPLATES = {
    "mail/probe/subject.txt": "{{ _('Language') }} {{ title }}",
    "mail/probe/body.txt": "{% extends 'mail/_layout.txt' %}"
    "{% block content %}{{ title }} {{ starts_at|moment }}{% endblock %}",
    "mail/probe/body.html": "{% extends 'mail/_layout.html' %}{% block content %}<p>{{ title }}</p>{% endblock %}",
    "mail/broken/subject.txt": "{{ 1 / 0 }}",
}


@dataclass
class Post:
    """What a mail server received; `recipient_answer` and `data_answer` make it refuse."""

    port: int
    recipient_answer: str = "250 OK"
    data_answer: str = "250 OK"
    refused: frozenset[str] = frozenset()
    received: list[Envelope] = field(default_factory=list)
    controller: Controller | None = None

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: Any) -> str:
        if address in self.refused:
            return self.recipient_answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:
        if self.data_answer.startswith("250"):
            self.received.append(envelope)
        return self.data_answer

    def start(self) -> None:
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self.controller.start()

    def stop(self) -> None:
        if self.controller:
            self.controller.stop()
            self.controller = None

    @property
    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(envelope.content, policy=default) for envelope in self.received]


@pytest.fixture
def post(app: APIFlask) -> Iterator[Post]:
    """A running mail server, set as the application's."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        post = Post(probe.getsockname()[1])
    kept = app.config["EVENTSYS"]
    app.config["EVENTSYS"] = replace(kept, mail_url=f"smtp://127.0.0.1:{post.port}?from=office@example.com")
    post.start()
    yield post
    post.stop()
    app.config["EVENTSYS"] = kept


@pytest.fixture(autouse=True)
def probe_templates(app: APIFlask) -> Iterator[None]:
    kept = app.jinja_env.loader
    app.jinja_env.loader = ChoiceLoader([DictLoader(TEMPLATES), kept])
    yield
    app.jinja_env.loader = kept


@pytest.fixture
def put(app: APIFlask) -> Callable[..., Message]:
    """Puts one message into the outbox."""

    def put_one(
        title: str = "政策辅导", kind: str = "probe", address: str | None = "contact@example.com", **options: Any
    ) -> Message:
        recipient = Recipient(options.pop("person", cast.CONTACT.id), address, options.pop("locale", "zh_CN"))
        context = {"title": title, "starts_at": "2026-12-03T14:00:00+08:00"}
        with unit_of_work():
            enqueue(kind, [recipient], context, **options)
        return db.session.scalars(db.select(Message).order_by(Message.id.desc()).limit(1)).one()

    return put_one
