"""The sciences. Each engine is usable on its own and knows nothing of programmes or budgets."""
