"""Sign in by password or by a code from a mail, sign out, and set a forgotten password anew."""

from __future__ import annotations

from flask import current_app, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from eventsys.accounts.forms import CodeForm, LoginForm, NewPasswordForm, PasswordSignInForm
from eventsys.accounts.models import Person
from eventsys.accounts.rules import Attempt, SignInKind
from eventsys.accounts.security import enter
from eventsys.accounts.services import (
    check_password,
    count_attempt,
    find_person_by_reset_token,
    redeem_code,
    reset_password,
    send_code,
    send_reset_link,
    sign_out,
)
from eventsys.accounts.views.blueprint import after_sign_in, begin, bp, show_form
from eventsys.accounts.views.second_factor import ask_second_factor
from eventsys.core.db import unit_of_work
from eventsys.core.errors import Invalid, Refusal
from eventsys.web.guards import current_actor, public, while_enrolling

CODE_LOGIN_KEY, CODE_NEXT_KEY = (
    "code_login",
    "code_next",
)  # of the signed cookie, between asking for a code and typing it


@bp.get("/sign-in")
@public
def sign_in() -> Response:
    """Every way in."""
    return show_form("accounts/sign_in.html", PasswordSignInForm(next=request.args.get("next", "")))


@bp.post("/sign-in")
@public
def sign_in_by_password() -> Response:
    """Check the password; nothing tells an unknown account from a wrong password."""
    form = PasswordSignInForm()
    if not form.validate():
        return show_form("accounts/sign_in.html", form)
    login, actor = form.login.data, current_actor()
    try:
        person = check_password(login, form.password.data, actor=actor)
        if person is None:
            with unit_of_work():
                count_attempt(Attempt.PASSWORD, login, actor.address)
            raise Invalid("wrong_credentials")
        return _admit(person, SignInKind.PASSWORD, form.next.data or "")
    except Refusal as error:
        return show_form("accounts/sign_in.html", form, error)


@bp.get("/sign-in/code")
@public
def code() -> Response:
    """Ask for a code by mail."""
    return show_form("accounts/code.html", LoginForm(next=request.args.get("next", "")))


@bp.post("/sign-in/code")
@public
def send_sign_in_code() -> Response:
    """Send it, if there is somebody to send it to; the answer is the same if not."""
    form = LoginForm()
    if not form.validate():
        return show_form("accounts/code.html", form)
    try:
        with unit_of_work():
            send_code(form.login.data, actor=current_actor())
    except Refusal as error:
        return show_form("accounts/code.html", form, error)
    session[CODE_LOGIN_KEY], session[CODE_NEXT_KEY] = form.login.data, form.next.data or ""
    return redirect(url_for("accounts.type_code"))


@bp.get("/sign-in/code/type")
@public
def type_code() -> Response:
    """Where the code is typed."""
    if CODE_LOGIN_KEY not in session:
        return redirect(url_for("accounts.code"))
    return show_form("accounts/type_code.html", CodeForm(), login=session[CODE_LOGIN_KEY])


@bp.post("/sign-in/code/type")
@public
def sign_in_by_code() -> Response:
    """Redeem the code."""
    login = session.get(CODE_LOGIN_KEY)
    if login is None:
        return redirect(url_for("accounts.code"))
    form = CodeForm()
    if not form.validate():
        return show_form("accounts/type_code.html", form, login=login)
    try:
        with unit_of_work():
            person = redeem_code(login, form.code.data, actor=current_actor())
        if person is None:
            raise Invalid("bad_sign_in_code", field="code")
        return _admit(person, SignInKind.CODE, session.get(CODE_NEXT_KEY, ""))
    except Refusal as error:
        return show_form("accounts/type_code.html", form, error, login=login)


@bp.post("/sign-out")
@while_enrolling
@public
def leave() -> Response:
    """End this session here and on the server."""
    with unit_of_work():
        sign_out(actor=current_actor())
    session.clear()
    flash(gettext("You are signed out."), "success")
    return redirect(url_for("pages.home"))


@bp.get("/reset")
@public
def forgotten() -> Response:
    """Ask for a link by mail."""
    return show_form("accounts/forgotten.html", LoginForm())


@bp.post("/reset")
@public
def send_reset() -> Response | str:
    """Send it, if there is somebody to send it to; the answer is the same if not."""
    form = LoginForm()
    if not form.validate():
        return show_form("accounts/forgotten.html", form)
    base = current_app.config["EVENTSYS"].base_url + url_for("accounts.forgotten") + "/"
    try:
        with unit_of_work():
            send_reset_link(form.login.data, base_url=base, actor=current_actor())
    except Refusal as error:
        return show_form("accounts/forgotten.html", form, error)
    return render_template("accounts/reset_sent.html", login=form.login.data)


@bp.get("/reset/<token>")
@public
def reset(token: str) -> Response | str:
    """Where the new password is typed."""
    if find_person_by_reset_token(token) is None:
        return show_form("accounts/forgotten.html", LoginForm(), Invalid("reset_link"))
    return show_form("accounts/reset.html", NewPasswordForm(), token=token)


@bp.post("/reset/<token>")
@public
def store_reset(token: str) -> Response:
    """Set the new password; then one signs in with it, second factor and all."""
    form = NewPasswordForm()
    if not form.validate():
        return show_form("accounts/reset.html", form, token=token)
    try:
        with unit_of_work():
            reset_password(token, form.password.data, actor=current_actor())
    except Invalid as error:
        if error.code == "reset_link":
            return show_form("accounts/forgotten.html", LoginForm(), error)
        return show_form("accounts/reset.html", form, error, token=token)
    flash(gettext("Your new password is set. Please sign in with it."), "success")
    return redirect(url_for("accounts.sign_in"))


def _admit(person: Person, kind: SignInKind, target: str) -> Response:
    """Sign the person in, or ask for the second factor first."""
    if person.tf_primary_method:
        return ask_second_factor(person, kind, target)
    with unit_of_work():
        secret = begin(person, kind)
    enter(secret)
    return after_sign_in(person, target)
