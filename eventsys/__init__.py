"""Service visits of government departments to enterprises: slots, booking, check-in and calendars."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eventsys.app import create_app

__all__ = ["create_app"]


def __getattr__(name: str) -> Any:
    """Hand on create_app without loading the whole application for `import eventsys.core`."""
    if name == "create_app":
        from eventsys.app import create_app

        return create_app
    raise AttributeError(name)
