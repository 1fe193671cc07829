"""What a unit does to its total input, and the slope of it: `kind` is TANH, LINEAR, THRESHOLD, LOGISTIC, RELU, EXPONENTIAL.

Numbers are those of one lane or of a pack.
"""

from __future__ import annotations

from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.packs import choose, fma, power_of_two, with_sign

TANH, LINEAR, THRESHOLD, LOGISTIC, RELU, EXPONENTIAL = range(6)

LOG2_E, TWICE_LOG2_E = 1.4426950408889634, 2.8853900817779268
HALF_LN2_HIGH, HALF_LN2_LOW = 3.46573590184561908245e-01, 9.5410746463529385e-11
ROUNDING = 6755399441055744.0  # 1.5 x 2^52: adding it leaves the nearest integer in the low bits
SATURATED = 20.0  # tanh is 1 from here
FARTHEST = 746.0  # exp is 0 below and infinite above
COTH = (1 / 3, -1 / 45, 2 / 945, -1 / 4725, 2 / 93555, -1382 / 638512875)  # h coth h = 1 + h^2/3 - h^4/45 + ...


@kernel
def tanh(x):  # type: ignore[no-untyped-def]
    """tanh to 3 ulp, with one division and without branches or calls, so that vector instructions do it.

    With 2|x| = k ln 2 + 2h, 2^k = K and c = h coth h: exp(2|x|) = K (c + h) / (c - h), and therefore
    tanh|x| = [(K - 1) c + (K + 1) h] / [(K + 1) c + (K - 1) h].
    """
    size = with_sign(x, 1.0)
    size = choose(size, SATURATED, SATURATED, size)  # NaN stays
    shifted = fma(size, TWICE_LOG2_E, ROUNDING)
    k = shifted - ROUNDING
    h = fma(k, -HALF_LN2_LOW, fma(k, -HALF_LN2_HIGH, size))
    c = _coth(h)
    K = power_of_two(shifted)
    above, below = K + 1.0, K - 1.0
    return with_sign(fma(below, c, above * h) / fma(above, c, below * h), x)


@kernel
def _coth(h):  # type: ignore[no-untyped-def]
    """h coth h for |h| <= ln(2) / 4."""
    w = h * h
    v = w * w
    even = fma(v, fma(w, COTH[5], COTH[4]), fma(w, COTH[3], COTH[2]))
    return fma(w, fma(v, even, fma(w, COTH[1], COTH[0])), 1.0)


@kernel
def exponential(x):  # type: ignore[no-untyped-def]
    """exp to 3 ulp; with x = k ln 2 + 2h and c = h coth h it is 2^k (c + h) / (c - h), 2^k in two factors for the ends."""
    x = choose(x, FARTHEST, FARTHEST, x)  # NaN stays
    x = choose(-FARTHEST, x, -FARTHEST, x)
    k = fma(x, LOG2_E, ROUNDING) - ROUNDING
    h = fma(k, -HALF_LN2_LOW, fma(k, -HALF_LN2_HIGH, 0.5 * x))
    c = _coth(h)
    half = fma(k, 0.5, ROUNDING)
    rest = (k - (half - ROUNDING)) + ROUNDING
    return (c + h) / (c - h) * power_of_two(half) * power_of_two(rest)


@kernel
def respond(kind, total):  # type: ignore[no-untyped-def]
    """The output of a unit with this total input; a threshold unit is +1 at 0."""
    if kind == TANH:
        return tanh(total)
    if kind == LINEAR:
        return total
    if kind == THRESHOLD:
        return choose(0.0, total, -1.0, 1.0)
    if kind == LOGISTIC:
        return fma(tanh(0.5 * total), 0.5, 0.5)
    if kind == RELU:
        return choose(0.0, total, 0.0, total)
    return exponential(total)


@kernel
def slope(kind, x):  # type: ignore[no-untyped-def]
    """The derivative of the output x by the total input; 0 for a threshold unit, and for a rectified one at 0."""
    if kind == TANH:
        return 1.0 - x * x
    if kind == LINEAR:
        return choose(x, x, 0.0, 1.0)
    if kind == THRESHOLD:
        return choose(x, x, 1.0, 0.0)
    if kind == LOGISTIC:
        return x * (1.0 - x)
    if kind == RELU:
        return choose(x, 0.0, 1.0, 0.0)
    return x
