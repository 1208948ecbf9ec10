"""Bookings, attendees and their tickets."""
