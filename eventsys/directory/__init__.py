"""Departments, enterprises, parks, places and who belongs where."""
