"""The sequence chunker: its map, its truncated gradient, what reaches the second level, and the lag that it bridges."""

import numpy as np
import pytest

import dynlatch as dl
from dynlatch.errors import InvalidInput
from dynlatch.networks.history_compressor import HistoryCompressor
from dynlatch.training import BackPropagation, HistoryCompression, SymbolLag, TwoSequence, train
from dynlatch.training.contract import Sequences
from dynlatch.training.models import Chunker, Dense, PredictorHierarchy
from dynlatch.training.rules.history_kernels import answered, room_of, through

MODELS = (
    Chunker(3, input_dim=2, tolerance=0.4, time_scale=7.0),
    Chunker(3, input_dim=2, tolerance=0.4, surprise="by information"),
    PredictorHierarchy(2, 3, input_dim=2, tolerance=0.4),
)
IDS = ("yes or no", "by information", "hierarchy")


def _case(model, T=9, seed=0):
    """A column with large weights, and one sequence."""
    rng = np.random.default_rng(seed)
    theta = 3.0 * np.concatenate([model.initial([rng])[:, 0], model.constants])
    theta[-1] = 2.0
    return theta, rng.uniform(-1.0, 1.0, (T, 2))


def _trained(model, theta, u, wanted, eta, depth=np.inf):
    """Weights after one sequence, and the answer before it."""
    cell = model.cell()
    room = room_of(cell, len(u), 1)
    room.w[:] = theta
    room.u[1 : len(u) + 1, :, 0] = u
    y, _ = through(cell, room, 0, len(u), wanted, eta, depth)
    return room.w.copy(), y, room


@pytest.mark.parametrize("model", MODELS, ids=IDS)
def test_the_map_is_the_network_that_is_trained(model):
    theta, u = _case(model)
    _, y, room = _trained(model, theta, u, 0.8, 0.0)
    network = model.network(theta)
    a = dl.trajectory(network, network.start, inputs=u)[-1]
    assert network.readout(a) == pytest.approx(y, abs=1e-13)
    assert a.reshape(2, -1)[1, :3] == pytest.approx(room.h[1, room.updates[1]], abs=1e-13)
    shown = Sequences(u[:, None], np.array([len(u)]), np.ones(1))
    assert model.outputs(theta, shown) == pytest.approx(y, abs=1e-13)
    assert np.array_equal(model.column(network), theta[: len(model.names)])


def _predicted(cell, w, level, x, held, strengths):
    """Outputs after the updates x[n] of these strengths, step by step, in plain Python."""
    k, i, o = cell.hidden, cell.inputs + 1, int(cell.outputs[level])
    shapes = [(k, i), (k, k), (k,), (o, k), (i - 1, i), (o,)]
    W, R, b, V, D, c = (
        piece.reshape(shape)
        for piece, shape in zip(np.split(w, np.cumsum([np.prod(shape) for shape in shapes])[:-1]), shapes, strict=True)
    )
    h = np.zeros(k)
    for entering, s in zip(x, strengths, strict=True):
        h = (1.0 - s) * h + s * np.tanh(W @ entering + R @ h + b)
    z = V @ h + c
    z[: i - 1] += D @ held
    return z


@pytest.mark.parametrize("model", MODELS[:2], ids=IDS[:2])
def test_the_last_change_is_the_gradient(model):
    """With nothing to predict, the answer's error alone changes the automatizer: central differences give the same."""
    cell = model.cell()
    theta, u = _case(model, T=4)
    eta, wanted = 1e-7, 0.3
    _, y, room = _trained(model, theta, u, wanted, 0.0)
    first, end = cell.first[:2]
    x, held = room.x[0, 1:5].copy(), room.held[0].copy()
    target = np.concatenate([[0.0, 0.0, wanted], room.h[1, room.updates[1]]])

    def cost(w):
        z = _predicted(cell, w, 0, x, held, np.ones(4))
        error = (z - target)[2:]
        return 0.5 * error @ error

    answered(cell, room, 2, wanted, eta, np.inf)
    ours = (theta[first:end] - room.w[first:end]) / eta
    step = 1e-5
    numeric = [
        (cost(theta[first:end] + step * e) - cost(theta[first:end] - step * e)) / (2 * step) for e in np.eye(end - first)
    ]
    assert y != wanted
    assert ours == pytest.approx(np.array(numeric), abs=1e-6)


def test_errors_go_back_through_as_many_updates_as_asked():
    """Depth 1 leaves alone what only earlier updates could change: weights of an input that came once, at the first step."""
    model = Chunker(3, input_dim=2, tolerance=1e-9)
    theta, u = _case(model, T=5)
    u[:, 0] = 0.0
    u[0, 0] = 1.0
    _, _, room = _trained(model, theta, u, 0.8, 0.0)
    column = np.arange(3) * 3  # W[:, 0] of the automatizer
    for depth, moves in ((4.0, False), (5.0, True)):
        room.w[:] = theta
        answered(model.cell(), room, 2, 0.8, 0.1, depth)
        assert np.any(room.w[column] != theta[column]) == moves


def test_what_is_predicted_does_not_go_up():
    """Without weights nothing is expected: an input within the tolerance stays below, another reaches the chunker."""
    model = Chunker(2, input_dim=1, tolerance=0.5)
    theta = np.concatenate([np.zeros(len(model.names)), model.constants])
    _, _, room = _trained(model, theta, np.array([[0.4], [0.9], [0.4], [-0.7]]), 0.8, 0.0)
    assert room.updates.tolist() == [4, 2]
    assert room.x[1, 1:3].tolist() == [[0.9, 0.02], [-0.7, 0.02]]  # with the time since the update before


def test_the_automatizer_bridges_twenty_steps_by_itself():
    result = train(HistoryCompression(), None, SymbolLag(T=21), trials=4, test_sequences=40, rng=0)
    assert np.all(result.error == 0.0)
    assert np.all(result.presentations < 5000)
    for network in result.networks:
        automatizer = HistoryCompressor(network.levels[:1])
        shown = SymbolLag(T=21).sample(2, rng=1)
        states = [dl.trajectory(automatizer, automatizer.start, inputs=shown.inputs[:, j])[-1] for j in range(2)]
        assert [np.sign(automatizer.readout(a)[0]) for a in states] == [-1.0, 1.0]


def test_a_hierarchy_adds_levels_and_freezes_those_below():
    model = PredictorHierarchy(3, 4, input_dim=11)
    result = train(HistoryCompression(eta=0.2, patience=200), model, SymbolLag(T=10), trials=3, max_presentations=6000,
                   sequences=50, test_sequences=40, rng=0)  # fmt: skip
    assert [len(network.levels) for network in result.networks] >= [2, 2, 2]
    assert np.all(result.error == 0.0)


@pytest.mark.parametrize("surprise", ["yes or no", "by information"])
def test_the_map_of_a_chunker_has_its_batch_axes(surprise):
    model = Chunker(2, input_dim=2, surprise=surprise)
    network = model.network(model.initial([np.random.default_rng(0)])[:, 0])
    a, u = np.random.default_rng(1).uniform(-1.0, 1.0, (2, 5, network.dim))[..., :], np.full((5, 2), 0.3)
    assert np.allclose(network.step(a[0], u), [network.step(x, u[0]) for x in a[0]], atol=1e-15)
    assert np.array_equal(network.step(a[0]), network.step(a[0], np.zeros(2)))


def test_refusals_say_what_fits():
    with pytest.raises(InvalidInput, match="Chunker"):
        train(HistoryCompression(eta=0.1), Dense(5), TwoSequence(T=8), sequences=4, max_presentations=10)
    with pytest.raises(InvalidInput, match="weighted sums"):
        train(BackPropagation(), Chunker(), TwoSequence(T=8))
    with pytest.raises(InvalidInput, match="probability"):
        SymbolLag(T=9, drawn=2.0)


def test_in_a_stream_the_chunker_bridges_what_a_plain_predictor_with_the_same_truncation_does_not():
    task = SymbolLag(T=20, strings=2)
    found = [
        train(HistoryCompression(eta=0.2), model, task, trials=4, sequences=200, max_presentations=3000, rng=0)
        for model in (Chunker(4, input_dim=11), PredictorHierarchy(1, 4, input_dim=11))
    ]
    assert np.all(found[0].error == 0.0)
    assert np.mean(found[1].error > 0.2) >= 0.5


def test_strings_of_the_stream():
    shown = SymbolLag(T=12, strings=3, drawn=0.5).sample(200, rng=0)
    symbols = shown.inputs.argmax(axis=2)
    assert np.all(shown.inputs.sum(axis=2) == 1.0)
    assert np.array_equal(symbols[8], shown.targets > 0)
    assert np.all(symbols[[0, 4, 8]] < 2)
    between = symbols[[1, 2, 3, 5, 6, 7, 9, 10, 11]].reshape(3, 3, 200)
    assert np.mean(between == np.array([2, 3, 4])[:, None]) == pytest.approx(0.5 + 0.5 / 3, abs=0.04)
    assert abs(np.mean(symbols[[0, 4]]) - 0.5) < 0.1
