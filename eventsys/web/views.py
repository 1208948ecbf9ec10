"""What serves the machine and the frame of every page: health, metrics, robots, language."""

from __future__ import annotations

import ipaddress
import os

from flask import Blueprint, Response, abort, current_app, redirect, request
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from eventsys.web.guards import public, while_enrolling
from eventsys.web.locale import LOCALE_COOKIE, LOCALES
from eventsys.web.migrations import is_schema_current
from eventsys.web.redirects import safe_target

bp = Blueprint("web", __name__)
LOCALE_SECONDS = 365 * 86_400


@bp.get("/healthz")
@while_enrolling
@public
def healthz() -> Response:
    """The process answers."""
    return Response("ok\n", content_type="text/plain; charset=utf-8")


@bp.get("/readyz")
@while_enrolling
@public
def readyz() -> Response:
    """The database answers and has every migration."""
    is_current = is_schema_current()
    answer = "ready\n" if is_current else "migrations are missing: run eventsys db upgrade\n"
    return Response(answer, 200 if is_current else 503, content_type="text/plain; charset=utf-8")


@bp.get("/metrics")
@while_enrolling
@public
def metrics() -> Response:
    """Prometheus metrics, for loopback peers."""
    peer = ipaddress.ip_address(request.remote_addr or "0.0.0.0")  # noqa: S104 - no address means not loopback
    if not peer.is_loopback:
        abort(404)
    return Response(generate_latest(_registry()), content_type=CONTENT_TYPE_LATEST)


def _registry() -> CollectorRegistry:
    """This process's counters, or those of all worker processes when `eventsys serve` started several."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


@bp.get("/robots.txt")
@while_enrolling
@public
def robots() -> Response:
    """Public pages and feeds may be read; people's own pages may not."""
    rules = "User-agent: *\nAllow: /feeds/\nDisallow: /feeds/private/\nDisallow: /t/\nDisallow: /e/\nDisallow: /b/\n"
    return Response(rules, content_type="text/plain; charset=utf-8")


@bp.post("/locale")
@while_enrolling
@public
def set_locale() -> Response:
    """Switch the language of this browser and go back."""
    chosen = request.form.get("locale", "")
    if chosen not in LOCALES:
        abort(422)
    answer = redirect(safe_target(request.form.get("next", "")))
    answer.set_cookie(
        LOCALE_COOKIE,
        chosen,
        max_age=LOCALE_SECONDS,
        samesite="Lax",
        httponly=True,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
    )
    return answer  # type: ignore[return-value]
