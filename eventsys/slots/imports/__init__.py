"""Slots from spreadsheets, and back into them."""
