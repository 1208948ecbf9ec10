"""Departments and enterprises from spreadsheets, and back into them."""
