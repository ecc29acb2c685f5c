"""The pages and open interfaces of a workspace."""
