"""Verbs of the catalogue of open data."""
