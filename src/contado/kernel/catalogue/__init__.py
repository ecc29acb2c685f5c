"""The catalogue of open data: what the workspace publishes, in the profile that national portals harvest."""
