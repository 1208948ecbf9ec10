"""Forms of the directory's administration."""
