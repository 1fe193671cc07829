"""The counterexamples, and the statements checked on systems."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import dynlatch as dl
from dynlatch import analysis
from dynlatch.analysis import TheoremOutcome, check_theorem, counterexamples
from dynlatch.analysis.counterexamples.tube import _step
from dynlatch.analysis.counterexamples.units import harmonic_run
from dynlatch.analysis.theorems import STATEMENTS, statement
from dynlatch.analysis.theorems.claims import above, below, equal, identity, proved
from dynlatch.errors import InvalidInput, NotSmooth

PAIR = dl.AdditiveNetwork([[1.3, 2.6], [3.7, 0.3]])
LATCH = dl.LatchNeuron(2.0)


@pytest.mark.parametrize("example", counterexamples.COUNTEREXAMPLES, ids=lambda example: example.name)
def test_every_counterexample_verifies_itself(example):
    found = example.verify()
    assert found.holds, found
    assert found.summary().endswith("verified")
    assert all(str(claim.method) in ("float64", "SymPy") for claim in found.claims)
    assert {claim.method for claim in example.proof()} <= {"SymPy"}


def test_names_and_subjects():
    names = [example.name for example in counterexamples.COUNTEREXAMPLES]
    assert len(set(names)) == len(names) >= 9
    keys = {each.key for each in STATEMENTS}
    for example in counterexamples.COUNTEREXAMPLES:
        assert set(example.about) <= keys
        assert counterexamples.named(example.name.upper()) is example
    assert {k for example in counterexamples.COUNTEREXAMPLES for k in example.about} >= {
        "1",
        "2",
        "3",
        "4",
        "lemma1",
        "projection",
    }
    with pytest.raises(InvalidInput, match="choose one of cycle"):
        counterexamples.named("bicycle")


# A verification that cannot fail proves nothing: each broken in one number.


def test_claims_can_fail():
    import sympy

    x = sympy.symbols("x")
    assert not below("", 2.0, 1.0).holds
    assert not below("", np.nan, 1.0).holds
    assert not above("", 1.0, 1.0).holds
    assert not equal("", 1.0, 1.001, rtol=1e-6).holds
    assert not identity("", x**2 - x).holds
    assert identity("", (x + 1) ** 2 - x**2 - 2 * x - 1).holds
    assert not proved("", sympy.sqrt(2), "=", sympy.Rational(7, 5)).holds
    assert proved("", sympy.sqrt(2), ">", sympy.Rational(7, 5)).holds


def test_harmless_data_verify_nothing():
    from dataclasses import replace

    cycle = counterexamples.CYCLE
    harmless = replace(cycle, data={**cycle.data, "W": 0.5 * np.eye(2)})
    assert not harmless.verify().holds


# Oracles: the numbers by another way.


def test_harmonic_product_in_fractions():
    for T in (1, 2, 7, 50):
        product = Fraction(1)
        for t in range(T):
            product *= 1 - Fraction(1, (t + 2) ** 2)
        assert product == Fraction(T + 2, 2 * (T + 1))
        states, inputs = harmonic_run(T)
        decay = analysis.gradient_decay(LATCH, states[0], inputs)
        assert np.isclose(np.exp(decay.log_norms[-1]), float(product), rtol=1e-10)


def test_tube_map_is_the_interpolation():
    tube = counterexamples.TUBE
    a = np.linspace(-5.0, 105.0, 1111)
    exact = [float(_step(Fraction(str(round(v, 6))))) for v in a]
    assert np.allclose(tube.map.step(np.round(a, 6)[:, None], np.zeros(1))[:, 0], exact, atol=1e-9)


def test_chaos_squared_is_the_logistic_map():
    chaos = counterexamples.CHAOS
    x = np.linspace(0.1, 0.95, 40)
    states = np.stack([x, np.full(40, 3.0)], axis=-1)
    twice = chaos.map.step(chaos.map.step(states))
    assert np.allclose(twice[:, 0], 3.9 * x * (1.0 - x), atol=1e-14)
    assert np.all(twice[:, 1] == 3.0)


# What `check_theorem` says of the counterexamples, and of harmless systems.

REFUTED = {
    "3": ("tube", [0.0], "inputs", "a0"),
    "4": ("alternating", None, "inputs", "states"),
    "lemma1": ("cycle", "cycle", None, None),
    "definition2": ("cycle", "cycle", None, None),
}


@pytest.mark.parametrize("key", REFUTED)
def test_literal_statements_are_refuted(key):
    name, attractor, inputs, points = REFUTED[key]
    example = counterexamples.named(name)
    look = lambda part: example.data[part] if isinstance(part, str) else part  # noqa: E731
    check = check_theorem(key, example.map, look(attractor), look(inputs), look(points))
    assert check.outcome == TheoremOutcome.REFUTED
    assert check.applies_literally
    assert not check.applies


def test_factors_that_approach_one_are_refuted():
    example = counterexamples.HARMONIC
    check = check_theorem(4, example.map, inputs=example.data["inputs"], points=example.data["a0"])
    assert check.outcome == TheoremOutcome.REFUTED


@pytest.mark.parametrize("key", [each.key for each in STATEMENTS if each.key not in ("projection", "footnote2")])
@pytest.mark.parametrize("net", [LATCH, PAIR], ids=["latch", "pair"])
def test_corrected_statements_hold(key, net):
    inputs = np.random.default_rng(1).uniform(-0.2, 0.2, (40, net.dim)) if key in ("3", "4", "definition5") else None
    check = check_theorem(key, net, inputs=inputs)
    assert check.outcome == TheoremOutcome.HOLDS, check.summary()
    assert check.statement.title in check.summary()


def test_kicked_out_is_not_latched():
    inputs = np.zeros((40, 1))
    inputs[10:18] = -0.8
    check = check_theorem("definition5", LATCH, inputs=inputs)
    assert check.outcome == TheoremOutcome.SILENT
    assert check_theorem(4, LATCH, inputs=inputs).outcome == TheoremOutcome.SILENT


def test_theorem_one_is_silent_where_nothing_expands():
    assert check_theorem(1, LATCH, points=[[1.9]]).outcome == TheoremOutcome.SILENT


def test_theorem_two_alpha_is_the_largest_slope():
    alpha = check_theorem(2, LATCH, points=[[1.0], [4.0]]).hypothesis[0].value
    largest = 2.0 / np.cosh(1.0) ** 2
    assert largest <= alpha <= largest * 1.01


def test_theorem_three_measures_the_tube():
    """lambda and the share of the tube by a plain loop, in one dimension (where the adapted norm is a factor)."""
    inputs = np.random.default_rng(3).uniform(-0.3, 0.3, (30, 1))
    check = check_theorem(3, LATCH, inputs=inputs)
    up = analysis.fixed_points(LATCH, rng=0).attractors[-1].point[0]
    a = up
    largest = rate = 0.0
    runs = [up] * 33
    for t, (u,) in enumerate(inputs):
        runs = [2.0 * np.tanh(r) + s * u for r, s in zip(runs, np.linspace(0, 1, 33), strict=True)]
        rate = max([rate, *(2.0 / np.cosh(r) ** 2 for r in runs)] if t < len(inputs) - 1 else [rate])
    b = np.abs(inputs).max()
    for t, (u,) in enumerate(inputs, start=1):
        a = 2.0 * np.tanh(a) + u
        largest = max(largest, abs(a - up) / (b * (1 - rate**t) / (1 - rate)))
    assert np.isclose(check.hypothesis[0].value, max(rate, 2.0 / np.cosh(up) ** 2), rtol=1e-9)
    assert np.isclose(check.conclusion[0].value, largest, rtol=1e-6)


def test_projection_and_footnote():
    example = counterexamples.PROJECTION
    check = check_theorem("projection", example.map, points=[[1.0, 0.0]])
    assert check.outcome == TheoremOutcome.REFUTED
    assert check.conclusion[0].holds
    gated = dl.FunctionMap(lambda a, u: np.tanh(a) * (1.0 + u), dim=1, input_dim=1)
    doubled = check_theorem("footnote2", gated, inputs=np.full((20, 1), 0.3), points=[[0.5]])
    assert doubled.outcome == TheoremOutcome.HOLDS


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((9, LATCH), "there is no statement '9': choose one of 1, 2"),
        ((3, LATCH), "give `inputs`"),
        ((1, dl.LatchNeuron(0.5)), "give `points`"),
        ((2, LATCH, None, None, [[1.0]]), "positive width"),
        (("equation5", dl.FunctionMap(np.sin, dim=1), [0.0]), "has none"),
    ],
    ids=["number", "inputs", "points", "box", "weights"],
)
def test_bad_input_is_one_sentence(arguments, message):
    with pytest.raises(InvalidInput, match=None) as caught:
        check_theorem(*arguments)
    assert message in str(caught.value)


def test_a_map_without_derivatives_is_refused():
    class Sign:
        dim = 1
        input_dim = 0

        def step(self, a, u=None):
            return np.sign(a)

    with pytest.raises(NotSmooth):
        check_theorem(4, Sign())


@pytest.mark.parametrize("given", [4, "4", "theorem 4", "Theorem4"])
def test_names_of_statements(given):
    assert statement(given).key == "4"


def test_records_are_saved_and_loaded(tmp_path):
    check = check_theorem(4, LATCH)
    check.save(tmp_path / "check.npz")
    again = dl.load(tmp_path / "check.npz")
    assert again.summary() == check.summary()
    found = counterexamples.TUBE.verify()
    found.save(tmp_path / "tube.npz")
    assert dl.load(tmp_path / "tube.npz").summary() == found.summary()


@pytest.mark.parametrize("key", ["3", "definition4", "2"])
def test_pictures_have_names_and_units(key):
    from matplotlib.figure import Figure

    inputs = np.full((10, 2), 0.1) if key == "3" else None
    ax = check_theorem(key, PAIR, inputs=inputs).plot(Figure().subplots())
    assert ax.get_xlabel()
    assert ax.get_ylabel()
    assert ax.get_title()
    assert ax.lines
