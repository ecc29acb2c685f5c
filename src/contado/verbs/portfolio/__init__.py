"""Programmes in folders: solve, verify; one verb a module."""
