"""territory/network."""
