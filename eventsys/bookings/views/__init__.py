"""Pages of booking and of the ticket, by what they are about."""

from eventsys.bookings.views import booking, changes, detail, holds, people, tickets, visits
from eventsys.bookings.views.blueprint import bp

__all__ = ["booking", "bp", "changes", "detail", "holds", "people", "tickets", "visits"]
