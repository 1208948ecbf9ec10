"""Pages at the door, by what they are about."""

from eventsys.checkin.views import door, gates
from eventsys.checkin.views.blueprint import bp

__all__ = ["bp", "door", "gates"]
