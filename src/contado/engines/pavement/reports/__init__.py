"""What leaves the engine to be read: strip diagrams, one-file maps, replays, the report."""
