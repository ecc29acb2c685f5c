"""Funding rules of a programme folder: one verb a module."""
