"""One's own account: name and language, password, sessions, API tokens."""

from __future__ import annotations

from flask import flash, redirect, render_template, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from eventsys.accounts.forms import SCOPE_NAMES, ApiTokenForm, ChangePasswordForm, ProfileForm
from eventsys.accounts.queries import get_own_sign_in, get_person, is_bound_device, list_api_tokens, list_sign_ins
from eventsys.accounts.rules import PASSWORD_MIN
from eventsys.accounts.security import enter
from eventsys.accounts.services import (
    add_api_token,
    change_password,
    change_profile,
    end_own_sign_in,
    end_sign_ins,
    revoke_api_token,
)
from eventsys.accounts.views.blueprint import begin, bp, show_form
from eventsys.core.db import unit_of_work
from eventsys.core.errors import NotAllowed, Refusal
from eventsys.core.permissions import Permission
from eventsys.web.guards import current_actor, requires


@bp.get("/account")
@requires(Permission.USE_ACCOUNT)
def account() -> Response | str:
    """What is mine to manage; a bound device manages itself only."""
    if is_bound_device(current_actor()):
        return render_template("accounts/device.html")
    person = get_person(current_actor().person)
    return _account_page(ProfileForm(name=person.name, locale=person.locale))


@bp.post("/account")
@requires(Permission.USE_ACCOUNT)
def save_profile() -> Response:
    """Change name and language."""
    form = ProfileForm()
    if not form.validate():
        return _account_page(form)
    try:
        with unit_of_work():
            change_profile(form.name.data, form.locale.data, actor=current_actor())
    except Refusal as error:
        return _account_page(form, error)
    flash(gettext("Saved."), "success")
    return redirect(url_for("accounts.account"))


@bp.get("/account/password")
@requires(Permission.USE_ACCOUNT)
def password() -> Response:
    """Where a new password is typed."""
    return _password_page(ChangePasswordForm())


@bp.post("/account/password")
@requires(Permission.USE_ACCOUNT)
def save_password() -> Response:
    """Change it: every session ends, and this browser gets a new one."""
    form, actor = ChangePasswordForm(), current_actor()
    if not form.validate():
        return _password_page(form)
    try:
        with unit_of_work():
            kind = get_own_sign_in(actor.session, actor).kind
            person = change_password(form.old.data or "", form.password.data, actor=actor)
            secret = begin(person, kind)
    except Refusal as error:
        return _password_page(form, error)
    enter(secret)
    flash(gettext("Your password is changed. All your other sessions have ended."), "success")
    return redirect(url_for("accounts.account"))


@bp.post("/account/sessions/<public_id>/end")
@requires(Permission.USE_ACCOUNT)
def end_session(public_id: str) -> Response:
    """End one of my sessions."""
    actor = current_actor()
    _refuse_bound_device()
    with unit_of_work():
        end_own_sign_in(public_id, actor=actor)
    if public_id == actor.session:
        session.clear()
        return redirect(url_for("accounts.sign_in"))
    flash(gettext("That session has ended."), "success")
    return redirect(url_for("accounts.account"))


@bp.post("/account/sessions/end-others")
@requires(Permission.USE_ACCOUNT)
def end_other_sessions() -> Response:
    """End all my sessions but this one."""
    actor = current_actor()
    _refuse_bound_device()
    with unit_of_work():
        end_sign_ins(actor.person or 0, actor=actor, keep=actor.session)
    flash(gettext("All your other sessions have ended."), "success")
    return redirect(url_for("accounts.account"))


@bp.get("/account/tokens")
@requires(Permission.USE_ACCOUNT)
def tokens() -> Response:
    """My API tokens, and a form for a new one."""
    return _tokens_page(ApiTokenForm())


@bp.post("/account/tokens")
@requires(Permission.USE_ACCOUNT)
def make_token() -> Response | str:
    """Make one and show it this once."""
    form, actor = ApiTokenForm(), current_actor()
    if not form.validate():
        return _tokens_page(form)
    try:
        with unit_of_work():
            secret = add_api_token(form.to_command(actor.person or 0), actor=actor)
    except Refusal as error:
        return _tokens_page(form, error)
    return render_template("accounts/token.html", secret=secret, name=form.name.data)


@bp.post("/account/tokens/<public_id>/revoke")
@requires(Permission.USE_ACCOUNT)
def revoke_token(public_id: str) -> Response:
    """Revoke one of mine."""
    with unit_of_work():
        revoke_api_token(public_id, actor=current_actor())
    flash(gettext("The token is revoked."), "success")
    return redirect(url_for("accounts.tokens"))


def _refuse_bound_device() -> None:
    if is_bound_device(current_actor()):
        raise NotAllowed("bound_device")


def _account_page(form: ProfileForm, error: Refusal | None = None) -> Response:
    actor = current_actor()
    _refuse_bound_device()
    return show_form(
        "accounts/account.html",
        form,
        error,
        person=get_person(actor.person),
        sign_ins=list_sign_ins(actor.person or 0),
        this=actor.session,
    )


def _password_page(form: ChangePasswordForm, error: Refusal | None = None) -> Response:
    _refuse_bound_device()
    has_password = bool(get_person(current_actor().person).password)
    form.old.flags.required = has_password
    return show_form("accounts/password.html", form, error, has_password=has_password, minimum=PASSWORD_MIN)


def _tokens_page(form: ApiTokenForm, error: Refusal | None = None) -> Response:
    _refuse_bound_device()
    mine = list_api_tokens(current_actor().person or 0)
    return show_form("accounts/tokens.html", form, error, tokens=mine, scope_names=SCOPE_NAMES)
