"""Equation 5, section C and footnote 2 on a system."""

from __future__ import annotations

import numpy as np

from dynlatch.analysis.gradients import gradient_contributions
from dynlatch.analysis.gradients.projection import latched_projection
from dynlatch.analysis.theorems.case import Case, Evidence, adapted_norms, ball_of, run_of
from dynlatch.analysis.theorems.claims import above, below, equal
from dynlatch.analysis.theorems.curves import Curve, Curves
from dynlatch.errors import InvalidInput
from dynlatch.linalg import matrix_norm, spectral_radius
from dynlatch.maps import Augmented, Parametric

QUIET = 60


def weight_gradient(case: Case) -> Evidence:
    """Equation 5: the terms of dC_T/dW by tau, for the cost |a_T|^2 / 2."""
    if not isinstance(case.map, Parametric):
        raise InvalidInput(f"equation 5 is about weights, and {type(case.map).__name__} has none: give a network.")
    run, ball = run_of(case), ball_of(case)
    T = len(run.jacobians)
    inputs = np.zeros((T, case.map.input_dim)) if run.inputs is None else run.inputs
    split = gradient_contributions(case.map, run.visited[0], inputs, lambda a: a)
    half = T // 2
    rate = float(adapted_norms(ball, run.jacobians[half:]).max())
    tau = np.arange(1.0, T + 1.0)
    return Evidence(
        (),
        (below("largest adapted norm of M' over the second half of the run: latched", rate, 1.0),),
        (
            above(
                f"share of the last {T - half} of {T} steps in the sum of the terms' norms",
                float(split.share_within(T - half)),
                0.5,
            ),
        ),
        Curves(
            (Curve("|term of tau|", tau, np.maximum(np.exp(split.log_norms), 1e-300), marks="o-"),),
            "tau",
            "norm of the term of dC_T/dW",
            logarithmic=True,
        ),
    )


def projection(case: Case) -> Evidence:
    """Section C: both limits against da_t/da_0."""
    run = run_of(case, steps=QUIET)
    steps = len(run.jacobians) if run.inputs is None else None
    found = latched_projection(case.map, run.visited[0], run.inputs, steps)
    m, n = found.latched.shape
    t = np.arange(1.0, len(found.log_norms) + 1.0)
    forgotten = float(np.exp(found.log_latched[-1] - found.log_norms[-1]))
    asked = below(f"|P da_T/da_0| / |da_T/da_0|: {m} of {n} directions are latched", forgotten, 1e-3)
    floor = 1e-17
    return Evidence(
        (asked,),
        (asked,),
        (below("relative error of the corrected limit", float(found.corrected_errors[-1]), 1e-3),),
        Curves(
            (
                Curve("corrected: R+ dy_t/da_0", t, np.maximum(found.corrected_errors, floor), marks="o-"),
                Curve("as written: R+ (dy_t/dy_0) R", t, np.maximum(found.text_errors, floor), "repelling", "o-"),
            ),
            "t",
            "relative error of the limit",
            logarithmic=True,
        ),
        (below("relative error of the limit as written", float(found.text_errors[-1]), 1e-3),),
    )


def additive_inputs(case: Case) -> Evidence:
    """Footnote 2: the run of the system and of its doubled form; their eigenvalues and norms."""
    if case.inputs is None:
        raise InvalidInput("footnote 2 is about inputs: give `inputs` of shape (T, m).")
    run = run_of(case)
    assert run.inputs is not None
    doubled = Augmented(case.map)
    n = case.map.dim
    # What enters at time t acts one step later: the doubled system begins with the first input pending.
    x, following = np.concatenate([run.visited[0], run.inputs[0]]), np.concatenate([run.inputs[1:], run.inputs[:1] * 0.0])
    pending = [x]
    for u in following:
        pending.append(doubled.step(pending[-1], u))
    states = np.array(pending)
    J = doubled.jacobian(states[:-1])
    off = float(np.abs(states[:, :n] - run.visited).max())
    radius = float(np.abs(spectral_radius(J) - spectral_radius(run.jacobians)).max())
    norms, own = matrix_norm(J), matrix_norm(run.jacobians)
    weight = 1e3
    S = np.diag(np.concatenate([np.ones(n), np.full(doubled.dim - n, weight)]))
    weighed = matrix_norm(S @ J @ np.linalg.inv(S))
    t = np.arange(len(norms), dtype=np.float64)
    return Evidence(
        (),
        (),
        (
            below("largest difference of both runs", off, 1e-9),
            below("largest difference of the spectral radii", radius, 1e-7),
            equal(
                f"largest norm of M' in |(a, {weight:g} y)|, against that of dN/da",
                float(weighed.max()),
                float(own.max()),
                rtol=1e-2,
            ),
        ),
        Curves(
            (
                Curve("|dN/da|_2", t, own),
                Curve("|M'|_2 of the doubled system", t, norms, "repelling", "--"),
                Curve(f"|M'| in |(a, {weight:g} y)|", t, weighed, "saddle", "x"),
            ),
            "t",
            "norm of one step",
            1.0,
            "1",
        ),
    )
