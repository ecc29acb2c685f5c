"""Street network: model, readers and writers, segment index, shortest paths."""
