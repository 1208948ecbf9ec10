"""A flood brake a process (Flask-Limiter, in memory). Guessing is throttled by rows, see accounts and checkin."""

from __future__ import annotations

from flask import Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

FLOOD = "3000/minute"
limiter = Limiter(get_remote_address, default_limits=[], application_limits=[FLOOD], storage_uri="memory://")


def init_limits(app: Flask) -> None:
    """Brake addresses that send far more than any person or feed client; loopback (a load test, a proxy) is exempt."""
    limiter.request_filter(lambda: (get_remote_address() or "").startswith("127."))
    limiter.init_app(app)
