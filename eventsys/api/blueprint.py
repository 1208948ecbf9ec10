"""The JSON API."""

from apiflask import APIFlask
from flask_wtf import CSRFProtect


def init_api(app: APIFlask, csrf: CSRFProtect) -> None:
    """Placeholder."""
