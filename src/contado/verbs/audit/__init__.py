"""contado audit: see the index of verbs."""
