"""pavement anomalies."""
