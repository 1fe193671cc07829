import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dynlatch as dl
from dynlatch.analysis import (
    GainFamily,
    InputFamily,
    WeightFamily,
    bifurcation_diagram,
    continue_fixed_point,
    fixed_points,
    fold_curve,
    scalar,
    switch_branch,
)
from dynlatch.analysis.escape.exact.fold import Forced, find_fold
from dynlatch.errors import InvalidInput, NotSmooth

SEEDS = st.integers(0, 10**6)


def latch(w):
    return dl.LatchNeuron(w)


def logistic(r):
    return dl.FunctionMap(lambda x, u: r * x * (1 - x), dim=1)


def delayed_logistic(r):
    return dl.FunctionMap(lambda x, u: np.array([r * x[0] * (1 - x[1]), x[0]]), dim=2)


def rotation(angle):
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def kinds(branch):
    return [str(point.kind) for point in branch.special]


def check(family, branch):
    """Every row is a fixed point (or cycle) with the multipliers it states, and every special point is one."""
    for p, orbit, eigenvalues in zip(branch.parameters, branch.orbits, branch.eigenvalues, strict=True):
        map = family(p)
        size = 1 + np.abs(orbit).max()
        assert np.abs(map.step(orbit) - np.roll(orbit, -1, axis=0)).max() < 1e-10 * size
        product = np.linalg.multi_dot([np.eye(map.dim), *map.jacobian(orbit)[::-1]])
        expected = np.linalg.eigvals(product)
        assert np.abs(np.poly(expected) - np.poly(eigenvalues)).max() < 1e-6 * (1 + np.abs(np.poly(expected)).max())
    for row, special in zip(branch.rows, branch.special, strict=True):
        if np.isfinite(special.error) and special.period == branch.period:
            assert branch.parameters[row] == special.parameter
            values = branch.eigenvalues[row]
            assert np.abs(values - special.multiplier).min() < 2e-6


def test_pitchfork_of_the_latch():
    branch = continue_fixed_point(latch, (0.5, 2.0), [0.0])
    check(latch, branch)
    (special,) = branch.special
    assert special.kind == "pitchfork"
    assert special.parameter == pytest.approx(1.0, abs=1e-12)
    assert special.coefficient == pytest.approx(-1 / 3, abs=1e-8)  # tanh a = a - a^3 / 3
    assert [str(end) for end in branch.ends] == ["end of the range"] * 2
    other = switch_branch(latch, (0.5, 2.0), branch, special)
    check(latch, other)
    assert sorted(other.points[[0, -1], 0]) == pytest.approx([-1.915008, 1.915008], abs=1e-6)
    assert all(str(s) == "attracting" for s in np.delete(other.stability, other.rows))


@pytest.mark.parametrize("w", [1.05, 1.5, 2.0, 5.0])
def test_folds_of_the_latch_along_a_constant_input(w):
    family, edge = InputFamily(dl.LatchNeuron(w), [1.0]), scalar.u_star(w)
    top = 2 * edge
    branch = continue_fixed_point(family, (top, -top), scalar.fixed_points(w, top)[-1:])
    assert kinds(branch) == ["fold", "fold"]
    check(family, branch)
    for special in branch.special:
        assert abs(special.parameter) == pytest.approx(edge, rel=1e-12)
        assert abs(special.point[0]) == pytest.approx(scalar.critical_point(w), rel=1e-9)
        # M'' / 2 = -w tanh a (1 - tanh^2 a)
        expected = -w * np.tanh(special.point[0]) / np.cosh(special.point[0]) ** 2
        assert special.coefficient == pytest.approx(expected, rel=1e-7)


def test_logistic_map():
    branch = continue_fixed_point(logistic, (0.5, 3.3), [0.0])
    assert kinds(branch) == ["transcritical"]
    assert branch.special[0].parameter == pytest.approx(1.0, abs=1e-12)
    assert branch.special[0].coefficient == pytest.approx(-1.0, abs=1e-8)
    other = switch_branch(logistic, (0.5, 3.3), branch, branch.special[0])
    (flip,) = other.of_kind("flip")
    assert flip.parameter == pytest.approx(3.0, abs=1e-12)
    assert flip.coefficient == pytest.approx(9.0, abs=1e-6)  # f''^2 / 4 + f''' / 6
    doubled = switch_branch(logistic, (0.5, 3.6), other, flip)
    check(logistic, doubled)
    assert doubled.period == 2
    assert str(doubled.ends[0]) == "bifurcation"
    second = [p for p in doubled.of_kind("flip") if p.period == 2]
    assert [p.parameter for p in second] == pytest.approx([1 + np.sqrt(6)], abs=1e-11)
    # The cycle in closed form: x = (r + 1 +- sqrt((r - 3)(r + 1))) / (2 r).
    r = doubled.parameters
    assert doubled.orbits.sum(axis=1)[:, 0] == pytest.approx((r + 1) / r, abs=1e-9)


def test_a_cycle_as_the_start():
    r = 3.2
    cycle = (r + 1 + np.array([[1.0], [-1.0]]) * np.sqrt((r - 3) * (r + 1))) / (2 * r)
    branch = continue_fixed_point(logistic, (r, 3.5), cycle)
    assert branch.period == 2
    assert branch.of_kind("flip")[0].parameter == pytest.approx(1 + np.sqrt(6), abs=1e-11)


def test_neimark_sacker_of_the_delayed_logistic_map():
    branch = continue_fixed_point(delayed_logistic, (1.5, 2.3), [1 / 3, 1 / 3])
    (special,) = branch.special
    assert special.kind == "Neimark-Sacker"
    assert special.parameter == pytest.approx(2.0, abs=1e-12)
    assert special.multiplier == pytest.approx(np.exp(1j * np.pi / 3), abs=1e-11)
    assert special.coefficient < 0  # the closed curve attracts
    assert special.resonance == 0
    with pytest.raises(InvalidInput, match="no branch"):
        switch_branch(delayed_logistic, (1.5, 2.3), branch, special)


@pytest.mark.parametrize("angle", [0.7, 2.0])
def test_the_coefficient_predicts_the_size_of_the_closed_curve(angle):
    family = GainFamily(dl.AdditiveNetwork(rotation(angle)))
    (special,) = continue_fixed_point(family, (0.5, 1.5), [0.0, 0.0]).special
    assert special.parameter == pytest.approx(1.0, abs=1e-12)
    excess, a = 0.004, np.array([0.1, 0.0])
    net = family(1 + excess)
    for _ in range(3000):
        a = net.step(a)
    sizes = []
    for _ in range(400):
        a = net.step(a)
        sizes.append(np.linalg.norm(a))
    # a = 2 Re(z q) with |q| = 1, so |a| = sqrt(2) |z| on average over the angle.
    assert np.mean(sizes) == pytest.approx(np.sqrt(2 * excess / -special.coefficient), rel=0.02)


@pytest.mark.parametrize(("angle", "k"), [(np.pi / 2, 4), (2 * np.pi / 3, 3)])
def test_strong_resonances_are_flagged(angle, k):
    family = GainFamily(dl.AdditiveNetwork(rotation(angle)))
    (special,) = continue_fixed_point(family, (0.5, 1.5), [0.0, 0.0]).special
    assert special.resonance == k
    assert f"1:{k}" in str(special)


def test_flip_of_the_latch_with_negative_weight():
    family = WeightFamily(dl.LatchNeuron(0.0), "W", (0, 0))
    branch = continue_fixed_point(family, (0.0, -2.0), [0.0])
    (flip,) = branch.special
    assert flip.parameter == pytest.approx(-1.0, abs=1e-12)
    assert flip.coefficient == pytest.approx(1 / 3, abs=1e-8)
    assert branch.label == "W[0, 0]"


def test_closed_curve():
    """x^2 + p^2 = 1: two folds, and the branch comes back."""
    circle = lambda p: dl.FunctionMap(lambda x, u: x + 0.3 * (x**2 + p**2 - 1), dim=1)  # noqa: E731
    branch = continue_fixed_point(circle, (-2.0, 2.0), [1.0], at=0.0)
    assert [str(end) for end in branch.ends] == ["closed curve"] * 2
    assert sorted(p.parameter for p in branch.of_kind("fold")) == pytest.approx([-1, 1], abs=1e-11)
    assert branch.points[:, 0] ** 2 + branch.parameters**2 == pytest.approx(1.0, abs=1e-10)


def test_from_inside_the_range_in_both_directions():
    family = InputFamily(dl.LatchNeuron(2.0), [1.0])
    branch = continue_fixed_point(family, (-1.0, 1.0), [0.0], at=0.0)
    assert kinds(branch) == ["fold", "fold"]
    assert sorted(branch.parameters[[0, -1]]) == [-1.0, 1.0]
    assert np.all(np.diff(branch.points[:, 0]) > 0) or np.all(np.diff(branch.points[:, 0]) < 0)


def test_why_a_branch_ends():
    family = InputFamily(dl.LatchNeuron(2.0), [1.0])
    short = continue_fixed_point(family, (1.0, -1.0), scalar.fixed_points(2.0, 1.0), max_points=5)
    assert len(short) == 5
    assert str(short.ends[1]) == "point limit" or str(short.ends[0]) == "point limit"
    spent = continue_fixed_point(family, (1.0, -1.0), scalar.fixed_points(2.0, 1.0), time_budget=1e-9)
    assert "budget" in {str(end) for end in spent.ends}
    leaky = lambda alpha: dl.LeakyNetwork([[0.5]], alpha, [1.0])  # noqa: E731  defined up to alpha = 1 only
    start = fixed_points(leaky(0.5), rng=0).points[0]
    assert "undefined" in {str(end) for end in continue_fixed_point(leaky, (0.5, 2.0), start).ends}
    assert all(end.sentence for branch in (short, spent) for end in branch.ends)


@settings(max_examples=5, deadline=None)
@given(SEEDS)
def test_random_branches_hold_what_they_say(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 4))
    net = dl.AdditiveNetwork(rng.normal(0, 1, (n, n)), rng.normal(0, 0.3, n))
    family = GainFamily(net)
    start = fixed_points(family(0.3), rng=0).points[0]
    branch = continue_fixed_point(family, (0.3, 3.0), start)
    check(family, branch)
    # Between special points the number of multipliers outside the circle does not change.
    outside = (np.abs(branch.eigenvalues) > 1).sum(axis=1)
    changes = [i for i in range(1, len(branch)) if outside[i] != outside[i - 1] and not {i, i - 1} & set(branch.rows.tolist())]
    assert not changes


def test_families_of_every_architecture():
    rng = np.random.default_rng(0)
    W = rng.normal(size=(2, 2))
    nets = [
        dl.AdditiveNetwork(W),
        dl.LeakyNetwork(W, 0.5),
        dl.ElmanNetwork(W, np.eye(2), None),
        dl.GRU(rng.normal(size=(6, 1)), rng.normal(size=(6, 2))),
        dl.LSTM(rng.normal(size=(8, 1)), rng.normal(size=(8, 2))),
    ]
    nets += [dl.StackedNetwork([nets[2], nets[2]]), dl.WithInput(nets[2], np.array([0.1, 0.2]))]
    for net in nets:
        family = GainFamily(net)
        a = rng.normal(size=net.dim)
        assert np.array_equal(family(1.0).step(a), net.step(a))
        branch = continue_fixed_point(family, (0.8, 1.0), fixed_points(family(0.8), rng=0).points[0])
        check(family, branch)
        assert branch.label == "gain"


@pytest.mark.parametrize("n", [2, 50])
def test_the_fold_is_that_of_the_escape_threshold(n):
    """Two independent systems for the same fold: Moore and Spence's along a constant input, and the bordered one here."""
    rng = np.random.default_rng(n)
    net = dl.AdditiveNetwork(2.5 * np.abs(rng.normal(0, 1, (n, n))) / n)
    a = np.full(n, 3.0)
    for _ in range(2000):
        a = net.step(a)
    d = -np.ones(n)
    family = InputFamily(net, d)
    branch = continue_fixed_point(family, (0.0, 3.0), a)
    fold = branch.of_kind("fold")[0]
    assert fold.error < 1e-11
    near = branch.points[max(branch.rows[0] - 1, 0)], branch.parameters[max(branch.rows[0] - 1, 0)]

    def curved(a, v, b):
        return net.W * (-2.0 * np.tanh(a) / np.cosh(a) ** 2 * v), 0.0 * d

    forced = Forced(lambda a, b: net.step(a, b * d), lambda a, b: net.jacobian(a, b * d), lambda a, b: d, curved)
    reference = find_fold(forced, near[0].copy(), float(near[1]))
    assert fold.parameter == pytest.approx(reference.size, rel=1e-11)
    assert np.abs(fold.point - reference.point).max() < 1e-6


def test_neimark_sacker_in_fifty_dimensions():
    rng = np.random.default_rng(5)
    Q = np.linalg.qr(rng.normal(size=(50, 50)))[0]
    D = np.diag(rng.uniform(-0.6, 0.6, 50))
    D[:2, :2] = rotation(1.1)
    family = GainFamily(dl.AdditiveNetwork(Q @ D @ Q.T))
    (special,) = continue_fixed_point(family, (0.7, 1.2), np.zeros(50)).special
    assert special.parameter == pytest.approx(1.0, abs=1e-12)
    assert np.angle(special.multiplier) == pytest.approx(1.1, abs=1e-10)


def test_several_multipliers_at_once_are_said_not_dropped():
    branch = continue_fixed_point(GainFamily(dl.AdditiveNetwork(np.eye(2))), (0.5, 2.0), [0.0, 0.0])
    (special,) = branch.special
    assert special.kind == "branch point"
    assert special.parameter == pytest.approx(1.0, abs=1e-9)
    assert np.isinf(special.error)
    assert "bracketed" in str(special)


@pytest.mark.parametrize("seed", [13, 29])
def test_real_multipliers_that_leave_in_quick_succession_are_told_apart(seed):
    """Symmetric W, odd map: at the origin every eigenvalue of W is one flip or one pitchfork, at known gains."""
    rng = np.random.default_rng(seed)
    W = rng.normal(0, 0.6, (10, 10))
    eigenvalues = np.linalg.eigvalsh(W + W.T)
    branch = continue_fixed_point(GainFamily(dl.AdditiveNetwork(W + W.T)), (0.1, 2.0), np.zeros(10))
    for kind, values in (("flip", -1 / eigenvalues), ("pitchfork", 1 / eigenvalues)):
        expected = sorted(v for v in values if 0.1 < v < 2.0)
        assert sorted(p.parameter for p in branch.of_kind(kind)) == pytest.approx(expected, abs=1e-11)


@pytest.mark.parametrize("bias", [1e-3, 1e-6, 1e-8])
def test_an_imperfect_pitchfork_is_not_jumped(bias):
    """With a bias the two branches only come close: the one from below bends away, no bifurcation on it."""
    branch = continue_fixed_point(lambda w: dl.LatchNeuron(w, bias), (0.5, 2.0), [2 * bias])
    assert branch.special == ()
    assert branch.points[-1] == pytest.approx(scalar.fixed_points(2.0, bias)[-1:], abs=1e-9)


def test_cusp_of_the_latch():
    """The fold curve is c = +-u*(w); both halves meet in the cusp at w = 1, c = 0."""
    curve = fold_curve(lambda w, c: dl.LatchNeuron(w, c), ((0.5, 3.0), (-2.0, 2.0)), [-0.9], (2.0, 0.53))
    w, c = curve.parameters.T
    assert np.abs(c) == pytest.approx([scalar.u_star(x) if x > 1 else 0.0 for x in w], abs=1e-11)
    (cusp,) = curve.cusps
    assert cusp.parameters == pytest.approx([1.0, 0.0], abs=1e-10)
    assert cusp.point == pytest.approx([0.0], abs=1e-6)
    assert sorted(np.sign(c[[0, -1]])) == [-1, 1]
    assert np.sign(curve.coefficients[0]) == -np.sign(curve.coefficients[-1])


def test_cusp_of_two_coupled_units():
    """W = w I + k (off the diagonal) in the symmetric plane is one unit of weight w + k: the cusp lies at w = 1 - k."""
    k = 0.2

    def family(w, c):
        return dl.AdditiveNetwork([[w, k], [k, w]], [c, c])

    a = -scalar.critical_point(2.0)
    curve = fold_curve(family, ((0.5, 3.0), (-2.0, 2.0)), [a, a], (2.0 - k, scalar.u_star(2.0)))
    (cusp,) = curve.cusps
    assert cusp.parameters == pytest.approx([1 - k, 0.0], abs=1e-9)


def test_fold_curve_from_a_special_point():
    family = InputFamily(dl.AdditiveNetwork([[1.6, 0.3], [-0.2, 1.4]]), [1.0, 0.5])
    start = fixed_points(family(-2.0), rng=0).points[0]
    fold = continue_fixed_point(family, (-2.0, 2.0), start).of_kind("fold")[0]
    curve = fold_curve(
        lambda g, b: dl.WithInput(dl.AdditiveNetwork(g * family.map.W), b * family.direction),
        ((0.2, 2.0), (-2.0, 2.0)),
        fold,
        (1.0, fold.parameter),
    )
    for (g, b), a in zip(curve.parameters, curve.points, strict=True):
        net = dl.AdditiveNetwork(g * family.map.W)
        assert np.abs(net.step(a, b * family.direction) - a).max() < 1e-10
        assert np.abs(np.linalg.eigvals(net.jacobian(a)) - 1).min() < 1e-5


def test_diagram_of_the_latch():
    diagram = bifurcation_diagram(latch, (-2.0, 2.0), rng=0)
    assert [branch.period for branch in diagram.branches] == [1, 1, 2]
    assert [(str(p.kind), round(p.parameter, 10)) for p in diagram.special] == [("flip", -1.0), ("pitchfork", 1.0)]
    assert diagram.not_followed == ()
    for branch in diagram.branches:
        check(latch, branch)


def test_diagram_of_the_logistic_map_doubles_its_periods():
    diagram = bifurcation_diagram(logistic, (2.8, 3.56), bounds=(-0.5, 1.5), longest_period=4, rng=0)
    assert [branch.period for branch in diagram.branches] == [1, 1, 2, 4]
    flips = [p.parameter for p in diagram.of_kind("flip")]
    assert flips == pytest.approx([3.0, 1 + np.sqrt(6), 3.5440903595519], abs=1e-9)


def test_diagram_holds_every_fixed_point_of_every_section():
    family = GainFamily(dl.AdditiveNetwork([[1.0, 0.4], [-0.3, 1.0]], [0.1, 0.05]))
    diagram = bifurcation_diagram(family, (0.2, 2.5), rng=0)
    for p in (0.2, 1.35, 2.5):
        rows = sum(int(np.sum((b.parameters[:-1] - p) * (b.parameters[1:] - p) < 0)) for b in diagram.branches)
        rows += sum(int(np.sum(b.parameters == p)) for b in diagram.branches)
        assert rows == len(fixed_points(family(p), rng=0))
    assert "Neimark-Sacker" in diagram.summary()


@pytest.mark.slow
def test_diagram_cut_short_says_so():
    diagram = bifurcation_diagram(GainFamily(dl.AdditiveNetwork(2 * np.eye(2))), (0.2, 1.0), rng=0, max_branches=2)
    assert len(diagram.branches) == 2
    assert any("max_branches" in line for line in diagram.not_followed)


def test_results(tmp_path):
    branch = continue_fixed_point(latch, (0.5, 2.0), [0.0])
    again = dl.load(branch.save(tmp_path / "b"))
    assert again.summary() == branch.summary()
    assert again.special[0].kind is branch.special[0].kind
    again.plot()
    diagram = bifurcation_diagram(latch, (-1.5, 1.5), rng=0)
    assert dl.load(diagram.save(tmp_path / "d")).summary() == diagram.summary()
    diagram.plot()
    curve = fold_curve(lambda w, c: dl.LatchNeuron(w, c), ((0.5, 3.0), (-2.0, 2.0)), [-0.9], (2.0, 0.53), max_points=6)
    assert dl.load(curve.save(tmp_path / "f")).summary() == curve.summary()
    curve.plot()


def test_bad_input():
    with pytest.raises(InvalidInput, match="empty"):
        continue_fixed_point(latch, (1.0, 1.0), [0.0])
    with pytest.raises(InvalidInput, match="two numbers"):
        continue_fixed_point(latch, 1.0, [0.0])
    with pytest.raises(InvalidInput, match="not near a fixed point"):
        continue_fixed_point(latch, (0.5, 1.0), [1.0])
    with pytest.raises(InvalidInput, match="must lie within"):
        continue_fixed_point(latch, (0.5, 1.0), [0.0], at=3.0)
    with pytest.raises(InvalidInput, match="must give a map"):
        continue_fixed_point(lambda p: np.eye(2), (0.5, 1.0), [0.0])
    with pytest.raises(NotSmooth):
        continue_fixed_point(lambda p: _Plain(), (0.5, 1.0), [0.0])
    wrong = lambda p: dl.AdditiveNetwork(np.eye(1 if p < 0.7 else 2) * 0.5)  # noqa: E731
    with pytest.raises(InvalidInput, match="one dimension"):
        bifurcation_diagram(wrong, (0.5, 1.0), rng=0)
    with pytest.raises(InvalidInput, match="one dimension"):
        continue_fixed_point(wrong, (0.5, 1.0), [0.0])
    with pytest.raises(InvalidInput, match="no parameter 'V'"):
        WeightFamily(dl.LatchNeuron(1.0), "V", (0, 0))
    with pytest.raises(InvalidInput, match="one entry"):
        WeightFamily(dl.LatchNeuron(1.0), "W", (0, 3))
    with pytest.raises(InvalidInput, match="recurrent weights"):
        GainFamily(logistic(2.0))
    with pytest.raises(InvalidInput, match="must not be zero"):
        InputFamily(dl.LatchNeuron(1.0), [0.0])
    two = lambda w, c: dl.LatchNeuron(w, c)  # noqa: E731
    with pytest.raises(InvalidInput, match="no fold is near"):
        fold_curve(two, ((0.5, 3.0), (-2.0, 2.0)), [3.0], (2.0, 0.53))
    with pytest.raises(InvalidInput, match="dimension 10"):
        fold_curve(lambda g, c: dl.AdditiveNetwork(g * np.eye(11)), ((0.5, 3.0), (-2.0, 2.0)), np.zeros(11), (1.0, 0.0))
    with pytest.raises(InvalidInput, match="must lie within"):
        fold_curve(two, ((0.5, 3.0), (-2.0, 2.0)), [0.9], (5.0, 0.53))


class _Plain:
    dim, input_dim = 1, 0

    def step(self, a, u=None):
        return 0.5 * np.asarray(a)


@pytest.mark.parametrize(("ends", "at"), [((0.5, 2.0), 1.0), ((0.5, 1.0), 0.5), ((1.0, 2.0), 1.0), ((2.0, 1.0), 2.0)])
def test_a_pitchfork_on_the_start_or_on_the_end_of_the_range(ends, at):
    branch = continue_fixed_point(latch, ends, [0.0], at=at)
    assert [(str(p.kind), round(p.parameter, 9)) for p in branch.special] == [("pitchfork", 1.0)]
    assert (branch.parameters.min(), branch.parameters.max()) == (min(ends), max(ends))


@pytest.mark.parametrize(("ends", "at"), [((-2.0, -0.5), -1.0), ((-1.0, -0.5), -0.5), ((-1.0, -0.5), -1.0)])
def test_a_flip_on_the_start_or_on_the_end_of_the_range(ends, at):
    branch = continue_fixed_point(latch, ends, [0.0], at=at)
    assert [(str(p.kind), round(p.parameter, 9)) for p in branch.special] == [("flip", -1.0)]


def circle(p):
    return dl.FunctionMap(lambda x, u: x + 0.1 * (1 - x**2 - p**2), dim=1)


@pytest.mark.parametrize(
    ("ends", "at", "folds"), [((-3.0, 3.0), 1.0, [-1.0, 1.0]), ((0.0, 3.0), 1.0, [1.0]), ((0.0, 1.0), 1.0, [1.0])]
)
def test_a_branch_that_starts_at_its_fold(ends, at, folds):
    branch = continue_fixed_point(circle, ends, [0.0], at=at)
    assert sorted(round(p.parameter, 9) for p in branch.special) == folds


class Interrupting:
    """A family that is interrupted at its `after`-th member."""

    def __init__(self, after):
        self.left = after

    def __call__(self, w):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return dl.LatchNeuron(w)


def test_ctrl_c_keeps_what_was_followed():
    branch = continue_fixed_point(Interrupting(60), (0.5, 2.0), [0.0], at=0.6)
    assert "interrupted" in branch.ends
    assert len(branch) > 3
    diagram = bifurcation_diagram(Interrupting(150), (0.5, 2.0), rng=0)
    assert diagram.branches
    assert diagram.not_followed[0] == "cut short: interrupted by Ctrl-C."


@pytest.mark.slow
def test_limits_of_a_diagram_are_kept_and_noted():
    three = bifurcation_diagram(lambda w: dl.AdditiveNetwork(w * np.eye(3)), (0.9, 1.1), rng=0, max_branches=2)
    assert len(three.branches) <= 2
    assert any("cut short" in note for note in three.not_followed)
    short = bifurcation_diagram(latch, (0.5, 2.0), rng=0, time_budget=1e-6)
    assert short.not_followed == ("cut short: the time budget was reached.",)


def test_what_is_no_family_and_no_range():
    with pytest.raises(InvalidInput, match="function from a number to a map"):
        continue_fixed_point(3, (0.5, 1.5), [0.0])
    with pytest.raises(InvalidInput, match="two ranges"):
        fold_curve(lambda w, c: dl.LatchNeuron(w, c), 3, [-0.88], (2.0, 0.53))
    with pytest.raises(InvalidInput, match="parameters"):
        fold_curve(lambda w, c: dl.LatchNeuron(w, c), ((0.5, 3.0), (-2.0, 2.0)), [-0.88], 5)
    with pytest.raises(InvalidInput, match=r"branch\.special"):
        switch_branch(latch, (0.5, 2.0), continue_fixed_point(latch, (0.5, 2.0), [0.0]), 3)
