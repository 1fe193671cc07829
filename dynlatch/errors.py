"""Every error that dynlatch raises on purpose: one root, one sentence each; and one warning.

A message says what was given (name, shape, value), what is allowed and what to try.
"""

from __future__ import annotations


class DynlatchError(Exception):
    """Root of all errors of dynlatch: catch this one to catch them all."""


class InvalidInput(DynlatchError, ValueError):
    """An argument has the wrong shape, is not finite, or is outside its allowed range."""


class NotSmooth(DynlatchError, TypeError):
    """A verb that needs derivatives was given a map that has none."""


class NotEnclosable(DynlatchError, TypeError):
    """A proof by interval arithmetic was asked of a map, or of an activation, that has no interval bounds."""


class NotAttracting(DynlatchError, ValueError):
    """A point or cycle given as an attractor is not attracting."""


class UnreadableFile(DynlatchError, OSError):
    """A file is missing, truncated, or does not hold what its name promises."""


class UnsupportedNetwork(DynlatchError, ValueError):
    """A trained network was read, but its architecture is not one that dynlatch handles."""


class MissingExtra(DynlatchError, ImportError):
    """An optional package is needed; the message holds the pip line that brings it."""


class ReducedPrecision(UserWarning):
    """Weights were stored in half precision or bfloat16: converted exactly, but they have few digits."""
