from dataclasses import replace
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest

import dynlatch as dl
from dynlatch import analysis
from dynlatch.analysis import AttractorKind, reduced_attracting_set
from dynlatch.analysis.plots.palette import BASIN, GAMMA, MARKER, oklch, tints
from dynlatch.analysis.portrait import layers
from dynlatch.analysis.portrait.layers import gammas_of
from dynlatch.analysis.portrait.view import frame_of, principal_plane
from dynlatch.errors import InvalidInput, NotSmooth

ROTATING = [[2.2, 0.5], [-0.5, 2.2]]


def fate(net, state, attractors, steps=200):
    """Number of the attractor that a state ends at: a plain loop."""
    for _ in range(steps):
        state = net.step(state)
    return int(np.argmin([np.abs(orbit - state).max(-1).min() for orbit in attractors]))


def shrinks(net, state, factor, steps=60):
    """Whether |S J S^-1| is below 1 along the whole orbit: Gamma of a fixed point in its adapted norm, one state."""
    for _ in range(steps):
        if np.linalg.norm(factor @ net.jacobian(state) @ np.linalg.inv(factor), 2) >= 1.0:
            return False
        state = net.step(state)
    return True


@pytest.fixture(scope="module")
def rotating():
    net = dl.AdditiveNetwork(ROTATING)
    return net, analysis.portrait(net, resolution=60)


def test_labels_and_gamma_are_those_of_single_orbits(rotating):
    net, seen = rotating
    rng = np.random.default_rng(1)
    factors = [analysis.contraction.adapted_metrics(net.jacobian(orbit))[0] for orbit in seen.attractors]
    for i, j in rng.integers(0, 60, (25, 2)):
        state = np.array([seen.axes[0][j], seen.axes[1][i]])
        label = fate(net, state, seen.attractors)
        assert seen.labels[i, j] == label
        assert seen.gamma[i, j] == shrinks(net, state, factors[label])
        np.testing.assert_allclose(seen.displacement[i, j], net.step(state) - state)


def test_what_the_portrait_of_a_network_holds(rotating):
    _, seen = rotating
    assert len(seen.attractors) == 4
    np.testing.assert_allclose(seen.shares, 0.25, atol=1e-12)
    assert len(seen.fixed_points) == 9
    assert sorted(m.kind for m in seen.manifolds) == ["stable"] * 4 + ["unstable"] * 4
    assert seen.frame[0].max() < -2.6 and seen.frame[1].min() > 2.6  # noqa: PT018
    assert np.all((seen.gamma_shares > 0.3) & (seen.gamma_shares < 0.9))
    assert not seen.notes
    assert not seen.is_slice
    assert "4 attractors" in seen.summary()


def test_a_basin_changes_only_across_stable_manifolds(rotating):
    """Neighbouring grid points with different labels have a stable manifold between them."""
    _, seen = rotating
    x, y = seen.axes
    points = np.concatenate([b for m in seen.manifolds if m.kind == "stable" for b in m.branches])
    rows, columns = np.nonzero(seen.labels[:, 1:] != seen.labels[:, :-1])
    step = x[1] - x[0]
    for i, j in zip(rows, columns, strict=True):
        middle = np.array([0.5 * (x[j] + x[j + 1]), y[i]])
        assert np.linalg.norm(points - middle, axis=1).min() < 3.0 * step


def test_cycles_are_seen():
    net = dl.AdditiveNetwork([[1.3, 2.6], [3.7, 0.3]])  # two memories, and a cycle of period two between its saddle cycles
    seen = analysis.portrait(net, resolution=30)
    assert [len(orbit) for orbit in seen.attractors] == [1, 1, 2]
    assert [len(orbit) for orbit in seen.saddle_cycles] == [2, 2]
    assert all(len(m.branches) == 4 for m in seen.manifolds)
    assert "cycle of period 2" in seen.summary()


def test_one_dimension():
    net = dl.LatchNeuron(2.0, 0.3)
    seen = analysis.portrait(net, resolution=101)
    assert seen.labels.shape == (101,)
    repelling = seen.fixed_points.points[1, 0]
    np.testing.assert_array_equal(seen.labels == 1, seen.axes[0] > repelling)
    latch = analysis.scalar_latch(2.0, 0.3)
    expected = np.zeros(101, dtype=bool)
    for pieces in latch.gammas:
        for lo, hi in pieces:
            expected |= (seen.axes[0] > lo) & (seen.axes[0] < hi)
    np.testing.assert_array_equal(seen.gamma, expected)
    np.testing.assert_allclose(seen.paths[-1, :, 0], [orbit[0, 0] for orbit in seen.attractors], atol=1e-6)


def test_a_slice_of_many_dimensions():
    rng = np.random.default_rng(0)
    net = dl.AdditiveNetwork(np.diag([2.0, 2.0, 0.3, 0.2]) + 0.02 * rng.standard_normal((4, 4)))
    seen = analysis.portrait(net, resolution=40)
    assert seen.is_slice
    assert len(seen.attractors) == 4
    assert {m.kind for m in seen.manifolds} == {"unstable"}
    np.testing.assert_allclose(seen.plane @ seen.plane.T, np.eye(2), atol=1e-12)
    for i, j in rng.integers(0, 40, (20, 2)):
        state = seen.origin + seen.axes[0][j] * seen.plane[0] + seen.axes[1][i] * seen.plane[1]
        assert seen.labels[i, j] == fate(net, state, seen.attractors)
    np.testing.assert_allclose(seen.project(seen.origin + 0.3 * seen.plane[0] - 2.0 * seen.plane[1]), [0.3, -2.0])


def test_given_directions():
    net = dl.AdditiveNetwork(np.diag([2.0, 2.0, 0.3]))
    directions = [[1.0, 0.0, 0.0], [1.0, 2.0, 0.0]]
    seen = analysis.portrait(net, resolution=32, directions=directions)
    np.testing.assert_allclose(seen.project(np.array([3.0, 4.0, 0.0])), [1.0, 2.0], atol=1e-12)
    assert seen.names[0].startswith("given direction 1")
    assert len(seen.attractors) == 4


def test_escape_is_not_a_basin():
    """x -> x (1 + x^2) / 2: the origin attracts |x| < 1, what lies beyond escapes; the edges are the lines x = -1 and 1."""
    escaping = dl.FunctionMap(lambda a, u: np.stack([0.5 * a[..., 0] * (1 + a[..., 0] ** 2), 0.4 * a[..., 1]], -1), dim=2)
    seen = analysis.portrait(escaping, bounds=(-2, 2), resolution=24)
    inside = np.broadcast_to(np.abs(seen.axes[0]) < 1, (24, 24))
    np.testing.assert_array_equal(seen.labels, np.where(inside, 0, 1))
    np.testing.assert_array_equal(seen.shares, [0.5])
    edges = [b for m in seen.manifolds if m.kind == "stable" for b in m.branches]
    assert len(edges) == 4
    for edge in edges:
        np.testing.assert_allclose(np.abs(edge[:, 0]), 1.0, atol=1e-9)
        assert np.abs(edge[:, 1]).max() > 2.0
    seen.plot()


@pytest.mark.slow
def test_a_chaotic_attractor():
    henon = dl.FunctionMap(lambda a, u: np.stack([1 - 1.4 * a[..., 0] ** 2 + a[..., 1], 0.3 * a[..., 0]], -1), dim=2)
    seen = analysis.portrait(henon, bounds=(-2, 2), resolution=40)
    assert [str(kind) for kind in seen.kinds] == ["recurrent set"]
    assert (seen.labels == 1).any()
    assert "recurrent" in seen.summary()
    assert any("Gamma" in note for note in seen.notes)
    seen.plot().figure.canvas.draw()


@pytest.mark.parametrize(
    "net",
    [
        dl.LatchNeuron(2.0),
        dl.LatchNeuron(-2.0),
        dl.LatchNeuron(0.5),
        dl.AdditiveNetwork([[0.4, -2.4], [2.2, 0.3]]),
        dl.AdditiveNetwork(np.zeros((2, 2))),
        dl.AdditiveNetwork(np.diag([2.0, 0.0])),
        dl.ElmanNetwork(ROTATING, np.eye(2)),
        dl.AdditiveNetwork(np.diag([2.0, 0.5, 0.3]), [0.0, 0.1, 0.0]),
    ],
)
def test_every_kind_is_drawn(net, tmp_path):
    seen = analysis.portrait(net, resolution=32)
    ax = seen.plot()
    ax.figure.canvas.draw()
    assert ax.get_legend() is not None
    assert ax.get_xlabel()
    again = dl.load(seen.save(tmp_path / "seen"))
    assert again.summary() == seen.summary()
    again.plot(plt.figure().subplots())


def test_plot_portrait_draws_on_given_axes():
    ax = plt.figure().subplots()
    assert analysis.plot_portrait(dl.AdditiveNetwork(ROTATING), resolution=30, ax=ax) is ax
    assert ax.get_aspect() == 1.0


def test_the_same_seed_gives_the_same_portrait():
    net = dl.AdditiveNetwork([[1.9, -0.35], [0.45, 1.7]])
    one, two = (analysis.portrait(net, resolution=20, rng=4) for _ in range(2))
    np.testing.assert_array_equal(one.labels, two.labels)
    np.testing.assert_array_equal(one.fixed_points.points, two.fixed_points.points)


def test_frames():
    np.testing.assert_allclose(frame_of(np.array([[0.0, 0.0], [1.0, 0.5]])), [[-0.3, -0.55], [1.3, 1.05]])
    np.testing.assert_allclose(frame_of(np.array([[0.0, 0.0], [10.0, 1.0]])), [[-3.0, -0.3], [13.0, 1.3]])
    np.testing.assert_allclose(frame_of(np.array([[2.0, 0.0]])), [[-1.0, -3.0], [5.0, 3.0]])
    plane = principal_plane(np.array([[0.0, 0.0, 3.0], [0.0, 0.0, -3.0]]))
    np.testing.assert_allclose(np.abs(plane), [[0, 0, 1], [1, 0, 0]], atol=1e-12)


def test_refusals():
    with pytest.raises(InvalidInput, match="bounds"):
        analysis.portrait(dl.FunctionMap(lambda a, u: 0.5 * a, dim=2))
    with pytest.raises(InvalidInput, match="more than two"):
        analysis.portrait(dl.AdditiveNetwork(ROTATING), directions=np.eye(2))
    with pytest.raises(InvalidInput, match="span"):
        analysis.portrait(dl.AdditiveNetwork(np.eye(3) / 2), directions=[[1, 0, 0], [2, 0, 0]])
    with pytest.raises(InvalidInput, match="resolution"):
        analysis.portrait(dl.LatchNeuron(2.0), resolution=1)
    with pytest.raises(NotSmooth):
        analysis.portrait(dl.AdditiveNetwork(np.eye(2), activation="threshold"))


def test_tints_are_told_apart():
    for count in (2, 7, 27):
        for level in (BASIN, GAMMA, MARKER):
            colours = tints(count, level)
            assert colours.shape == (count, 3)
            assert colours.min() >= 0.0
            assert colours.max() <= 1.0
            gaps = np.linalg.norm(colours[:, None] - colours[None], axis=-1) + 9 * np.eye(count)
            assert gaps.min() > (0.012 if count > 7 else 0.025)
        assert np.all(tints(count, BASIN).mean(1) > tints(count, GAMMA).mean(1))
        assert np.all(tints(count, GAMMA).mean(1) > tints(count, MARKER).mean(1))
    np.testing.assert_allclose(oklch(1.0, 0.0, 0.0), 1.0, atol=1e-3)
    np.testing.assert_allclose(oklch(0.62796, 0.25768, 29.234), [1.0, 0.0, 0.0], atol=2e-2)  # Ottosson's red


def _held(orbits, kinds):
    return SimpleNamespace(attractors=tuple(np.array(orbit) for orbit in orbits), kinds=kinds)


def test_what_gamma_is_not_shaded_for_is_noted(monkeypatch):
    net = dl.AdditiveNetwork(ROTATING)
    states = np.zeros((4, 2))
    labels = np.array([[0, 1], [2, 2]])
    up = analysis.fixed_points(net, rng=0).attractors.points[0]
    # An orbit that recurs, a point that does not attract, and one more than the limit.
    held = _held(
        [[[0.0, 0.0]] * 2, [[0.0, 0.0]], [up]], (AttractorKind.RECURRENT, AttractorKind.FIXED_POINT, AttractorKind.FIXED_POINT)
    )
    monkeypatch.setattr(layers, "MOST_GAMMA", 2)
    member, notes = gammas_of(net, held, labels, states)
    assert not member.any()
    assert notes[0] == "Gamma of attractor 0 is not shaded: it is defined for fixed points and cycles only."
    assert notes[1].startswith("Gamma of attractor 1 is not shaded: ")
    assert notes[2:] == ["Gamma is shaded for the first 2 of 3 attractors."]


def test_gamma_of_many_dimensions_is_decided_at_some_grid_points(monkeypatch):
    """W = 2 I: all of what is beyond the fold of every unit is in Gamma; between grid points it is interpolated."""
    net = dl.AdditiveNetwork(2.0 * np.eye(3))
    up = analysis.fixed_points(net, rng=0).attractors.points[-1]
    size = 30
    x = np.linspace(0.05, 3.0, size)
    states = np.stack([*np.meshgrid(x, x, indexing="ij"), np.full((size, size), 2.0)], -1).reshape(-1, 3)
    monkeypatch.setattr(layers, "GAMMA_WORK", size**2 * 27 / 3.5)
    monkeypatch.setattr(layers, "GAMMA_LEAST", 4)
    labels = np.zeros((size, size), dtype=int)
    member, (note,) = gammas_of(net, _held([[up]], (AttractorKind.FIXED_POINT,)), labels, states)
    assert "every 2th grid point" in note
    exact = reduced_attracting_set(net, up, states, criterion="adapted").member.reshape(size, size)
    np.testing.assert_array_equal(member[::2, ::2], exact[::2, ::2])
    assert np.mean(member != exact) < 0.1
    monkeypatch.setattr(layers, "GAMMA_LEAST", size)
    member, (note,) = gammas_of(net, _held([[up]], (AttractorKind.FIXED_POINT,)), labels, states)
    assert member.size == 0
    assert note == "Gamma is not shaded: too much work in 3 dimensions."


def test_saddles_beyond_the_limit_are_noted(monkeypatch, rotating):
    net, _ = rotating
    known = analysis.fixed_points(net, rng=0)
    saddles = [point[None] for point in known.points[known.stability == analysis.Stability.SADDLE]]
    monkeypatch.setattr(layers, "MOST_SADDLES", 1)
    grown, notes = layers.manifolds_of(net, saddles, np.array([[-4.0, -4.0], [4.0, 4.0]]))
    assert [manifold.kind for manifold in grown] == ["unstable", "stable"]
    assert notes == [f"manifolds are drawn for the first 1 of {len(saddles)} saddles."]


def test_a_portrait_without_gamma_and_with_open_states(rotating):
    _, seen = rotating
    labels = seen.labels.copy()
    labels[:15] = -1
    bare = replace(seen, gamma=np.zeros(0, dtype=bool), labels=labels)
    assert np.isnan(bare.gamma_shares).all()
    words = bare.summary()
    assert "unresolved: 25.00% of the grid" in words
    drawn = [text.get_text() for text in replace(seen, labels=labels).plot().figure.findobj(plt.Text)]
    assert "unresolved" in drawn
