"""Bring drives into a workspace: sections, traversals, observations, states.

`load` is what `contado pavement load` runs; `sections` makes the sections, `traverse` cuts drives into
traversals of sections.
"""
