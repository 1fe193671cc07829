"""How long a bit survives noise."""
