"""Gates, check-ins and the release of places as JSON."""

from eventsys.checkin.api import own_gate
from eventsys.checkin.api.routes import bp

__all__ = ["bp", "own_gate"]
