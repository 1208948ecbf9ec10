"""Bookings as JSON, and single slots: who booked sees more of them, and changes reach the booked."""

from eventsys.bookings.api.routes import bp
from eventsys.bookings.api.slots import bp as slots_bp

__all__ = ["bp", "slots_bp"]
