"""Before and after: savings of meters, comparisons with controls, realised costs: one verb a module."""
