"""Every verb of the analysis as a function of a network, a state and a seed: what the laws that hold for all of them need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import dynlatch as dl
from dynlatch import analysis

T = 3
BOX = (-4.0, 4.0)


def memory(net: Any) -> Any:
    """An attracting fixed point of `net`, or the origin, which the verb then refuses if it attracts nothing."""
    found = analysis.fixed_points(net, bounds=BOX, rng=0).attractors
    return found[0].point if len(found.points) else np.zeros(net.dim)


def saddle(net: Any) -> Any:
    found = analysis.fixed_points(net, bounds=BOX, rng=0)
    saddles = found.points[found.stability == analysis.Stability.SADDLE]
    return saddles[0] if len(saddles) else np.zeros(net.dim)


def driven(net: Any, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(T, net.input_dim)) if net.input_dim else np.zeros((T, 0))


def gain_branch(net: Any, a: Any, seed: int) -> Any:
    family = analysis.GainFamily(net)
    return analysis.continue_fixed_point(family, (0.2, 1.5), a, at=1.0, max_points=60)


def diagram(net: Any, a: Any, seed: int) -> Any:
    family = analysis.InputFamily(net, np.eye(max(1, net.input_dim))[0])
    return analysis.bifurcation_diagram(family, (-0.5, 0.5), bounds=BOX, longest_period=1, max_points=60, rng=seed)


Verb = Callable[[Any, Any, int], Any]

# Verbs of milliseconds on a net of two units.
QUICK: Mapping[str, Verb] = {
    "guarantees": lambda net, a, seed: analysis.guarantees(net),
    "gradient_decay": lambda net, a, seed: analysis.gradient_decay(net, a, driven(net, seed)),
    "gradient_contributions": lambda net, a, seed: analysis.gradient_contributions(net, a, driven(net, seed), np.ones(net.dim)),
    "leading_gradients": lambda net, a, seed: analysis.leading_gradients(net, a, driven(net, seed), rng=seed),
    "lyapunov_exponents": lambda net, a, seed: analysis.lyapunov_exponents(net, a, steps=20),
    "latched_projection": lambda net, a, seed: analysis.latched_projection(net, a, steps=T),
}

# Verbs that take longer: searches, proofs, grids.
LONG: Mapping[str, Verb] = {
    "fixed_points": lambda net, a, seed: analysis.fixed_points(net, bounds=BOX, rng=seed),
    "stability": lambda net, a, seed: analysis.stability(net, memory(net)),
    "covariant_vectors": lambda net, a, seed: analysis.covariant_vectors(net, a, steps=20),
    "gradient_bounds": lambda net, a, seed: analysis.gradient_bounds(net, a, driven(net, seed)),
    "slow_fast_splitting": lambda net, a, seed: analysis.slow_fast_splitting(net, memory(net)),
    "step_verdicts": lambda net, a, seed: analysis.step_verdicts(net, a, driven(net, seed), rng=seed),
    "basins": lambda net, a, seed: analysis.basins(net, samples=20, bounds=BOX, steps=200, rng=seed),
    "reduced_attracting_set": lambda net, a, seed: analysis.reduced_attracting_set(net, memory(net), a[None]),
    "invariant_manifold": lambda net, a, seed: analysis.invariant_manifold(net, saddle(net), bounds=BOX, max_points=300),
    "check_theorem": lambda net, a, seed: analysis.check_theorem(1 + seed % 4, net, memory(net)),
    "continue_fixed_point": gain_branch,
    "periodic_orbits": lambda net, a, seed: analysis.periodic_orbits(net, 2, bounds=BOX, rng=seed),
    "slow_points": lambda net, a, seed: analysis.slow_points(net, 0.1, bounds=BOX, rng=seed),
    "edge_state": lambda net, a, seed: analysis.edge_state(net, a, -a, bounds=BOX),
    "escape_threshold": lambda net, a, seed: analysis.escape_threshold(net, memory(net), rng=seed),
    "escape_directions": lambda net, a, seed: analysis.escape_directions(net, memory(net), 2, rng=seed),
    "gamma_threshold": lambda net, a, seed: analysis.gamma_threshold(net, memory(net), rng=seed),
    "fatal_shock": lambda net, a, seed: analysis.fatal_shock(net, memory(net), rng=seed),
    "switching_thresholds": lambda net, a, seed: analysis.switching_thresholds(net, rng=seed),
    "quasi_potential": lambda net, a, seed: analysis.quasi_potential(net, memory(net), rng=seed),
    "retention": lambda net, a, seed: analysis.retention(net, memory(net), analysis.Gaussian(0.1), T, rng=seed),
    "morse_graph": lambda net, a, seed: analysis.morse_graph(net, BOX, 8, rng=seed),
    "portrait": lambda net, a, seed: analysis.portrait(net, bounds=BOX, resolution=8, rng=seed),
    "audit": lambda net, a, seed: analysis.audit(net, rng=seed),
    "bifurcation_diagram": diagram,
}

VERBS = {**QUICK, **LONG}


def same(a: Any, b: Any) -> bool:
    """Whether two records hold the same bits."""
    if isinstance(b, np.ndarray):
        equal = np.array_equal(a, b, equal_nan=b.dtype.kind in "fc")
        return a.dtype == b.dtype and equal
    if hasattr(b, "__dataclass_fields__"):
        return type(a) is type(b) and all(same(getattr(a, name), getattr(b, name)) for name in b.__dataclass_fields__)
    if isinstance(b, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in b)
    if isinstance(b, (tuple, list)):
        return len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and (a == b or (a != a and b != b))


def answer(verb: Verb, net: Any, a: Any, seed: int) -> Any:
    """The result, or the sentence that refuses: nothing else may happen."""
    try:
        return verb(net, a, seed)
    except dl.DynlatchError as error:
        return str(error)
