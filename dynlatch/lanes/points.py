"""One small network under a constant input: a step of its state, the Jacobian, Newton's method, the adapted metric.

The state is that of the architecture's map: the outputs of the units that are read one step later and of the answer; or, in
activation coordinates, the total inputs of all units. A network is two arrays, since every further argument of a function
costs compilation, and references to be counted at each call:

    code (1 + n + E, 3)     row 0: n, E, whether in activation coordinates; of each unit: kind, first connection, place in the
                            state or -1; of each connection between units: whether it is delayed, place in the state or unit,
                            kind of the source
    w (E + n + 1,)          weights of the connections; what the constant input adds to each unit
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.trace import memory_of
from dynlatch.lanes.units import respond, slope
from dynlatch.lanes.wiring import Wiring
from dynlatch.validation import Array

NEWTON_STEPS = 25
SOLVED = 1e-12  # residual of a solved point, relative to its size
LONGEST = 10.0  # of a Newton step: further away it is cut
SQUARINGS = 24  # of a Jacobian, until it has died out: spectral radii up to 1 - 1e-6 are told from 1


def encoded(net: Wiring, *, before: bool) -> NDArray[np.int64]:
    """`code` of a wiring without delays above one step; `before` is True for activation coordinates."""
    n, memory = net.kinds.size, memory_of(net)
    place = np.full(n, -1, dtype=np.int64)
    place[memory] = np.arange(memory.size)
    inner = np.flatnonzero(net.source < n)
    source, delayed = net.source[inner], net.delay[inner] > 0
    first = np.searchsorted(inner, net.first[:-1])
    edges = np.stack([delayed, np.where(delayed, place[source], source), net.kinds[source]], axis=1)
    units = np.stack([net.kinds, first, place], axis=1)
    return np.concatenate([[[n, inner.size, before]], units, edges]).astype(np.int64)


def weights(net: Wiring, theta: Array, u: Array) -> Array:
    """`w` of every lane of theta (P, L) under the constant input u (m,): shape (L, E + n)."""
    n = net.kinds.size
    inner = net.source < n
    value = np.append(u, 1.0)[np.clip(net.source - n, 0, None)]
    constant = np.zeros((n, theta.shape[1]))
    np.add.at(constant, net.target[~inner], theta[net.weight[~inner]] * value[~inner, None])
    return np.ascontiguousarray(np.concatenate([theta[net.weight[inner]], constant]).T)


@kernel
def step(code, w, x, y, output):  # type: ignore[no-untyped-def]
    """y = M(x). `output` (n,) gets the outputs of all units: in activation coordinates those at x, otherwise those after."""
    n, E, before = code[0, 0], code[0, 1], code[0, 2]
    if before:  # every connection is delayed
        for i in range(n):
            output[i] = respond(code[1 + i, 0], x[i])
    for i in range(n):
        total, place = w[E + i], code[1 + i, 2]
        for e in range(code[1 + i, 1], code[2 + i, 1] if i + 1 < n else E):
            at = code[1 + n + e, 1]
            total += w[e] * (output[at] if before or code[1 + n + e, 0] == 0 else x[at])
        if before:
            y[place] = total
        else:
            output[i] = respond(code[1 + i, 0], total)
            if place >= 0:
                y[place] = output[i]


@kernel
def linearise(code, w, x, y, J):  # type: ignore[no-untyped-def]
    """y = M(x), and J (r, r) its Jacobian there."""
    n, E, before, r = code[0, 0], code[0, 1], code[0, 2], x.size
    output, tangent = np.empty(n), np.zeros((n, r))
    step(code, w, x, y, output)
    for i in range(n):
        for e in range(code[1 + i, 1], code[2 + i, 1] if i + 1 < n else E):
            at, kind = code[1 + n + e, 1], code[1 + n + e, 2]
            if code[1 + n + e, 0] == 0:
                for c in range(r):
                    tangent[i, c] += w[e] * tangent[at, c]
            else:
                tangent[i, at] += w[e] * slope(kind, output[at]) if before else w[e]
        f, place = 1.0 if before else slope(code[1 + i, 0], output[i]), code[1 + i, 2]
        for c in range(r):
            tangent[i, c] *= f
            if place >= 0:
                J[place, c] = tangent[i, c]


@kernel
def put(x, y):  # type: ignore[no-untyped-def]
    """x = y, element by element: a slice assignment takes far longer to compile."""
    for i in range(x.size):
        x[i] = y[i]


@kernel
def times(A, B, into):  # type: ignore[no-untyped-def]
    """into = A B."""
    for i in range(A.shape[0]):
        for k in range(B.shape[1]):
            total = 0.0
            for j in range(B.shape[0]):
                total += A[i, j] * B[j, k]
            into[i, k] = total


@kernel
def around(code, w, period, x, y, J):  # type: ignore[no-untyped-def]
    """y = M^period(x), and its Jacobian."""
    r = x.size
    if period == 1:
        linearise(code, w, x, y, J)
        return
    now, one, product = np.empty(r), np.empty((r, r)), np.empty((r, r))
    put(now, x)
    for k in range(period):
        linearise(code, w, now, y, one)
        put(now, y)
        for i in range(r):
            for j in range(r):
                product[i, j] = J[i, j] if k > 0 else 1.0 * (i == j)
        times(one, product, J)


@kernel
def solve(A, b):  # type: ignore[no-untyped-def]
    """Solve A x = b in place (b becomes x), and the sign of det A; 0 if a pivot vanishes."""
    n, sign = b.size, 1
    for k in range(n):
        p = k
        for i in range(k + 1, n):
            if abs(A[i, k]) > abs(A[p, k]):
                p = i
        if A[p, k] == 0.0:
            return 0
        if p != k:
            sign = -sign
            for j in range(n):
                A[k, j], A[p, j] = A[p, j], A[k, j]
            b[k], b[p] = b[p], b[k]
        sign = sign if A[k, k] > 0.0 else -sign
        for i in range(k + 1, n):
            f = A[i, k] / A[k, k]
            for j in range(k, n):
                A[i, j] -= f * A[k, j]
            b[i] -= f * b[k]
    for i in range(n - 1, -1, -1):
        for j in range(i + 1, n):
            b[i] -= A[i, j] * b[j]
        b[i] /= A[i, i]
    return sign


@kernel
def newton(code, w, period, x):  # type: ignore[no-untyped-def]
    """Newton's method for M^period(x) = x in place: the sign of det(I - J) there, or -2 if it does not converge."""
    r = x.size
    y, J, A, move = np.empty(r), np.empty((r, r)), np.empty((r, r)), np.empty(r)
    for _ in range(NEWTON_STEPS):
        around(code, w, period, x, y, J)
        miss, size = 0.0, 1.0
        for i in range(r):
            move[i] = y[i] - x[i]
            miss, size = max(miss, abs(move[i])), max(size, abs(x[i]))
            for j in range(r):
                A[i, j] = (1.0 if i == j else 0.0) - J[i, j]
        sign = solve(A, move)
        if miss <= SOLVED * size:
            return sign
        far = 0.0
        for i in range(r):
            far = max(far, abs(move[i]))
        if sign == 0 or not far < np.inf:
            return -2
        for i in range(r):
            x[i] += move[i] * min(1.0, LONGEST / far)
    return -2


@kernel
def metrics(code, w, period, x, P):  # type: ignore[no-untyped-def]
    """Whether the cycle through x attracts; if so, P (period, r, r) of the norm in which it contracts at every step.

    `P_j = I + J_j^T P_{j+1} J_j`: the discrete Lyapunov equation, its series summed by Smith's doubling (1968).
    """
    r = x.size
    now, y, jacobians = np.empty(r), np.empty(r), np.empty((period, r, r))
    A, B, total, half = np.zeros((r, r)), np.empty((r, r)), np.zeros((r, r)), np.empty((r, r))
    put(now, x)
    for i in range(r):
        A[i, i] = 1.0
    for k in range(period):
        linearise(code, w, now, y, jacobians[k])
        put(now, y)
        times(jacobians[k], A, B)
        for i in range(r):
            for j in range(r):
                for m in range(r):
                    total[i, j] += A[m, i] * A[m, j]
        A, B = B, A
    for _ in range(SQUARINGS):
        size = 0.0
        for i in range(r):
            for j in range(r):
                size += A[i, j] * A[i, j]
        if not size < 1e30:
            return False
        if size < 1e-34:
            break
        pulled(A, total, half, B)
        for i in range(r):
            for j in range(r):
                total[i, j] += half[i, j]
        times(A, A, B)
        A, B = B, A
    else:
        return False
    for i in range(r):
        for j in range(r):
            P[0, i, j] = total[i, j]
    for k in range(period - 1, 0, -1):
        pulled(jacobians[k], P[(k + 1) % period], P[k], B)
        for i in range(r):
            P[k, i, i] += 1.0
    return True


@kernel
def pulled(J, P, into, room):  # type: ignore[no-untyped-def]
    """into = J^T P J."""
    r = J.shape[0]
    times(P, J, room)
    for i in range(r):
        for j in range(r):
            total = 0.0
            for k in range(r):
                total += J[k, i] * room[k, j]
            into[i, j] = total


@kernel
def shrinks(J, here, there):  # type: ignore[no-untyped-def]
    """Whether |J v| is below |v| in the norms of `here` and `there`: whether `here - J^T there J` has a Cholesky factor."""
    r = J.shape[0]
    A = np.empty((r, r))
    pulled(J, there, A, np.empty((r, r)))
    for i in range(r):
        for j in range(r):
            A[i, j] = here[i, j] - A[i, j]
    for k in range(r):
        for j in range(k):
            A[k, k] -= A[k, j] * A[k, j]
        if not A[k, k] > 0.0:
            return False
        A[k, k] = np.sqrt(A[k, k])
        for i in range(k + 1, r):
            for j in range(k):
                A[i, k] -= A[i, j] * A[k, j]
            A[i, k] /= A[k, k]
    return True
