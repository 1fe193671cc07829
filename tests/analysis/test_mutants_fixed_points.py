"""Parts of the search for fixed points by themselves: routes, what completes a proof, equations of stacks, the record."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import dynlatch as dl
from dynlatch import analysis
from dynlatch.analysis import Completeness, scalar
from dynlatch.analysis.fixed_points import _completeness, _question, routes
from dynlatch.analysis.fixed_points.equations import Layers, Plain, equation_of
from dynlatch.analysis.fixed_points.follow import follow_fixed_points
from dynlatch.errors import InvalidInput, NotEnclosable
from dynlatch.intervals import EPS

RNG = np.random.default_rng(7)
STACK = dl.StackedNetwork(
    [
        dl.LSTM(RNG.standard_normal((12, 2)), 0.4 * RNG.standard_normal((12, 3)), RNG.standard_normal(12), None),
        dl.GRU(RNG.standard_normal((6, 3)), RNG.standard_normal((6, 2)), RNG.standard_normal(6), RNG.standard_normal(6)),
        dl.AdditiveNetwork(1.5 * np.eye(2)),
    ]
)
HELD = np.array([0.3, -0.2])


def listing(x, **changes):
    return routes._listing(np.array(x, float), np.full(len(x), 1e-12))._replace(**changes)


def differences(function, x, h=1e-6):
    """Central differences (rows, len(x)) of a function of x."""
    return np.stack([(function(x + h * e) - function(x - h * e)) / (2 * h) for e in np.eye(len(x))], axis=-1)


def test_a_stack_at_rest_has_exact_derivatives_of_everything():
    equation, u0 = equation_of(STACK)
    assert u0 is None
    assert isinstance(equation, Layers)
    assert equation.dim == 7
    x = RNG.uniform(-0.5, 0.5, 7)
    np.testing.assert_allclose(equation.jacobian(x, HELD), differences(lambda y: equation.step(y, HELD), x), atol=1e-8)
    by_input = differences(lambda u: equation.step(x, u), HELD)
    np.testing.assert_allclose(equation.input_jacobian(x, HELD), by_input, atol=1e-8)
    np.testing.assert_allclose(equation.output_jacobian(x), differences(equation.output, x), atol=1e-8)
    assert equation.output_jacobian(np.stack([x, x])).shape == (2, 2, 7)
    assert equation.input_jacobian(np.stack([x, x]), np.stack([HELD, HELD])).shape == (2, 7, 2)


def test_a_stack_at_rest_is_enclosed():
    equation, _ = equation_of(STACK)
    middle = RNG.uniform(-0.5, 0.5, 7)
    lo, hi = middle - 1e-3, middle + 1e-3
    point = (HELD, HELD)
    for inside in (lo, hi, middle, RNG.uniform(lo, hi)):
        for box, value in (
            (equation.enclose(lo, hi, point), equation.step(inside, HELD)),
            (equation.enclose_jacobian(lo, hi, point), equation.jacobian(inside, HELD)),
            (equation.enclose_input_jacobian(lo, hi, point), equation.input_jacobian(inside, HELD)),
            (equation.enclose_output(lo, hi), equation.output(inside)),
            (equation.enclose_output_jacobian(lo, hi), equation.output_jacobian(inside)),
        ):
            assert np.all(box[0] <= value)
            assert np.all(value <= box[1])
            assert np.max(box[1] - box[0]) < 0.2
            assert box[0].shape == value.shape


def test_states_and_solutions_of_a_stack_belong_together():
    equation, _ = equation_of(STACK)
    state = np.zeros(STACK.dim)
    for _ in range(800):
        state = STACK.step(state, HELD)
    x = equation.project(state)
    np.testing.assert_allclose(equation.step(x, HELD), x, atol=1e-9)
    np.testing.assert_allclose(equation.lift(x, HELD), state, atol=1e-8)
    lo, hi = equation.box((HELD, HELD))
    assert np.all(lo <= x)
    assert np.all(x <= hi)
    unbounded = dl.StackedNetwork([dl.AdditiveNetwork(np.eye(2), activation="linear"), dl.AdditiveNetwork(np.eye(2))])
    assert equation_of(unbounded)[0].box() is None


def test_the_equation_of_a_map():
    leaky, u0 = equation_of(dl.LeakyNetwork([[2.0]], 0.1, [0.3]))
    assert u0 is None
    assert isinstance(leaky, Plain)
    assert leaky.step(np.array([0.5]))[0] == pytest.approx(2 * np.tanh(0.5) + 0.3)
    held = dl.WithInput(dl.LatchNeuron(2.0), [0.25])
    np.testing.assert_array_equal(equation_of(held)[1], [0.25])
    plain = dl.FunctionMap(lambda a, u: 0.5 * np.sin(a), dim=1)
    with pytest.raises(NotEnclosable, match="nothing can be proved"):
        equation_of(plain)[0].enclose_jacobian(np.zeros(1), np.ones(1))
    with pytest.raises(NotEnclosable, match="bounds on its derivatives"):
        equation_of(plain)[0].enclose_output(np.zeros(1), np.ones(1))


def test_what_the_search_adds_to_an_unfinished_proof():
    proof = listing([[0.0], [1.0]], verified=np.array([True, True]), unresolved=np.zeros((3, 2, 1)), ended=False)
    found = listing([[1.0 + 1e-14], [2.0]], dimension=np.array([0, 1]), undecided=np.array([False, True]), unseen=0.5)
    both = routes._completed(proof, found)
    assert both.x.ravel().tolist() == [0.0, 1.0, 2.0]
    assert both.verified.tolist() == [True, True, False]
    assert both.dimension.tolist() == [0, 0, 1]
    assert both.undecided.tolist() == [False, False, True]
    assert (both.unseen, both.proved, both.ended, len(both.unresolved)) == (0.5, False, True, 0)
    assert len(routes._completed(proof, found._replace(ended=False)).unresolved) == 3
    assert len(routes._completed(proof._replace(ended=True), found).unresolved) == 3
    assert routes._completed(None, found) is found


def test_next_to_a_fold_the_exact_theory_says_nothing():
    tanh, logistic = dl.LatchNeuron(2.0).f, dl.LatchNeuron(8.0, -4.0, "logistic").f
    u = scalar.u_star(2.0)
    assert routes._fold_doubt(2.0, 0.0, tanh) == pytest.approx(8 * EPS)
    assert routes._fold_doubt(2.0, 0.5 * u, tanh) == pytest.approx(16 * EPS)
    assert routes._fold_doubt(2.0, -1.5 * u, tanh) == pytest.approx(16 * EPS)
    assert routes._fold_doubt(2.0, u * (1 - 1e-9), tanh) is None
    assert routes._fold_doubt(8.0, -4.0, logistic) == pytest.approx(8 * EPS)
    assert routes._fold_doubt(8.0, -4.0 + u, logistic) == pytest.approx(16 * EPS, rel=0.1)
    assert routes._fold_doubt(0.5, 0.3, tanh) == 0.0
    assert routes._fold_doubt(2.0, 0.1, logistic) == pytest.approx(8 * EPS * 2.1 / 0.5)
    assert routes._fold_doubt(3.999, 0.1, logistic) is None


def test_the_exact_route_of_one_unit():
    question = _question(dl.LatchNeuron(2.0, 0.1), None)
    found = routes.one_unit(question)
    np.testing.assert_array_equal(found.x[:, 0], scalar.fixed_points(2.0, 0.1))
    assert found.proved
    assert np.all(found.errors >= 1e-12 * np.abs(found.x[:, 0]))
    assert np.all(found.errors <= 1.1e-12 * np.abs(found.x[:, 0]) + 1e-14)
    assert routes.one_unit(_question(dl.LatchNeuron(2.0), (-1.0, 1.0))) is None  # a part of the line only
    assert routes.one_unit(_question(dl.AdditiveNetwork(np.eye(2)), None)) is None


def test_what_is_asked_of_a_box():
    net = dl.LatchNeuron(2.0)
    own = _question(net, None)
    assert (own.compact, own.odd, own.bounded) == (True, True, True)
    wide = _question(net, (-5.0, 5.0))
    assert (wide.compact, wide.odd, wide.bounded) == (True, False, True)
    assert not _question(net, (-5.0, 1.0)).compact
    assert not _question(net, (-1.0, 5.0)).compact
    relu = _question(dl.AdditiveNetwork(0.5 * np.eye(2), activation="relu"), None)
    assert (relu.compact, relu.odd, relu.bounded) == (False, False, False)
    assert relu.box[0].tolist() == [-np.inf] * 2
    assert relu.box[1].tolist() == [np.inf] * 2
    with pytest.raises(InvalidInput, match=r"AdditiveNetwork does not bound.*or 2 numbers"):
        _question(dl.AdditiveNetwork(0.5 * np.eye(2), activation="linear"), None)


@pytest.mark.parametrize(
    ("net", "changes", "total", "degenerate", "said"),
    [
        (2.0, {"proved": True}, 0, True, Completeness.PROVED),
        (2.0, {"ended": False}, 1, False, Completeness.BUDGET),
        (2.0, {}, 1, True, Completeness.CLUSTER),
        (2.0, {"unresolved": np.zeros((1, 2, 1))}, 1, False, Completeness.CLUSTER),
        (2.0, {}, 1, False, Completeness.CHECKSUM_PASSED),
        (2.0, {}, 0, False, Completeness.CHECKSUM_FAILED),
        (0.5, {"ended": False}, 1, False, Completeness.PROVED),
    ],
)
def test_how_complete_a_list_is(net, changes, total, degenerate, said):
    question = _question(dl.LatchNeuron(net), None)
    assert _completeness(question, listing([[0.0]], **changes), total, degenerate=degenerate) is said
    if said is Completeness.CHECKSUM_PASSED:
        part = question._replace(compact=False)
        assert _completeness(part, listing([[0.0]]), 1, degenerate=False) is Completeness.NO_CHECKSUM


def test_regions_of_relu_nets_as_boxes():
    net = dl.AdditiveNetwork(0.5 * np.eye(2), activation="relu")
    question = _question(net, None)
    boxes = routes._orthants(np.array([[1, 0], [0, -1]], dtype=np.int8), question)
    assert boxes.tolist() == [[[0.0, -np.inf], [np.inf, 0.0]], [[-np.inf, -np.inf], [0.0, np.inf]]]
    boxed = routes._orthants(np.array([[1, 0]], dtype=np.int8), question._replace(box=(np.full(2, -3.0), np.full(2, 2.0))))
    assert boxed.tolist() == [[[0.0, -3.0], [2.0, 0.0]]]
    outputs = question._replace(map=dl.ElmanNetwork([[2.0]], np.zeros((1, 0)), None), box=(np.full(1, -3.0), np.full(1, 2.0)))
    assert routes._orthants(np.array([[0], [1]], dtype=np.int8), outputs).tolist() == [[[0.0], [0.0]], [[0.0], [2.0]]]
    two = dl.AdditiveNetwork([[2.0]], [-1.0], activation="relu")  # a' = 2 relu(a) - 1: -1 and 1
    assert analysis.fixed_points(two).points.ravel().tolist() == [-1.0, 1.0]
    assert analysis.fixed_points(two, bounds=(0.0, 3.0)).points.ravel().tolist() == [1.0]


def test_the_record_of_points():
    found = analysis.fixed_points(dl.AdditiveNetwork(np.diag([2.0, 0.5])))
    lines = found.summary().split("\n")
    assert lines[0] == "3 fixed points in activation a: 2 attracting, 1 saddle"
    assert lines[1].startswith("proved: ")
    assert lines[1].endswith("Index sum +1; estimated unseen 0.0.")
    assert lines[4].split()[:4] == ["1", "saddle", "1", "2"]
    assert found.unstable_dimensions.tolist() == [0, 1, 0]
    assert [p.index for p in found] == [1, -1, 1]
    assert found[1].spectral_radius == 2.0
    assert found.select([0]).summary().startswith("1 fixed point in")
    assert found.select([]).summary().startswith("0 fixed points in activation a: none")
    told = replace(found, dimension=np.array([0, 2, 0]), certified=np.ones(3, bool), unresolved=np.array([[[0.0], [0.25]]]))
    assert "(one of a continuum of dimension 2)" in told.summary().split("\n")[4]
    assert "3 of them are certified" in told.summary()
    assert told.summary().endswith("1 boxes, of width up to 0.25, were neither excluded nor verified.")


def test_points_are_followed_and_a_new_pair_is_found():
    rng = np.random.default_rng(0)
    before, after = dl.AdditiveNetwork(1.9 * np.eye(2)), dl.AdditiveNetwork(2.0 * np.eye(2))
    known = analysis.fixed_points(before).points
    moved = follow_fixed_points(after, known, 10.0, rng)
    np.testing.assert_allclose(moved.points, analysis.fixed_points(after).points, atol=1e-9)
    assert moved.completeness is Completeness.CHECKSUM_PASSED
    linear = dl.AdditiveNetwork([[3.0]], [1.0], activation="linear")
    assert follow_fixed_points(linear, np.array([[0.0]]), 2.0, rng).points.tolist() == [[-0.5]]
    assert follow_fixed_points(linear, np.array([[0.0]]), 2.0, rng).completeness is Completeness.BUDGET
    assert len(follow_fixed_points(linear, np.array([[0.0]]), 0.2, rng)) == 0


def test_methods_that_need_bounds_or_do_not_exist():
    with pytest.raises(InvalidInput, match="auto, proof, multistart; got 'newton'"):
        analysis.fixed_points(dl.LatchNeuron(2.0), method="newton")
    relu = dl.AdditiveNetwork(0.5 * np.eye(2), activation="relu")
    for method in ("proof", "multistart"):
        with pytest.raises(InvalidInput, match=f'method="{method}" searches a box'):
            analysis.fixed_points(relu, method=method)
    with pytest.raises(InvalidInput, match="time_budget"):
        analysis.fixed_points(relu, time_budget=-1.0)
