"""List and check practices: one verb a module."""
