"""A lower bound on the escape threshold of many additive networks `a' = W tanh(a) + B u`, one attractor each.

In the norm |v|^2 = v^T P v adapted to the fixed point x, P = I + J^T P J, let q bound |W diag(f')| over the ball of radius r.
Inputs of size at most b keep the state in the ball for ever if q r + |B| b <= r, so

    u* >= max over r of  r (1 - q(r)) / |B|:

the papers' b / (1 - lambda) (Theorem 2), read from the radius to the input. Slopes are bounded over the box around the ball,
from m_k - d_k to m_k + d_k, and with G = W^T P W

    q <= |W diag(m)| + | |S W| diag(d) |S^-1| |_F,     P = S^T S,

the first of which is below s where s^2 P - diag(m) G diag(m) is positive definite; 1 - s is found by
halving the range of its logarithm.
"""

from __future__ import annotations

import numpy as np

from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.contraction import least_pivot
from dynlatch.lanes.packs import WIDTH, choose, fma, load, pack, peek, store, with_sign
from dynlatch.lanes.points import gather, pulled
from dynlatch.lanes.units import tanh

HALVINGS = 6
RADII = 6  # that are tried, each half the one before; the first is the radius at which slopes may reach 1


@kernel
def bounds(code, w, case, x, push, P, known, bound):  # type: ignore[no-untyped-def]
    """bound (N,) on inputs in the direction push (C, n) that take the state out of the basin of x (N, n); 0 for none."""
    (N, n), zero = x.shape, pack()
    weights, at, B = np.zeros((w.shape[1], WIDTH)), np.zeros((n, WIDTH)), np.zeros((n, WIDTH))
    norm, G, W = np.zeros((n, n, WIDTH)), np.zeros((n, n, WIDTH)), np.zeros((n, n, WIDTH))
    X, Y, middle, half = np.zeros((n, n, WIDTH)), np.zeros((n, n, WIDTH)), np.zeros((n, WIDTH)), np.zeros((n, WIDTH))
    root, share, spread = np.zeros((n, WIDTH)), np.zeros((n, n, WIDTH)), np.zeros(WIDTH)
    S, R = np.zeros((n, n)), np.zeros((n, n))
    low, high, gap, least = np.zeros(WIDTH), np.zeros(WIDTH), np.zeros(WIDTH), np.zeros(WIDTH)
    radius, gain = np.zeros(WIDTH), np.zeros(WIDTH)
    for first in range(0, N, WIDTH):
        lanes = min(WIDTH, N - first)
        for lane in range(lanes):
            k = first + lane
            gather(w, case[k], weights, lane)
            gather(x, k, at, lane)
            gather(push, case[k], B, lane)
            bound[k] = 0.0
            for i in range(n):
                for j in range(n):
                    norm[i, j, lane] = P[k, i, j]
        _matrix(code, weights, W)
        pulled(W, norm, G, X, zero)
        for lane in range(lanes):
            _factor(norm, S, R, lane)
            _shares(W, S, R, X, Y, share, lane)
            _scales(S, R, at, B, root, radius, gain, lane)
        for _ in range(RADII):
            _ranges(at, root, load(radius, (0,), zero), middle, half)
            _scaled(G, middle, half, share, X, spread)
            for lane in range(lanes):
                spread[lane] = np.sqrt(spread[lane])
                low[lane], high[lane] = max(spread[lane], 1e-3), 1.0
                gap[lane] = low[lane]
            for step in range(HALVINGS + 1):
                _shrunk(norm, X, load(gap, (0,), zero), Y)
                least_pivot(Y, least)
                for lane in range(lanes):
                    if least[lane] > 0.0:
                        low[lane] = gap[lane]
                    elif step > 0:
                        high[lane] = gap[lane]
                    else:  # not even the least gap
                        low[lane] = high[lane] = 0.0
                    gap[lane] = np.sqrt(low[lane] * high[lane])
            for lane in range(lanes):
                rest = low[lane] - spread[lane]
                if known[first + lane] and gain[lane] > 0.0 and rest > 0.0:
                    bound[first + lane] = max(bound[first + lane], radius[lane] * rest / gain[lane])
                radius[lane] *= 0.5


@kernel
def _matrix(code, w, W):  # type: ignore[no-untyped-def]
    n, E, zero = code[0, 0], code[0, 1], pack()
    for i in range(n):
        for j in range(n):
            store(W, (i, j, 0), zero)
        for e in range(peek(code, (1 + i, 1)), peek(code, (2 + i, 1)) if i + 1 < n else E):
            j = peek(code, (1 + n + e, 1))
            store(W, (i, j, 0), load(W, (i, j, 0), zero) + load(w, (e, 0), zero))


@kernel
def _factor(P, S, R, lane):  # type: ignore[no-untyped-def]
    """The upper triangle S of P = S^T S, and R = S^-1."""
    n = len(S)
    for i in range(n):
        for j in range(i, n):
            total = P[i, j, lane]
            for k in range(i):
                total -= S[k, i] * S[k, j]
            S[i, j] = total / S[i, i] if j > i else np.sqrt(max(total, 0.0))
    for j in range(n):
        R[j, j] = 1.0 / S[j, j]
        for i in range(j - 1, -1, -1):
            total = 0.0
            for k in range(i + 1, j + 1):
                total += S[i, k] * R[k, j]
            R[i, j] = -total / S[i, i]


@kernel
def _shares(W, S, R, U, V, share, lane):  # type: ignore[no-untyped-def]
    """share_kl: the product of entries kl of |S W|^T |S W| and of |R| |R|^T, with which half-slopes d_k d_l count."""
    n = len(S)
    for i in range(n):
        for j in range(n):
            total = 0.0
            for k in range(i, n):
                total += S[i, k] * W[k, j, lane]
            U[i, j, lane], V[i, j, lane] = abs(total), abs(R[i, j]) if j >= i else 0.0
    for k in range(n):
        for j in range(n):
            left, right = 0.0, 0.0
            for i in range(n):
                left += U[i, k, lane] * U[i, j, lane]
                right += V[k, i, lane] * V[j, i, lane]
            share[k, j, lane] = left * right


@kernel
def _scales(S, R, x, B, root, radius, gain, lane):  # type: ignore[no-untyped-def]
    """Half-widths of the box around the ball of radius 1, the largest radius, |B|."""
    n, wide, far, total = len(S), 0.0, 0.0, 0.0
    for i in range(n):
        row, push = 0.0, 0.0
        for j in range(i, n):
            row += R[i, j] * R[i, j]
            push += S[i, j] * B[j, lane]
        root[i, lane] = np.sqrt(row)
        wide, far, total = max(wide, root[i, lane]), max(far, abs(x[i, lane])), total + push * push
    radius[lane], gain[lane] = (1.0 + far) / wide, np.sqrt(total)


@kernel
def _ranges(x, root, radius, middle, half):  # type: ignore[no-untyped-def]
    """Slopes over the box around the ball of a radius: middle and half their range."""
    zero = pack()
    for i in range(x.shape[0]):
        size, width = with_sign(load(x, (i, 0), zero), 1.0), radius * load(root, (i, 0), zero)
        inner, outer = tanh(choose(size, width, size - width, 0.0)), tanh(size + width)
        most, least = 1.0 - inner * inner, 1.0 - outer * outer
        store(middle, (i, 0), 0.5 * (most + least))
        store(half, (i, 0), 0.5 * (most - least))


@kernel
def _scaled(G, middle, half, share, X, spread):  # type: ignore[no-untyped-def]
    """X = diag(m) G diag(m), and the square of what half-slopes add."""
    n, zero = G.shape[0], pack()
    apart = zero
    for i in range(n):
        for j in range(n):
            apart = fma(load(half, (i, 0), zero) * load(half, (j, 0), zero), load(share, (i, j, 0), zero), apart)
        for j in range(i + 1):
            store(X, (i, j, 0), load(middle, (i, 0), zero) * load(G, (i, j, 0), zero) * load(middle, (j, 0), zero))
    store(spread, (0,), apart)


@kernel
def _shrunk(P, X, gap, into):  # type: ignore[no-untyped-def]
    """into = (1 - gap)^2 P - X, lower triangles."""
    zero = pack()
    s = 1.0 - gap
    s = s * s
    for i in range(X.shape[0]):
        for j in range(i + 1):
            store(into, (i, j, 0), s * load(P, (i, j, 0), zero) - load(X, (i, j, 0), zero))
