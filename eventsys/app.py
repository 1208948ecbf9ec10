"""create_app(): the assembly, a list of steps on one screen."""

from __future__ import annotations

from pathlib import Path

from apiflask import APIFlask
from flask import Flask
from flask_wtf import CSRFProtect
from sqlalchemy import make_url
from werkzeug.middleware.proxy_fix import ProxyFix

from eventsys import tables
from eventsys.accounts.security import init_security
from eventsys.accounts.views import bp as accounts
from eventsys.api.blueprint import init_api
from eventsys.bookings.views import bp as bookings
from eventsys.calendars.views.busy import bp as busy_calendars
from eventsys.calendars.views.feeds import bp as feeds
from eventsys.calendars.views.imports import bp as calendar_imports
from eventsys.calendars.views.links import bp as calendars
from eventsys.checkin.queries import DEVICE_TOKEN_PREFIX, GATE_TOKEN_PREFIX, load_device_actor, load_gate_actor
from eventsys.checkin.views import bp as checkin
from eventsys.config import MAX_BODY, Config, load_config
from eventsys.core.actor import Actor
from eventsys.core.db import CACHED_STATEMENTS, COMPILED_STATEMENTS, db, sqlite_module
from eventsys.directory.contact_views import bp as contacts
from eventsys.directory.queries import load_session_actor, load_token_actor, roles_of
from eventsys.directory.views import bp as directory
from eventsys.pages.inbox import bp as inbox
from eventsys.pages.navigation import init_navigation
from eventsys.pages.views import bp as pages
from eventsys.pages.views import editions_bp as editions
from eventsys.pages.views import no_shows_bp as no_shows
from eventsys.pages.views import requests_bp as requests
from eventsys.pages.views import slots_bp as slots
from eventsys.pages.views import visits_bp as visits
from eventsys.pages.views import workdays_bp as workdays
from eventsys.web.assets import register_assets
from eventsys.web.errors import init_errors
from eventsys.web.guards import init_guards
from eventsys.web.headers import init_headers
from eventsys.web.limits import init_limits
from eventsys.web.locale import init_locale
from eventsys.web.logs import configure_logs, init_logs
from eventsys.web.migrations import init_migrations
from eventsys.web.paths import init_paths
from eventsys.web.sessions import init_sessions
from eventsys.web.views import bp as web

PACKAGE = Path(__file__).parent
MAX_FIELDS = 2_000
BLUEPRINTS = (
    web,
    pages,
    slots,
    editions,
    no_shows,
    requests,
    visits,
    workdays,
    feeds,
    calendars,
    calendar_imports,
    busy_calendars,
    accounts,
    contacts,
    directory,
    bookings,
    checkin,
    inbox,
)

__all__ = ["create_app", "tables"]


def create_app(config: Config | None = None) -> APIFlask:
    """The application; `config` defaults to the EVENTSYS_* variables."""
    app = APIFlask(
        "eventsys",
        title="eventsys",
        version="1",
        template_folder=str(_beside_or_within("templates")),
        static_folder=str(PACKAGE / "static"),
        spec_path=None,
        docs_path=None,
        json_errors=False,
    )
    configure(app, config or load_config())
    configure_logs()
    db.init_app(app)
    init_migrations(app, _beside_or_within("migrations"))
    init_logs(app)
    init_limits(app)
    init_sessions(app)
    init_guards(app, load_by_session=load_session_actor, load_by_token=_load_by_token)
    init_paths(app)
    init_locale(app)
    csrf = CSRFProtect(app)
    csrf.exempt("eventsys.web.views.set_locale")  # changes a preference of this browser, nothing else
    init_security(app, roles_of=roles_of)
    init_errors(app)
    init_headers(app)
    register_assets(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    init_api(app, csrf)
    init_navigation(app)
    return app


def configure(app: Flask, config: Config) -> None:
    """Put `config` where Flask and its extensions read it."""
    app.config.update(
        EVENTSYS=config,
        SECRET_KEY=config.secret_key,
        SQLALCHEMY_DATABASE_URI=config.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=_engine_options(config.database_url),
        MAX_CONTENT_LENGTH=MAX_BODY,
        MAX_FORM_MEMORY_SIZE=MAX_BODY,
        MAX_FORM_PARTS=MAX_FIELDS,
        SESSION_COOKIE_NAME="eventsys",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=config.is_secure,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
        SIGN_IN_ENDPOINT="accounts.sign_in",
        ENROLMENT_ENDPOINT="accounts.second_factor",
        PREFERRED_URL_SCHEME="https" if config.is_secure else "http",
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    if config.trusted_proxies:
        count = config.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]


def _engine_options(url: str) -> dict[str, object]:
    backend = make_url(url).get_backend_name()
    options: dict[str, object] = {"query_cache_size": COMPILED_STATEMENTS[backend]}
    if backend == "sqlite":
        return options | {"module": sqlite_module, "connect_args": {"cached_statements": CACHED_STATEMENTS}}
    return options | {"pool_size": 4, "max_overflow": 4, "pool_timeout": 4}


def _beside_or_within(name: str) -> Path:
    """A folder inside the package (an installed wheel) or beside it (a checkout)."""
    within = PACKAGE / name
    return within if within.is_dir() else PACKAGE.parent / name


def _load_by_token(secret: str) -> Actor | None:
    if secret.startswith(GATE_TOKEN_PREFIX):
        return load_gate_actor(secret)
    return load_device_actor(secret) if secret.startswith(DEVICE_TOKEN_PREFIX) else load_token_actor(secret)
