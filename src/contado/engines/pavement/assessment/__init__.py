"""Pavements over their life: cost, carbon, declarations of mixes, recycled share."""
