"""Definition 2 for infinite sets: a chaotic attractor at whose every point all eigenvalues of M' are zero."""

from __future__ import annotations

import numpy as np

from dynlatch.analysis.counterexamples.record import Counterexample
from dynlatch.analysis.gradients import gradient_decay, lyapunov_exponents
from dynlatch.analysis.theorems.claims import Claim, above, below, identity, proved
from dynlatch.analysis.theorems.curves import Curve, Curves
from dynlatch.analysis.theorems.statements import ICNN
from dynlatch.functions import FunctionMap
from dynlatch.linalg import matrix_norm, spectral_radius
from dynlatch.maps import trajectory
from dynlatch.validation import Array

GAIN = 3.9  # of the logistic map, chaotic
LOW, HIGH, REST = 1.2, 1.8, 3.0  # between LOW and HIGH both functions turn into the constant REST
STEPS = 400


def _joined(value: Array, at: Array) -> Array:
    """`value` where at < LOW, REST where at > HIGH, once continuously differentiable between."""
    s = (np.clip(at.real, LOW, HIGH) - LOW) / (HIGH - LOW) + 1j * np.where((at.real > LOW) & (at.real < HIGH), at.imag, 0.0) / (
        HIGH - LOW
    )
    part = s * s * (3.0 - 2.0 * s)
    return np.asarray((1.0 - part) * value + part * REST if np.iscomplexobj(at) else ((1.0 - part) * value + part * REST).real)


def _map(a: Array, u: Array) -> Array:
    x, y = a[..., 0], a[..., 1]
    return np.stack([_joined(GAIN * y * (1.0 - y), y), _joined(x, x)], axis=-1)


def _claims(example: Counterexample) -> tuple[Claim, ...]:
    smooth = example.map
    start = example.data["a0"]
    visited = trajectory(smooth, start, steps=STEPS)
    near = trajectory(smooth, start + np.array([0.0, 0.4]), steps=20)
    J = smooth.jacobian(visited)
    exponent = lyapunov_exponents(smooth, start, steps=STEPS)
    return (
        below(f"largest rho(M') at {STEPS} points of X: hyperbolic by Definition 2", float(spectral_radius(J).max()), 1e-12),
        above("largest |M'|_2 there", float(matrix_norm(J).max()), 3.0),
        above("largest Lyapunov exponent: chaotic", float(exponent.exponents[0]), 0.2),
        below(
            "distance from X after two steps from 0.4 beside it: X attracts",
            float(np.abs(near[2:, :] - REST).min(-1).max()),
            1e-12,
        ),
    )


def _proof(_: Counterexample) -> tuple[Claim, ...]:
    import sympy

    x, r = sympy.symbols("x r", positive=True)
    here, there = sympy.Matrix([[0, 0], [1, 0]]), sympy.Matrix([[0, r * (1 - 2 * x)], [0, 0]])
    return (
        proved("spectral radius of M' at (x, 3), for every x", max(map(abs, here.eigenvals())), "=", 0),
        proved("spectral radius of M' at (3, x), for every x", max(map(abs, there.eigenvals())), "=", 0),
        identity("(M^2)' on X, derivative of r x (1 - x)", (there * here)[0, 0] - sympy.diff(r * x * (1 - x), x)),
    )


def _picture(example: Counterexample) -> Curves:
    steps = 120
    decay = gradient_decay(example.map, example.data["a0"], steps=steps)
    t = np.arange(1.0, steps + 1.0)
    return Curves(
        (Curve("|da_t/da_0|", t, np.exp(decay.log_norms), "repelling"),),
        "t",
        "every M'(a_t) has only the eigenvalue 0",
        1.0,
        "1",
        logarithmic=True,
    )


CHAOS = Counterexample(
    name="chaos",
    about=("definition2", "lemma1"),
    title="a chaotic attractor on which M' has no eigenvalue but 0",
    map=FunctionMap(_map, dim=2),
    data={"a0": np.array([0.3, REST])},
    literal="a hyperbolic attractor may contain an infinite number of points (chaotic attractor), eigenvalues of M' below 1.",
    corrected="if |M'| <= lambda < 1 on X in one fixed norm, the largest Lyapunov exponent is at most log lambda < 0: X is not "
    "chaotic. On a chaotic attractor gradients grow; Theorems 3 and 4 say nothing about it.",
    sketch="M(x, y) = (f(y), g(x)), near X with f logistic or constant and g the identity or constant: (x, 3) -> (3, x) -> "
    "(f(x), 3). Every Jacobian on X is nilpotent, and M^2 is the logistic map.",
    source=f"{ICNN}, text after Definition 2; the construction is this project's",
    _claims=_claims,
    _proof=_proof,
    _picture=_picture,
)
