"""Upper bounds of u*: each is an input sequence that escapes."""
