"""An audit on the user's own sequences: their forms, costs, contexts, and sizes."""

import numpy as np
import pytest

import dynlatch as dl
from dynlatch import analysis
from dynlatch.analysis.audit import runs
from dynlatch.analysis.audit.cost import cost_of
from dynlatch.analysis.audit.estimate import DIRECTIONS, estimated_decay
from dynlatch.analysis.audit.resting import resting
from dynlatch.analysis.audit.runs import MOST_FOLLOWED
from dynlatch.analysis.audit.sequences import sequences_of
from dynlatch.errors import InvalidInput

LENGTHS = (1, 12, 12, 7)


@pytest.fixture(scope="module")
def small():
    """Two units and two memory states, with a readout of one output."""
    W, B = np.array([[1.3, 2.6], [3.7, 0.3]]), np.array([[1.0], [0.5]])
    return dl.ElmanNetwork(W, B, None, readout=(np.array([[1.0, -0.3]]), np.array([0.1])))


@pytest.fixture(scope="module")
def sequences():
    rng = np.random.default_rng(0)
    return [rng.uniform(-1.0, 1.0, (length, 1)) for length in LENGTHS]


@pytest.fixture(scope="module")
def ragged(small, sequences):
    return analysis.audit(small, sequences, targets=np.ones((4, 1)))


def _padded(sequences, fill):
    array = np.full((max(LENGTHS), len(LENGTHS), 1), fill)
    for k, sequence in enumerate(sequences):
        array[: len(sequence), k] = sequence
    return array


def test_each_of_unequal_sequences_is_measured_as_if_alone(small, sequences, ragged):
    assert ragged.lengths.tolist() == list(LENGTHS)
    for k, sequence in enumerate(sequences):
        T = len(sequence)
        decay = analysis.gradient_decay(small, np.zeros(2), sequence)
        np.testing.assert_allclose(ragged.along_inputs.log_norms[:T, k], decay.log_norms, atol=1e-12)
        np.testing.assert_allclose(ragged.along_inputs.backward[:T, k], decay.backward, atol=1e-12)
        np.testing.assert_array_equal(ragged.along_inputs.log_norms[T:, k], ragged.along_inputs.log_norms[T - 1, k])
        slope = (np.array([1.0, -0.3]) @ dl.trajectory(small, np.zeros(2), sequence)[-1] + 0.1 - 1.0) * np.array([1.0, -0.3])
        split = analysis.gradient_contributions(small, np.zeros(2), sequence, slope)
        np.testing.assert_allclose(ragged.contributions.log_norms[-T:, k], split.log_norms, atol=1e-10)
        assert np.isneginf(ragged.contributions.log_norms[:-T, k]).all()
        np.testing.assert_allclose(ragged.contributions.projections[-T:, k], split.projections, atol=1e-10)
    assert "half the squared error" in ragged.cost
    assert ragged.verdicts.lengths.tolist() == list(LENGTHS)


def test_padding_is_not_looked_at(small, sequences, ragged):
    again = analysis.audit(small, _padded(sequences, np.nan), lengths=LENGTHS, targets=np.ones((4, 1)))
    swapped = analysis.audit(
        small, np.swapaxes(_padded(sequences, 7.0), 0, 1), lengths=LENGTHS, targets=np.ones((4, 12, 1)), batch_first=True
    )
    for other in (again, swapped):
        assert other.summary() == ragged.summary()
        np.testing.assert_array_equal(other.along_inputs.log_norms, ragged.along_inputs.log_norms)
        np.testing.assert_array_equal(other.regions, ragged.regions)
        assert other.input_size == ragged.input_size == max(np.abs(sequence).max() for sequence in sequences)


def test_regions_are_basins(small, ragged):
    states = ragged.memory_states.points
    for t, k in ((1, 0), (5, 1), (7, 3)):
        a = ragged.trajectories[t, k]
        for _ in range(2000):
            a = small.step(a)
        assert ragged.regions[t, k] == np.abs(states - a).max(-1).argmin()


def _gradient(network, sequence, cost):
    """Central differences of the cost by W_hh."""
    W = network.parameters["W_hh"]
    gradient = np.empty_like(W)
    for i in np.ndindex(W.shape):
        values = []
        for step in (1e-6, -1e-6):
            changed = W.copy()
            changed[i] += step
            moved = network.with_parameters(W_hh=changed)
            a = dl.trajectory(moved, np.zeros(network.dim), sequence)[-1]
            values.append(cost(network.readout(network.output(a))))
        gradient[i] = (values[0] - values[1]) / 2e-6
    return gradient


@pytest.mark.parametrize("cost", ["squared error", "cross-entropy", "own", None])
def test_the_gradient_of_the_cost_is_that_of_the_cost(sequences, cost):
    rng = np.random.default_rng(1)
    readout = (rng.standard_normal((3, 4)), rng.standard_normal(3))
    net = dl.ElmanNetwork(0.5 * rng.standard_normal((4, 4)), rng.standard_normal((4, 1)), None, readout=readout)
    aims = np.array([[0.3, -1.0, 0.2]])

    def value(y):
        if cost == "cross-entropy":
            return np.log(np.exp(y).sum()) - y[2]
        if cost == "own":
            return np.sum((y - aims[0]) ** 4)
        return 0.5 * np.sum((y - (0.0 if cost is None else aims[0])) ** 2)

    own = lambda y, d: (((y - d) ** 4).sum(-1), 4.0 * (y - d) ** 3)  # noqa: E731
    targets = {"cross-entropy": [2], None: None}.get(cost, aims)
    report = analysis.audit(net, sequences[1], targets=targets, cost=own if cost == "own" else cost)
    total = np.exp(report.contributions.log_scale) * report.contributions.total["W_hh"]
    np.testing.assert_allclose(total, _gradient(net, sequences[1], value), rtol=1e-6, atol=1e-8)


def test_memory_states_under_a_context_input(small):
    report = analysis.audit(small, np.zeros((20, 1)), context=[0.4])
    known = analysis.fixed_points(dl.WithInput(small, [0.4]))
    np.testing.assert_allclose(report.fixed_points.points, known.points, atol=1e-12)
    assert report.input_size == 0.4
    assert "the context" in report.summary()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"inputs": [np.zeros((3, 1)), np.zeros((0, 1))]}, "empty"),
        ({"inputs": [np.zeros((3, 1)), np.zeros((3, 2))]}, "last axis"),
        ({"inputs": [np.zeros((3, 1))] * 2, "lengths": [3, 3]}, "already"),
        ({"inputs": np.zeros((3, 2, 1)), "lengths": [3, 0]}, "from 1 to 3"),
        ({"inputs": np.zeros((3, 2, 1)), "lengths": [3, 4]}, "from 1 to 3"),
        ({"inputs": np.zeros((3, 2, 1)), "lengths": [3]}, "2 whole numbers"),
        ({"lengths": [3]}, "give both"),
        ({"inputs": np.array([["a"]])}, "real numbers"),
        ({"inputs": np.full((3, 1), np.inf)}, "finite"),
        ({"inputs": np.zeros((3, 2, 1)), "targets": np.zeros((3, 1))}, "targets"),
        ({"inputs": np.zeros((3, 2, 1)), "targets": np.zeros(2)}, "targets"),
        ({"inputs": np.zeros((3, 2, 1)), "targets": [5.0, 0.0], "cost": "cross-entropy"}, "between 0 and 1"),
        (
            {"inputs": np.zeros((3, 2, 1)), "targets": np.zeros((2, 1)), "cost": lambda y, d: (0.0, y[:1])},
            r"outputs' shape \(2, 1\)",
        ),
        ({"inputs": np.zeros((3, 2, 1)), "targets": np.zeros((2, 1)), "cost": "hinge"}, "must be one of"),
        ({"inputs": np.zeros((3, 2, 1)), "cost": "squared error"}, "give both"),
        ({"inputs": np.zeros((3, 2, 1)), "targets": np.zeros((2, 1)), "cost": lambda y, d: 0.0}, "returns"),
        ({"context": [0.0, 1.0]}, "context"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_sentence(small, arguments, says):
    with pytest.raises(InvalidInput, match=says):
        analysis.audit(small, **arguments)


def test_large_inputs_are_read_in_pieces(tmp_path):
    part = np.lib.format.open_memmap(tmp_path / "big.npy", "w+", np.float32, (3000, 700, 3))
    part[2500, 650, 1] = -5.0
    part[100, 100, 2] = 3.0
    zero = np.zeros(3)
    for array, batch_first in ((part, False), (np.swapaxes(part, 0, 1), True)):
        given = sequences_of(3, array, None, zero, np.random.default_rng(0), batch_first)
        assert np.shares_memory(given.parts[0], part)
        assert given.largest(zero) == 5.0
        assert given.take(np.array([650]), 2500, 2501, zero)[0, 0].tolist() == [0.0, -5.0, 0.0]
    part[2999, 1, 0] = np.nan
    with pytest.raises(InvalidInput, match="step 2999 of sequence 1 "):
        given.largest(zero)


def test_more_sequences_than_are_followed():
    report = analysis.audit(dl.LatchNeuron(2.0), np.random.default_rng(0).uniform(-1, 1, (10, 500, 1)))
    assert len(report.lengths) == 500
    assert len(report.followed) == MOST_FOLLOWED == report.along_inputs.log_norms.shape[1]
    assert any("436 of the 500 sequences" in sentence for sentence in report.left_out)
    assert report.occupancy.sum() == pytest.approx(1.0)


def test_the_estimate_of_large_networks_is_within_its_error():
    rng = np.random.default_rng(0)
    net = dl.ElmanNetwork(rng.standard_normal((60, 60)) / np.sqrt(60), rng.standard_normal((60, 2)), None)
    inputs = rng.standard_normal((30, 5, 2))
    exact = analysis.gradient_decay(net, np.zeros((5, 60)), inputs, norm="fro")
    estimate = estimated_decay(net, np.zeros((5, 60)), inputs)
    for true, found in ((exact.log_norms, estimate.log_norms), (exact.backward, estimate.backward)):
        assert np.abs(true - found).max() < 4.0 / np.sqrt(2.0 * DIRECTIONS)


def test_the_estimate_is_good_for_networks_drawn_from_a_common_seed():
    """Directions that are rows of the weights would be stretched by the root of 2 too much."""
    n = 300
    rng = np.random.default_rng(0)
    net = dl.ElmanNetwork(0.9 * rng.standard_normal((n, n)) / np.sqrt(n), rng.standard_normal((n, 1)))
    exact = analysis.gradient_decay(net, np.zeros(n), steps=5, norm="fro")
    estimate = estimated_decay(net, np.zeros(n), np.zeros((5, 1)))
    np.testing.assert_allclose(estimate.log_norms, exact.log_norms, atol=0.08)
    np.testing.assert_allclose(estimate.backward, exact.backward, atol=0.08)


def test_a_network_too_large_for_jacobians():
    rng = np.random.default_rng(0)
    net = dl.ElmanNetwork(0.5 * rng.standard_normal((600, 600)) / np.sqrt(600), rng.standard_normal((600, 1)), None)
    report = analysis.audit(net, rng.standard_normal((10, 2, 1)))
    assert len(report.memory_states) == 1
    radius = np.abs(np.linalg.eigvals(net.jacobian(report.memory_states.points[0]))).max()
    assert report.memories[0].radius == pytest.approx(radius, rel=1e-8)
    assert report.verdicts is None
    assert any("600 components" in sentence for sentence in report.left_out)
    assert report.findings[0].kind in ("forgetting", "passing")


def test_no_leading_multiplier_of_a_large_network_is_missed():
    """Moduli that lie close together: an Arnoldi iteration with few directions converges without the largest of them."""
    n, rng = 520, np.random.default_rng(1)
    W = 0.9 * rng.standard_normal((n, n)) / np.sqrt(n)
    net = dl.ElmanNetwork(W, rng.standard_normal((n, 1)), 0.1 * rng.standard_normal(n))
    found, left_out = resting(net, dl.trajectory(net, np.zeros((1, n)), steps=100)[-1])
    assert not left_out
    assert found.residuals.max() < 1e-14
    moduli = np.sort(np.abs(np.linalg.eigvals(net.jacobian(found.points[0]))))[::-1]
    np.testing.assert_allclose(np.abs(found.eigenvalues[0]), moduli[:6], atol=1e-9)


def test_a_large_network_that_settles_slowly_has_its_memory_states():
    """Two latches that forget by 0.96 a step, in 520 units: the runs are still moving when they are looked at."""
    n = 520
    rng = np.random.default_rng(0)
    W = 0.3 * rng.standard_normal((n, n)) / np.sqrt(n)
    W[0], W[:, 0] = 0.0, 0.0
    W[0, 0] = 1.02
    net = dl.AdditiveNetwork(W, input_matrix=np.eye(n, 1))
    report = analysis.audit(net, np.array([[[1.0], [-1.0]]]))
    assert len(report.memory_states) == 2
    latch = analysis.fixed_points(dl.LatchNeuron(1.02)).attractors
    np.testing.assert_allclose(report.memory_states.points[:, 0], latch.points[:, 0], atol=1e-9)
    np.testing.assert_allclose([memory.radius for memory in report.memories], np.abs(latch.eigenvalues[:, 0]), atol=1e-9)
    assert report.occupancy.tolist() == [0.5, 0.5, 0.0]


def test_states_of_large_networks_that_do_not_attract_are_not_memory():
    n = 600
    W = np.zeros((n, n))
    W[0, 0], W[1, 1] = 1.5, 0.5
    found, left_out = resting(dl.AdditiveNetwork(W), np.full((1, n), 1e-9))
    assert len(found) == 0
    assert "not inside the unit circle" in left_out[0]


def test_a_network_without_inputs_has_one_run():
    rng = np.random.default_rng(0)
    report = analysis.audit(dl.AdditiveNetwork(2.0 * np.eye(2), bias=rng.uniform(0.1, 0.2, 2)))
    bare = analysis.audit(dl.ElmanNetwork(2.0 * np.eye(2), np.zeros((2, 0)), [0.1, 0.2]))
    assert bare.lengths.tolist() == [100]
    assert "no inputs" in bare.inputs_from
    assert len(bare.memory_states) == len(report.memory_states) == 4
    assert not any("these inputs" in str(finding) for finding in bare.findings)


def _slopes(net, inputs, targets, cost=None):
    """The gradient of the cost at fixed last states, one a sequence."""
    sequences = sequences_of(net.input_dim, inputs, None, np.zeros(net.input_dim), None, False)
    last = np.linspace(-0.8, 0.9, len(sequences) * net.dim).reshape(-1, net.dim)
    return cost_of(net, sequences, targets, cost, batch_first=False).gradient(last, np.arange(len(sequences)))


def test_targets_of_every_step_of_unequal_sequences_count_by_their_last(small, sequences):
    steps = [np.cos(sequence) for sequence in sequences]
    np.testing.assert_array_equal(_slopes(small, sequences, steps), _slopes(small, sequences, [s[-1] for s in steps]))


def test_targets_of_a_single_sequence(small, sequences):
    one = sequences[1]
    wanted = _slopes(small, one, np.array([[0.7]]))
    by_step = np.arange(12.0)[:, None]
    by_step[-1] = 0.7
    np.testing.assert_array_equal(_slopes(small, one, by_step), wanted)
    np.testing.assert_array_equal(_slopes(small, one, np.array([0.7])), wanted)


def test_the_cross_entropy_of_one_output_is_the_logistic_minus_the_label(small, sequences):
    last = np.linspace(-0.8, 0.9, 8).reshape(4, 2)
    output = last @ [1.0, -0.3] + 0.1
    labels = np.array([0.0, 1.0, 0.25, 1.0])
    slope = 1.0 / (1.0 + np.exp(-output)) - labels
    np.testing.assert_allclose(_slopes(small, sequences, labels, "cross-entropy"), slope[:, None] * [1.0, -0.3], rtol=1e-14)


def test_steps_and_sequences_beyond_what_is_run_are_named(small, monkeypatch):
    monkeypatch.setattr(runs, "MOST_STEPS", 10)
    monkeypatch.setattr(runs, "RUN_WORK", 10 * runs.step_cost(small) * 3)
    monkeypatch.setattr(runs, "detail", lambda dim: 6)
    inputs = np.zeros((12, 5, 1))
    found = runs.run(small, sequences_of(1, inputs, None, np.zeros(1), None, False), np.zeros(1))
    said = " ".join(found.left_out)
    assert "Steps after 10 of the longer sequences (they have up to 12)" in said
    assert "Where 2 of the 5 sequences end: 3 of them, evenly spread, were run." in said
    assert "Gradients along 4 of the 5 sequences: 1 were followed." in said
    assert "after step 6 of the sequences (they have up to 10 steps)" in said
    assert found.ran.tolist() == [0, 2, 4]


def test_a_run_that_overflows_is_refused_with_its_sequence():
    growing = dl.AdditiveNetwork([[3.0]], activation="linear")
    inputs = np.zeros((800, 2, 1))
    inputs[0, 1] = 1.0
    with pytest.raises(InvalidInput, match="along sequence 1 the state leaves the finite numbers"):
        runs.run(growing, sequences_of(1, inputs, None, np.zeros(1), None, False), np.zeros(1))
