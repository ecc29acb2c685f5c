"""territory/matching."""
