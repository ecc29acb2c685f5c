"""Weather of a year: EnergyPlus weather files (.epw)."""
