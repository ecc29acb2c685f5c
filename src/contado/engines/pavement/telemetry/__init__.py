"""Drives as phones and loggers write them: reading, units, mount, clock, quality."""
