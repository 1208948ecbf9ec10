"""Phones at a gate: the link that makes them its devices, and the gate's page on them, which needs no network."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from flask import Response, flash, jsonify, make_response, redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from eventsys.checkin.forms import DeviceForm, PairingForm
from eventsys.checkin.models import Gate, GateDevice
from eventsys.checkin.queries import find_pairing, get_gate, list_devices
from eventsys.checkin.rendering import gate_messages
from eventsys.checkin.services import offer_pairing, pair_device, revoke_device
from eventsys.checkin.views.blueprint import bp
from eventsys.core.db import unit_of_work
from eventsys.core.errors import NotFound, Refusal
from eventsys.core.installation import absolute_url
from eventsys.core.permissions import Permission, is_allowed
from eventsys.web.assets import asset_url
from eventsys.web.errors import status_of
from eventsys.web.guards import current_actor, public, requires
from eventsys.web.locale import zone
from eventsys.web.qr import qr_svg

KEPT = ("app.css", "app.js", "theme.js", "gate.css", "gate.js", "gate-decoder.js", "icons.svg", "favicon.svg")


@bp.get("/gates/<public_id>/devices")
@requires(Permission.MANAGE_GATES)
def devices(public_id: str) -> Response:
    """The phones of a gate, and a link for more."""
    return _devices_page(_gate(public_id), PairingForm())


@bp.post("/gates/<public_id>/devices")
@requires(Permission.MANAGE_GATES)
def make_link(public_id: str) -> Response:
    """A link for phones, shown this once as a QR code; or this phone at once."""
    here, form, actor = _gate(public_id), PairingForm(), current_actor()
    if not form.validate():
        return _devices_page(here, form, 422)
    may = {"may_override": bool(form.may_override.data), "may_search": bool(form.may_search.data)}
    with unit_of_work():
        pairing, secret = offer_pairing(public_id, **may, actor=actor)
        if form.here.data:
            device, token = pair_device(secret, actor.name, actor=actor)
    if form.here.data:
        return _keep_page(device, token)
    link = absolute_url(url_for("checkin.open_gate", secret=secret))
    picture = qr_svg(link, gettext("QR code for phones"))
    page = render_template("checkin/gate_link.html", gate=here, pairing=pairing, link=link, picture=picture)
    return make_response(page)


@bp.post("/gates/<public_id>/devices/<phone>/revoke")
@requires(Permission.MANAGE_GATES)
def revoke_one(public_id: str, phone: str) -> AnyResponse:
    """Take a phone out."""
    with unit_of_work():
        revoke_device(public_id, phone, actor=current_actor())
    flash(gettext("The phone is taken out. What it checked in stays."), "success")
    return redirect(url_for("checkin.devices", public_id=public_id), 303)


@bp.get("/gate/open/<secret>")
@public
def open_gate(secret: str) -> Response:
    """What the link is for; opening it changes nothing."""
    return _open_page(secret, DeviceForm())


@bp.post("/gate/open/<secret>")
@public
def pair(secret: str) -> Response:
    """Make this phone a device of the gate."""
    form = DeviceForm()
    if not form.validate():
        return _open_page(secret, form, 422)
    try:
        with unit_of_work():
            device, token = pair_device(secret, form.name.data or "", actor=current_actor())
    except NotFound:
        return _open_page(secret, form)
    except Refusal as error:
        form.refuse(error)
        return _open_page(secret, form, status_of(error))
    return _keep_page(device, token)


@bp.get("/gate/")
@public
def gate_app() -> str:
    """The gate's page on a device; it holds nothing of anybody and is kept for when there is no network."""
    return _app()


@bp.get("/gate/sw.js")
@public
def gate_worker() -> Response:
    """The service worker, after the list of files it keeps. It changes with any of them."""
    revision = hashlib.sha256(_app().encode()).hexdigest()[:16]
    files: list[dict[str, Any]] = [{"url": url_for("checkin.gate_app"), "revision": revision}]
    files += [{"url": asset_url(name), "revision": None} for name in KEPT]
    script = f"self.gateFiles = {json.dumps(files)};\nimportScripts({json.dumps(asset_url('gate-worker.js'))});\n"
    answer = Response(script, mimetype="text/javascript")
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@bp.get("/gate/manifest.webmanifest")
@public
def gate_manifest() -> Response:
    """What a phone needs to install the gate's page."""
    icon = {"src": asset_url("favicon.svg"), "sizes": "any", "type": "image/svg+xml"}
    answer = jsonify(
        name=gettext("Check-in"),
        short_name=gettext("Check-in"),
        id=url_for("checkin.gate_app"),
        start_url=url_for("checkin.gate_app"),
        scope=url_for("checkin.gate_app"),
        display="standalone",
        orientation="portrait",
        background_color="#0d1218",
        theme_color="#0d1218",
        icons=[icon],
    )
    answer.mimetype = "application/manifest+json"
    return answer


def _app() -> str:
    messages = gate_messages()
    time_zone = zone().key
    return render_template(
        "checkin/gate.html", actor=None, gate="", is_device=True, messages=messages, time_zone=time_zone
    )


def _gate(public_id: str) -> Gate:
    return get_gate(public_id, current_actor(), Permission.MANAGE_GATES)


def _devices_page(here: Gate, form: PairingForm, status: int = 200) -> Response:
    may_override = is_allowed(current_actor(), Permission.OVERRIDE_CHECK_IN, here.scope)
    found = list_devices([here.id])
    page = render_template("checkin/devices.html", gate=here, devices=found, form=form, may_override=may_override)
    return make_response(page, status)


def _open_page(secret: str, form: DeviceForm, status: int = 200) -> Response:
    pairing = find_pairing(secret)
    page = render_template("checkin/open_gate.html", gate=pairing.gate if pairing else None, form=form)
    return make_response(page, status if pairing else 404)


def _keep_page(device: GateDevice, token: str) -> Response:
    api = url_for("checkin_api.gates").removesuffix("/gates")
    answer = make_response(render_template("checkin/gate_kept.html", device=device, token=token, api=api))
    answer.headers["Cache-Control"] = "no-store"
    return answer
