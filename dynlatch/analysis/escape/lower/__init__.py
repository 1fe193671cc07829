"""Lower bounds of u*: each is proved, rounding included."""
