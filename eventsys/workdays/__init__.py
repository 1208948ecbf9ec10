"""The Chinese working calendar."""
