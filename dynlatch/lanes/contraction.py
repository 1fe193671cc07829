"""The norm adapted to an attractor: which orbits contract in it at every step (Gamma).

`|v|_j^2 = v^T P_j v`, `P_j = I + J_j^T P_{j+1} J_j` around the cycle (the discrete Lyapunov equation): every step along
the cycle contracts.
"""

from __future__ import annotations

import numpy as np

from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.packs import WIDTH, choose, fma, load, pack, store
from dynlatch.lanes.points import add_squares, gather, linearise, pulled, times

DOUBLINGS, ENDED = 24, 1e-20  # of the sum: until the squared norm of what is left out is as small as this, relative to it


@kernel
def metrics(code, w, case, x, period, phase, P, known):  # type: ignore[no-untyped-def]
    """P (N, r, r) of the attractors through x (N, r), at the points `phase` steps after x; known (N,) whether its sum ends.

    The series is summed by Smith's doubling (1968).
    """
    (N, r), n, zero = x.shape, code[0, 0], pack()
    weights, now, y, size = np.zeros((w.shape[1], WIDTH)), np.zeros((r, WIDTH)), np.zeros((r, WIDTH)), np.zeros(WIDTH)
    J, A, B = np.zeros((r, r, WIDTH)), np.zeros((r, r, WIDTH)), np.zeros((r, r, WIDTH))
    total, half, output, tangent = J.copy(), J.copy(), np.zeros((n, WIDTH)), np.zeros((n, r, WIDTH))
    on, summed = np.zeros((2, WIDTH)), np.zeros(WIDTH, np.bool_)
    for first in range(0, N, WIDTH):
        lanes, longest = min(WIDTH, N - first), 0
        for lane in range(lanes):
            k = first + lane
            gather(w, case[k], weights, lane)
            gather(x, k, now, lane)
            on[0, lane], on[1, lane] = phase[k], phase[k] + period[k]
            longest, summed[lane] = max(longest, phase[k] + period[k]), False
        for i in range(r):
            for j in range(r):
                store(total, (i, j, 0), zero + 1.0 * (i == j))
                store(A, (i, j, 0), zero + 1.0 * (i == j))
        for k in range(longest):
            linearise(code, weights, now, y, J, output, tangent, zero)
            _turn(J, A, B, total, half, load(on, (0, 0), zero), load(on, (1, 0), zero), 1.0 * k)
            now, y = y, now
        for _ in range(DOUBLINGS):
            _frobenius(A, size)
            waiting = 0
            for lane in range(lanes):
                if not summed[lane]:
                    summed[lane] = size[lane] < ENDED
                    waiting += size[lane] >= ENDED and size[lane] < 1e30
                on[0, lane] = not summed[lane]
            if waiting == 0:
                break
            pulled(A, total, half, B, zero)
            for i in range(r):
                for j in range(r):
                    more = choose(load(on, (0, 0), zero), 0.5, load(half, (i, j, 0), zero), 0.0)
                    store(total, (i, j, 0), load(total, (i, j, 0), zero) + more)
            times(A, A, B, zero)
            A, B = B, A
        for lane in range(lanes):
            known[first + lane] = summed[lane]
            for i in range(r):
                for j in range(r):
                    P[first + lane, i, j] = total[i, j, lane]


@kernel
def _turn(J, A, B, total, half, begin, end, k):  # type: ignore[no-untyped-def]
    """One step around the cycle: A becomes J A, total gets A^T A, in lanes with begin <= k < end; no A^T A at the end."""
    zero = pack()
    times(J, A, B, zero)
    for i in range(J.shape[0]):
        for j in range(J.shape[0]):
            a = load(A, (i, j, 0), zero)
            a = choose(begin, k, a, choose(end, k, load(B, (i, j, 0), zero), a))
            store(A, (i, j, 0), a)
            inside = choose(begin, k, 0.0, choose(end, k + 1.0, a, 0.0))
            store(B, (i, j, 0), inside)
    add_squares(B, total, zero)


@kernel
def _frobenius(A, size):  # type: ignore[no-untyped-def]
    zero = pack()
    total = zero
    for i in range(A.shape[0]):
        for j in range(A.shape[0]):
            total = fma(load(A, (i, j, 0), zero), load(A, (i, j, 0), zero), total)
    store(size, (0,), total)


@kernel
def contracts(code, w, case, starts, steps, period, phase, first, P, inside):  # type: ignore[no-untyped-def]
    """Whether every Jacobian on the first `steps` steps from starts (N, r), and on the one after them, contracts.

    P[first[k]] ... are the norms at the points of the attractor that orbit k goes to; `phase` is that of its start.
    """
    (N, r), n, zero = starts.shape, code[0, 0], pack()
    item, count, least = np.full(WIDTH, -1), np.zeros(WIDTH, np.int64), np.zeros(WIDTH)
    weights, x, y = np.zeros((w.shape[1], WIDTH)), np.zeros((r, WIDTH)), np.zeros((r, WIDTH))
    here, there, J = np.zeros((r, r, WIDTH)), np.zeros((r, r, WIDTH)), np.zeros((r, r, WIDTH))
    A, B, output, tangent = J.copy(), J.copy(), np.zeros((n, WIDTH)), np.zeros((n, r, WIDTH))
    waiting, done = 0, 0
    while done < N:
        for lane in range(WIDTH):
            new = item[lane] < 0 and waiting < N
            if new:
                item[lane], count[lane] = waiting, 0
                gather(w, case[waiting], weights, lane)
                gather(starts, waiting, x, lane)
                waiting += 1
            k = item[lane]
            if k >= 0 and (new or period[k] > 1):
                at = phase[k] + count[lane]
                _norm(P[first[k] + at % period[k]], here, lane)
                _norm(P[first[k] + (at + 1) % period[k]], there, lane)
        linearise(code, weights, x, y, J, output, tangent, zero)
        pulled(J, there, A, B, zero)
        _pivots(here, A, least)
        x, y = y, x
        for lane in range(WIDTH):
            k = item[lane]
            if k >= 0:
                if not least[lane] > 0.0 or count[lane] == steps[k]:
                    inside[k], item[lane] = least[lane] > 0.0, -1
                    done += 1
                count[lane] += 1


@kernel
def _norm(P, into, lane):  # type: ignore[no-untyped-def]
    for i in range(len(P)):
        for j in range(len(P)):
            into[i, j, lane] = P[i, j]


@kernel
def _pivots(here, A, least):  # type: ignore[no-untyped-def]
    """The least pivot of here - A: positive where the difference is positive definite."""
    zero = pack()
    for i in range(A.shape[0]):
        for j in range(i + 1):
            store(A, (i, j, 0), load(here, (i, j, 0), zero) - load(A, (i, j, 0), zero))
    least_pivot(A, least)


@kernel
def least_pivot(A, least):  # type: ignore[no-untyped-def]
    """least (WIDTH,): a positive number where the symmetric A, given by its lower triangle, is positive definite."""
    r, zero = A.shape[0], pack()
    smallest = zero + 1.0
    for k in range(r):
        pivot = load(A, (k, k, 0), zero)
        smallest = choose(pivot, smallest, smallest, pivot)  # NaN stays
        for i in range(k + 1, r):
            f = zero - load(A, (i, k, 0), zero) / pivot
            for j in range(k + 1, i + 1):
                store(A, (i, j, 0), fma(f, load(A, (j, k, 0), zero), load(A, (i, j, 0), zero)))
    store(least, (0,), smallest)
