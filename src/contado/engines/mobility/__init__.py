"""Mobility: timetables of public transport."""
