"""The three-year programme: one verb a module."""
