"""Every number of `tests/data/certified.toml` against what the package says, and against 50 digits where there is a formula."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path

import mpmath as mp
import numpy as np
import oracles_exact as exact
import pytest
import sympy as sp

import dynlatch as dl
from dynlatch import analysis
from dynlatch.analysis import Gaussian, Uniform, retention, scalar

FILE = Path(__file__).parents[1] / "data" / "certified.toml"
NUMBERS = tomllib.loads(FILE.read_text())["number"]
IDS = ["-".join(map(str, (row["quantity"], *row["arguments"].values(), row["digits"]))) for row in NUMBERS]
KINDS = {"threshold", "point", "count", "exponent", "basin", "retention"}


def latch(w, bias=0.0):
    return dl.LatchNeuron(w, bias=bias), [scalar.fixed_points(w, bias)[-1]]


def u_star(w):
    found = analysis.escape_threshold(*latch(w))
    assert found.exact
    return scalar.u_star(w), scalar.half_width(4 * w, "logistic") / 2, found.lower, found.upper


def logistic_half_width(w):
    lo, hi = scalar.bistability_window(w, "logistic")
    return scalar.half_width(w, "logistic"), *scalar.thresholds(w, (lo + hi) / 2, "logistic")


def finite_horizon(w, steps):
    return scalar.finite_horizon_threshold(w, steps), scalar.finite_horizon_threshold(w, steps, attractor="lower")


def attractor(w, bias=0.0):
    return scalar.fixed_points(w, bias)[-1], analysis.fixed_points(latch(w, bias)[0], rng=0).points[-1, 0]


def saddle(w, bias=0.0):
    return scalar.fixed_points(w, bias)[1], analysis.fixed_points(latch(w, bias)[0], rng=0).points[1, 0]


def output(w):
    return (
        math.tanh(scalar.fixed_points(w)[-1]),
        analysis.fixed_points(dl.ElmanNetwork([[w]], np.zeros((1, 0))), rng=0).points[-1, 0],
    )


def product_of_scalars(w, n):
    found = analysis.fixed_points(dl.AdditiveNetwork(w * np.eye(n)), rng=0)
    assert found.completeness == "proved"
    return (len(found.points),)


def log_slope(w):
    net, at = latch(w)
    local, decay = analysis.stability(net, at), analysis.gradient_decay(net, at, steps=5)
    return decay.log_norms[-1] / 5, analysis.lyapunov_exponents(net, at, steps=5)[0], math.log(local.spectral_radius)


def log_norm_of_power(matrix, t):
    net = dl.AdditiveNetwork(matrix, activation="linear")
    return (analysis.gradient_decay(net, np.zeros(2), steps=t).log_norms[-1],)


def chain_distance(stay, leave, t):
    chain = dl.StateNetwork([[[stay, leave], [1 - stay, 1 - leave]]], thresholds=[])
    return (analysis.credit_diffusion(chain, steps=t).log_dobrushin[-1],)


def basin_share(w, bias, half_width):
    found = analysis.basins(latch(w, bias)[0], grid=4001, bounds=(-half_width, half_width), rng=0)
    return (found.fractions[np.argmax([member[0][0] for member in found.attractors])],)


def kept(w, noise, steps):
    return retention(*latch(w), noise, steps)


def survival(w, std, steps):
    return (kept(w, Gaussian(std), steps).survival[-1],)


def uniform_loss(w, half_width):
    return (kept(w, Uniform(half_width), 1).lost[1],)


X, Y = sp.symbols("x y")
HENON = dl.SymbolicMap((X, Y), (1 - 1.4 * X**2 + Y, 0.3 * X))
BOX = ([-2.0, -2.0], [2.0, 2.0])


def henon_fixed_point(a, b):
    assert (a, b) == (1.4, 0.3)
    return (analysis.fixed_points(HENON, bounds=BOX, rng=0).points[-1, 0],)


def henon_cycles(period):
    found = (
        analysis.fixed_points if period == 1 else lambda *args, **kwargs: analysis.periodic_orbits(args[0], period, **kwargs)
    )
    return (len(found(HENON, bounds=BOX, rng=0).points),)


def henon_sum(a, b):
    assert (a, b) == (1.4, 0.3)
    return (analysis.lyapunov_exponents(HENON, [0.1, 0.1], steps=200).sum(),)


def logistic_map(steps):
    tent = dl.FunctionMap(lambda a, u: 4.0 * a * (1.0 - a), 1, jacobian=lambda a, u: (4.0 - 8.0 * a)[..., None])
    return (analysis.lyapunov_exponents(tent, [0.3], steps=steps)[0],)


def cycle_multiplier():
    net = dl.AdditiveNetwork([[-0.5, -5.3], [-5.4, 0.9]], bias=[1.2, -0.2])
    found = analysis.periodic_orbits(net, 2, rng=0)
    at = np.argmin(np.abs(found.points - [6.61827453, 0.17955409]).max(-1).min(-1))
    return (np.abs(found.multipliers[at]).max(),)


def survival_20(w, variance):
    return (kept(w, Gaussian.from_variance(variance), 20).survival[-1],)


def returned_20(w, variance):
    return (kept(w, Gaussian.from_variance(variance), 20).returned[-1],)


def marked(row):
    return pytest.mark.slow if row.get("slow") else ()


@pytest.mark.parametrize("row", [pytest.param(row, id=name, marks=marked(row)) for row, name in zip(NUMBERS, IDS, strict=True)])
def test_the_package_has_the_certified_number(row):
    certified, tolerance = mp.mpf(row["value"]), mp.mpf(10) ** -row["digits"] if row["digits"] else 0
    for ours in globals()[row["quantity"]](**row["arguments"]):
        assert abs(mp.mpf(float(ours)) - certified) <= tolerance * abs(certified)


@pytest.mark.slow
@pytest.mark.parametrize(
    "row",
    [row for row in NUMBERS if row.get("exact")],
    ids=[i for i, row in zip(IDS, NUMBERS, strict=True) if row.get("exact")],
)
def test_the_certified_number_is_what_50_digits_give(row):
    with mp.workdps(exact.DIGITS):
        again = getattr(exact, row["quantity"])(**row["arguments"])
        assert abs(again - mp.mpf(row["value"])) <= mp.mpf(10) ** -22 * abs(again)


def test_the_file_is_whole():
    assert {row["kind"] for row in NUMBERS} == KINDS
    assert len(set(IDS)) == len(IDS)
    assert all(row["source"] and row["digits"] >= 0 for row in NUMBERS)
