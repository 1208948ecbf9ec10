"""Forms of booking, naming, changing and of the ticket's page."""
