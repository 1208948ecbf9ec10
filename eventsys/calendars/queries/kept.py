"""What a feed holds on a day, as conditions on slots and bookings: read by the feeds and by their sweep."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, func, or_

from eventsys.bookings.models import Booking
from eventsys.bookings.rules import ACTIVE, BookingState
from eventsys.calendars.rules import Window
from eventsys.slots.models import Slot
from eventsys.slots.rules import SlotState


def in_window(window: Window) -> ColumnElement[bool]:
    """Which slots start in the window."""
    return and_(Slot.starts_at >= window.starts_from, Slot.starts_at < window.starts_before)


def kept(window: Window, *, drops_cancelled: bool = False) -> ColumnElement[bool]:
    """Which slots a feed holds: published ones, and for a while those called off."""
    published = Slot.state == SlotState.PUBLISHED
    if drops_cancelled:
        return and_(in_window(window), published)
    recently = and_(Slot.state == SlotState.CALLED_OFF, Slot.called_off_at >= window.cancelled_since)
    return and_(in_window(window), or_(published, recently))


def booking_kept(window: Window) -> ColumnElement[bool]:
    """Which bookings keep their slot in the enterprise's feed: active ones, and for a while those that ended. A hold
    is no appointment: neither while it lasts nor when it has lapsed."""
    active = Booking.state.in_(ACTIVE)
    was_a_hold = and_(Booking.state == BookingState.EXPIRED, Booking.queue_number.is_(None))
    is_shown = ~or_(Booking.state == BookingState.HELD, was_a_hold)
    ended_at = func.coalesce(Booking.cancelled_at, Booking.changed_at)
    going_on = or_(Slot.state == SlotState.PUBLISHED, Slot.called_off_at >= window.cancelled_since)
    return and_(
        in_window(window), is_shown, or_(and_(active, going_on), and_(~active, ended_at >= window.cancelled_since))
    )
