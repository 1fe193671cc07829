"""The two trained networks of examples/data, with NumPy alone: sizes, shapes, and that they remember."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

import dynlatch as dl

DATA = Path(__file__).parents[2] / "examples" / "data"
NETS = {"gru": (dl.GRU, 24), "rnn": (dl.ElmanNetwork, 48)}


def weights(name):
    return {key: value.astype(np.float64) for key, value in load_file(DATA / f"flipflop_{name}.safetensors").items()}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def elman_step(w, h, x):
    return np.tanh(x @ w["ih"].T + w["bias_ih"] + h @ w["hh"].T + w["bias_hh"])


def gru_step(w, h, x):
    """torch.nn.GRU's documented formulas, written out."""
    ri, zi, ni = np.split(x @ w["ih"].T + w["bias_ih"], 3, axis=-1)
    rh, zh, nh = np.split(h @ w["hh"].T + w["bias_hh"], 3, axis=-1)
    z = sigmoid(zi + zh)
    return (1 - z) * np.tanh(ni + sigmoid(ri + rh) * nh) + z * h


def slow_outputs(name, inputs):
    """Readout of a run from zero, without dynlatch: shape (T, batch, 3)."""
    arrays = weights(name)
    w = {
        key: arrays[f"rnn.{full}_l0"]
        for key, full in {"ih": "weight_ih", "hh": "weight_hh", "bias_ih": "bias_ih", "bias_hh": "bias_hh"}.items()
    }
    step = gru_step if name == "gru" else elman_step
    h, out = np.zeros((inputs.shape[1], w["hh"].shape[1])), []
    for x in inputs:
        h = step(w, h, x)
        out.append(h @ arrays["readout.weight"].T + arrays["readout.bias"])
    return np.array(out)


def held_signs(inputs):
    """The sign of the last pulse, 0 before the first: a plain loop."""
    held, now = np.zeros(inputs.shape), np.zeros(inputs.shape[1:])
    for t, x in enumerate(inputs):
        now = np.where(x == 0, now, x)
        held[t] = now
    return held


def quiet_gap(inputs, steps):
    """The same pulses with `steps` silent steps behind them."""
    return np.concatenate([inputs, np.zeros((steps, *inputs.shape[1:]))])


def task():
    return np.load(DATA / "flipflop_inputs.npy").astype(np.float64)


def test_the_inputs():
    inputs = np.load(DATA / "flipflop_inputs.npy")
    assert inputs.shape == (100, 16, 3)
    assert inputs.dtype == np.float32
    assert set(np.unique(inputs)) == {-1, 0, 1}
    assert (held_signs(inputs)[-1] != 0).all()


@pytest.mark.parametrize("name", NETS)
def test_kind_shape_and_size(name):
    path = DATA / f"flipflop_{name}.safetensors"
    assert path.stat().st_size < 200_000
    kind, units = NETS[name]
    network = dl.load_network(path)
    assert type(network) is kind
    assert (network.dim, network.input_dim) == (units, 3)
    assert network.readout.matrix.shape == (3, units)


@pytest.mark.parametrize("name", NETS)
def test_dynlatch_runs_them_as_the_formulas_do(name):
    network = dl.load_network(DATA / f"flipflop_{name}.safetensors")
    states = dl.trajectory(network, np.zeros((16, network.dim)), task())
    np.testing.assert_allclose(network.readout(states[1:]), slow_outputs(name, task()), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", NETS)
def test_they_remember(name):
    inputs = quiet_gap(task(), 1000)
    target = held_signs(inputs)
    right = (np.sign(slow_outputs(name, inputs)) == target)[target != 0]
    assert right.mean() >= 0.99


@pytest.mark.parametrize("name", NETS)
def test_eight_attractors(name):
    """Quiet runs from many states end at eight fixed points, one for each pattern of three bits, each attracting."""
    network = dl.load_network(DATA / f"flipflop_{name}.safetensors")
    rng = np.random.default_rng(17)
    a = rng.uniform(-1, 1, size=(400, network.dim))
    a[:200] = np.sign(a[:200])
    for _ in range(2000):
        a = network.step(a)
    np.testing.assert_allclose(network.step(a), a, rtol=0, atol=1e-12)
    points = a[np.unique(a.round(6), axis=0, return_index=True)[1]]
    assert len(points) == 8
    assert len(np.unique(np.sign(network.readout(points)), axis=0)) == 8
    assert np.abs(np.linalg.eigvals(network.jacobian(points))).max() < 0.97
