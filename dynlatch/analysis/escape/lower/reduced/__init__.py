"""A map as affine maps and unit functions, linear bounds on them, and what they let the inputs reach in the long run."""
