"""The OGC APIs under ``/api/``."""
