"""Structured logs (JSON lines) with a request id and without secrets."""

from __future__ import annotations

import logging
import re
import secrets
import sys
import time
from collections.abc import MutableMapping
from typing import Any

import structlog
from flask import Flask, Response, g, request

_SECRET_PATHS = re.compile(r"(/feeds/private/|/t/|/e/|/b/|/reset/|/slots/[^/]+/join/)[^/?#.]+")
_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}", re.ASCII)
log = structlog.get_logger("eventsys.request")


def mask(text: str) -> str:
    """`text` with the tokens of secret paths replaced."""
    return _SECRET_PATHS.sub(r"\1***", text)


def _mask_values(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
    return {key: mask(value) if isinstance(value, str) else value for key, value in event.items()}


def configure_logs(level: int = logging.INFO) -> None:
    """Write one JSON object a line to standard error."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _mask_values,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )


def init_logs(app: Flask) -> None:
    """Give each request an id (kept from a trusted caller's X-Request-ID) and log its end."""

    @app.before_request
    def begin() -> None:
        given = request.headers.get("X-Request-ID", "")
        g.request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        g.started = time.perf_counter()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    @app.after_request
    def end(answer: Response) -> Response:
        if request.endpoint != "static":
            log.info(
                "request",
                method=request.method,
                path=request.path,
                status=answer.status_code,
                ms=round((time.perf_counter() - g.get("started", time.perf_counter())) * 1000, 1),
            )
        return answer
