"""Layers out of the workspace: one verb a module."""
