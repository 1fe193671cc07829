import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dynlatch as dl
from dynlatch import analysis
from dynlatch.analysis.manifolds import BranchEnd, invariant_manifold
from dynlatch.errors import InvalidInput, NotSmooth

ROTATING = [[2.2, 0.5], [-0.5, 2.2]]


def henon():
    return dl.FunctionMap(lambda a, u: np.array([1 - 1.4 * a[0] ** 2 + a[1], 0.3 * a[0]]), dim=2)


def distance(points, branches):
    """Distance of each point to the nearest segment of the polylines: every pair, one by one."""
    best = np.full(len(points), np.inf)
    for branch in branches:
        for start, end in itertools.pairwise(branch):
            way = end - start
            share = np.clip((points - start) @ way / max(way @ way, 1e-300), 0.0, 1.0)
            best = np.minimum(best, np.linalg.norm(points - start - share[:, None] * way, axis=1))
    return best


@pytest.mark.parametrize(("kind", "axis"), [("unstable", 0), ("stable", 1)])
def test_uncoupled_units_have_the_axes(kind, axis):
    grown = invariant_manifold(dl.AdditiveNetwork([[2.0, 0.0], [0.0, 0.5]]), [0.0, 0.0], kind, bounds=(-6, 6))
    assert len(grown.branches) == 2
    for sign, branch in zip((1, -1), grown.branches, strict=True):
        np.testing.assert_allclose(branch[0], 0.0, atol=1e-12)
        np.testing.assert_allclose(branch[:, 1 - axis], 0.0, atol=1e-12)
        reach = 1.9150080481545 if kind == "unstable" else 6.0
        assert abs(sign * branch[-1, axis] - reach) < (1e-4 if kind == "unstable" else 0.4)
        assert np.all(np.diff(sign * branch[:, axis]) > -1e-12)
    assert set(grown.ends) == {BranchEnd.SETTLED if kind == "unstable" else BranchEnd.BOUNDS}


@given(st.floats(1.05, 4.0), st.floats(-0.9, 0.9).filter(lambda m: abs(m) > 0.05), st.floats(-3.0, 3.0), st.booleans())
@settings(max_examples=5, deadline=None)
def test_a_bent_linear_saddle(expand, contract, bend, flip):
    """In `(x, y) -> (l x, m y + (l^2 - m) k x^2)` the unstable manifold is `y = k x^2` and the stable one `x = 0`."""
    rate = -expand if flip else expand
    curve = dl.FunctionMap(lambda a, u: np.array([rate * a[0], contract * a[1] + (rate**2 - contract) * bend * a[0] ** 2]), 2)
    unstable = invariant_manifold(curve, [0.0, 0.0], bounds=(-2, 2))
    for branch in unstable.branches:
        assert np.abs(branch[:, 1] - bend * branch[:, 0] ** 2).max() < unstable.tolerance
        assert np.abs(branch).max() > 1.0
    assert unstable.multiplier == pytest.approx(rate)
    for branch in invariant_manifold(curve, [0.0, 0.0], "stable", bounds=(-2, 2)).branches:
        np.testing.assert_allclose(branch[:, 0], 0.0, atol=1e-9)
        assert np.abs(branch[:, 1]).max() > 1.0


@pytest.mark.parametrize("x", [0.6313544770895048, -1.1313544770895])
def test_henon(x):
    """Both branches change places at every turn in one of the two directions; the inverse is known in closed form."""
    net, saddle = henon(), np.array([x, 0.3 * x])
    unstable = invariant_manifold(net, saddle, bounds=(-3, 3), length=8.0)
    seen = np.concatenate([b[: len(b) // 3] for b in unstable.branches])  # whose images are still among the branches
    if x > 0:
        assert unstable.multiplier == pytest.approx(-1.923738858)
        assert distance(net.step(seen)[::7], unstable.branches).max() < unstable.tolerance
    stable = invariant_manifold(net, saddle, "stable", bounds=(-3, 3))
    points = np.concatenate(stable.branches)
    assert distance(net.step(points), stable.branches).max() < stable.tolerance
    for branch in stable.branches:
        back = np.stack([branch[:, 1] / 0.3, branch[:, 0] - 1 + 1.4 * (branch[:, 1] / 0.3) ** 2], -1)
        until = np.argmax(np.abs(back).max(-1) > 2.8)  # a branch is not followed beyond the bounds
        assert until > 10
        assert distance(back[:until], stable.branches).max() < stable.tolerance


@pytest.mark.parametrize("W", [ROTATING, [[1.9, -0.35], [0.45, 1.7]]])
def test_manifolds_of_a_network_are_invariant_and_lead_where_they_must(W):
    net = dl.AdditiveNetwork(W)
    found = analysis.fixed_points(net, rng=0)
    saddle = next(p for p in found if p.stability == "saddle")
    unstable = invariant_manifold(net, saddle, bounds=(-8, 8), tolerance=1e-3)
    stable = invariant_manifold(net, saddle, "stable", bounds=(-8, 8), tolerance=1e-3)
    for grown in (unstable, stable):
        assert distance(net.step(np.concatenate(grown.branches)), grown.branches).max() < 1e-3
    for branch in unstable.branches:
        assert np.linalg.norm(found.attractors.points - branch[-1], axis=1).min() < 1e-3
    # One branch of the stable manifold comes from the repelling origin, the other from infinity.
    assert sorted(str(end) for end in stable.ends) == ["bounds", "settled"]
    inner = stable.branches[stable.ends.index(BranchEnd.SETTLED)]
    assert np.linalg.norm(inner[-1]) < 1e-3


def test_states_on_either_side_of_a_stable_manifold_part():
    net = dl.AdditiveNetwork(ROTATING)
    found = analysis.fixed_points(net, rng=0)
    stable = invariant_manifold(net, found.points[7], "stable", bounds=(-8, 8))
    for branch in stable.branches:
        middle = branch[len(branch) // 3]
        ahead = branch[len(branch) // 3 + 1] - middle
        across = 1e-3 * np.array([-ahead[1], ahead[0]]) / np.linalg.norm(ahead)
        left, right = dl.trajectory(net, [middle + across, middle - across], steps=400)[-1]
        assert np.linalg.norm(left - right) > 1.0


def test_the_unstable_manifold_in_many_dimensions():
    rng = np.random.default_rng(3)
    u, v = rng.standard_normal((2, 6))
    net = dl.AdditiveNetwork(1.8 * np.outer(u, v) / (u @ v) + 0.02 * rng.standard_normal((6, 6)))
    grown = invariant_manifold(net, np.zeros(6))
    for branch in grown.branches:
        rest = branch[-1]
        assert np.abs(net.step(rest) - rest).max() < 1e-3
    assert distance(net.step(grown.branches[0]), grown.branches).max() < grown.tolerance


def test_a_saddle_cycle_has_two_branches_a_point():
    net = dl.AdditiveNetwork([[-2.0, 0.0], [0.0, 0.5]], bias=[0.0, 0.0])  # the 2-cycle +-1.915 attracts; 0 is a flip saddle
    origin = invariant_manifold(net, [0.0, 0.0])
    assert origin.multiplier == pytest.approx(-2.0)
    np.testing.assert_allclose([abs(b[-1, 0]) for b in origin.branches], 1.9150080481545, atol=1e-4)
    wide = dl.AdditiveNetwork([[-2.0, 0.0], [0.0, 2.0]])  # cycle along the first axis, latch along the second
    x = 1.9150080481545
    cycle = invariant_manifold(wide, [[x, 0.0], [-x, 0.0]])
    assert len(cycle.branches) == 4
    np.testing.assert_allclose([b[-1] for b in cycle.branches], [[x, x], [x, -x], [-x, x], [-x, -x]], atol=1e-4)


def test_a_fold_ends_a_branch():
    """`x -> 2 x`, `y -> 0.8 y (1 - y)` has no y above 0.2 in its image: preimages stop at the fold y = 1/2."""
    folded = dl.FunctionMap(lambda a, u: np.array([2 * a[0], 0.8 * a[1] * (1 - a[1])]), 2)
    stable = invariant_manifold(folded, [0.0, 0.0], "stable", bounds=(-3, 3))
    assert stable.ends[0] is BranchEnd.NO_PREIMAGE
    assert stable.branches[0][-1, 1] == pytest.approx(0.5, abs=0.05)
    assert stable.ends[1] is BranchEnd.SETTLED
    np.testing.assert_allclose(stable.branches[1][-1], [0.0, -0.25], atol=1e-3)  # the other fixed point repels


def test_limits_are_kept():
    net, saddle = henon(), [0.6313544770895048, 0.18940634312685142]
    short = invariant_manifold(net, saddle, bounds=(-3, 3), length=5.0)
    assert all(5.0 <= length < 5.5 for length in short.lengths)
    assert set(short.ends) == {BranchEnd.LENGTH}
    few = invariant_manifold(net, saddle, bounds=(-3, 3), max_points=100)
    assert all(len(branch) < 250 for branch in few.branches)
    assert set(few.ends) == {BranchEnd.POINTS}


def test_refusals():
    net = dl.AdditiveNetwork(ROTATING)
    points = analysis.fixed_points(net, rng=0).points
    with pytest.raises(InvalidInput, match="exactly one"):
        invariant_manifold(net, points[0])
    with pytest.raises(InvalidInput, match="2 multipliers outside"):
        invariant_manifold(net, [0.0, 0.0])
    with pytest.raises(InvalidInput, match="kind"):
        invariant_manifold(net, points[1], "centre")
    with pytest.raises(InvalidInput, match="hold the saddle"):
        invariant_manifold(net, points[1], bounds=(-1, 1))
    with pytest.raises(InvalidInput, match="two dimensions"):
        invariant_manifold(dl.AdditiveNetwork(np.diag([2.0, 0.5, 0.5])), np.zeros(3), "stable")
    with pytest.raises(InvalidInput, match="zero to rounding"):
        invariant_manifold(dl.AdditiveNetwork(np.diag([2.0, 0.0])), np.zeros(2), "stable")
    with pytest.raises(InvalidInput, match="unit circle"):
        invariant_manifold(dl.AdditiveNetwork(np.diag([2.0, 1.0])), np.zeros(2))
    with pytest.raises(NotSmooth):
        invariant_manifold(dl.AdditiveNetwork(np.eye(2), activation="threshold"), np.zeros(2))


def test_saved_and_drawn(tmp_path):
    grown = invariant_manifold(dl.AdditiveNetwork(ROTATING), [2.3804, 0.4667])
    again = dl.load(grown.save(tmp_path / "manifold"))
    assert again.summary() == grown.summary()
    for left, right in zip(again.branches, grown.branches, strict=True):
        np.testing.assert_array_equal(left, right)
    assert len(again.plot().lines) >= 2
