from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dynlatch as dl
from dynlatch import analysis
from dynlatch.analysis import StepVerdict
from dynlatch.errors import InvalidInput, NotAttracting, NotSmooth

DATA = Path(__file__).parents[2] / "examples" / "data"


def pulses(net, T, runs, rng):
    inputs = rng.random((T, runs, net.input_dim)) < 0.1
    return inputs * rng.choice([-1.0, 1.0], inputs.shape)


def test_gamma_of_the_scalar_latch_ends_where_the_slope_is_one():
    """Gamma(X+-) = +-(artanh sqrt(1 - 1/w), inf): states on both sides of both ends, by one step without input."""
    w = 2.0
    edge = np.arctanh(np.sqrt(1.0 - 1.0 / w))
    starts = np.array([-edge - 1e-6, -edge + 1e-6, edge - 1e-6, edge + 1e-6, 5.0])[:, None]
    verdicts = analysis.step_verdicts(dl.LatchNeuron(w), starts, steps=3)
    np.testing.assert_allclose(np.ravel(verdicts.attractors), [-1.915008, 1.915008], atol=1e-6)
    np.testing.assert_array_equal(verdicts.gamma[0], [0, -1, -1, 1, 1])
    np.testing.assert_array_equal(verdicts.basin[0], [0, 0, 1, 1, 1])
    np.testing.assert_array_equal(verdicts.gamma[1], [0, 0, 1, 1, 1])
    np.testing.assert_array_equal(verdicts.latches_at, [0, 1, 1, 0, 0])


def test_words_of_the_scalar_latch():
    """Growth is ln M'(a): expanding below the edge of Gamma, contracting where the input holds the state in no Gamma."""
    net = dl.LatchNeuron(2.0)
    states = dl.trajectory(net, [0.2], steps=12)
    verdicts = analysis.step_verdicts(net, [0.2], steps=12)
    np.testing.assert_allclose(verdicts.growth, np.log(2.0 / np.cosh(states[:-1, 0]) ** 2), rtol=1e-12)
    edge = np.arctanh(np.sqrt(0.5))
    inside = states[:, 0] > edge
    expected = np.where(inside[:-1] & inside[1:], "latched", np.where(verdicts.growth > 0, "expanding", "contracting"))
    np.testing.assert_array_equal(verdicts.words.astype(str), expected)
    np.testing.assert_allclose(verdicts.slopes["units"][:, 0], 1.0 / np.cosh(states[:-1, 0]) ** 2, rtol=1e-12)
    np.testing.assert_allclose(verdicts.nearest_to_one[:, 0], np.exp(verdicts.growth), rtol=1e-12)
    np.testing.assert_array_equal(verdicts.eigenvalue_steps, np.arange(1, 13))


def test_an_input_switches_the_attractor():
    net = dl.LatchNeuron(2.0)
    inputs = np.zeros((30, 1))
    inputs[15] = -8.0
    verdicts = analysis.step_verdicts(net, [2.0], inputs)
    assert (verdicts.gamma[:16] == 1).all()
    assert (verdicts.gamma[16:] == 0).all()
    assert verdicts.words[15] == StepVerdict.CONTRACTING  # it starts in one Gamma and ends in another
    assert int(verdicts.latches_at) == 16
    assert int(verdicts.crossings) == 1


def test_an_integrator_is_the_third_case():
    net = dl.AdditiveNetwork([[1.0, 0.3], [0.0, 0.4]], activation="linear")
    verdicts = analysis.step_verdicts(net, [1.0, 1.0], steps=40, attractors=[])
    assert (verdicts.words[5:] == StepVerdict.NEUTRAL).all()
    assert np.abs(verdicts.nearest_to_one - 1.0).max() < 1e-12
    assert verdicts.shares["latched"] == 0.0
    assert "nothing can be latched" in verdicts.summary()


@pytest.mark.parametrize(
    ("seed", "kind"), [(4, "additive"), (9, "leaky"), (332, "leaky"), (2, "elman"), (6, "elman"), (11, "gru")]
)
def test_gamma_and_basin_are_those_of_reduced_attracting_set(seed, kind):
    rng = np.random.default_rng(seed)
    W = 2.0 * rng.standard_normal((2, 2))
    net = {
        "additive": lambda: dl.AdditiveNetwork(W),
        "leaky": lambda: dl.LeakyNetwork(W, 0.4),
        "elman": lambda: dl.ElmanNetwork(W, np.eye(2)),
        "gru": lambda: dl.GRU(rng.standard_normal((6, 2)), 3.0 * rng.standard_normal((6, 2))),
    }[kind]()
    found = analysis.fixed_points(net, rng=0).attractors
    start, inputs = rng.standard_normal((6, 2)), np.where(rng.random((12, 6, 1)) < 0.4, rng.standard_normal((12, 6, 2)), 0.0)
    verdicts = analysis.step_verdicts(net, start, inputs, attractors=found)
    states = dl.trajectory(net, start, inputs)
    for i in range(len(found)):
        slow = analysis.reduced_attracting_set(net, found[i], states)
        known = ~slow.undecided & ~slow.basin_unknown
        np.testing.assert_array_equal((verdicts.gamma == i)[known], slow.member[known])
        np.testing.assert_array_equal((verdicts.basin == i)[known], slow.in_basin[known])


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 5))
def test_growth_adds_up_to_the_norm_of_the_gradient(seed, n):
    rng = np.random.default_rng(seed)
    net = dl.ElmanNetwork(1.5 * rng.standard_normal((n, n)) / np.sqrt(n), np.eye(n))
    a0, inputs = rng.standard_normal((3, n)), rng.standard_normal((20, 3, n))
    verdicts = analysis.step_verdicts(net, a0, inputs, attractors=[])
    decay = analysis.gradient_decay(net, a0, inputs)
    np.testing.assert_allclose(verdicts.growth.sum(0), decay.log_norms[-1], atol=1e-6)


@pytest.mark.slow
def test_a_trained_network_against_the_slow_oracle():
    net = dl.load_network(DATA / "flipflop_gru.safetensors")
    rng = np.random.default_rng(0)
    found = analysis.fixed_points(net, rng=0)
    inputs = pulses(net, 40, 3, rng)
    verdicts = analysis.step_verdicts(net, np.zeros((3, net.dim)), inputs, attractors=found)
    states = dl.trajectory(net, np.zeros((3, net.dim)), inputs)
    picked = rng.choice(41, 9, replace=False), rng.choice(3, 9)
    for i in (0, 5):
        slow = analysis.reduced_attracting_set(net, found.attractors[i], states[picked])
        np.testing.assert_array_equal(verdicts.gamma[picked] == i, slow.member)
        np.testing.assert_array_equal(verdicts.basin[picked] == i, slow.in_basin)
    assert len(verdicts.nearest_to_one) < 40 or verdicts.nearest_to_one.shape == (40, 3)
    assert set(verdicts.slopes) == {"reset gate", "update gate", "candidate"}


def test_cycles_latch_too():
    net = dl.AdditiveNetwork([[0.0, -2.0], [2.0, 0.0]])
    cycle = analysis.periodic_orbits(net, 4, rng=0).attractors[0]
    verdicts = analysis.step_verdicts(net, cycle.points + 1e-3, steps=9, attractors=[cycle])
    assert (verdicts.gamma == 0).all()
    assert (verdicts.words == StepVerdict.LATCHED).all()


def test_under_a_context_input():
    """With input 0.3 the lower state of the latch moves: Gamma is that of the map under the context."""
    net = dl.LatchNeuron(2.0)
    lower = analysis.fixed_points(dl.WithInput(net, [0.3])).attractors
    inside = analysis.step_verdicts(net, lower.points[0], np.full((10, 1), 0.3), attractors=lower, context=[0.3])
    assert (inside.gamma == 0).all()
    with pytest.raises((NotAttracting, InvalidInput)):
        analysis.step_verdicts(net, [0.0], steps=3, attractors=lower.points + 0.2)


def test_slopes_of_every_kind_of_network():
    rng = np.random.default_rng(0)
    lstm = dl.LSTM(rng.standard_normal((8, 2)), rng.standard_normal((8, 2)))
    gru = dl.GRU(rng.standard_normal((6, 2)), rng.standard_normal((6, 2)))
    stack = dl.StackedNetwork([lstm, gru])
    for net, names in (
        (lstm, {"input gate", "forget gate", "candidate", "output gate"}),
        (dl.WithInput(gru, [0.5, 0.5]), {"reset gate", "update gate", "candidate"}),
        (dl.FunctionMap(lambda a, u: 0.5 * np.sin(a), 2), set()),
    ):
        verdicts = analysis.step_verdicts(net, np.ones(net.dim), steps=4, attractors=[])
        assert set(verdicts.slopes) == names
    verdicts = analysis.step_verdicts(stack, np.ones(stack.dim), rng.standard_normal((4, 2)), attractors=[])
    assert {"layer0 forget gate", "layer1 update gate"} <= set(verdicts.slopes)
    for left in verdicts.slopes.values():
        assert left.shape == (4, 2)
        assert ((left >= 0) & (left <= 1)).all()


def test_slopes_of_gates_are_derivatives():
    """The share left times the greatest slope is the derivative of the gate by its bias, by finite differences."""
    rng = np.random.default_rng(1)
    weights = rng.standard_normal((3, 1)), rng.standard_normal((3, 1))
    h, u, step = np.array([0.3]), np.array([0.7]), 1e-6
    left = analysis.step_verdicts(dl.GRU(*weights), h, u[None], attractors=[]).slopes
    for row, (field, name, steepest) in enumerate((("reset", "reset gate", 0.25), ("update", "update gate", 0.25))):
        bias = step * np.eye(3)[row]
        up, down = (getattr(dl.GRU(*weights, s * bias).gates(h, u), field) for s in (1.0, -1.0))
        np.testing.assert_allclose(left[name][0] * steepest, (up - down) / (2 * step), rtol=1e-8)


def test_batches_are_loops():
    rng = np.random.default_rng(3)
    net = dl.AdditiveNetwork([[1.3, 2.6], [3.7, 0.3]])
    starts, inputs = rng.standard_normal((4, 2)), pulses(net, 15, 4, rng)
    found = analysis.fixed_points(net, rng=0)
    together = analysis.step_verdicts(net, starts, inputs, attractors=found)
    for k in range(4):
        alone = analysis.step_verdicts(net, starts[k], inputs[:, k], attractors=found)
        np.testing.assert_array_equal(together.words[:, k], alone.words)
        np.testing.assert_array_equal(together.gamma[:, k], alone.gamma)


def test_shared_inputs_broadcast():
    net = dl.LatchNeuron(2.0)
    verdicts = analysis.step_verdicts(net, np.array([[0.5], [-0.5], [3.0]]), np.zeros((6, 1)))
    assert verdicts.words.shape == (6, 3)
    assert verdicts.gamma.shape == (7, 3)


def test_budgets_are_said(monkeypatch):
    from dynlatch.analysis.gradients import regions

    monkeypatch.setattr(regions, "NORM_WORK", 0)
    monkeypatch.setattr(regions, "ORBIT_WORK", 0)
    verdicts = analysis.step_verdicts(dl.LatchNeuron(2.0), np.linspace(-1, 1, 8)[:, None], 0.1 * np.ones((5, 8, 1)))
    assert verdicts.unknown.any()
    assert not (verdicts.gamma[verdicts.unknown] >= 0).any()
    assert "the budget ran out" in verdicts.summary()


def test_refusals_words_and_files(tmp_path):
    import matplotlib.pyplot as plt

    net = dl.LatchNeuron(2.0)
    with pytest.raises(InvalidInput, match="at least 1"):
        analysis.step_verdicts(net, [0.1], steps=0)
    with pytest.raises(InvalidInput, match="`tolerance` must be positive"):
        analysis.step_verdicts(net, [0.1], steps=3, tolerance=0.0)
    with pytest.raises(NotAttracting):
        analysis.step_verdicts(net, [0.1], steps=3, attractors=[[0.0]])
    with pytest.raises(NotSmooth):
        analysis.step_verdicts(dl.AdditiveNetwork([[1.0]], activation="threshold"), [0.1], steps=3, attractors=[])
    verdicts = analysis.step_verdicts(net, [[0.1], [-3.0]], steps=20)
    assert "2 of 2 sequences end latched" in verdicts.summary()
    again = dl.load(verdicts.save(tmp_path / "verdicts"))
    assert again.summary() == verdicts.summary()
    np.testing.assert_array_equal(again.words, verdicts.words)
    ax = verdicts.plot()
    assert len(ax.images) == 2
    plt.close(ax.figure)
    assert all(word.sentence for word in StepVerdict)


def test_what_comes_after_the_end_of_a_sequence_is_not_looked_at():
    """Padded sequences side by side, each against itself alone."""
    rng = np.random.default_rng(5)
    net = dl.ElmanNetwork(1.6 * rng.standard_normal((4, 4)), rng.standard_normal((4, 2)), 0.1 * rng.standard_normal(4))
    inputs, lengths = rng.standard_normal((12, 3, 2)), np.array([5, 12, 1])
    found = analysis.fixed_points(net).attractors
    padded = analysis.step_verdicts(net, np.zeros((3, 4)), inputs, attractors=found, lengths=lengths)
    alone = [analysis.step_verdicts(net, np.zeros(4), inputs[:length, k], attractors=found) for k, length in enumerate(lengths)]
    for k, (length, one) in enumerate(zip(lengths, alone, strict=True)):
        np.testing.assert_allclose(padded.growth[:length, k], one.growth, atol=1e-7)
        assert (padded.words[:length, k] == one.words).all()
        assert (padded.gamma[: length + 1, k] == one.gamma).all()
        assert padded.latches_at[k] == one.latches_at
        assert padded.crossings[k] == one.crossings
    for word, share in padded.shares.items():
        assert share == pytest.approx(sum(length * one.shares[word] for length, one in zip(lengths, alone, strict=True)) / 18)
    units = sum(length * one.saturated["units"] for length, one in zip(lengths, alone, strict=True)) / 18
    assert padded.saturated["units"] == pytest.approx(units)
    assert padded.eigenvalue_sequences.tolist() == [1]
    padded.plot()


@pytest.mark.parametrize("lengths", [[5], [0, 3], [3, 13], [1.0, 2.0]])
def test_lengths_that_do_not_fit(lengths):
    with pytest.raises(InvalidInput, match="lengths"):
        analysis.step_verdicts(dl.LatchNeuron(2.0), np.zeros((2, 1)), np.zeros((12, 2, 1)), lengths=lengths)
