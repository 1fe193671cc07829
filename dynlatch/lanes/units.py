"""What a unit does to its total input, and the slope of it: `kind` is TANH, LINEAR, THRESHOLD or LOGISTIC.

Numbers are those of one lane or of a pack.
"""

from __future__ import annotations

from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.packs import choose, fma, power_of_two, with_sign

TANH, LINEAR, THRESHOLD, LOGISTIC = range(4)

TWICE_LOG2_E = 2.8853900817779268
HALF_LN2_HIGH, HALF_LN2_LOW = 3.46573590184561908245e-01, 9.5410746463529385e-11
ROUNDING = 6755399441055744.0  # 1.5 x 2^52: adding it leaves the nearest integer in the low bits
SATURATED = 20.0  # tanh is 1 from here
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
    w = h * h
    v = w * w
    even = fma(v, fma(w, COTH[5], COTH[4]), fma(w, COTH[3], COTH[2]))
    c = fma(w, fma(v, even, fma(w, COTH[1], COTH[0])), 1.0)
    K = power_of_two(shifted)
    above, below = K + 1.0, K - 1.0
    return with_sign(fma(below, c, above * h) / fma(above, c, below * h), x)


@kernel
def respond(kind, total):  # type: ignore[no-untyped-def]
    """The output of a unit with this total input; a threshold unit is +1 at 0."""
    if kind == TANH:
        return tanh(total)
    if kind == LINEAR:
        return total
    if kind == THRESHOLD:
        return choose(0.0, total, -1.0, 1.0)
    return fma(tanh(0.5 * total), 0.5, 0.5)


@kernel
def slope(kind, x):  # type: ignore[no-untyped-def]
    """The derivative of the output x by the total input; 0 for a threshold unit."""
    if kind == TANH:
        return 1.0 - x * x
    if kind == LINEAR:
        return choose(x, x, 0.0, 1.0)
    if kind == THRESHOLD:
        return choose(x, x, 1.0, 0.0)
    return x * (1.0 - x)
