"""Public transport: GTFS timetables."""
