"""One table from the five error classes to HTTP, rendered as problem+json (RFC 9457) or as a page."""

from __future__ import annotations

from datetime import date, datetime
from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, Response, json, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from eventsys.core.db import Busy, db
from eventsys.core.errors import Conflict, Invalid, NotAllowed, NotFound, Refusal, TooMany
from eventsys.web.paths import is_api
from eventsys.web.rfc3339 import format_instant
from eventsys.web.wording import sentence

STATUS: dict[type[Refusal], int] = {NotFound: 404, NotAllowed: 403, Invalid: 422, Conflict: 409, TooMany: 429}
EDGE_CODES = {
    400: "bad_request",
    401: "not_signed_in",
    403: "not_allowed",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    409: "conflict",
    412: "stale_edit",
    413: "body_too_large",
    415: "wrong_content_type",
    422: "invalid",
    428: "if_match_missing",
    429: "too_many",
    503: "busy",
}
RETRY_AFTER_SECONDS = 2

log = structlog.get_logger(__name__)


def init_errors(app: Flask) -> None:
    """Answer every error by the table."""
    app.register_error_handler(Refusal, _refused)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Busy, _busy)
    app.register_error_handler(PoolTimeout, _busy)
    app.register_error_handler(OperationalError, _busy)
    app.register_error_handler(DBAPIError, _database)
    app.register_error_handler(Exception, _unexpected)


def status_of(error: Refusal) -> int:
    """The HTTP status of a refusal."""
    if error.code == "stale_edit" and is_api(request.path):
        return 412
    return STATUS[type(error)]


def problem(status: int, code: str, detail: str, **fields: Any) -> Response:
    """An RFC 9457 answer."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "code": code}
    body |= {"detail": detail, **{key: _plain(value) for key, value in fields.items()}}
    return Response(json.dumps(body, ensure_ascii=False), status, content_type="application/problem+json")


def wants_json() -> bool:
    """Whether the answer is read by a programme."""
    if is_api(request.path) or request.is_json:
        return True
    return request.accept_mimetypes.best == "application/json"


def _refused(error: Refusal) -> Response:
    status = status_of(error)
    fields = {key: value for key, value in error.fields.items() if key != "wording"}
    if isinstance(error, Invalid):
        fields["errors"] = [
            {"field": item.field, "code": item.code, "detail": sentence(item.code, item.fields)}
            for item in error.problems
        ]
    answer = _answer(status, error.code, sentence(error.code, error.fields), fields)
    if isinstance(error, TooMany):
        answer.headers["Retry-After"] = str(error.retry_after)
    return answer


def _csrf(error: CSRFError) -> Response:
    return _answer(400, "csrf", sentence("csrf", {}), {})


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    if error.response is not None or status < 400:
        return error.get_response()  # type: ignore[return-value]
    code = EDGE_CODES.get(status, "error")
    answer = _answer(status, code, sentence(code, {}), {})
    for name, value in error.get_headers():
        if name in {"Allow", "Retry-After", "WWW-Authenticate"}:
            answer.headers[name] = value
    if status == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _busy(error: Exception) -> Response:
    db.session.rollback()
    log.warning("database_busy", error=type(error).__name__)
    answer = _answer(503, "busy", sentence("busy", {}), {})
    answer.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return answer


def _database(error: DBAPIError) -> Response:
    if error.connection_invalidated:
        return _busy(error)
    return _unexpected(error)


def _unexpected(error: Exception) -> Response:
    db.session.rollback()
    log.exception("unexpected_error", path=request.path)
    return _answer(500, "error", sentence("error", {}), {})


def _answer(status: int, code: str, detail: str, fields: dict[str, Any]) -> Response:
    if wants_json():
        return problem(status, code, detail, **fields)
    page = render_template("errors/error.html", status=status, code=code, sentence=detail, fields=fields)
    return Response(page, status)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return format_instant(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value
