"""Catalogues: those known by name, files fetched and added, and the one that SQL can ask."""
