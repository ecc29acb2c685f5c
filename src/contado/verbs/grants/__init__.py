"""contado grants: see the index of verbs."""
