"""Slots: what departments offer and when."""
