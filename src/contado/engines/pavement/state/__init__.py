"""The state of a road on a day: passes, cars, weeks and works joined, and what changed."""
