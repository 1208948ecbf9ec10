"""Pages that span features."""
