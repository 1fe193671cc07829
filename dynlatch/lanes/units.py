"""What a unit does to its total input, and the slope of it: `kind` is TANH, LINEAR, THRESHOLD or LOGISTIC."""

from __future__ import annotations

import math

import numpy as np

from dynlatch.lanes.compiling import kernel

TANH, LINEAR, THRESHOLD, LOGISTIC = range(4)

LOG2_E = 1.4426950408889634
LN2_HIGH, LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
ROUNDING = 6755399441055744.0  # 1.5 x 2^52: adding it leaves the nearest integer in the low bits
BIAS, MANTISSA = np.int64(1023), np.int64(52)
TAYLOR = tuple(1.0 / math.factorial(k) for k in range(14))


@kernel
def tanh(x):  # type: ignore[no-untyped-def]
    """tanh to 2 ulp in arithmetic without branches or calls, so that a loop over lanes becomes vector instructions.

    With z = -2|x| = k ln 2 + r and t = exp(z) - 1 = 2^k (exp(r) - 1) + (2^k - 1), tanh|x| = -t / (t + 2).
    """
    z = -2.0 * min(abs(x), 20.0)
    shifted = z * LOG2_E + ROUNDING
    k = shifted - ROUNDING
    r = (z - k * LN2_HIGH) - k * LN2_LOW
    p = TAYLOR[12] + r * TAYLOR[13]
    p = TAYLOR[10] + r * (TAYLOR[11] + r * p)
    p = TAYLOR[8] + r * (TAYLOR[9] + r * p)
    p = TAYLOR[6] + r * (TAYLOR[7] + r * p)
    p = TAYLOR[4] + r * (TAYLOR[5] + r * p)
    p = r * (1.0 + r * (TAYLOR[2] + r * (TAYLOR[3] + r * p)))
    bits = (np.float64(shifted).view(np.int64) + BIAS) << MANTISSA
    power = np.int64(bits).view(np.float64)
    t = power * p + (power - 1.0)
    return math.copysign(t / (t + 2.0), x)


@kernel
def activate(kind, a, s, t, i):  # type: ignore[no-untyped-def]
    """Outputs s[t, i] of unit i from its total inputs a[t, i], all lanes; a threshold unit is +1 at 0."""
    lanes = a.shape[2]
    if kind == TANH:
        for lane in range(lanes):
            s[t, i, lane] = tanh(a[t, i, lane])
    elif kind == LINEAR:
        for lane in range(lanes):
            s[t, i, lane] = a[t, i, lane]
    elif kind == THRESHOLD:
        for lane in range(lanes):
            s[t, i, lane] = 1.0 if a[t, i, lane] >= 0.0 else -1.0
    else:
        for lane in range(lanes):
            s[t, i, lane] = 0.5 + 0.5 * tanh(0.5 * a[t, i, lane])


@kernel
def times_slope(kind, s, d, t, i):  # type: ignore[no-untyped-def]
    """d[t, i] *= f'(a), all lanes, from the outputs s[t, i]; a threshold unit has slope 0."""
    lanes = s.shape[2]
    if kind == TANH:
        for lane in range(lanes):
            d[t, i, lane] *= 1.0 - s[t, i, lane] * s[t, i, lane]
    elif kind == THRESHOLD:
        for lane in range(lanes):
            d[t, i, lane] = 0.0
    elif kind == LOGISTIC:
        for lane in range(lanes):
            d[t, i, lane] *= s[t, i, lane] * (1.0 - s[t, i, lane])
