"""The dual bound of `relaxation`, once, with rounding accounted for: a theorem about real arithmetic.

Weak duality. With p_K = h, any p_0 ... p_{K-1} and any gamma_k >= 0, along every trajectory of the relaxed problem

    h z_K = p_0 z_0 + sum_k [ p_{k+1} z_{k+1} - p_k z_k ]
         <= p_0 z_0 + sum_k [ p_{k+1} c + gamma_k s + q_k f(a_k) + r_k a_k - g_k z_k ],

    q_k = W^T p_{k+1},   r_k = leak p_{k+1},   g_k = p_k + D^T gamma_k,   a_k = z_k + B u_k,

as z_{k+1} = leak a_k + W f(a_k) + c and D z_k <= s. The right side is bounded term by term; z_k lies in the box of the leaf.

* No input reaches two units (B diagonal, say), inf-norm: units are apart, v = (B u)_i with |v| <= w. For given a the best z is
  an end of what a allows, so the maximum is the larger of `q f(a) + r a - g e` over |a - e| <= w, with e the end of the box
  against g, and `q f(a) + (r - g) a + |g| w` over the box shifted by w towards the sign of g. Each bounds all a: together
  they only have to cover.
* The same, 2-norm: `mu_k (b^2 - |u_k|^2) >= 0` is added, which puts units apart: less `kappa v^2`, kappa = mu / |B_i|^2, as v
  costs at least that. For given a the best v is `v0 = clip(g / 2 kappa, -w, w)` unless z meets an end of its box: three
  one-dimensional maxima.
* Any other B: `-g z = -g a + g B u`, so `q f(a) + (r - g) a` over the box widened by that of B u, and `b |B^T g|` in the dual
  norm; or the first form with w_i the width of (B u)_i, which ignores that units share their inputs. The smaller of the two.

p_0 = 0 is the best choice where units are apart, whatever the slopes say: `max p_0 z + max (F(z) - p_0 z) >= max F`.

Rounding. The p_k are whatever floats come out: only q, r, g, the constants, f and the sums carry errors, each at most
4 (n + r + K) + 256 EPS times the size of its terms, with f within 8 units in the last place and W, c, B, leak within 4 EPS of
the true weights (they are products for leaky nets). These sizes are summed along with the bound and added at the end.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dynlatch.analysis.escape.lower.dual.maxima import largest, largest_off_parabola
from dynlatch.analysis.escape.lower.dual.relaxation import Multipliers, Relaxation
from dynlatch.analysis.structure import steepest_slope
from dynlatch.intervals import EPS, TINY
from dynlatch.validation import Array

SMALLEST = 1e-290  # multiplier of |u|^2 <= b^2: any positive number is allowed


class _Leaf(NamedTuple):
    """One step of all leaves: coefficients and box of every unit, (F, L, n)."""

    q: Array
    r: Array
    g: Array
    lo: Array
    hi: Array


class _Sizes(NamedTuple):
    """How large things get on H, for the error bound, and how far inputs move the units."""

    push: Array  # (n,): |(B u)_i| at most, rounded up so that adding it to an end of a box rounds outward
    reach: Array  # (n,): |a_i| at most
    costate: Array  # (n,): |p_{k+1}| times this bounds the terms with p_{k+1}
    relative: float  # relative error of everything, in units of the sizes


def certified_bounds(relaxation: Relaxation, targets: Array, multipliers: Multipliers) -> Array:
    """Upper bound of `max { h z_K }` for each face, the largest of its leaves: proved, rounding included.

    Parameters
    ----------
    relaxation : Relaxation
    targets : ndarray, shape (F, n)
        The normals h.
    multipliers : Multipliers
        Any: a negative gamma counts as 0. That the leaves of a face cover H is the caller's word.

    Returns
    -------
    ndarray, shape (F,)
        +inf where anything is not finite, -inf where all leaves are empty.
    """
    box = relaxation.polytope
    lo = np.maximum(multipliers.lo, box.lo)
    hi = np.minimum(multipliers.hi, box.hi)
    gammas = np.maximum(multipliers.gammas, 0.0)
    weights = np.maximum(multipliers.weights, SMALLEST)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        bounds = _leaf_bounds(relaxation, targets, multipliers.slopes, gammas, weights, lo, hi)
    bounds = np.where(np.isnan(bounds), np.inf, bounds)
    return np.asarray(np.where((lo > hi).any((-2, -1)), -np.inf, bounds).max(-1))


def _leaf_bounds(
    relaxation: Relaxation, targets: Array, slopes: Array, gammas: Array, weights: Array, lo: Array, hi: Array
) -> Array:
    form, box = relaxation.form, relaxation.polytope
    separate = bool(((form.B != 0).sum(0) <= 1).all())
    sizes = _sizes(relaxation, slopes.shape[2])
    p = np.broadcast_to(targets[:, None], (len(targets), slopes.shape[1], targets.shape[1]))
    total = np.zeros(p.shape[:2])
    size = np.zeros(p.shape[:2])
    for k in reversed(range(slopes.shape[2])):
        r, pull = form.leak * p, gammas[:, :, k] @ box.rows
        q = p @ form.W
        total += p @ form.c + gammas[:, :, k] @ box.tops
        size += np.abs(p) @ sizes.costate + gammas[:, :, k] @ (np.abs(box.tops) + np.abs(box.rows) @ sizes.reach)
        p = np.zeros_like(p) if k == 0 and separate else slopes[:, :, k] * q + r - pull
        size += 2.0 * np.abs(p) @ sizes.reach
        leaf = _Leaf(q, r, p + pull, lo[:, :, k], hi[:, :, k])
        if not separate:
            total += _coupled(relaxation, sizes, leaf, p if k == 0 else None, pull)
        elif relaxation.norm == 2:
            total += _quadratic(relaxation, sizes, leaf, weights[:, :, k])
            size += p.shape[-1] * weights[:, :, k] * relaxation.b**2
        else:
            total += _shifted(relaxation, sizes, leaf)
    return np.asarray(total + sizes.relative * EPS * size + TINY)


def _sizes(relaxation: Relaxation, steps: int) -> _Sizes:
    form, box = relaxation.form, relaxation.polytope
    ends = np.maximum(np.abs(box.lo), np.abs(box.hi))
    rows = np.abs(form.B).sum(1) if np.isinf(relaxation.norm) else np.sqrt((form.B**2).sum(1))
    push = relaxation.b * rows * (1.0 + 4.0 * (form.B.shape[1] + 8) * EPS)
    push = push + 4.0 * EPS * (ends + push) + TINY
    reach = ends + 2.0 * push
    image = form.f.image(-reach, reach)
    slope = 0.0 if form.f.slope_peak is None else steepest_slope(form.f)
    units = np.maximum(np.abs(image[0]), np.abs(image[1])) + 2.0 * slope * reach
    costate = np.abs(form.c) + np.abs(form.leak) * reach * 2.0 + np.abs(form.W) @ units
    n, r = len(push), len(box.tops)
    return _Sizes(push, reach, costate, 4.0 * (n + r + steps) + 256.0)


def _shifted(relaxation: Relaxation, sizes: _Sizes, leaf: _Leaf) -> Array:
    """Units apart, |v| <= push: the edges of the rectangle of (z, v), which hold the maximum."""
    f, w = relaxation.form.f, sizes.push
    end = np.where(leaf.g >= 0, leaf.lo, leaf.hi)
    if leaf.r.any():
        flat = largest(f, leaf.q, leaf.r, end - w, end + w) - leaf.g * end
    else:  # f is non-decreasing
        flat = leaf.q * f(end + np.copysign(w, leaf.q)) - leaf.g * end
    shift = np.copysign(w, leaf.g)
    sloped = largest(f, leaf.q, leaf.r - leaf.g, leaf.lo + shift, leaf.hi + shift) + np.abs(leaf.g) * w
    return np.asarray(np.maximum(flat, sloped).sum(-1))


def _quadratic(relaxation: Relaxation, sizes: _Sizes, leaf: _Leaf, weights: Array) -> Array:
    """Units apart, each less `kappa v^2`; the multiplier's `mu b^2` on top."""
    form, w = relaxation.form, sizes.push
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        # A unit without input has w = 0 to rounding, and any kappa will do.
        kappa = np.minimum(weights[..., None] * ((1.0 - (32.0 + form.B.shape[1]) * EPS) / (form.B**2).sum(1)), 1e290)
        v = np.clip(leaf.g / (2.0 * kappa), -w, w)
    around = 4.0 * EPS * sizes.reach + TINY  # the three intervals overlap: the middle bound holds for all a
    left, right = leaf.lo + v, leaf.hi + v
    t = leaf.r - leaf.g
    bound = largest(form.f, leaf.q, t, left - around, right + around) + leaf.g * v - kappa * v * v
    for e, x, y in ((leaf.lo, leaf.lo - w, left), (leaf.hi, right, leaf.hi + w)):
        side = largest_off_parabola(form.f, leaf.q, leaf.r, kappa, e, x, np.maximum(x, y)) - leaf.g * e
        bound = np.maximum(bound, side)
    return np.asarray(bound.sum(-1) + weights * relaxation.b**2)


def _coupled(relaxation: Relaxation, sizes: _Sizes, leaf: _Leaf, first: Array | None, pull: Array) -> Array:
    """Any B: the box of a with the dual norm of `B^T g`, or units apart; at step 0 with p_0 (`first`) paid for, or p_0 = 0."""
    f, w = relaxation.form.f, sizes.push
    pulled = leaf.g @ relaxation.form.B
    norm = np.abs(pulled).sum(-1) if np.isinf(relaxation.norm) else np.sqrt((pulled**2).sum(-1))
    boxed = largest(f, leaf.q, leaf.r - leaf.g, leaf.lo - w, leaf.hi + w).sum(-1) + relaxation.b * norm
    if first is None:
        return np.asarray(np.minimum(boxed, _shifted(relaxation, sizes, leaf)))
    paid = np.maximum(first * leaf.lo, first * leaf.hi).sum(-1)
    return np.asarray(np.minimum(boxed + paid, _shifted(relaxation, sizes, leaf._replace(g=pull))))
