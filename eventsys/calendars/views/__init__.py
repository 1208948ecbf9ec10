"""Feeds for calendar clients, and the page of one's links."""
