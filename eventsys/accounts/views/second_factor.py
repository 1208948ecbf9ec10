"""The second step of sign-in, and one's own authenticator app."""

from __future__ import annotations

from time import time

from flask import flash, redirect, render_template, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from eventsys.accounts.forms import CodeForm, EnrolmentForm, OwnPasswordForm
from eventsys.accounts.models import Person
from eventsys.accounts.queries import find_active_person, get_person
from eventsys.accounts.rules import SECOND_FACTOR_MINUTES, SignInKind
from eventsys.accounts.security import enter
from eventsys.accounts.services import (
    check_second_factor,
    renew_recovery_codes,
    start_enrolment,
    turn_off_second_factor,
    turn_on_second_factor,
)
from eventsys.accounts.views.blueprint import after_sign_in, begin, bp, show_form
from eventsys.core.db import unit_of_work
from eventsys.core.errors import Invalid, Refusal
from eventsys.core.permissions import Permission
from eventsys.web.guards import current_actor, public, requires, while_enrolling
from eventsys.web.qr import qr_svg

PENDING_KEY = "pending"  # of the signed cookie: who has passed the first step, how, when, and where to then
ENROLMENT_KEY = "enrolment"  # the encrypted secret of an app not proved yet


def ask_second_factor(person: Person, kind: SignInKind, target: str) -> Response:
    """Go on to the second step; the first counts for ten minutes."""
    session[PENDING_KEY] = [person.public_id, kind.value, int(time()), target]
    return redirect(url_for("accounts.second_step"))


@bp.get("/sign-in/second-step")
@public
def second_step() -> Response:
    """Where the app's code is typed."""
    if _pending() is None:
        return redirect(url_for("accounts.sign_in"))
    return show_form("accounts/second_step.html", CodeForm())


@bp.post("/sign-in/second-step")
@public
def sign_in_by_second_step() -> Response:
    """Check the app's code or a recovery code."""
    pending = _pending()
    if pending is None:
        return redirect(url_for("accounts.sign_in"))
    person, kind, target = pending
    form = CodeForm()
    if not form.validate():
        return show_form("accounts/second_step.html", form)
    try:
        with unit_of_work():
            secret = begin(person, kind) if check_second_factor(person, form.code.data, actor=current_actor()) else None
        if secret is None:
            raise Invalid("bad_second_factor", field="code")
    except Refusal as error:
        return show_form("accounts/second_step.html", form, error)
    enter(secret)
    return after_sign_in(person, target)


@bp.get("/account/second-factor")
@while_enrolling
@requires(Permission.USE_ACCOUNT)
def second_factor() -> Response:
    """On or off, and what one can do about it."""
    return _page(OwnPasswordForm())


@bp.post("/account/second-factor/start")
@while_enrolling
@requires(Permission.USE_ACCOUNT)
def start_second_factor() -> Response:
    """Make a secret for the app."""
    session[ENROLMENT_KEY] = start_enrolment(actor=current_actor()).secret
    return redirect(url_for("accounts.enrol"))


@bp.get("/account/second-factor/app")
@while_enrolling
@requires(Permission.USE_ACCOUNT)
def enrol() -> Response:
    """The code to scan with the app."""
    if ENROLMENT_KEY not in session:
        return redirect(url_for("accounts.second_factor"))
    return _enrolment_page(EnrolmentForm())


@bp.post("/account/second-factor/app")
@while_enrolling
@requires(Permission.USE_ACCOUNT)
def prove_app() -> Response | str:
    """Turn the second factor on once the app has shown a right code."""
    secret = session.get(ENROLMENT_KEY)
    if secret is None:
        return redirect(url_for("accounts.second_factor"))
    form = EnrolmentForm()
    if not form.validate():
        return _enrolment_page(form)
    try:
        with unit_of_work():
            codes = turn_on_second_factor(secret, form.code.data, form.password.data or "", actor=current_actor())
    except Refusal as error:
        return _enrolment_page(form, error)
    del session[ENROLMENT_KEY]
    return render_template("accounts/recovery_codes.html", codes=codes)


@bp.post("/account/second-factor/codes")
@requires(Permission.USE_ACCOUNT)
def renew_codes() -> Response | str:
    """Fresh recovery codes."""
    form = OwnPasswordForm()
    try:
        with unit_of_work():
            codes = renew_recovery_codes(form.password.data or "", actor=current_actor())
    except Refusal as error:
        return _page(form, error)
    return render_template("accounts/recovery_codes.html", codes=codes)


@bp.post("/account/second-factor/off")
@requires(Permission.USE_ACCOUNT)
def stop_second_factor() -> Response:
    """Turn it off."""
    form = OwnPasswordForm()
    try:
        with unit_of_work():
            turn_off_second_factor(form.password.data or "", actor=current_actor())
    except Refusal as error:
        return _page(form, error)
    flash(gettext("The second step is off. A password is enough again."), "success")
    return redirect(url_for("accounts.second_factor"))


def _pending() -> tuple[Person, SignInKind, str] | None:
    """Who has passed the first step a short while ago."""
    public_id, kind, at, target = session.get(PENDING_KEY) or ("", "", 0, "")
    person = find_active_person(public_id) if time() - at < SECOND_FACTOR_MINUTES * 60 else None
    return (person, SignInKind(kind), target) if person and person.tf_primary_method else None


def _page(form: OwnPasswordForm, error: Refusal | None = None) -> Response:
    person = get_person(current_actor().person)
    form.password.flags.required = bool(person.password)
    left = len(person.mf_recovery_codes or [])
    return show_form(
        "accounts/second_factor.html", form, error, is_on=bool(person.tf_primary_method), left=left, person=person
    )


def _enrolment_page(form: EnrolmentForm, error: Refusal | None = None) -> Response:
    enrolment = start_enrolment(session[ENROLMENT_KEY], actor=current_actor())
    form.password.flags.required = has_password = bool(get_person(current_actor().person).password)
    picture = qr_svg(enrolment.uri, gettext("QR code for the authenticator app"))
    return show_form(
        "accounts/enrol.html", form, error, enrolment=enrolment, picture=picture, has_password=has_password
    )
