"""Cost-benefit and multi-criteria appraisal: one verb a module."""
