"""Vector tiles: one verb a module."""
