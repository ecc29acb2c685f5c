"""pavement .."""
