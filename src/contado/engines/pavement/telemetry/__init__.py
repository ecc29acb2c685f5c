"""pavement telemetry."""
