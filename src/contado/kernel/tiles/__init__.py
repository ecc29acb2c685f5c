"""Vector tiles of the workspace's layers: live ones, pyramids, and what they say about themselves."""
