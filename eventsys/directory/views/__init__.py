"""The administration in the browser."""

from eventsys.directory.views import departments, enterprises, imports, people, places, settings, staff, trail
from eventsys.directory.views.blueprint import bp

__all__ = ["bp", "departments", "enterprises", "imports", "people", "places", "settings", "staff", "trail"]
