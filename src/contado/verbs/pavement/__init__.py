"""Road sensing, from network and drives to condition: one verb a module."""
