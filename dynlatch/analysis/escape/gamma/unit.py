"""u*_Gamma of one unit that excites itself, in closed form.

For `a' = leak a + W f(a) + c + B u` with W > 0 the slope `leak + W f'(a)` is below 1 exactly beyond the critical point a_c,
where it is 1. From above, a constant input pushes hardest; it stops short of a_c as long as its fixed point lies above a_c,
that is up to `leak a_c + W f(a_c) + c - a_c`, in units of |B|. Where there are two attractors this is u* itself.
"""

from __future__ import annotations

import numpy as np

from dynlatch.activations import LOGISTIC, TANH
from dynlatch.analysis import scalar
from dynlatch.analysis.attractor import Attractor
from dynlatch.analysis.structure import ActivationForm
from dynlatch.validation import Array

EXCESS = 1e-6
LONGEST = 100_000


def exact_unit(form: ActivationForm, attractor: Attractor, norm: float) -> float | None:
    """The threshold for input sequences of any length; None for any other system than one tanh or logistic unit with W > 0."""
    if len(form.c) > 1 or form.f not in (TANH, LOGISTIC) or not form.W[0, 0] > 0 or not form.leak[0] < 1:
        return None
    stays = 1.0 - float(form.leak[0])
    w, c = float(form.W[0, 0]) / stays, float(form.c[0]) / stays
    if not scalar.can_latch(w, form.f):
        return np.inf
    low, high = scalar.bistability_window(w, form.f)
    gap = c - low if attractor.point[0] > 0 else high - c
    return gap * stays / float(np.linalg.norm(form.B[0], 1 if np.isinf(norm) else 2))


def unit_witness(form: ActivationForm, attractor: Attractor, norm: float, value: float) -> Array | None:
    """Inputs (T, m) just above the threshold that lead past the critical point; None if they take longer than the limit."""
    towards = -np.sign(attractor.point[0]) * form.B[0]
    d = np.sign(towards) if np.isinf(norm) else towards / np.linalg.norm(towards)
    u, a = value * (1.0 + EXCESS) * d, attractor.point
    for t in range(LONGEST):
        if form.jacobian(a)[0, 0] >= 1.0:
            return np.tile(u, (t, 1))
        a = form.step(a, u)
    return None
