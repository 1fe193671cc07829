"""What the dual's maximisers say: how the bounds change with the polytope, and which units are relaxed; compiled.

Imported only where it is used.
"""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np

from dynlatch.analysis.escape.lower.dual.kernels import COUPLED, gradient, scratch, sweep


@numba.njit(cache=True, error_model="numpy")  # type: ignore[misc,untyped-decorator,unused-ignore]
def sensitivities(
    net: Any, faces: Any, S: Any, G: Any, M: Any, lo: Any, hi: Any, box: Any, out: Any, scores: Any, trace: Any
) -> None:
    """Derivatives (N, 2 n + r) of the bounds by (hi, -lo, tops) of the polytope, and by how much each unit is relaxed.

    `scores` (N, K, n): the unit's share of the bound less what it is at the relaxed trajectory `trace` (N, K, n).
    """
    ratio, b, kind, D = net[5], net[6], net[7], net[8]
    N, K, n = S.shape
    r = D.shape[0]
    gS, gG, gM = np.zeros((K, n)), np.zeros((K, r)), np.zeros(K)
    for leaf in range(N):
        work = scratch(K, n)
        sweep(net, faces[leaf], S[leaf], G[leaf], M[leaf], lo[leaf], hi[leaf], work)
        gradient(net, S[leaf], M[leaf], work, gS, gG, gM)
        p, q, z, v, x = work
        out[leaf] = 0.0
        for i in range(n):
            if p[0, i] > 0 and hi[leaf, 0, i] >= box[1, i]:
                out[leaf, i] += p[0, i]
            elif p[0, i] < 0 and lo[leaf, 0, i] <= box[0, i]:
                out[leaf, n + i] -= p[0, i]
        for k in range(K):
            for j in range(r):
                out[leaf, 2 * n + j] += G[leaf, k, j]
            for i in range(n):
                low, high = lo[leaf, k, i], hi[leaf, k, i]
                w = b * ratio[i] if kind >= COUPLED else 0.0
                t = math.tanh(z[k, i] + v[k, i])
                slope = q[k, i] * (1.0 - t * t - S[leaf, k, i])
                at = z[k, i] + (v[k, i] if kind >= COUPLED else 0.0)
                if at >= high + w - 1e-14 and high >= box[1, i]:
                    out[leaf, i] += max(slope, 0.0)
                elif at <= low - w + 1e-14 and low <= box[0, i]:
                    out[leaf, n + i] += max(-slope, 0.0)
                y = min(max(x[k, i], low), high)
                here = q[k, i] * (t - S[leaf, k, i] * z[k, i])
                there = q[k, i] * (math.tanh(y + v[k, i]) - S[leaf, k, i] * y)
                scores[leaf, k, i] = max(here - there, 0.0)
                trace[leaf, k, i] = y
