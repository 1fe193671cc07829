"""Parts of the search for fixed points by themselves: routes, what completes a proof, equations of stacks, the record."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import dynlatch as dl
from dynlatch import analysis
from dynlatch.analysis import Completeness, scalar
from dynlatch.analysis.fixed_points import _completeness, _described, _question, piecewise_linear, routes, singular_regions
from dynlatch.analysis.fixed_points.equations import Layers, Plain, equation_of
from dynlatch.analysis.fixed_points.follow import follow_fixed_points
from dynlatch.analysis.fixed_points.proof import affine, enclosed, relaxation, rigorous
from dynlatch.analysis.fixed_points.proof import branch_and_bound as bb
from dynlatch.analysis.fixed_points.proof.gates import Gated, has_form
from dynlatch.analysis.fixed_points.search import clusters, newton
from dynlatch.analysis.fixed_points.search.solutions import Solutions
from dynlatch.errors import InvalidInput, NotEnclosable, NotSmooth
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
    assert routes._fold_doubt(2.0, 0.0, tanh) == pytest.approx(8 * EPS, rel=1e-6, abs=0.0)
    assert routes._fold_doubt(2.0, 0.5 * u, tanh) == pytest.approx(16 * EPS, rel=1e-6, abs=0.0)
    assert routes._fold_doubt(2.0, -1.5 * u, tanh) == pytest.approx(16 * EPS, rel=1e-6, abs=0.0)
    assert routes._fold_doubt(2.0, u * (1 - 1e-9), tanh) is None
    assert routes._fold_doubt(8.0, -4.0, logistic) == pytest.approx(8 * EPS, rel=1e-6, abs=0.0)
    assert routes._fold_doubt(8.0, -4.0 + u, logistic) == pytest.approx(16 * EPS, rel=0.1, abs=0.0)
    assert routes._fold_doubt(0.5, 0.3, tanh) == 0.0
    assert routes._fold_doubt(2.0, 0.1, logistic) == pytest.approx(8 * EPS * 2.1 / 0.5, rel=1e-6, abs=0.0)
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
    assert lines[2].split() == ["stability", "unstable", "|multiplier|", "residual", "error", "point"]
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


def test_what_a_route_leaves_open_is_neutral():
    question = _question(dl.LatchNeuron(2.0), None)
    points = np.array([[-1.9150080481545302], [0.0], [1.9150080481545302]])
    open_at_zero = listing(points, undecided=np.array([False, True, False]))
    assert [str(s) for s in _described(question, open_at_zero).stability] == ["attracting", "neutral", "attracting"]
    assert _described(question, open_at_zero).index.tolist() == [1, 0, 1]
    continuum = listing(points, dimension=np.array([0, 1, 0]), verified=np.ones(3, bool))
    assert _described(question, continuum).index.tolist() == [1, 0, 1]
    assert _described(question, listing(points)).index.tolist() == [1, -1, 1]


def test_whose_derivatives_are_needed():
    with pytest.raises(NotSmooth, match="`fixed_points` needs derivatives"):
        analysis.fixed_points(dl.ThresholdNetwork([[1.0]], [0.5]))


def test_only_regular_points_outside_of_a_region_refute_it():
    one, zero = Fraction(1), Fraction(0)
    asked = singular_regions._range
    nothing = (one, zero)
    assert asked(singular_regions._Solutions([-one], [[zero]], [1])) == nothing  # negative whatever is free
    assert asked(singular_regions._Solutions([-one, zero], [[zero, -one], [one, zero]], [0, 1])) == nothing
    assert asked(singular_regions._Solutions([-one], [[2 * one]], [0])) == (Fraction(1, 2), np.inf)
    assert asked(singular_regions._Solutions([3 * one, zero], [[-2 * one], [one]], [0])) == (zero, Fraction(3, 2))
    assert asked(singular_regions._Solutions([zero], [[zero, one]], [0, 1])) == (zero, np.inf)
    assert asked(singular_regions._Solutions([one], [[zero]], [0])) == (zero, np.inf)


@pytest.mark.parametrize("pattern", [[1, 1], [1, 0]])
def test_a_regular_region_among_singular_ones(pattern):
    """z = W z + c in the active units; the error holds against rational numbers."""
    W, c = np.array([[0.3, 0.1], [-0.2, 0.4]]), np.array([0.7, 0.9 if pattern[1] else -0.9])
    found, decided = singular_regions.region_points((W, W), (c, c), np.array(pattern, np.int8))
    assert decided
    point, error = [Fraction(v) for v in found[0][0].tolist()], Fraction(float(found[1][0]))
    (a, b), (d, e) = [[Fraction(v) for v in row] for row in W.tolist()]
    r, s = (Fraction(v) for v in c.tolist())
    if pattern[1]:
        determinant = (1 - a) * (1 - e) - b * d
        exact = [((1 - e) * r + b * s) / determinant, (d * r + (1 - a) * s) / determinant]
    else:
        exact = [r / (1 - a), d * r / (1 - a) + s]
    assert max(abs(p - q) for p, q in zip(point, exact, strict=True)) <= error < Fraction(1, 10**13)
    assert found[2][0].tolist() == pattern
    assert not found[3].any()


def test_cycles_of_leaky_nets_as_points_hold_the_exact_numbers():
    """`leak^m / (1 - leak^p) V` and `c / (1 - leak)` in rational numbers lie in the boxes, which are narrow but not empty."""
    rng = np.random.default_rng(4)
    V, c, leak, p = rng.standard_normal((2, 2)), rng.standard_normal(2), np.array([0.3, 0.9]), 3
    W, bias = piecewise_linear.unrolled(V, c, leak, p)
    assert np.all(W[0] <= W[1])
    assert np.all(bias[0] < bias[1])
    assert np.max(W[1] - W[0]) < 1e-11
    for j in range(p):
        for i in range(2):
            rate = Fraction(leak[i])
            exact = Fraction(c[i]) / (1 - rate)
            assert bias[0][2 * j + i] <= exact <= bias[1][2 * j + i]
            for m in range(p):
                for k in range(2):
                    share = rate**m / (1 - rate**p) * Fraction(V[i, k])
                    at = 2 * j + i, 2 * ((j - 1 - m) % p) + k
                    assert W[0][at] < share < W[1][at]
    none = piecewise_linear.unrolled(V, c, np.zeros(2), p)
    np.testing.assert_array_equal(*none[0])


def test_points_within_their_errors_are_one():
    W, c = (np.zeros((1, 1)),) * 2, (np.zeros(1),) * 2
    patterns, dimension = np.ones((2, 1), np.int8), np.zeros(2, np.int64)
    for distance, together in ((1.9e-3, True), (2.1e-3, False)):
        points = np.array([[1.0], [1.0 + distance]])
        assert piecewise_linear._touch(W, c, points, np.full(2, 1e-3), patterns, dimension, 0, 1) is together


def test_regions_are_visited_up_to_the_number_that_is_allowed():
    W, c = np.array([[2.0, -1.5], [-1.5, 2.0]]), np.array([-0.5, -0.5])
    whole = piecewise_linear.enumerate_fixed_points(W, c)
    first = piecewise_linear.enumerate_fixed_points(W, c, regions=1)
    assert whole.visited > first.visited == 1
    assert not first.ended
    assert not first.complete
    assert len(first.unresolved)


@pytest.mark.parametrize(("start", "leap"), [(1e4, 1e4), (3.0, 3.0), (0.0, 2.0)])
@pytest.mark.parametrize("length", [1e7, 1e200], ids=["long", "overflows"])
def test_newton_leaps_no_farther_than_it_may(start, leap, length):
    """However long a correction is: the bold step is half of |x| times CAP, or CAP sqrt(d) next to zero."""
    seen = []

    def step(x):
        seen.append(float(x[0, 0]))
        return x + 1.0

    def jacobian(x):
        return np.zeros((len(x), 1, 1))

    far = np.full(1, -1e9), np.full(1, 1e9)
    newton.solve(step, jacobian, np.array([[start]]), far, systems=lambda matrices, right: np.full_like(right, length))
    assert abs(next(x for x in seen if x != start) - start) == pytest.approx(leap, rel=1e-12)


def test_nothing_measured():
    x, correction, error = newton.measure(lambda x: x, lambda x: np.zeros((len(x), 2, 2)), np.zeros((0, 2)))
    assert (x.shape, correction.shape, error.shape) == ((0, 2), (0,), (0,))


def test_the_best_member_speaks_for_its_cluster():
    cluster = clusters.Cluster(np.array([[1.0], [-5.0], [2.0]]))
    assert clusters.representative(cluster, lambda x: x + np.array([[0.1], [0.2], [0.01]])).tolist() == [2.0]


class Stub:
    """A problem whose relaxation is given."""

    dim, size, mixing = 1, 8, None

    def __init__(self, **given):
        self.given = given

    def relax(self, lo, hi):
        shape = lo.shape
        middle, radius = 0.5 * (lo + hi), 0.5 * (hi - lo)
        shown = {"value": middle, "matrix": np.zeros((*shape, shape[-1])), "rounding": 0 * middle, "error": 0 * middle}
        shown |= {"floor": 0 * middle, "variation": 0 * middle, "shares": lambda weights: weights}
        return relaxation.Relaxation(**({"middle": middle, "radius": radius} | shown | self.given))

    def cut(self, lo, hi):
        return 0.5 * (lo + hi)


def test_tiny_boxes_are_noise_each_by_itself():
    boxes = bb.Boxes(np.array([[1.0 - 1e-13], [0.0]]), np.array([[1.0 + 1e-13], [1.0]]))
    step = bb.interval_step(Stub(error=np.full((2, 1), 0.1), variation=np.full((2, 1), 0.1)), boxes)
    assert step.noise.tolist() == [True, False]
    assert step.proved.tolist() == [False, True]


def test_what_rounding_adds_to_the_interval_step():
    """`|Y| (rounding + gamma (|residual| + |middle| + r + |A| r + error)) + |Y - Y A - 1| r + gamma (|middle| + r)`."""
    one = np.ones((1, 1))
    r = Stub(matrix=0.5 * one[..., None], rounding=3e-16 * one, error=0.25 * one, variation=8.0 * one)
    r = r.relax(2.0 * one, 6.0 * one)
    Y, residual = 2.0 * one[..., None], 0.75 * one
    gamma = 10 * EPS
    for exact_inverse, defect in ((True, 0.0), (False, 0.5)):
        Y = np.full((1, 1, 1), 2.0 if exact_inverse else 3.0)
        by_error, by_variation = bb._rounding(Stub(), r, Y, residual)
        for value, part in ((by_error, 0.25), (by_variation, 8.0)):
            through = 3e-16 + gamma * (0.75 + 4.0 + 2.0 + 1.0 + part)
            wanted = Y[0, 0, 0] * through + defect * 2.0 + gamma * 6.0
            assert value[0, 0] == pytest.approx(wanted, rel=1e-13, abs=0.0)


def test_a_box_without_a_preference_is_halved_along_its_longest_side():
    box = bb.Boxes(np.array([[0.5, 0.5]]), np.array([[1.5, 4.5]]))
    wide = bb.Boxes(np.full((1, 2), -9.0), np.full((1, 2), 9.0))
    stack = []
    bb._branch(Stub(), box, wide, np.zeros((1, 2)), stack)
    assert stack[0].lo.tolist() == [[0.5, 0.5], [0.5, 2.5]]
    assert stack[0].hi.tolist() == [[1.5, 2.5], [1.5, 4.5]]
    stack.clear()
    bb._branch(Stub(), box, wide, np.array([[1.0, 0.1]]), stack)  # a preference decides
    assert stack[0].lo.tolist() == [[0.5, 0.5], [1.0, 0.5]]
    stack.clear()
    bb._branch(Stub(), box, bb.Boxes(np.array([[0.6, 0.5]]), np.array([[1.4, 3.0]])), np.zeros((1, 2)), stack)
    assert (stack[0].lo.tolist(), stack[0].hi.tolist()) == ([[0.6, 0.5]], [[1.4, 3.0]])  # enough was cut off


def test_a_variation_that_underflows_is_not_zero():
    def image(lo, hi):
        return lo, hi

    def slopes(lo, hi):
        return np.full((*lo.shape, 1), -1e-200), np.full((*lo.shape, 1), 1e-200)

    relaxed = enclosed.Enclosed(1, image, slopes).relax(np.array([[-1e-200]]), np.array([[1e-200]]))
    assert relaxed.variation[0, 0] > 0.0
    assert relaxed.error[0, 0] > 0.0


def test_a_layer_of_outputs_within_a_proof():
    """An Elman net's state is its output: in a stack its values go on as they are."""
    rng = np.random.default_rng(2)
    below = dl.ElmanNetwork(rng.standard_normal((2, 2)), rng.standard_normal((2, 1)), rng.standard_normal(2))
    above = dl.GRU(rng.standard_normal((3, 2)), rng.standard_normal((3, 1)), rng.standard_normal(3), rng.standard_normal(3))
    equation, _ = equation_of(dl.StackedNetwork([below, above]))
    assert has_form(equation)
    x = rng.uniform(-0.4, 0.4, (5, 3))
    relaxed = Gated(equation, np.array([0.2])).relax(x - 1e-9, x + 1e-9)
    np.testing.assert_allclose(relaxed.value, equation.step(x, np.array([0.2])), atol=1e-13)
    np.testing.assert_allclose(relaxed.matrix, equation.jacobian(x, np.array([0.2])), atol=1e-7)


def test_how_long_a_proof_may_take(monkeypatch):
    asked = []
    monkeypatch.setattr(routes.time, "monotonic", lambda: 100.0)
    monkeypatch.setattr(routes, "by_proof", lambda question, deadline, boxes: asked.append((deadline, boxes)))
    few, many, gated = (
        dl.AdditiveNetwork(2.0 * np.eye(2)),
        dl.AdditiveNetwork(2.0 * np.eye(9)),
        dl.GRU(np.zeros((6, 0)), np.zeros((6, 2)), np.zeros(6), np.zeros(6)),
    )
    for map in (few, many, gated):
        routes._affordable_proof(_question(map, None), 200.0)
    assert asked == [(180.0, routes.DEFAULT_BOXES), (150.0, routes.TRIED_BOXES), (150.0, routes.GATED_BOXES)]
    assert routes._affordable_proof(_question(dl.AdditiveNetwork(2.0 * np.eye(13)), None), 200.0) is None


def test_a_certificate_names_what_it_refuses():
    pytest.importorskip("flint")
    with pytest.raises(InvalidInput, match="`points`"):
        rigorous.certify(dl.LatchNeuron(2.0), [[np.nan]])


def test_how_often_each_point_was_met():
    """x' = x^2 has 0 and 1: every arrival is counted once, whichever point it belongs to."""
    far = np.full(1, -2.0), np.full(1, 2.0)
    found = Solutions(lambda x: x**2, lambda x: 2.0 * x[..., None], far, odd=False, points=np.zeros((0, 1)))
    assert found.add(np.array([[0.0], [1.0]])) == 2
    assert found.hits.tolist() == [1, 1]
    assert found.unseen == 1.0  # 2 (2 - 1) / (2 (0 + 1)) by Chao
    assert found.add(np.array([[1e-12], [0.0], [1.0]])) == 0
    assert found.hits.tolist() == [3, 2]
    assert found.unseen == 0.0
    assert found.met == 5
    assert found.add(np.array([[3.0]])) == 0  # no solution
    assert found.points.ravel().tolist() == [0.0, 1.0]


def test_a_region_by_elimination():
    """Unit 1 active, unit 2 not: z = z / 2 + 1, and the other has z / 4 - 2, whatever it would send."""
    W, c = np.array([[0.5, 7.0], [0.25, 9.0]]), np.array([1.0, -2.0])
    found, decided = singular_regions._by_elimination(W, c, np.array([1, 0], np.int8))
    assert decided
    assert (found[0].tolist(), found[1].tolist(), found[5].tolist()) == ([[2.0, -1.5]], [0.0], [True])
    none, decided = singular_regions._by_elimination(W, np.array([1.0, -0.25]), np.array([1, 0], np.int8))
    assert decided
    assert len(none[0]) == 0


def test_a_region_of_uncertain_weights():
    """z = w z + 1 for w in [0.4, 0.6] has 1 / (1 - w), from 5/3 to 5/2."""
    found, decided = singular_regions.region_points(
        (np.array([[0.4]]), np.array([[0.6]])), (np.ones(1),) * 2, np.ones(1, np.int8)
    )
    assert decided
    assert found[0][0, 0] == pytest.approx(2.0, rel=1e-14)
    assert found[0][0, 0] - found[1][0] <= 5 / 3
    assert found[0][0, 0] + found[1][0] >= 5 / 2


def test_near_starts_are_those_of_short_corrections():
    starts = np.array([[5.0], [0.01], [3.0], [1.02], [-4.0], [9.0], [-7.0], [2.0]])
    chosen = newton.promising(lambda x: x**2, lambda x: 2.0 * x[..., None], starts)
    assert chosen.ravel().tolist() == [0.01, 1.02]
    assert newton.promising(lambda x: x**2, lambda x: 2.0 * x[..., None], starts[:2]).tolist() == [[0.01]]


def test_rounding_of_a_product():
    """Numbers 3 and 5: `4 (3 + 4) EPS (|a| (|q| + |b|) + |b| |p|)`."""
    point = np.array([[0.0]]), np.array([[0.0]])
    x = affine.variables(*point, point[0], np.nextafter(np.zeros((1, 1)), 1.0))
    found = affine.product(affine.constants(np.array([3.0]), x), affine.constants(np.array([5.0]), x))
    assert found.value.tolist() == [[15.0]]
    assert found.floor[0, 0] == pytest.approx(28 * EPS * 45.0, rel=0.2, abs=0.0)
