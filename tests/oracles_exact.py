"""Numbers to 50 digits from the literal formulas, by halving, quadrature and products in mpmath: nothing of the package."""

from __future__ import annotations

from functools import wraps

import mpmath as mp

DIGITS = 50


def at_50_digits(function):
    @wraps(function)
    def evaluated(*args, **kwargs):
        with mp.workdps(DIGITS):
            return +function(*args, **kwargs)

    return evaluated


def halved(h, lo, hi, halvings=180):
    """The root of a function with one sign change on [lo, hi]."""
    rising = h(hi) > h(lo)
    assert h(lo) * h(hi) <= 0
    for _ in range(halvings):
        middle = (lo + hi) / 2
        lo, hi = (middle, hi) if (h(middle) < 0) == rising else (lo, middle)
    return (lo + hi) / 2


@at_50_digits
def critical_point(w):
    """Where w sech(a)^2 = 1."""
    return mp.atanh(mp.sqrt(1 - 1 / mp.mpf(w)))


@at_50_digits
def u_star(w):
    """max over a > 0 of `w tanh a - a`."""
    w = mp.mpf(w)
    return mp.sqrt(w * (w - 1)) - mp.atanh(mp.sqrt(1 - 1 / w))


@at_50_digits
def logistic_half_width(w):
    """Half the distance of the two folds of `w / (1 + exp(-a)) + c`."""
    w = mp.mpf(w)
    ends = [mp.log(s / (1 - s)) - w * s for s in ((1 + sign * mp.sqrt(1 - 4 / w)) / 2 for sign in (1, -1))]
    return (ends[1] - ends[0]) / 2


@at_50_digits
def attractor(w, bias=0):
    """The upper fixed point of `w tanh a + c`."""
    w, c = mp.mpf(w), mp.mpf(bias)
    low = mp.atanh(mp.sqrt(1 - 1 / w)) if w > 1 else -(w + abs(c) + 1)
    return halved(lambda a: w * mp.tanh(a) - a + c, low, w + abs(c) + 1)


@at_50_digits
def saddle(w, bias=0):
    """The unstable one."""
    w, c = mp.mpf(w), mp.mpf(bias)
    a_c = mp.atanh(mp.sqrt(1 - 1 / w))
    return halved(lambda a: w * mp.tanh(a) - a + c, -a_c, a_c)


@at_50_digits
def log_slope(w, bias=0):
    """ln M' at the upper attractor: the decay of the gradient per step, and the Lyapunov exponent."""
    return mp.log(mp.mpf(w) / mp.cosh(attractor(w, bias)) ** 2)


@at_50_digits
def log_norm_of_power(matrix, t):
    """ln of the 2-norm of A^t."""
    return mp.log(max(mp.svd_r(mp.matrix(matrix) ** t, compute_uv=False)))


@at_50_digits
def finite_horizon(w, steps):
    """The least constant input that takes the upper attractor to the saddle in `steps` steps."""
    start, w = attractor(w), mp.mpf(w)

    def end(b):
        a = start
        for _ in range(steps):
            a = w * mp.tanh(a) - b
        return a

    return halved(end, mp.mpf(0), 2 * start, halvings=100)


@at_50_digits
def basin_share(w, bias, half_width):
    """The share of [-h, h] in the basin of the upper attractor."""
    return (mp.mpf(half_width) - saddle(w, bias)) / (2 * mp.mpf(half_width))


@at_50_digits
def survival(w, std, steps):
    """P(a_1 > 0, ..., a_T > 0) from the attractor under Gaussian noise, T up to 2: one Gauss-Legendre integral."""
    w, s = mp.mpf(w), mp.mpf(std)
    first = attractor(w)
    if steps == 1:
        return mp.ncdf(first / s)
    assert steps == 2
    cuts = [max(mp.mpf(0), first + k * s) for k in (-14, -4, -1, 1, 4, 14)]
    return mp.quad(lambda x: mp.npdf(x, first, s) * mp.ncdf(w * mp.tanh(x) / s), sorted({mp.mpf(0), *cuts}))


@at_50_digits
def uniform_loss(w, half_width):
    """P(a_1 < 0) from the attractor under one draw of uniform noise."""
    b = mp.mpf(half_width)
    return max(mp.mpf(0), (b - attractor(w)) / (2 * b))


@at_50_digits
def henon_fixed_point(a, b):
    """The one in the attractor of `(1 - a x^2 + y, b x)`: its x."""
    a, b = mp.mpf(a), mp.mpf(b)
    return (b - 1 + mp.sqrt((1 - b) ** 2 + 4 * a)) / (2 * a)


@at_50_digits
def chain_distance(stay, leave, t):
    """ln |det A|^t of the chain [[stay, leave], [1 - stay, 1 - leave]]: Dobrushin's coefficient of A^t for two states."""
    return t * mp.log(abs(mp.mpf(stay) - mp.mpf(leave)))


@at_50_digits
def product_of_scalars(w, n):
    """The number of fixed points of `a' = w tanh(a)` in n uncoupled units: that of one unit to the power of n."""
    return mp.mpf(3 if mp.mpf(w) > 1 else 1) ** n
