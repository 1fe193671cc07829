"""The relaxed escape problem of one face, as the kernels see it.

With z = a - B u the state after the step and before the disturbance, and a polytope

    H = {lo <= z <= hi, D z <= s},

H is invariant under all |u_t| <= b if for every face `h z <= value` of H

    max { h z_K : z_0, ..., z_{K-1} in H, |u_k| <= b, z_{k+1} = leak a_k + W f(a_k) + c, a_k = z_k + B u_k } <= value.

Weak duality with any p_0, ..., p_{K-1} (p_K = h) and Gamma_k >= 0 bounds that maximum from above; p are Pontryagin's costates.
"""

from __future__ import annotations

from typing import NamedTuple

from dynlatch.analysis.structure import ActivationForm
from dynlatch.validation import Array


class Polytope(NamedTuple):
    """H: `lo <= z <= hi`, shape (n,), and `rows @ z <= tops`, shapes (r, n) and (r,); r may be 0."""

    lo: Array
    hi: Array
    rows: Array
    tops: Array


class Multipliers(NamedTuple):
    """Dual variables of F faces with L leaves each (branches of the trajectory's box), over K steps.

    With q_k = W^T p_{k+1}: `p_k = slopes_k * q_k + leak * p_{k+1} - rows^T gammas_k`, so that slopes in [0, 1] are natural for
    tanh; any slopes, any `gammas >= 0` and any `weights > 0` give a valid bound. A leaf whose `lo > hi` is empty.
    """

    slopes: Array  # (F, L, K, n)
    gammas: Array  # (F, L, K, r)
    weights: Array  # (F, L, K): multipliers mu_k of |u_k|^2 <= b^2, for the 2-norm; unused for the inf-norm
    lo: Array  # (F, L, K, n): the leaf's box for z_k, within H; the leaves of a face together cover H^K
    hi: Array


class Relaxation(NamedTuple):
    """One escape problem at input size b in norm inf or 2."""

    form: ActivationForm
    b: float
    norm: float
    polytope: Polytope
