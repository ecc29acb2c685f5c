"""The common language (tables, workspace, territory) and the decision (solver, portfolio)."""
