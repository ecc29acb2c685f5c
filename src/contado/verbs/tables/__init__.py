"""Check and describe tables: one verb a module."""
