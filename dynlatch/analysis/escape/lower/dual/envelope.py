"""Concave and convex envelopes of tanh over intervals, one interval a unit: what the dual of many units relaxes tanh to.

Over [lo, hi] the concave envelope is the chord from lo to the point of tangency `top`, and tanh itself from there on; the
convex one is tanh up to `bottom` and the chord from there to hi.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dynlatch.validation import Array

HALVINGS = 60
NARROW = 1e-9  # width of an interval below which its chord is the tangent


class Envelope(NamedTuple):
    """Of every unit, all (n,): the interval, and where the chords end with their slopes."""

    lo: Array
    hi: Array
    top: Array
    top_slope: Array
    bottom: Array
    bottom_slope: Array


def envelope_of(lo: Array, hi: Array) -> Envelope:
    """Both envelopes of tanh over [lo, hi]."""
    bottom, bottom_slope = _tangency(-hi, -lo)
    return Envelope(lo, hi, *_tangency(lo, hi), -bottom, bottom_slope)


def slopes_at(envelope: Envelope, a: Array, rising: Array) -> Array:
    """Slope at a, within the interval, of the concave envelope where `rising`, of the convex one elsewhere."""
    tanh = np.tanh(a)
    tangent = 1.0 - tanh * tanh
    above = np.where(a > envelope.top, tangent, envelope.top_slope)
    # At the end of a chord that is the end of the interval too, the tangent would not bound tanh there.
    return np.asarray(np.where(rising, above, np.where(a < envelope.bottom, tangent, envelope.bottom_slope)))


def _tangency(lo: Array, hi: Array) -> tuple[Array, Array]:
    """Where the chord from lo touches tanh from above, or hi if it does not before, and its slope."""

    def beyond(t: Array) -> Array:
        tanh = np.tanh(t)
        return np.asarray(tanh - np.tanh(lo) >= (1.0 - tanh * tanh) * (t - lo))

    below, above = np.minimum(np.maximum(lo, 0.0), hi), hi
    for _ in range(HALVINGS):
        middle = 0.5 * (below + above)
        far = beyond(middle)
        below, above = np.where(far, below, middle), np.where(far, middle, above)
    at = np.where(lo >= 0.0, lo, above)
    width = at - lo
    chord = (np.tanh(at) - np.tanh(lo)) / np.maximum(width, NARROW)
    return at, np.where(width > NARROW, chord, 1.0 - np.tanh(lo) ** 2)
