"""Invented things that several folders of tests stand on; the tests' own package, never shipped."""
