"""What a practice, or a test of one, needs: the conformance suite and the toy territory."""
