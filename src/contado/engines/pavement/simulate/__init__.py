"""pavement simulate."""
