"""The dual and its gradient for many leaves, compiled; and Adam's descent on it.

For one leaf, with p_K = h and q_k = W^T p_{k+1}, `p_k = S_k q_k + leak p_{k+1} - D^T Gamma_k`, the bound is

    sum_k [ c p_{k+1} + s Gamma_k + Phi_k ] + max { p_0 z : z in the leaf's box },
    Phi_k = max { q_k tanh(z + B u) - (S_k q_k) z + (leak p_{k+1}) B u : z in the leaf's box, |u| <= b }.

It is convex in (S, Gamma, log mu). The gradient comes from a forward pass over the maximisers: with x_0 = argmax p_0 z,

    x_{k+1} = c + W (tanh(z_k + B u_k) - S_k z_k + S_k x_k) + leak (x_k + B u_k)

is a relaxed trajectory, `dS_k = q_k (x_k - z_k)` and `dGamma_k = s - D x_k`. Imported only where it is used.
"""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np

from dynlatch.analysis.escape.lower.dual.units import linear_unit, quadratic_unit, summit

SHIFT, QUADRATIC, COUPLED, COUPLED_2 = 0, 1, 2, 3  # how inputs enter: see `problem.kind_of`
NOTHING = 1e-12  # weight of a unit that does not count


@numba.njit(cache=True, error_model="numpy")  # type: ignore[misc,untyped-decorator,unused-ignore]
def _add_product(out: Any, matrix: Any, x: Any) -> None:
    """`out += x @ matrix`, row by row, so that it vectorises."""
    for i in range(matrix.shape[0]):
        f = x[i]
        if f != 0.0:
            for j in range(matrix.shape[1]):
                out[j] += f * matrix[i, j]


@numba.njit(cache=True, error_model="numpy")  # type: ignore[misc,untyped-decorator,unused-ignore]
def _coupled_input(pi: Any, B: Any, b: float, kind: int, push: Any) -> float:
    """`max pi B u` over |u| <= b; `push` becomes B u at the maximum."""
    n, m = B.shape
    e = np.zeros(m)
    _add_product(e, B, pi)
    total = 0.0
    if kind == COUPLED:
        for j in range(m):
            total += b * abs(e[j])
            e[j] = b if e[j] > 0 else -b
    else:
        size = math.sqrt(np.dot(e, e))
        total = b * size
        if size > 0.0:
            for j in range(m):
                e[j] *= b / size
    for i in range(n):
        push[i] = np.dot(B[i], e)
    return total


@numba.njit(cache=True, error_model="numpy")  # type: ignore[misc,untyped-decorator,unused-ignore]
def _unit(q: float, S: float, lam: float, mu: float, lo: float, hi: float, w: float, r: float, kind: int) -> Any:
    """One unit's maximum, and its z and v = (B u)_i, in the unit's own sign."""
    size = abs(q)
    if size < 1e-200:
        if kind == QUADRATIC:
            v = min(max(0.5 * lam * r * r / mu, -w), w)
            return lam * v - (mu * v * v / (r * r) if r > 0.0 else 0.0), lo, v
        v = w if lam > 0 else -w
        return lam * v, lo, v
    sign = 1.0 if q > 0 else -1.0
    if q < 0:
        lo, hi = -hi, -lo
    P = -lam / q
    if kind == SHIFT or w == 0.0:
        value, z, v = linear_unit(S, P, lo, hi, w)
    else:
        value, z, v = quadratic_unit(S, P, mu / (size * r * r), lo, hi, w)
    return size * value, sign * z, sign * v


@numba.njit(cache=True, error_model="numpy")  # type: ignore[misc,untyped-decorator,unused-ignore]
def sweep(net: Any, h: Any, S: Any, G: Any, M: Any, lo: Any, hi: Any, work: Any) -> float:
    """The bound of one leaf; `work` receives p, q, z, v and the relaxed trajectory x."""
    W, _, c, leak, B, ratio, b, kind, D, tops = net
    p, q, z, v, x = work
    K, n = S.shape
    r = D.shape[0]
    total = 0.0
    p[K] = h
    pi, pull = np.empty(n), np.empty(n)
    for k in range(K - 1, -1, -1):
        q[k] = 0.0
        _add_product(q[k], W, p[k + 1])
        total += np.dot(c, p[k + 1])
        for i in range(n):
            pi[i] = S[k, i] * q[k, i] + leak[i] * p[k + 1, i]
            p[k, i] = pi[i]
        pull[:] = 0.0
        for j in range(r):
            if G[k, j] != 0.0:
                total += tops[j] * G[k, j]
                for i in range(n):
                    pull[i] += G[k, j] * D[j, i]
        for i in range(n):
            # Where units are separate, p_0 = 0 is best: nothing is gained by splitting the box of z_0 off.
            if k == 0 and kind < COUPLED and abs(q[0, i]) > NOTHING:
                S[0, i] = (pull[i] - leak[i] * p[1, i]) / q[0, i]
                p[0, i] = 0.0
            else:
                p[k, i] -= pull[i]
        if kind == QUADRATIC:
            total += M[k] * b * b
        if kind >= COUPLED:
            total += _coupled_input(pi, B, b, kind, v[k])
            for i in range(n):
                sign = 1.0 if q[k, i] > 0 else -1.0
                low = (lo[k, i] if sign > 0 else -hi[k, i]) - b * ratio[i]
                high = (hi[k, i] if sign > 0 else -lo[k, i]) + b * ratio[i]
                a = summit(S[k, i], low, high)
                total += abs(q[k, i]) * (math.tanh(a) - S[k, i] * a)
                z[k, i] = sign * a - v[k, i]
        else:
            for i in range(n):
                lam = leak[i] * p[k + 1, i]
                w = b * ratio[i]
                value, z[k, i], v[k, i] = _unit(q[k, i], S[k, i], lam, M[k], lo[k, i], hi[k, i], w, ratio[i], kind)
                total += value
    for i in range(n):
        x[0, i] = hi[0, i] if p[0, i] > 0 else (lo[0, i] if p[0, i] < 0 else z[0, i])
        total += p[0, i] * x[0, i]
    return total


@numba.njit(cache=True, error_model="numpy")  # type: ignore[misc,untyped-decorator,unused-ignore]
def gradient(net: Any, S: Any, M: Any, work: Any, gS: Any, gG: Any, gM: Any) -> None:
    _, WT, c, leak, _, ratio, b, _, D, tops = net
    _, q, z, v, x = work
    K, n = S.shape
    y = np.empty(n)
    for k in range(K):
        used = 0.0
        for i in range(n):
            gS[k, i] = q[k, i] * (x[k, i] - z[k, i])
            y[i] = math.tanh(z[k, i] + v[k, i]) + S[k, i] * (x[k, i] - z[k, i])
            if ratio[i] > 0.0:
                used += (v[k, i] / ratio[i]) ** 2
            x[k + 1, i] = c[i] + leak[i] * (x[k, i] + v[k, i])
        gM[k] = M[k] * (b * b - used)
        _add_product(x[k + 1], WT, y)
        for j in range(D.shape[0]):
            gG[k, j] = tops[j] - np.dot(D[j], x[k])


@numba.njit(cache=True, error_model="numpy")  # type: ignore[misc,untyped-decorator,unused-ignore]
def scratch(K: int, n: int) -> Any:
    return np.zeros((K + 1, n)), np.zeros((K, n)), np.zeros((K, n)), np.zeros((K, n)), np.zeros((K + 1, n))


@numba.njit(cache=True, error_model="numpy")  # type: ignore[misc,untyped-decorator,unused-ignore]
def descend(
    net: Any, faces: Any, goals: Any, S: Any, G: Any, M: Any, lo: Any, hi: Any, steps: int, rate: float, values: Any
) -> int:
    """Adam (Kingma and Ba 2015) on every leaf until its bound is at most its goal, or for `steps` steps; in place.

    Shapes: faces (N, n), goals (N,), S, lo, hi (N, K, n), G (N, K, r), M (N, K), values (N,). What is kept is the
    best met. Returns how many times a dual was evaluated.
    """
    N, K, n = S.shape
    r, kind = G.shape[2], net[7]
    sweeps = 0
    for leaf in range(N):
        work = scratch(K, n)
        values[leaf] = sweep(net, faces[leaf], S[leaf], G[leaf], M[leaf], lo[leaf], hi[leaf], work)
        sweeps += 1
        if values[leaf] <= goals[leaf] or steps == 0:
            continue
        s, g, m = S[leaf].copy(), G[leaf].copy(), M[leaf].copy()
        gS, gG, gM = np.zeros((K, n)), np.zeros((K, r)), np.zeros(K)
        mS, mG, mM = np.zeros((K, n)), np.zeros((K, r)), np.zeros(K)
        vS, vG, vM = np.zeros((K, n)), np.zeros((K, r)), np.zeros(K)
        scale = np.empty(K)
        for k in range(K):
            scale[k] = np.abs(work[0][k]).max() + 1e-300
        for t in range(1, steps + 1):
            gradient(net, s, m, work, gS, gG, gM)
            size = 1e-300 + np.abs(gS).max()
            c1, c2 = 1.0 - 0.9**t, 1.0 - 0.99**t
            step = rate * min(1.0, 2.0 * (1.0 - t / (steps + 1.0)))
            for k in range(K):
                for i in range(n):
                    d = gS[k, i] / size
                    mS[k, i] = 0.9 * mS[k, i] + 0.1 * d
                    vS[k, i] = 0.99 * vS[k, i] + 0.01 * d * d
                    s[k, i] -= step * (mS[k, i] / c1) / (math.sqrt(vS[k, i] / c2) + 1e-6)
                    if k > 0 or kind >= COUPLED:
                        s[k, i] = min(max(s[k, i], 0.0), 1.0)
                for j in range(r):
                    d = gG[k, j] * scale[k] / size
                    mG[k, j] = 0.9 * mG[k, j] + 0.1 * d
                    vG[k, j] = 0.99 * vG[k, j] + 0.01 * d * d
                    moved = g[k, j] - step * scale[k] * (mG[k, j] / c1) / (math.sqrt(vG[k, j] / c2) + 1e-6)
                    g[k, j] = max(moved, 0.0)
                d = gM[k] / size
                mM[k] = 0.9 * mM[k] + 0.1 * d
                vM[k] = 0.99 * vM[k] + 0.01 * d * d
                m[k] *= math.exp(-2.0 * step * (mM[k] / c1) / (math.sqrt(vM[k] / c2) + 1e-6))
            value = sweep(net, faces[leaf], s, g, m, lo[leaf], hi[leaf], work)
            sweeps += 1
            if value < values[leaf]:
                values[leaf] = value
                S[leaf], G[leaf], M[leaf] = s, g, m
                if value <= goals[leaf]:
                    break
    return sweeps


@numba.njit(cache=True, error_model="numpy")  # type: ignore[misc,untyped-decorator,unused-ignore]
def start_weights(net: Any, faces: Any, S: Any, G: Any, M: Any) -> None:
    """mu_k = |S_k q_k| / (2 b) per unit of input, which gives the cost b |p| of a linear multiplier; in place."""
    W, _, _, leak, _, ratio, b, _, D, _ = net
    N, K, n = S.shape
    for leaf in range(N):
        p = faces[leaf].copy()
        for k in range(K - 1, -1, -1):
            q = np.zeros(n)
            _add_product(q, W, p)
            pi = S[leaf, k] * q + leak * p
            M[leaf, k] = math.sqrt(np.sum((pi * ratio) ** 2)) / (2.0 * max(b, 1e-12)) + 1e-9
            p = pi
            for j in range(D.shape[0]):
                p = p - G[leaf, k, j] * D[j]
