"""Newton's method for fixed points and cycles of many networks: a queue of starts, WIDTH of them at work."""

from __future__ import annotations

import numpy as np

from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.packs import WIDTH, choose, fma, load, pack, store, with_sign
from dynlatch.lanes.points import gather, linearise, solve, times

NEWTON_STEPS = 25
SOLVED = 1e-12  # residual of a solved point, relative to its size
CLOSE = 1e-8  # length of a step after which there is none, since the next would be its square
LONGEST = 10.0  # of a Newton step: further away it is cut
LONGEST_PERIOD = 8  # of a cycle that is looked for
SQUARINGS = 24  # of a Jacobian, until it has died out: spectral radii up to 1 - 1e-6 are told from 1
MISS, SIZE, FAR, DET = range(4)


@kernel
def newton(code, w, case, period, x, sign, stable):  # type: ignore[no-untyped-def]
    """Solve M^period(x) = x from x (N, r), in place, of the networks `case` of w (C, E + n).

    sign (N,) gets the sign of det(I - J) there, -2 where the method does not converge; stable (N,) whether the point attracts.
    """
    (N, r), n = x.shape, code[0, 0]
    item, count = np.full(WIDTH, -1), np.zeros(WIDTH, np.int64)
    weights, at, y, move = np.zeros((w.shape[1], WIDTH)), np.zeros((r, WIDTH)), np.zeros((r, WIDTH)), np.zeros((r, WIDTH))
    J, A, turns, scale = np.zeros((r, r, WIDTH)), np.zeros((r, r, WIDTH)), np.ones(WIDTH), np.zeros((4, WIDTH))
    output, tangent, jacobians = np.zeros((n, WIDTH)), np.zeros((n, r, WIDTH)), np.empty((N, r, r))
    queue, waiting, done = _by_period(period), 0, 0
    while done < N:
        longest = 1
        for lane in range(WIDTH):
            if item[lane] < 0 and waiting < N:
                k = queue[waiting]
                item[lane], count[lane], turns[lane] = k, 0, period[k]
                gather(w, case[k], weights, lane)
                gather(x, k, at, lane)
                waiting += 1
            if item[lane] >= 0:
                longest = max(longest, period[item[lane]])
        linearise(code, weights, at, y, J, output, tangent, pack())
        if longest > 1:
            _go_around(code, weights, turns, longest, y, J, output, tangent)
        _newton_step(at, y, J, A, move, scale)
        for lane in range(WIDTH):
            k = item[lane]
            if k < 0:
                continue
            count[lane] += 1
            far, size = scale[FAR, lane], scale[SIZE, lane]
            solved = scale[MISS, lane] <= SOLVED * size or far <= CLOSE * size
            if solved or scale[DET, lane] == 0.0 or not far < np.inf or count[lane] == NEWTON_STEPS:
                sign[k] = np.int64(scale[DET, lane]) if solved else -2
                for i in range(r):
                    x[k, i] = at[i, lane] + (move[i, lane] if far <= CLOSE * size else 0.0)
                    for j in range(r):
                        jacobians[k, i, j] = J[i, j, lane]
                item[lane] = -1
                done += 1
        _move(at, move, scale)
    _attracting(jacobians, sign, stable, J, A)


@kernel
def _by_period(period):  # type: ignore[no-untyped-def]
    """The places of short periods first: a pack takes as many steps as the longest in it."""
    queue, at = np.empty(len(period), np.int64), 0
    for turns in range(1, LONGEST_PERIOD + 1):
        for k in range(len(period)):
            if period[k] == turns:
                queue[at] = k
                at += 1
    return queue


@kernel
def _go_around(code, w, turns, longest, y, J, output, tangent):  # type: ignore[no-untyped-def]
    """From one step to M^period and its Jacobian, in the lanes whose period `turns` is above 1."""
    r, zero = y.shape[0], pack()
    now, after, one, product = np.empty_like(y), np.empty_like(y), np.empty_like(J), np.empty_like(J)
    for k in range(1, longest):
        for i in range(r):
            store(now, (i, 0), load(y, (i, 0), zero))
        linearise(code, w, now, after, one, output, tangent, zero)
        times(one, J, product, zero)
        on = load(turns, (0,), zero)
        for i in range(r):
            store(y, (i, 0), choose(on, 1.0 * k, load(after, (i, 0), zero), load(y, (i, 0), zero)))
            for j in range(r):
                store(J, (i, j, 0), choose(on, 1.0 * k, load(product, (i, j, 0), zero), load(J, (i, j, 0), zero)))


@kernel
def _newton_step(x, y, J, A, move, scale):  # type: ignore[no-untyped-def]
    """move = (I - J)^-1 (y - x), and in `scale` the residual, the size of x, the length of the move, the sign of det(I - J)."""
    r, zero = x.shape[0], pack()
    miss, size, far = zero, zero + 1.0, zero
    for i in range(r):
        here = load(x, (i, 0), zero)
        gap = load(y, (i, 0), zero) - here
        store(move, (i, 0), gap)
        miss, size = _larger(gap, miss), _larger(here, size)
        for j in range(r):
            store(A, (i, j, 0), (1.0 if i == j else 0.0) - load(J, (i, j, 0), zero))
    store(scale, (DET, 0), solve(A, move, zero))
    for i in range(r):
        far = _larger(load(move, (i, 0), zero), far)
    store(scale, (MISS, 0), miss)
    store(scale, (SIZE, 0), size)
    store(scale, (FAR, 0), far)


@kernel
def _larger(x, size):  # type: ignore[no-untyped-def]
    x = with_sign(x, 1.0)
    return choose(size, x, size, x)  # NaN stays


@kernel
def _move(x, move, scale):  # type: ignore[no-untyped-def]
    zero = pack()
    far = load(scale, (FAR, 0), zero)
    cut = choose(far, LONGEST, LONGEST / far, 1.0)
    for i in range(x.shape[0]):
        store(x, (i, 0), fma(cut, load(move, (i, 0), zero), load(x, (i, 0), zero)))


@kernel
def _attracting(jacobians, sign, stable, A, B):  # type: ignore[no-untyped-def]
    """Whether spectral radii are below 1: a power with a norm below 1 says so, one with a trace above r the opposite."""
    N, r, zero = len(sign), A.shape[0], pack()
    norm, trace, undecided = np.empty(WIDTH), np.empty(WIDTH), np.empty(WIDTH, np.bool_)
    for first in range(0, N, WIDTH):
        lanes, waiting = min(WIDTH, N - first), 0
        for lane in range(lanes):
            stable[first + lane], undecided[lane] = 0, sign[first + lane] != -2
            waiting += undecided[lane]
            for i in range(r):
                for j in range(r):
                    A[i, j, lane] = jacobians[first + lane, i, j]
        for _ in range(SQUARINGS):
            if waiting == 0:
                break
            _sizes(A, norm, trace)
            for lane in range(lanes):
                if undecided[lane] and (norm[lane] < 1.0 or abs(trace[lane]) > r or not norm[lane] < 1e60):
                    undecided[lane], stable[first + lane] = False, norm[lane] < 1.0
                    waiting -= 1
            times(A, A, B, zero)
            A, B = B, A


@kernel
def _sizes(A, norm, trace):  # type: ignore[no-untyped-def]
    """Squared Frobenius norms and traces of A (r, r, WIDTH)."""
    r, zero = A.shape[0], pack()
    size, along = zero, zero
    for i in range(r):
        along = along + load(A, (i, i, 0), zero)
        for j in range(r):
            size = fma(load(A, (i, j, 0), zero), load(A, (i, j, 0), zero), size)
    store(norm, (0,), size)
    store(trace, (0,), along)
