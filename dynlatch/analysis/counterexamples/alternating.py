"""Theorem 4 by eigenvalues: two units, two states in Gamma, a product that grows by 2.42 a step."""

from __future__ import annotations

import numpy as np

from dynlatch.analysis.attracting_sets import reduced_attracting_set
from dynlatch.analysis.counterexamples.record import Counterexample
from dynlatch.analysis.gradients import gradient_decay
from dynlatch.analysis.theorems.claims import Claim, above, below, equal
from dynlatch.analysis.theorems.curves import Curve, Curves
from dynlatch.analysis.theorems.statements import ICNN
from dynlatch.linalg import matrix_norm, spectral_radius
from dynlatch.maps import trajectory
from dynlatch.networks import AdditiveNetwork
from dynlatch.validation import Array

NET = AdditiveNetwork(np.array([[1.3, 2.6], [3.7, 0.3]]))
STATES = np.array([[0.7, 3.1], [3.4, 0.2]])


def _inputs(steps: int) -> Array:
    """Inputs (steps, 2) that keep the state going from A to B and back."""
    there = STATES[1] - NET.step(STATES[0]), STATES[0] - NET.step(STATES[1])
    return np.array([there[t % 2] for t in range(steps)])


def _resting() -> Array:
    return np.asarray(trajectory(NET, [4.0, 4.0], steps=200)[-1])


def _claims(example: Counterexample) -> tuple[Claim, ...]:
    J, K = NET.jacobian(STATES)
    gamma = reduced_attracting_set(NET, _resting(), STATES)
    visited = trajectory(NET, STATES[0], example.data["inputs"])
    decay = gradient_decay(NET, STATES[0], example.data["inputs"])
    return (
        above(
            "states A and B in Gamma by Definition 4 (spectral radii for every l)",
            float(gamma.under("spectral").member.sum()),
            1.5,
        ),
        below("of them in Gamma by norms", float(gamma.under("stepwise").member.sum()), 0.5),
        below("largest rho(M') of both", float(spectral_radius(NET.jacobian(STATES)).max()), 0.9),
        below(
            "largest |a_t - (A or B)| under the inputs",
            float(np.abs(visited - STATES[np.arange(len(visited)) % 2]).max()),
            1e-6,
        ),
        equal("rho(M'(B) M'(A))", float(spectral_radius(K @ J)), 5.873811, rtol=1e-6),
        above("least |M'|_2 of both", float(matrix_norm(NET.jacobian(STATES)).min()), 2.4),
        equal("|da_20/da_0|_2", float(np.exp(decay.log_norms[-1])), 4.92e7, rtol=1e-3),
    )


def _picture(example: Counterexample) -> Curves:
    decay = gradient_decay(NET, STATES[0], example.data["inputs"])
    radii = spectral_radius(NET.jacobian(STATES[np.arange(20) % 2]))
    t = np.arange(1.0, 21.0)
    return Curves(
        (
            Curve("|da_t/da_0|", t, np.exp(decay.log_norms), "repelling", "o-"),
            Curve("spectral radius of each M'(a_{t-1})", t, radii, "attracting", "o"),
        ),
        "t",
        "",
        1.0,
        "1",
        logarithmic=True,
    )


ALTERNATING = Counterexample(
    name="alternating",
    about=("4", "definition4", "definition5"),
    title="robustly latched by Definition 5 for ever, and the gradient explodes",
    map=NET,
    data={"states": STATES, "inputs": _inputs(20), "X": np.array([[3.8971739, 3.99674951]])},
    literal="if the inputs keep a_t in Gamma(X), by eigenvalues, then da_t/da_0 -> 0.",
    corrected="if they keep it in a compact set on which |M'|_P <= lambda < 1 in one fixed norm, then "
    "|da_t/da_0| <= sqrt(cond P) lambda^t.",
    sketch="norms multiply, spectral radii do not. A and B are in Gamma by eigenvalues and outside it by norms: in the gap "
    "between both sets neither Theorem 1 nor Theorem 4 says anything.",
    source=f"{ICNN}, Theorem 4 with Definition 4; found by a search among random nets of two units",
    _claims=_claims,
    _proof=None,
    _picture=_picture,
)
