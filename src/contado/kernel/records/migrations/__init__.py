"""Alembic migrations of the records: one file a change, forward only."""
