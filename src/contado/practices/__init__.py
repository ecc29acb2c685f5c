"""The good practices, in the territory's own names: engines turned into the practice contract."""
