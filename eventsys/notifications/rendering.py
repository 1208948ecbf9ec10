"""From a message's kind and context to words: templates/mail/<kind>/ in the recipient's language."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app
from flask_babel import force_locale
from jinja2 import TemplateNotFound

from eventsys.notifications.models import Message

SUBJECT_MAX = 200
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_INSTANT_KEY = re.compile(r"(.*_)?(at|until)", re.ASCII)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


@dataclass(frozen=True, slots=True)
class Wording:
    """A message in words; `html` is None for kinds that have no body.html."""

    subject: str
    text: str
    html: str | None


def render_mail(message: Message, *, district: str) -> Wording:
    """The mail of a message in its locale; raises jinja2.TemplateNotFound for a kind without templates."""
    context = _context(message, district=district, is_mail=True)
    with force_locale(message.locale):
        return Wording(
            subject=_subject(message.kind, context),
            text=_render(message.kind, "body.txt", context).strip() + "\n",
            html=_render_if_there(message.kind, "body.html", context),
        )


def render_inbox(message: Message) -> tuple[str, str]:
    """Title and plain text of a message on the site, in the reader's present language."""
    context = _context(message, district="", is_mail=False)
    return _subject(message.kind, context), _render(message.kind, "body.txt", context).strip()


def parse_instants(value: Any, key: str = "") -> Any:
    """The same plain data with RFC 3339 text under `…_at` and `…_until` as aware datetimes.

    Only under such keys: what a person typed into a title stays text, whatever it looks like.
    """
    if isinstance(value, dict):
        return {name: parse_instants(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [parse_instants(item, key) for item in value]
    if isinstance(value, str) and _INSTANT_KEY.fullmatch(key) and _INSTANT.fullmatch(value):
        return datetime.fromisoformat(value)
    return value


def _context(message: Message, *, district: str, is_mail: bool) -> dict[str, Any]:
    own = {"district": district, "is_mail": is_mail, "base_url": current_app.config["EVENTSYS"].base_url}
    return {**parse_instants(message.context), **own, "kind": message.kind, "locale": message.locale}


def _subject(kind: str, context: dict[str, Any]) -> str:
    """One line: a line break in a name must not begin another header."""
    line = _UNPRINTABLE.sub(" ", _render(kind, "subject.txt", context))
    return " ".join(line.split())[:SUBJECT_MAX]


def _render(kind: str, name: str, context: dict[str, Any]) -> str:
    # Not flask.render_template: its context processors may ask for a request, and a worker has none.
    return current_app.jinja_env.get_template(f"mail/{kind}/{name}").render(context)


def _render_if_there(kind: str, name: str, context: dict[str, Any]) -> str | None:
    try:
        template = current_app.jinja_env.get_template(f"mail/{kind}/{name}")
    except TemplateNotFound as missing:
        if missing.name != f"mail/{kind}/{name}":
            raise
        return None
    return template.render(context)
