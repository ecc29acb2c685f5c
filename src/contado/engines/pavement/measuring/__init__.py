"""From drives to cells: where each sample was taken, what the golden car would have felt, calibration, observations."""
