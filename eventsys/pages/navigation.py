"""Navigation."""

from flask import Flask


def init_navigation(app: Flask) -> None:
    """Placeholder."""
