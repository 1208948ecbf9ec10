"""Forms of the pages that span features."""
