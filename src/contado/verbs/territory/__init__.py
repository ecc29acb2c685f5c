"""Municipalities and their codes: one verb a module."""
