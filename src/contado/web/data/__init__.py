"""Workspace -> what pages show: small pure functions from tables and layers to view models."""
