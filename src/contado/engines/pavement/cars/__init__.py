"""Cars that feel the road: quarter- and half-cars, the golden car, real cars, roll, and how people feel them."""
