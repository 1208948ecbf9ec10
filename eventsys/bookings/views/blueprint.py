"""The blueprint, and how its forms answer a refusal: the rule, the nearest alternatives, what was typed."""

from __future__ import annotations

from flask import Blueprint, make_response, render_template
from werkzeug.wrappers import Response

from eventsys.core.errors import Refusal, TooMany
from eventsys.web.errors import status_of
from eventsys.web.forms import Form
from eventsys.web.wording import sentence

bp = Blueprint("bookings", __name__)


def show_form(template: str, form: Form, error: Refusal | None = None, **context: object) -> Response:
    """The form's page: 200 when asked for, 422 when it needs another look, the refusal's status after one.

    `blocked` in the context is a Refusal that stands whatever is typed: the page shows its sentence, no form.
    """
    nearest, blocked = [], context.get("blocked")
    if isinstance(blocked, Refusal):
        context["blocked_sentence"] = sentence(blocked.code, blocked.fields)
    if error is not None:
        form.refuse(error)
        nearest = error.fields.get("nearest", [])
    is_asked_again = error is None and form.is_submitted() and bool(form.errors)
    status = status_of(error) if error else (422 if is_asked_again else 200)
    page = render_template(template, form=form, nearest=nearest, refused=error.code if error else "", **context)
    answer = make_response(page, status)
    if isinstance(error, TooMany):
        answer.headers["Retry-After"] = str(error.retry_after)
    return answer
