"""Messages to people: outbox, inbox, delivery."""
