"""Fixed points and cycles: where they are, how many, how stable, in any names and coordinates, and along parameters."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from properties.laws import law
from properties.strategies import BOUNDED, SEEDS, additive, elman, filled, gru, latching, layouts, leaky, relabelled
from properties.verbs import BOX

import dynlatch as dl
from dynlatch import analysis

PROVED = analysis.Completeness.PROVED
ATTRACTING = analysis.Stability.ATTRACTING


def found(net):
    return analysis.fixed_points(net, rng=0)


def plane(numbers):
    """Complex numbers as points."""
    return np.stack([numbers.real, numbers.imag], -1)


def hyperbolic(points):
    return np.all(np.abs(np.abs(points.eigenvalues) - 1.0) > 1e-3, axis=-1)


def same_set(left, right, tolerance=1e-8):
    """Two sets of points (k, n) are one, whatever the order."""
    assert left.shape == right.shape
    gaps = np.abs(left[:, None] - right[None]).max(-1, initial=0.0)
    if len(left):
        assert gaps.min(1).max() < tolerance
        assert gaps.min(0).max() < tolerance


@law(6)
@given(st.one_of(additive(2, BOUNDED), elman(2, BOUNDED), leaky(2, BOUNDED)))
def test_what_is_returned_is_fixed(net):
    points = found(net)
    assert isinstance(points, analysis.FixedPoints)
    assert isinstance(points.completeness, analysis.Completeness)
    moved = net.step(points.points)
    grow = 1.0 + np.linalg.norm(net.jacobian(points.points), np.inf, axis=(-2, -1)) if len(moved) else np.ones(0)
    scale = 1.0 + np.abs(points.points).max(-1, initial=0.0)
    assert np.all(np.abs(moved - points.points).max(-1, initial=0.0) <= 2.0 * grow * points.errors + 1e-12 * scale * grow)
    rows = points.points.tolist()
    assert rows == sorted(rows)
    for k, point in enumerate(points.points):
        spectrum = np.linalg.eigvals(net.jacobian(point))
        same_set(plane(spectrum), plane(points.eigenvalues[k]), 1e-5)
        if points.stability[k] == ATTRACTING:
            assert np.abs(spectrum).max() < 1.0 + 1e-9


@law(6)
@given(additive(2, BOUNDED))
def test_indices_sum_to_one_where_all_points_are_known(net):
    points = found(net)
    assume(points.completeness == PROVED and hyperbolic(points).all() and np.all(points.dimension == 0))
    assert points.index_sum == 1
    assert set(np.unique(points.index)) <= {-1, 1}


@law(6)
@given(relabelled(st.one_of(additive(2, BOUNDED), elman(2, BOUNDED), gru(1))))
def test_fixed_points_have_no_names(twins):
    here, there = found(twins.network), found(twins.twin)
    assume(here.completeness == there.completeness == PROVED and hyperbolic(here).all())
    same_set(there.points, here.points @ twins.Q.T)
    order = np.lexsort((here.points @ twins.Q.T).T[::-1])
    moduli = np.sort(np.abs(here.eigenvalues[order]), -1)
    assert sorted(here.stability) == sorted(there.stability)
    same_set(np.sort(np.abs(there.eigenvalues), -1), moduli, 1e-6)


@law(5)
@given(additive(2, BOUNDED))
def test_activations_and_outputs_have_the_same_fixed_points(net):
    """`h = f(a)` conjugates `a' = W f(a) + c` with `h' = f(W h + c)`: points map, eigenvalues stay."""
    outputs = dl.ElmanNetwork(net.W, np.zeros((net.dim, 0)), net.c, net.activation)
    here, there = found(net), found(outputs)
    assume(here.completeness == there.completeness == PROVED and hyperbolic(here).all())
    same_set(there.points, net.f(here.points), 1e-7)
    same_set(np.sort(np.abs(there.eigenvalues), -1), np.sort(np.abs(here.eigenvalues), -1), 1e-6)
    assert here.index_sum == there.index_sum


@law(4)
@given(st.floats(0.1, 3.0), st.floats(-1.0, 1.0))
def test_the_neuron_agrees_with_the_exact_theory(w, bias):
    points, exact = found(dl.LatchNeuron(w, bias)), analysis.scalar_latch(w, bias)
    assert isinstance(exact, analysis.ScalarLatch)
    assume(all(abs(abs(slope) - 1.0) > 1e-3 for slope in exact.slopes))
    same_set(points.points[:, 0:1], np.array(exact.fixed_points)[:, None], 1e-8)
    mirrored = analysis.scalar_latch(w, -bias)
    np.testing.assert_allclose(np.sort(-np.array(mirrored.fixed_points)), exact.fixed_points, atol=1e-9)


@pytest.mark.slow
@law(4)
@given(st.one_of(additive(2, ("tanh",)), elman(1, BOUNDED)), SEEDS)
def test_cycles_return_and_are_prime(net, seed):
    orbits = analysis.periodic_orbits(net, 2, bounds=BOX, rng=seed)
    assert isinstance(orbits, analysis.PeriodicOrbits)
    for k, cycle in enumerate(orbits.points):
        assert np.abs(net.step(cycle) - np.roll(cycle, -1, axis=0)).max() < 1e-7
        assert np.abs(cycle[0] - cycle[1]).max() > 1e-9
        product = net.jacobian(cycle[1]) @ net.jacobian(cycle[0])
        assert abs(np.prod(orbits.multipliers[k]) - np.linalg.det(product)) < 1e-6
        one = orbits[k]
        assert isinstance(one, analysis.PeriodicOrbit)
        turned = analysis.stability(net, np.roll(cycle, 1, axis=0))
        assert np.allclose(np.sort_complex(turned.eigenvalues), np.sort_complex(orbits.multipliers[k]), atol=1e-5)


@pytest.mark.slow
@law(6)
@given(relabelled(latching()), st.data())
def test_stability_has_no_names(twins, data):
    memories = found(twins.network).attractors
    point = memories[data.draw(st.integers(0, len(memories.points) - 1))].point
    here, there = analysis.stability(twins.network, point), analysis.stability(twins.twin, twins.Q @ point)
    assert isinstance(here, analysis.LocalStability)
    assert here.stability == there.stability == ATTRACTING
    np.testing.assert_allclose(np.abs(here.eigenvalues), np.abs(there.eigenvalues), atol=1e-9)
    for name in ("1", "inf", "2"):
        if name in here.norms:
            np.testing.assert_allclose(here.norms[name], there.norms[name], rtol=1e-9)
    assert np.abs(here.eigenvalues).max() <= here.adapted_rate + 1e-9 < 1.0 + 1e-9
    np.testing.assert_allclose(here.departure, there.departure, atol=1e-7)


@law(8)
@given(relabelled(st.one_of(additive(3), elman(3))))
def test_guarantees_have_no_names(twins):
    here, there = analysis.guarantees(twins.network), analysis.guarantees(twins.twin)
    assert isinstance(here, analysis.Guarantees)
    assert all(isinstance(statement, analysis.Guarantee) for statement in here.statements)
    assert {s.name: s.holds for s in here.statements} == {s.name: s.holds for s in there.statements}


@law(8)
@given(st.one_of(additive(2, BOUNDED), elman(2, BOUNDED)))
def test_one_attractor_that_is_promised_is_one(net):
    promised = {s.name: s.holds for s in analysis.guarantees(net).statements}
    points = found(net)
    for name, holds in promised.items():
        if holds and "one" in name and "attractor" in name:
            assert len(points.attractors.points) <= 1
    box = analysis.guarantees(net).box
    if box is not None:
        assert np.all((points.points >= box[0] - 1e-9) & (points.points <= box[1] + 1e-9))


@pytest.mark.slow
@law(2)
@given(additive(2, ("tanh",)), SEEDS)
def test_slow_points_move_slowly_but_move(net, seed):
    slow = analysis.slow_points(net, 0.05, bounds=BOX, rng=seed)
    assert isinstance(slow, analysis.SlowPoints)
    speeds = np.linalg.norm(net.step(slow.points) - slow.points, axis=-1)
    np.testing.assert_allclose(slow.speeds, speeds, rtol=1e-6, atol=1e-12)
    assert np.all((speeds > 0.0) & (speeds <= slow.tolerance))


@pytest.mark.slow
@law(3)
@given(latching(), layouts(2), st.sampled_from(("gain", "weight", "input")))
def test_branches_consist_of_fixed_points(net, along, kind):
    direction = np.array(along, np.float64)[: net.dim]
    assume(kind != "input" or np.any(direction))
    family, at = {
        "gain": lambda: (analysis.GainFamily(net), 1.0),
        "weight": lambda: (analysis.WeightFamily(net, "W", (0, 0)), net.W[0, 0]),
        "input": lambda: (analysis.InputFamily(net, direction), 0.0),
    }[kind]()
    start = found(net).attractors.points[0]
    branch = analysis.continue_fixed_point(family, (at - 0.5, at + 0.5), start, at=at, max_points=60)
    assert isinstance(branch, analysis.Branch)
    assert all(isinstance(end, analysis.ContinuationEnd) for end in branch.ends)
    for parameter, orbit in zip(branch.parameters, branch.orbits, strict=True):
        assert np.abs(family(parameter).step(orbit[0]) - orbit[0]).max() < 1e-8
    for special in branch.special:
        assert isinstance(special, analysis.SpecialPoint)
        moduli = np.abs(np.linalg.eigvals(family(special.parameter).jacobian(np.atleast_2d(special.point)[0])))
        assert np.abs(moduli - 1.0).min() < 1e-3


@pytest.mark.slow
@law(2)
@given(st.floats(1.3, 3.0))
def test_folds_of_the_neuron_lie_on_their_curve(w):
    """At a fold `w (1 - tanh(a)^2) = 1`, whatever the bias."""
    net = dl.LatchNeuron(w)
    family = analysis.InputFamily(net, [1.0])
    branch = analysis.continue_fixed_point(family, (-2.0, 2.0), found(net).attractors.points[-1], at=0.0)
    fold = next(s for s in branch.special if s.kind == analysis.Bifurcation.FOLD)
    curve = analysis.fold_curve(dl.LatchNeuron, ((1.1, 3.5), (-3.0, 3.0)), fold.point, (w, fold.parameter), max_points=20)
    assert isinstance(curve, analysis.FoldCurve)
    assert all(isinstance(cusp, analysis.Cusp) for cusp in curve.cusps)
    for (weight, bias), point in zip(curve.parameters, curve.points, strict=True):
        assert abs(weight * np.tanh(point[0]) + bias - point[0]) < 1e-8
        assert abs(weight * (1.0 - np.tanh(point[0]) ** 2) - 1.0) < 1e-6
    assert abs(abs(fold.parameter) - analysis.escape_threshold(net, found(net).attractors.points[-1]).lower) < 1e-9


@pytest.mark.slow
@law(1)
@given(st.floats(1.5, 2.5), SEEDS)
def test_a_pitchfork_gives_two_branches(top, seed):
    """`a' = g tanh(a)`: at g = 1 two branches leave the origin, mirror images of each other."""
    family = analysis.GainFamily(dl.LatchNeuron(1.0))
    diagram = analysis.bifurcation_diagram(family, (0.5, top), bounds=BOX, longest_period=1, rng=seed)
    assert isinstance(diagram, analysis.BifurcationDiagram)
    branch = analysis.continue_fixed_point(family, (0.5, top), [0.0], at=0.5)
    fork = next(s for s in branch.special if s.kind == analysis.Bifurcation.PITCHFORK)
    assert abs(fork.parameter - 1.0) < 1e-8
    other = analysis.switch_branch(family, (0.5, top), branch, fork)
    exact = [abs(analysis.scalar_latch(g).fixed_points[-1]) if g > 1.0 + 1e-6 else 0.0 for g in other.parameters]
    np.testing.assert_allclose(np.abs(other.orbits[:, 0, 0]), exact, atol=5e-3)


@pytest.mark.slow
@law(2)
@given(relabelled(latching()))
def test_manifolds_have_no_names(twins):
    points = found(twins.network)
    saddles = points.points[points.stability == analysis.Stability.SADDLE]
    assume(len(saddles) and points.dimension.max() == 0)
    here = analysis.invariant_manifold(twins.network, saddles[0], bounds=BOX, max_points=300)
    there = analysis.invariant_manifold(twins.twin, twins.Q @ saddles[0], bounds=BOX, max_points=300)
    assert isinstance(here, analysis.Manifold)
    assert here.multiplier == pytest.approx(there.multiplier, rel=1e-7)
    assert abs(here.multiplier) > 1.0
    ends = lambda m: np.array([branch[-1] for branch in m.branches])  # noqa: E731
    same_set(ends(there), ends(here) @ twins.Q.T, 1e-2)


@pytest.mark.slow
@law(2)
@given(latching(), SEEDS)
def test_a_morse_graph_holds_every_fixed_point(net, seed):
    graph = analysis.morse_graph(net, BOX, 16, rng=seed)
    assert isinstance(graph, analysis.MorseGraph)
    assert all(isinstance(kind, analysis.MorseKind) for kind in graph.kinds)
    assert graph.graph.number_of_nodes() == len(graph.kinds)
    assert len(found(net).attractors.points) >= np.sum(graph.kinds == analysis.MorseKind.ATTRACTOR) >= 1
    assert graph.index.sum() == found(net).index_sum


@pytest.mark.slow
@law(6)
@given(latching(), st.data())
def test_theorems_do_not_contradict_themselves(net, data):
    memories = found(net).attractors
    inputs = data.draw(filled(3, net.dim, elements=st.floats(-0.01, 0.01)))
    check = analysis.check_theorem(data.draw(st.integers(1, 4)), net, memories[0].point, inputs)
    assert isinstance(check, analysis.TheoremCheck)
    assert isinstance(check.outcome, analysis.TheoremOutcome)
    assert check.outcome != analysis.TheoremOutcome.CONTRADICTED


@law(10)
@given(filled(2, elements=st.floats(-3.0, 3.0)), st.integers(1, 5))
def test_a_box_grid_fills_its_box(ends, resolution):
    lo, hi = np.sort(ends)
    assume(hi - lo > 1e-6)
    grid = analysis.box_grid((lo, hi), resolution, dim=2)
    assert grid.shape == (resolution, resolution, 2)
    assert np.all((grid >= lo) & (grid <= hi))
    assert np.allclose(grid.mean((0, 1)), 0.5 * (lo + hi))


@law(3)
@given(st.sampled_from(analysis.counterexamples.COUNTEREXAMPLES))
def test_counterexamples_refute_what_they_are_against(example):
    assert example.verify().holds
    assert analysis.counterexamples.named(f"  {example.name.upper()} ") is example
    for key in example.about:
        assert example in analysis.counterexamples.against(key)
