"""Calendar feeds and their links."""
