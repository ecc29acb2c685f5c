"""contado records: see the index of verbs."""
