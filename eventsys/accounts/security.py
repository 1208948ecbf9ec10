"""Flask-Security set up."""

from flask import Flask


def init_security(app: Flask) -> None:
    """Placeholder."""
