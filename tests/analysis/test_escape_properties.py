"""What holds between any two bounds of an escape threshold, whoever computes them: none below may pass one above."""

import itertools
from functools import cache
from typing import NamedTuple

import numpy as np
import pytest
from escape_grid import grid_lower

import dynlatch as dl
from dynlatch import analysis
from dynlatch.analysis.escape.exact import exact_threshold
from dynlatch.analysis.escape.lower import lower_bounds
from dynlatch.analysis.escape.lower.dual.bound import dual_bound
from dynlatch.analysis.escape.question import ask
from dynlatch.analysis.escape.upper.bound import upper_bound

NEURON = 0.532839975353552  # u* of one tanh neuron with w = 2
C = np.array([[1.3, 2.6], [3.7, 0.3]])
C_INF = 2.0960608718  # its u* in the inf-norm, by the fold
MEMBERS = lower_bounds("high")


class Net(NamedTuple):
    """A network, one of its attractors, and B if its disturbance is not added to every unit."""

    map: object
    attractor: np.ndarray
    plain: bool  # a' = W tanh(a) + c + u: the grid applies
    B: np.ndarray | None = None


def attractor_of(net, rng):
    points = analysis.fixed_points(net, rng=0).attractors.points
    return points[rng.integers(len(points))] if len(points) > 1 else None


def additive(kind, n, rng):
    noise = rng.normal(size=(n, n)) / np.sqrt(n)
    W = {
        "self-loops": 2.0 * np.eye(n) + 0.5 * noise,
        "one pattern": np.outer(*2 * [rng.choice([-1.0, 1.0], n)]) * 2.0 / n + 0.3 * noise,
        "dense": 2.5 * noise + 0.6 * np.eye(n),
    }[kind]
    return W, 0.05 * rng.normal(size=n)


def draw(kind, n, seed):
    """A net of the kind with more than one attracting point: the first from this seed on."""
    while True:
        rng = np.random.default_rng(seed)
        W, c = additive("self-loops" if kind in BUILD else kind, n, rng)
        net, B = BUILD[kind](W, c, rng) if kind in BUILD else (dl.AdditiveNetwork(W, c), None)
        attractor = attractor_of(net, rng)
        if attractor is not None:
            return Net(net, attractor, kind not in BUILD, B)
        seed += 1000


BUILD = {
    "leaky": lambda W, c, rng: (dl.LeakyNetwork(W, 0.4 + 0.5 * rng.random(len(c)), c), None),
    "elman": lambda W, c, rng: (dl.ElmanNetwork(W, rng.normal(size=(len(c), 2)), c), None),
    "two inputs": lambda W, c, rng: (dl.AdditiveNetwork(W, c), rng.normal(size=(len(c), 2))),
    "logistic": lambda W, c, rng: (dl.AdditiveNetwork(4.0 * W, -2.0 * W.sum(1), "logistic"), None),
}


def all_bounds(net, norm, cells, budget=40):
    """Every proved lower bound and every upper bound, by name.

    Lower bounds are told a bound far above: none may lean on it.
    """
    question = ask(net.map, net.attractor, norm, net.B)
    exact, found = exact_threshold(question), upper_bound(question, rng=0, budget=budget)
    above = {} if found is None else {"search": found.value}
    below = {}
    if exact is not None:
        above["exact"] = exact.value * (1 + 1e-9)
        below["exact"] = exact.value * (1 - 1e-9) if found is not None else 0.0
    told = 1.7 * min(above.values(), default=1.0)
    for member in MEMBERS:
        bound = member(question, told, "default")
        if bound is not None:
            below[member.__name__] = bound.value
    if net.plain and cells:
        below["grid"] = grid_lower(net.map.W, net.map.c, net.attractor, norm, told, cells)
    return below, above


def check_pairs(net, norm, cells=0, budget=40):
    below, above = all_bounds(net, norm, cells, budget)
    for low in below:
        for high in above:
            assert below[low] <= above[high], f"{low} {below[low]!r} above {high} {above[high]!r}"
    if above and below:
        check_returns(net, norm, max(below.values()) * (1 - 1e-9))


def check_returns(net, norm, b, sequences=200, steps=50):
    """No sequence of a mixed lot at size b, constant, periodic or random, leads out of the basin."""
    question = ask(net.map, net.attractor, norm, net.B)
    rng = np.random.default_rng(0)
    m = question.width
    u = rng.normal(size=(steps, sequences, m))
    u[:, : sequences // 2] = u[0, : sequences // 2]
    u[:, : sequences // 4] *= np.where(np.arange(steps) % 2, -1.0, 1.0)[:, None, None]
    if np.isinf(norm):
        u = np.sign(u)
    u *= b / np.linalg.norm(u, norm, axis=-1, keepdims=True)
    a = np.broadcast_to(question.attractor.point, (sequences, net.map.dim))
    for step in u:
        a = question.system.step(a, step)
    for _ in range(2000):
        a = question.system.step(a)
    assert np.abs(a - question.attractor.point).max() < 1e-6


FEW = [("dense", 2, 2.0, 5), ("self-loops", 3, np.inf, 1)]
MANY = [
    (kind, n, norm, seed)
    for kind in ("self-loops", "one pattern", "dense", "leaky", "elman", "two inputs", "logistic")
    for n in (2, 3, 5)
    for norm in (2.0, np.inf)
    for seed in range(2)
]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "n", "norm", "seed"), FEW)
def test_no_lower_bound_passes_an_upper_bound(kind, n, norm, seed):
    check_pairs(draw(kind, n, seed), norm, cells={2: 96, 3: 32}[n])


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "n", "norm", "seed"), MANY)
def test_no_lower_bound_passes_an_upper_bound_of_many(kind, n, norm, seed):
    check_pairs(draw(kind, n, 100 + seed), norm, cells={2: 256, 3: 96}.get(n, 0), budget=None)


# The grid against known answers, from either side.


@pytest.mark.parametrize(
    ("W", "norm", "cells", "known", "share"),
    [
        (2.0 * np.eye(2), np.inf, 96, NEURON, 0.999),
        (2.0 * np.eye(2), 2.0, 96, NEURON, 0.999),
        (np.ones((2, 2)), np.inf, 96, NEURON, 0.999),
        (np.ones((2, 2)), 2.0, 96, NEURON * np.sqrt(2), 0.91),
        (C, np.inf, 96, C_INF, 0.97),
        (2.0 * np.eye(3), np.inf, 32, NEURON, 0.99),
        (np.full((3, 3), 2 / 3), 2.0, 32, NEURON * np.sqrt(3), 0.7),
    ],
)
def test_the_grid_on_nets_of_known_threshold(W, norm, cells, known, share):
    x = analysis.fixed_points(dl.AdditiveNetwork(W), rng=0).attractors.points[-1]
    found = grid_lower(W, np.zeros(len(W)), x, norm, 1.3 * known, cells)
    assert share * known <= found <= known


@pytest.mark.slow
@pytest.mark.parametrize(
    ("W", "norm", "cells", "known", "share"),
    [
        (C, np.inf, 2048, C_INF, 0.998),
        (np.ones((2, 2)), 2.0, 1024, NEURON * np.sqrt(2), 0.99),
        (np.full((3, 3), 2 / 3), 2.0, 200, NEURON * np.sqrt(3), 0.94),
    ],
)
def test_the_grid_converges(W, norm, cells, known, share):
    test_the_grid_on_nets_of_known_threshold(W, norm, cells, known, share)


def test_the_grid_proves_nothing_next_to_a_saddle():
    """A net that is no latch to speak of: w = 1.01 has u* = 4e-4, far below a cell."""
    x = analysis.fixed_points(dl.AdditiveNetwork(1.01 * np.eye(2)), rng=0).attractors.points[-1]
    assert grid_lower(1.01 * np.eye(2), np.zeros(2), x, np.inf, 0.1, 64) <= 6.8e-4


# Symmetries: the same problem in other clothes has the same threshold.


def transformed(W, c, x, how):
    """The net of the same kind in other coordinates, `a -> T a`, and the matrix B of inputs that are measured as before."""
    n = len(W)
    permutation = np.eye(n)[np.random.default_rng(0).permutation(n)]
    signs = np.diag(np.where(np.arange(n) % 2, 1.0, -1.0))
    T, B = {
        "permutation": (permutation, None),
        "signs": (signs, None),
        "both": (signs @ permutation, None),
        "scaled inputs": (np.eye(n), 4.0 * np.eye(n)),
    }[how]
    return dl.AdditiveNetwork(T @ W @ T.T, T @ c), T @ x, B, (1.0 if B is None else 4.0)


@pytest.mark.parametrize("how", ["permutation", "signs", "both", "scaled inputs"])
@pytest.mark.parametrize("W", [C, np.array([[1.2, 0.5, 0.3], [0.4, 1.6, 0.2], [0.8, 0.1, 1.1]])])
def test_exact_thresholds_do_not_depend_on_the_coordinates(W, how):
    c = np.full(len(W), 0.02)
    x = analysis.fixed_points(dl.AdditiveNetwork(W, c), rng=0).attractors.points[-1]
    first = analysis.escape_threshold(dl.AdditiveNetwork(W, c), x)
    net, y, B, factor = transformed(W, c, x, how)
    second = analysis.escape_threshold(net, y, input_matrix=B)
    assert first.exact
    assert second.exact
    np.testing.assert_allclose(second.lower * factor, first.lower, rtol=1e-10)


@pytest.mark.parametrize(
    ("how", "norm"), [pytest.param("permutation", 2.0, marks=pytest.mark.slow), ("signs", np.inf), ("scaled inputs", 2.0)]
)
def test_proved_bounds_hardly_depend_on_the_coordinates(norm, how):
    W, c = additive("self-loops", 2, np.random.default_rng(3))
    x = analysis.fixed_points(dl.AdditiveNetwork(W, c), rng=0).attractors.points[-1]
    net, y, B, factor = transformed(W, c, x, how)
    for member in MEMBERS:
        first = member(ask(dl.AdditiveNetwork(W, c), x, norm), 1.0, "default")
        second = member(ask(net, y, norm, B), 1.0 / factor, "default")
        assert (first is None) == (second is None)
        if first is not None and second is not None:
            np.testing.assert_allclose(second.value * factor, first.value, rtol=0.03, err_msg=member.__name__)


IN_ALL_COORDINATES = list(
    itertools.product(
        [("dense", 2), ("one pattern", 3), ("dense", 4)], [2.0, np.inf], ["permutation", "signs", "both", "scaled inputs"]
    )
)
# The dual's greedy search ends at another polytope in these coordinates: 0.131 where it proves 0.153, of 0.241 that escape.
ASTRAY = (("dense", 4), np.inf, "both")


@cache
def in_both(net, norm, how):
    """The brackets of a net as drawn and in other coordinates, and the factor of the inputs of the latter."""
    first = draw(*net, 7)
    there, y, B, factor = transformed(first.map.W, first.map.c, first.attractor, how)
    return (
        analysis.escape_threshold(first.map, first.attractor, norm=norm, rng=0),
        analysis.escape_threshold(there, y, norm=norm, input_matrix=B, rng=0),
        factor,
    )


@pytest.mark.slow
@pytest.mark.parametrize(("net", "norm", "how"), IN_ALL_COORDINATES)
def test_brackets_overlap_in_all_coordinates(net, norm, how):
    here, there, factor = in_both(net, norm, how)
    slack = 1.0 + 1e-12 * (here.exact and there.exact)  # an exact number is a rounded one, no proved bound
    assert 0 < here.lower <= there.upper * factor * slack
    assert 0 < there.lower * factor <= here.upper * slack


def known_to_fail(case):
    return pytest.mark.xfail(reason="the dual's search ends 14 % lower", strict=True) if case == ASTRAY else ()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("net", "norm", "how"), [pytest.param(*case, marks=known_to_fail(case)) for case in IN_ALL_COORDINATES]
)
def test_brackets_are_much_the_same_in_all_coordinates(net, norm, how):
    here, there, factor = in_both(net, norm, how)
    np.testing.assert_allclose(there.lower * factor, here.lower, rtol=0.1)
    np.testing.assert_allclose(there.upper * factor, here.upper, rtol=0.1)


# More inputs, longer inputs and freer inputs only lower the threshold.


def test_exact_thresholds_fall_with_the_number_of_steps():
    net = dl.AdditiveNetwork([[1.2, 0.5], [0.4, 1.6]])
    x = analysis.fixed_points(net, rng=0).attractors.points[-1]
    values = [exact_threshold(ask(net, x, steps=T)).value for T in (1, 2, 3, 5, 10, 30, None)]
    assert np.all(np.diff(values) <= 0)
    assert values[0] > 1.5 * values[-1]
    np.testing.assert_allclose(exact_threshold(ask(net, x, disturbance="impulse")).value, values[0], rtol=1e-12)


def test_bounds_for_sequences_hold_for_shorter_constant_and_steered_ones():
    net = draw("dense", 2, 5)
    low = max(dual_bound(ask(net.map, net.attractor, 2.0), None, "default").value, 0.0)
    assert low > 0.0
    for options in ({"steps": 1}, {"steps": 4}, {"disturbance": "constant"}, {"direction": [1.0, -0.4]}):
        found = upper_bound(ask(net.map, net.attractor, 2.0, **options), rng=0, budget=10)
        assert found is None or low <= found.value
