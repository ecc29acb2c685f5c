"""Homogeneous segments: where the roughness changes level, and where a segment must end."""
