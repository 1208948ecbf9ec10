"""Every table, imported once so that metadata is whole wherever it is asked for."""

from eventsys.accounts import models as accounts
from eventsys.bookings import models as bookings
from eventsys.calendars import models as calendars
from eventsys.checkin import models as checkin
from eventsys.core import audit
from eventsys.directory import models as directory
from eventsys.notifications import models as notifications
from eventsys.slots import models as slots
from eventsys.workdays import models as workdays

__all__ = ["accounts", "audit", "bookings", "calendars", "checkin", "directory", "notifications", "slots", "workdays"]
