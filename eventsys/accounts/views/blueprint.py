"""The blueprint, and how its pages answer a refusal."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response

from eventsys.accounts.models import Person
from eventsys.accounts.rules import SignInKind, browser_and_system, shown_mobile
from eventsys.accounts.security import roles_of
from eventsys.accounts.services import begin_sign_in, count_wrong_own_password
from eventsys.core.actor import Role
from eventsys.core.db import unit_of_work
from eventsys.core.errors import Refusal, TooMany
from eventsys.web.errors import status_of
from eventsys.web.forms import Form
from eventsys.web.guards import current_actor
from eventsys.web.redirects import safe_target

bp = Blueprint("accounts", __name__)
bp.add_app_template_filter(shown_mobile, "phone")
CHINESE_BRANDS = {
    "WeChat": lazy_gettext("WeChat"),
    "WeCom": lazy_gettext("WeCom"),
    "DingTalk": lazy_gettext("DingTalk"),
}

STARTS = (
    (Role.COORDINATOR, "pages.desk"),
    (Role.CLERK, "pages.desk"),
    (Role.STEWARD, "checkin.gates"),
    (Role.ADMINISTRATOR, "directory.administration"),
    (Role.AUDITOR, "directory.audit_log"),
    (Role.CONTACT, "pages.my_enterprise"),
)


@bp.app_template_filter("browser")
def browser(client: str) -> str:
    """A User-Agent in words people know: `微信, Android`."""
    name, system = browser_and_system(client)
    words = [str(CHINESE_BRANDS.get(name, name)), system]
    return ", ".join(word for word in words if word) or gettext("Unknown browser")


def show_form(template: str, form: Form, error: Refusal | None = None, **context: object) -> Response:
    """The form's page: 200 when asked for, 422 when it needs another look, the refusal's status after one."""
    if error is not None:
        if error.code == "wrong_password":
            with unit_of_work():  # the refused one was rolled back
                count_wrong_own_password(actor=current_actor())
        form.refuse(error)
    status = status_of(error) if error else (422 if request.method == "POST" else 200)
    answer = make_response(render_template(template, form=form, **context), status)
    if isinstance(error, TooMany):
        answer.headers["Retry-After"] = str(error.retry_after)
    return answer


def begin(person: Person, kind: SignInKind) -> str:
    """Begin a session within the running unit of work; give the secret to `enter` once that has committed."""
    client = request.headers.get("User-Agent", "")
    secret, _ = begin_sign_in(person, kind, roles=roles_of(person.id), actor=current_actor(), client=client)
    return secret


def after_sign_in(person: Person, target: str) -> Response:
    """Back to where they wanted to go, or to the page of their first role."""
    roles = roles_of(person.id)
    start = next((endpoint for role, endpoint in STARTS if role in roles), "pages.home")
    return redirect(safe_target(target) if target else url_for(start))
