"""PyTorch as the oracle: what is read from a module, a state dict or a checkpoint runs as the module does."""

import io
import os
import pickle
from contextlib import nullcontext

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import dynlatch as dl
from dynlatch.errors import DynlatchError, InvalidInput, ReducedPrecision, UnreadableFile, UnsupportedNetwork

torch = pytest.importorskip("torch")
nn = torch.nn

INPUTS, HIDDEN, T, BATCH = 3, 5, 30, 4
TOLERANCE = 1e-12
LAYERS = {
    "RNN tanh": lambda **more: nn.RNN(INPUTS, HIDDEN, dtype=torch.float64, **more),
    "RNN relu": lambda **more: nn.RNN(INPUTS, HIDDEN, nonlinearity="relu", dtype=torch.float64, **more),
    "GRU": lambda **more: nn.GRU(INPUTS, HIDDEN, dtype=torch.float64, **more),
    "LSTM": lambda **more: nn.LSTM(INPUTS, HIDDEN, dtype=torch.float64, **more),
}
CELLS = {
    "RNN tanh": lambda: nn.RNNCell(INPUTS, HIDDEN, dtype=torch.float64),
    "RNN relu": lambda: nn.RNNCell(INPUTS, HIDDEN, nonlinearity="relu", dtype=torch.float64),
    "GRU": lambda: nn.GRUCell(INPUTS, HIDDEN, dtype=torch.float64),
    "LSTM": lambda: nn.LSTMCell(INPUTS, HIDDEN, dtype=torch.float64),
}


class Model(nn.Module):
    """A recurrent layer between other layers."""

    def __init__(self, rnn):
        super().__init__()
        self.norm = nn.LayerNorm(INPUTS, dtype=torch.float64)
        self.body = nn.ModuleDict({"rnn": rnn})
        self.readout = nn.Linear(HIDDEN, 2, dtype=torch.float64)


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(8)


def inputs():
    return torch.randn(T, BATCH, INPUTS, dtype=torch.float64)


def outputs_of(network, u):
    """Outputs (T, batch, n) of dynlatch's network from the state zero."""
    states = dl.trajectory(network, np.zeros((BATCH, network.dim)), u.numpy())
    return network.output(states[1:])


def assert_runs_as(network, layer):
    u = inputs()
    with torch.no_grad():
        expected = layer(u)[0].numpy()
    np.testing.assert_allclose(outputs_of(network, u), expected, rtol=0, atol=TOLERANCE)


def saved(folder, content, name="net.pt", **more):
    path = folder / name
    torch.save(content, path, **more)
    return path


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("more", [{}, {"num_layers": 3}, {"bias": False}, {"batch_first": True}])
def test_a_layer(kind, more):
    layer = LAYERS[kind](**more)
    network = dl.from_torch(layer)
    layer.batch_first = False
    assert_runs_as(network, layer)
    assert network.readout is None


@pytest.mark.parametrize("kind", CELLS)
def test_a_cell(kind):
    cell = CELLS[kind]()
    u, state, expected = inputs(), None, []
    with torch.no_grad():
        for x in u:
            state = cell(x, state)
            expected.append((state[0] if kind == "LSTM" else state).numpy())
    np.testing.assert_allclose(outputs_of(dl.from_torch(cell), u), expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("kind", LAYERS)
def test_a_layer_inside_a_module_with_its_readout(kind):
    model = Model(LAYERS[kind](num_layers=2))
    network = dl.from_torch(model)
    assert_runs_as(network, model.body["rnn"])
    h = np.ones(HIDDEN)
    with torch.no_grad():
        expected = model.readout(torch.tensor(h)).numpy()
    np.testing.assert_allclose(network.readout(h), expected, rtol=0, atol=TOLERANCE)


def test_layers_of_a_module_are_chosen_by_prefix():
    model = nn.ModuleDict({"a": LAYERS["RNN relu"](), "b": LAYERS["RNN tanh"](), "c": LAYERS["LSTM"]()})
    with pytest.raises(InvalidInput, match=r"'a' \(RNN, 3 inputs, 5 units\); 'b' \(RNN.*'c' \(LSTM"):
        dl.from_torch(model)
    for prefix, layer in model.items():
        assert_runs_as(dl.from_torch(model, layer=prefix), layer)


def test_a_module_knows_its_nonlinearity():
    relu = LAYERS["RNN relu"]()
    assert dl.from_torch(relu, nonlinearity="relu").f.name == "relu"
    with pytest.raises(InvalidInput, match=r"'tanh', but the module has 'relu'"):
        dl.from_torch(relu, nonlinearity="tanh")
    # A state dict does not.
    assert dl.from_torch(relu.state_dict()).f.name == "tanh"
    assert_runs_as(dl.from_torch(relu.state_dict(), nonlinearity="relu"), relu)


def test_a_users_own_layer_does_not():
    own = nn.ParameterDict({"weight_ih": torch.ones(4, 1), "weight_hh": torch.ones(4, 4)})
    with pytest.raises(InvalidInput, match="does not name its nonlinearity"):
        dl.from_torch(own)
    assert dl.from_torch(own, nonlinearity="logistic").f.name == "logistic"


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_every_precision(dtype, tmp_path):
    state = {name: value.to(dtype) for name, value in LAYERS["GRU"]().state_dict().items()}
    reference = dl.from_torch({name: value.double().numpy() for name, value in state.items()})
    few = dtype in (torch.float16, torch.bfloat16)
    for source in (state, saved(tmp_path, state)):
        with pytest.warns(ReducedPrecision, match=str(dtype).removeprefix("torch.")) if few else nullcontext():
            network = dl.from_torch(source) if source is state else dl.load_network(source)
        for name, value in reference.parameters.items():
            np.testing.assert_array_equal(network.parameters[name], value)


def test_bfloat16_in_safetensors(tmp_path):
    from safetensors.torch import save_file

    state = {name: value.bfloat16() for name, value in LAYERS["GRU"]().state_dict().items()}
    save_file(state, tmp_path / "net.safetensors")
    with pytest.warns(ReducedPrecision, match="bfloat16"):
        network = dl.load_network(tmp_path / "net.safetensors")
    np.testing.assert_array_equal(network.weight_hh, state["weight_hh_l0"].double().numpy())


@pytest.mark.parametrize("suffix", [".pt", ".pth"])
@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("key", [None, "state_dict", "model_state_dict", "model"])
def test_checkpoints(tmp_path, suffix, legacy, key):
    model = Model(LAYERS["LSTM"]())
    optimizer = torch.optim.Adam(model.parameters())
    content = model.state_dict() if key is None else {"epoch": 3, key: model.state_dict(), "optimizer": optimizer.state_dict()}
    path = saved(tmp_path, content, f"net{suffix}", _use_new_zipfile_serialization=not legacy)
    network = dl.load_network(path)
    assert_runs_as(network, model.body["rnn"])
    assert network.readout is not None


def test_bidirectional_is_refused_and_its_advice_works():
    layer = LAYERS["GRU"](bidirectional=True)
    with pytest.raises(UnsupportedNetwork, match="bidirectional"):
        dl.from_torch(layer)
    network = dl.from_torch({name: value for name, value in layer.state_dict().items() if "_reverse" not in name})
    u = inputs()
    with torch.no_grad():
        forward = layer(u)[0][..., :HIDDEN].numpy()
    np.testing.assert_allclose(outputs_of(network, u), forward, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("more", [{}, {"num_layers": 3}, {"bias": False}])
def test_a_projection(more, tmp_path):
    layer = LAYERS["LSTM"](proj_size=2, **more)
    assert_runs_as(dl.from_torch(layer), layer)
    assert_runs_as(dl.load_network(saved(tmp_path, layer.state_dict())), layer)


def test_the_jacobian_of_a_projection_is_that_of_autograd():
    cell = LAYERS["LSTM"](proj_size=2)
    network = dl.from_torch(cell)
    a, u = torch.randn(7, dtype=torch.float64), torch.randn(INPUTS, dtype=torch.float64)

    def step(a):
        _, (h, c) = cell(u[None], (a[None, :2], a[None, 2:]))
        return torch.cat([h[0], c[0]])

    expected = torch.autograd.functional.jacobian(step, a).numpy()
    np.testing.assert_allclose(network.jacobian(a.numpy(), u.numpy()), expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize(
    "bad",
    [
        torch.full((15, 5), torch.nan),
        torch.ones(15, 5, dtype=torch.complex64),
        torch.ones(15, 5, device="meta"),
        torch.ones(15, 5).to_sparse(),
        torch.ones(1).expand(3 * 10**6, 10**6),
        torch.ones(15, 5, dtype=torch.int8),
        torch.ones(15, 5).to(torch.float8_e4m3fn),
    ],
    ids=["nan", "complex", "meta", "sparse", "huge", "bytes", "float8"],
)
def test_a_tensor_that_is_no_matrix_of_numbers_is_named(bad):
    with pytest.raises(InvalidInput, match="`weight_hh_l0`"):
        dl.from_torch(LAYERS["GRU"]().state_dict() | {"weight_hh_l0": bad})


def test_parameters_that_need_gradients():
    assert dl.from_torch(dict(LAYERS["GRU"]().named_parameters())).dim == HIDDEN


# Files that are not what they should be.
class Touch:
    """Unpickling this makes a folder."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("wrap", [lambda bomb: bomb, lambda bomb: LAYERS["GRU"]().state_dict() | {"bomb": bomb}])
def test_a_pickle_bomb_is_not_run(tmp_path, legacy, wrap):
    content = wrap(Touch(tmp_path / "ran"))
    path = saved(tmp_path, content, _use_new_zipfile_serialization=not legacy)
    with pytest.raises(UnreadableFile, match=r"holds a pickled object.*model\.state_dict\(\)"):
        dl.load_network(path)
    assert not (tmp_path / "ran").exists()
    # The bomb itself works: PyTorch without its safeguard sets it off.
    torch.load(path, weights_only=False)
    assert (tmp_path / "ran").exists()


class Bytes:
    """Unpickling this takes 100 GB."""

    def __reduce__(self):
        return bytearray, (10**11,)


@pytest.mark.parametrize("legacy", [False, True])
def test_a_memory_bomb_is_not_read(tmp_path, legacy):
    content = LAYERS["GRU"]().state_dict() | {"bomb": Bytes()}
    with pytest.raises(UnreadableFile, match="holds a byte array, which may be of any size"):
        dl.load_network(saved(tmp_path, content, _use_new_zipfile_serialization=not legacy))


def test_a_plain_pickle_is_not_run(tmp_path):
    path = tmp_path / "net.pt"
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        path.write_bytes(pickle.dumps(Touch(tmp_path / "ran"), protocol=protocol))
        with pytest.raises(UnreadableFile):
            dl.load_network(path)
        assert not (tmp_path / "ran").exists()


def test_a_whole_module_is_refused_with_advice(tmp_path):
    with pytest.raises(UnreadableFile, match=r"load it yourself where you trust it and save model\.state_dict\(\)"):
        dl.load_network(saved(tmp_path, LAYERS["GRU"]()))


@pytest.mark.parametrize("content", [torch.ones(3), [torch.ones(3)], 7, None])
def test_a_checkpoint_without_names(tmp_path, content):
    with pytest.raises(UnreadableFile, match="not a mapping from names to weights"):
        dl.load_network(saved(tmp_path, content))


@pytest.mark.parametrize("data", [b"x", b"hello, world\n" * 50, b"PK\x03\x04", b"\x80\x02.", b"\xff" * 64, bytes(64)])
def test_wrong_content(tmp_path, data):
    path = tmp_path / "net.pt"
    path.write_bytes(data)
    with pytest.raises(UnreadableFile, match="not a PyTorch checkpoint, or is damaged"):
        dl.load_network(path)


def small_checkpoint(legacy):
    buffer = io.BytesIO()
    state = {"weight_ih": torch.ones(1, 1), "weight_hh": torch.ones(1, 1)}
    torch.save(state, buffer, _use_new_zipfile_serialization=not legacy)
    return buffer.getvalue()


@pytest.mark.parametrize("legacy", [False, True])
def test_truncations(tmp_path, legacy):
    whole = small_checkpoint(legacy)
    for length in range(0, len(whole), 5 if not legacy else 1):
        path = tmp_path / "net.pt"
        path.write_bytes(whole[:length])
        with pytest.raises(UnreadableFile):
            dl.load_network(path)


@pytest.mark.parametrize("legacy", [False, True])
@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_bytes_give_only_our_errors(tmp_path, legacy, data):
    damaged = bytearray(small_checkpoint(legacy))
    start = data.draw(st.integers(0, len(damaged) - 1))
    patch = data.draw(st.binary(min_size=1, max_size=8))
    damaged[start : start + len(patch)] = patch
    path = tmp_path / "net.pt"
    path.write_bytes(bytes(damaged))
    try:
        network = dl.load_network(path)
    except DynlatchError:
        return
    assert network.dim == 1


def test_errors_do_not_pass_on_the_advice_to_drop_the_safeguard(tmp_path):
    with pytest.raises(UnreadableFile) as error:
        dl.load_network(saved(tmp_path, Touch(tmp_path / "ran")))
    assert "weights_only" not in str(error.value)
