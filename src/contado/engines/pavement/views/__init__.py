"""What files that a person keeps show of roads: read a state, grade its pieces, draw them."""
