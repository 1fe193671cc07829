"""Files made by Keras, ONNX and Flax against the outputs that those frameworks gave: `data/make_*.py` made both."""

import json
import shutil
import sys
import zipfile
from contextlib import nullcontext
from pathlib import Path

import h5py
import numpy as np
import onnx
import pytest

import dynlatch as dl
from dynlatch import reading
from dynlatch.errors import DynlatchError, InvalidInput, MissingExtra, ReducedPrecision, UnreadableFile, UnsupportedNetwork
from dynlatch.interop import keras

DATA = Path(__file__).parent / "data"
FLOAT32, FLOAT64 = 1e-6, 1e-12


def recorded(name, file):
    """What the framework computed: arrays by name."""
    with np.load(DATA / f"{file}.npz") as arrays:
        return {key.removeprefix(f"{name}/"): arrays[key].astype(float) for key in arrays.files if key.startswith(f"{name}/")}


def hidden_of(network, inputs):
    """Outputs of the network from the state zero, for inputs (T, batch, m)."""
    return network.output(dl.trajectory(network, np.zeros((inputs.shape[1], network.dim)), inputs)[1:])


def assert_runs_as(network, inputs, hidden, tolerance):
    np.testing.assert_allclose(hidden_of(network, inputs), hidden, rtol=0, atol=tolerance)


def kinds(network):
    return [type(layer).__name__ for layer in getattr(network, "layers", [network])]


def softmax(x):
    return np.exp(x) / np.exp(x).sum(-1, keepdims=True)


# Keras. Its products are in float32 even where the weights are in float64.
KERAS = {
    "rnn_relu.keras": ["ElmanNetwork"],
    "gru_reset_before.keras": ["ResetBeforeGRU"],
    "cells.keras": ["GRU", "LSTM", "ElmanNetwork"],
    "nested.keras": ["ElmanNetwork", "ResetBeforeGRU"],
    "stack.keras": ["GRU", "LSTM"],
    "lstm.weights.h5": ["LSTM"],
}


@pytest.mark.parametrize("file", KERAS)
def test_keras(file):
    expected = recorded(file.split(".")[0], "keras")
    network = dl.load_network(DATA / file)
    assert kinds(network) == KERAS[file]
    inputs, hidden, outputs = (expected[key].swapaxes(0, 1) for key in ("inputs", "hidden", "outputs"))
    assert_runs_as(network, inputs, hidden, FLOAT32)
    last = softmax if file.startswith("gru_reset_before") else lambda x: x
    np.testing.assert_allclose(last(network.readout(hidden)), outputs, rtol=0, atol=FLOAT32)


def test_keras_weights_alone_do_not_say_what_reads_what():
    path = DATA / "stack_weights.weights.h5"
    with pytest.raises(InvalidInput, match=r"2 recurrent layers.*'gru' \(GRU, 3 inputs, 4 units\); 'lstm' \(LSTM, 4 inputs"):
        dl.load_network(path)
    network = dl.load_network(path, layer=["gru", "lstm"])
    expected = recorded("stack_weights", "keras")
    assert_runs_as(network, expected["inputs"].swapaxes(0, 1), expected["hidden"].swapaxes(0, 1), FLOAT32)
    assert network.readout is not None


def test_keras_layers_side_by_side_are_listed():
    path, expected = DATA / "branches.keras", recorded("branches", "keras")
    with pytest.raises(InvalidInput, match=r"'left' \(GRU, 3 inputs, 3 units\); 'right' \(LSTM, 3 inputs, 3 units\)"):
        dl.load_network(path)
    network = dl.load_network(path, layer="right")
    assert_runs_as(network, expected["inputs"].swapaxes(0, 1), expected["hidden"].swapaxes(0, 1), FLOAT32)
    assert network.readout is None  # what the dense layer reads is a sum
    assert network.bias_ih is None


def test_keras_layers_by_name_in_a_nested_model():
    assert kinds(dl.load_network(DATA / "nested.keras", layer="inner/high")) == ["ResetBeforeGRU"]
    with pytest.raises(InvalidInput, match="no recurrent layer 'high': `layer` is one of 'inner/low'"):
        dl.load_network(DATA / "nested.keras", layer="high")


def test_keras_bfloat16_is_converted_and_said():
    with pytest.warns(ReducedPrecision, match="'gru' are stored as bfloat16"):
        network = dl.load_network(DATA / "half.weights.h5")
    expected = recorded("half", "keras")
    # Keras computed in bfloat16 as well: two digits.
    assert_runs_as(network, expected["inputs"].swapaxes(0, 1), expected["hidden"].swapaxes(0, 1), 0.05)
    assert not (network.weight_hh.astype(np.float32).view(np.uint32) & 0xFFFF).any()


@pytest.mark.parametrize(
    ("file", "error", "message"),
    [
        ("bidirectional.keras", UnsupportedNetwork, r"bidirectional.*save keras\.Sequential\(\[layer\.forward_layer\]\)"),
        ("gru_relu.keras", UnsupportedNetwork, r"has the activation 'relu' \(candidate\), where tanh is"),
        ("backwards.keras", UnsupportedNetwork, "goes backwards"),
        ("gru_without_bias.weights.h5", InvalidInput, "save the model as .keras, which records it"),
    ],
)
def test_keras_layers_that_are_refused(file, error, message):
    with pytest.raises(error, match=message):
        dl.load_network(DATA / file)


def test_keras_knows_the_nonlinearity():
    path = DATA / "rnn_relu.keras"
    assert dl.load_network(path, nonlinearity="relu").f.name == "relu"
    with pytest.raises(InvalidInput, match="'softplus', but the layer 'rnn' has 'relu'"):
        dl.load_network(path, nonlinearity="softplus")


def repacked(folder, change, name="stack.keras"):
    """A `.keras` file with members replaced: `change` maps a member's bytes to others, or to None."""
    path = folder / "net.keras"
    with zipfile.ZipFile(DATA / name) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for member in source.namelist():
            data = change.get(member, lambda data: data)(source.read(member))
            if data is not None:
                target.writestr(member, data)
    return path


def with_config(folder, edit, name="stack.keras"):
    def edited(data):
        config = json.loads(data)
        edit(config)
        return json.dumps(config).encode()

    return repacked(folder, {"config.json": edited}, name)


def test_a_model_whose_layers_only_its_code_knows(tmp_path):
    """A subclassed model: the configuration lists no layers, the weights have to do."""
    path = with_config(tmp_path, lambda config: config.update({"class_name": "Mine", "config": {"name": "mine"}}))
    with pytest.raises(InvalidInput, match=r"2 recurrent layers.*'gru'.*'lstm'"):
        dl.load_network(path)
    assert kinds(dl.load_network(path, layer="lstm")) == ["LSTM"]


def layer_config(config, name):
    return next(layer for layer in config["config"]["layers"] if layer["config"]["name"] == name)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda layer: layer.update(class_name="GRU", registered_name="mine>GRU2"), None),
        (lambda layer: layer["config"].update(activation={"class_name": "function", "config": "gelu"}), "activation 'gelu'"),
        (lambda layer: layer["config"].update(recurrent_activation="hard_sigmoid"), r"'hard_sigmoid' \(gates\)"),
        (lambda layer: layer["config"].update(go_backwards=True), "goes backwards"),
        (lambda layer: layer["config"].update(name="high"), "several recurrent layers are called 'high'"),
        (lambda layer: layer["config"].update(activation=[["tanh"] * 9000]), r"^.{100,600}$"),
    ],
)
def test_keras_settings(tmp_path, edit, message):
    path = with_config(tmp_path, lambda config: edit(layer_config(config, "low")))
    with nullcontext() if message is None else pytest.raises(UnsupportedNetwork, match=message):
        assert kinds(dl.load_network(path)) == ["GRU", "LSTM"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"config.json": lambda data: None}, "holds no 'config.json'"),
        ({"model.weights.h5": lambda data: None}, r"holds no 'model\.weights\.h5'"),
        ({"config.json": lambda data: b"[" * 100_000}, "not a Keras file, or is damaged"),
        ({"config.json": lambda data: b"[]"}, "describes no model"),
        ({"config.json": lambda data: b'{"class_name": "Sequential", "config": {"layers": [3]}}'}, "not a Keras file"),
        ({"config.json": lambda data: bytes(2**20 + 1)}, "larger than 1 MiB"),
        ({"model.weights.h5": lambda data: data[: len(data) // 2]}, "not a Keras file, or is damaged"),
        ({"model.weights.h5": lambda data: b"hello"}, "not a Keras file, or is damaged"),
    ],
)
def test_damaged_keras_archives(tmp_path, change, message, monkeypatch):
    monkeypatch.setattr(keras, "LARGEST_CONFIG", 2**20)
    with pytest.raises(UnreadableFile, match=message):
        dl.load_network(repacked(tmp_path, change))


def test_a_zip_bomb_is_refused_unread(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "INNOCENT", 2**20)
    path = tmp_path / "net.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("model.weights.h5", bytes(2**21))
    with pytest.raises(UnreadableFile, match="is refused unread: numbers do not compress like that"):
        dl.load_network(path)


@pytest.mark.parametrize("file", ["stack.keras", "lstm.weights.h5"])
def test_truncated_keras_files(tmp_path, file):
    whole = (DATA / file).read_bytes()
    path = tmp_path / file
    for length in np.linspace(0, len(whole) - 1, 60).astype(int):
        path.write_bytes(whole[:length])
        with pytest.raises(UnreadableFile):
            dl.load_network(path)


def edited_weights(folder, edit):
    path = folder / "net.weights.h5"
    shutil.copy(DATA / "lstm.weights.h5", path)
    with h5py.File(path, "r+") as file:
        edit(file, file["layers/lstm/cell/vars"])
    return path


def replace(group, key, **settings):
    del group[key]
    group.create_dataset(key, **settings)


def link_elsewhere(group, key, link):
    del group[key]
    group[key] = link


@pytest.mark.parametrize(
    ("edit", "error", "message"),
    [
        # A dataset of a terabyte that takes no room, and one that is compressed.
        (
            lambda file, cell: replace(cell, "1", shape=(4, 2**38), dtype="f4"),
            UnreadableFile,
            "GiB of data and is refused unread",
        ),
        (
            lambda file, cell: replace(cell, "1", shape=(2**14, 2**14), dtype="f4", chunks=(2**10, 2**10), compression="gzip"),
            UnreadableFile,
            "is refused unread",
        ),
        (lambda file, cell: link_elsewhere(cell, "1", h5py.ExternalLink("/dev/zero", "x")), InvalidInput, "vars/1` is missing"),
        (lambda file, cell: link_elsewhere(cell, "1", h5py.SoftLink("/nowhere")), InvalidInput, "vars/1` is missing"),
        (
            lambda file, cell: replace(cell, "1", shape=(4, 16), dtype="f4", external=[("/dev/zero", 0, 256)]),
            UnreadableFile,
            "lies in another file",
        ),
        (lambda file, cell: replace(cell, "1", data=np.ones((4, 15))), InvalidInput, r"cell/vars/1|of class of 15 gate values"),
        (lambda file, cell: replace(cell, "0", data=np.ones((3, 12))), InvalidInput, r"cell/vars/0` must have shape \(16, 3\)"),
        (lambda file, cell: replace(cell, "2", data=np.ones(3)), InvalidInput, r"cell/vars/2` must have shape \(16,\)"),
        (
            lambda file, cell: replace(cell, "2", data=np.full(16, np.nan)),
            InvalidInput,
            r"vars/2` must be finite; got nan at index \(0,\)",
        ),
        (lambda file, cell: replace(cell, "1", data=np.ones((4, 16), complex)), InvalidInput, "must be real"),
        (
            lambda file, cell: replace(cell, "1", data=np.ones((4, 16), np.int8)),
            InvalidInput,
            "quantised weights need their scale",
        ),
        (lambda file, cell: replace(cell, "1", data=["text"] * 4), UnreadableFile, "not plain numbers"),
        (lambda file, cell: cell.__setitem__("loop", file["layers"]), None, None),
        (lambda file, cell: file.attrs.__setitem__("layer_names", ["lstm"]), UnreadableFile, "layout of Keras 2"),
    ],
)
def test_hostile_weights(tmp_path, edit, error, message):
    path = edited_weights(tmp_path, edit)
    if error is None:
        assert dl.load_network(path).dim == 8
        return
    with pytest.raises((error, UnsupportedNetwork) if "15" in message else error, match=message):
        dl.load_network(path)


def test_names_are_only_text(tmp_path):
    name = "<script>alert(1)</script>"
    path = with_config(tmp_path, lambda config: layer_config(config, "high")["config"].update(name=name))
    assert dl.load_network(path, layer=name).dim == 6


# ONNX.
ONNX = {
    "onnx_rnn_relu": ["ElmanNetwork"],
    "onnx_gru_reset_before": ["ResetBeforeGRU"],
    "onnx_gru_reset_after": ["GRU"],
    "onnx_lstm": ["LSTM"],
    "onnx_stack": ["LSTM", "ResetBeforeGRU"],
    "torch_gru": ["GRU", "GRU"],
    "torch_lstm": ["LSTM"],
    "torch_lstm_last": ["LSTM", "LSTM"],
}


@pytest.mark.parametrize("name", ONNX)
def test_onnx(name):
    expected, network = recorded(name, "onnx"), dl.load_network(DATA / f"{name}.onnx")
    assert kinds(network) == ONNX[name]
    inputs = expected["inputs"].swapaxes(0, 1) if name.endswith("last") else expected["inputs"]
    assert_runs_as(network, inputs, expected["hidden"], FLOAT32)
    if name == "onnx_stack":
        assert network.readout is None
        return
    read = expected["hidden"][-1] if name.endswith("last") else expected["hidden"]
    np.testing.assert_allclose(network.readout(read), expected["outputs"], rtol=0, atol=FLOAT32)


def changed(folder, change, name="onnx_lstm"):
    model = onnx.load(DATA / f"{name}.onnx")
    change(model.graph)
    path = folder / "net.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def test_onnx_layers_by_the_names_of_their_nodes(tmp_path):
    assert kinds(dl.load_network(DATA / "onnx_stack.onnx", layer="low")) == ["LSTM"]

    def apart(graph):
        graph.node[2].input[0] = "x"

    path = changed(tmp_path, apart, "onnx_stack")
    with pytest.raises(InvalidInput, match=r"'low' \(LSTM, 3 inputs, 4 units\); 'high' \(GRU, 4 inputs, 3 units\)"):
        dl.load_network(path)


def tensor(graph, name):
    return next(one for one in graph.initializer if one.name == name)


def renewed(graph, name, array):
    tensor(graph, name).CopyFrom(onnx.numpy_helper.from_array(array, name))


def node_with(**settings):
    return lambda graph: graph.node[0].attribute.extend(
        onnx.helper.make_attribute(key, value) for key, value in settings.items()
    )


def without_activations(graph):
    kept = [one for one in graph.node[0].attribute if one.name != "activations"]
    del graph.node[0].attribute[:]
    graph.node[0].attribute.extend(kept)


def with_activations(*names):
    def change(graph):
        without_activations(graph)
        node_with(activations=list(names))(graph)

    return change


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (node_with(clip=3.0), UnsupportedNetwork, "clips what enters its gates"),
        (node_with(direction="reverse"), UnsupportedNetwork, "direction 'reverse'"),
        (node_with(direction="bidirectional"), UnsupportedNetwork, "reads the future"),
        (node_with(input_forget=1), UnsupportedNetwork, "input_forget"),
        (with_activations("Sigmoid", "Relu", "Tanh"), UnsupportedNetwork, r"'Relu' \(candidate\), where tanh"),
        (with_activations("Sigmoid", "Tanh", "Softsign"), UnsupportedNetwork, r"'Softsign' \(cell\)"),
        (with_activations("HardSigmoid", "Tanh", "Tanh"), UnsupportedNetwork, r"'HardSigmoid' \(gates\)"),
        (lambda graph: graph.node[0].input.extend(["", "", "", "P"]), UnsupportedNetwork, "peepholes"),
        (lambda graph: graph.node[0].input.__setitem__(2, "computed"), InvalidInput, "computed by the graph"),
        (lambda graph: graph.node[0].input.__setitem__(2, ""), InvalidInput, "lacks its weights W or R"),
        (lambda graph: graph.node.pop(0), UnsupportedNetwork, "no RNN, GRU or LSTM node"),
        (lambda graph: renewed(graph, "net.R", np.ones((1, 16, 5))), InvalidInput, "net: R` must have 4 x 5 gate values"),
        (lambda graph: renewed(graph, "net.R", np.ones((2, 16, 4))), InvalidInput, "for one direction"),
        (lambda graph: renewed(graph, "net.W", np.ones((1, 12, 3))), InvalidInput, r"net: W` must have shape \(16, 3\)"),
        (lambda graph: renewed(graph, "net.B", np.ones((1, 31))), InvalidInput, "net: B"),
        (lambda graph: renewed(graph, "net.B", np.ones((1, 30))), InvalidInput, r"net: Wb` must have shape \(16,\)"),
        (
            lambda graph: renewed(graph, "net.R", np.full((1, 16, 4), np.nan)),
            InvalidInput,
            r"net: R` must be finite; got nan at",
        ),
        (lambda graph: renewed(graph, "net.R", np.ones((1, 16, 4), np.int8)), UnreadableFile, "quantised"),
        (lambda graph: setattr(tensor(graph, "net.R"), "data_location", 1), UnreadableFile, "lies in another file"),
        (lambda graph: tensor(graph, "net.R").dims.__setitem__(1, 2**40), UnreadableFile, "GiB of data and is refused unread"),
        (lambda graph: tensor(graph, "net.R").dims.__setitem__(1, 12), UnreadableFile, "'net.R' is damaged"),
        (lambda graph: setattr(tensor(graph, "net.R"), "data_type", 999), UnreadableFile, "no floating-point numbers"),
    ],
)
def test_onnx_that_is_refused(tmp_path, change, error, message):
    with pytest.raises(error, match=message):
        dl.load_network(changed(tmp_path, change))


@pytest.mark.parametrize("dtype", [np.float64, np.float16])
def test_onnx_in_other_precisions(tmp_path, dtype):
    arrays = {}

    def change(graph):
        for one in graph.initializer:
            if one.name.startswith("net."):
                arrays[one.name] = onnx.numpy_helper.to_array(one).astype(dtype)
                renewed(graph, one.name, arrays[one.name])

    path = changed(tmp_path, change)
    with pytest.warns(ReducedPrecision, match="'net' are stored as float16") if dtype == np.float16 else nullcontext():
        network = dl.load_network(path)
    np.testing.assert_array_equal(np.sort(network.weight_hh, axis=None), np.sort(arrays["net.R"].astype(float), axis=None))


def test_onnx_bfloat16_and_numbers_one_by_one(tmp_path):
    def change(graph):
        bits = (np.linspace(-1, 1, 64, dtype=np.float32).view(np.uint32) >> 16).astype(np.uint16)
        R = onnx.TensorProto(name="net.R", dims=(1, 16, 4), data_type=onnx.TensorProto.BFLOAT16, raw_data=bits.tobytes())
        tensor(graph, "net.R").CopyFrom(R)
        W = onnx.helper.make_tensor("net.W", onnx.TensorProto.FLOAT, (1, 16, 3), np.arange(48.0))
        tensor(graph, "net.W").CopyFrom(W)

    with pytest.warns(ReducedPrecision, match="bfloat16"):
        network = dl.load_network(changed(tmp_path, change))
    np.testing.assert_allclose(np.sort(network.weight_hh, axis=None), np.linspace(-1, 1, 64), atol=2**-7)
    np.testing.assert_array_equal(network.weight_ih[:4], np.arange(12.0).reshape(4, 3))


def test_onnx_constants_may_be_nodes(tmp_path):
    def change(graph):
        moved = tensor(graph, "net.R")
        graph.node.insert(0, onnx.helper.make_node("Constant", [], ["constant"], value=moved))
        graph.node.insert(1, onnx.helper.make_node("Identity", ["constant"], ["again"]))
        graph.node[2].input[2] = "again"
        graph.initializer.remove(moved)

    expected = dl.load_network(DATA / "onnx_lstm.onnx")
    np.testing.assert_array_equal(dl.load_network(changed(tmp_path, change)).weight_hh, expected.weight_hh)


def test_onnx_graphs_that_go_round_in_circles_come_to_an_end(tmp_path):
    def change(graph):
        graph.node[0].input[0] = "a"
        graph.node.extend([onnx.helper.make_node("Identity", ["a"], ["b"]), onnx.helper.make_node("Identity", ["b"], ["a"])])

    assert kinds(dl.load_network(changed(tmp_path, change))) == ["LSTM"]


@pytest.mark.parametrize("data", [b"x", b"hello, world\n" * 50, b"PK\x03\x04", bytes(64), b"\xff" * 64])
def test_what_is_no_onnx(tmp_path, data):
    (tmp_path / "net.onnx").write_bytes(data)
    with pytest.raises(UnreadableFile, match="not an ONNX model, or is damaged"):
        dl.load_network(tmp_path / "net.onnx")


def test_truncated_onnx(tmp_path):
    whole, path = (DATA / "onnx_lstm.onnx").read_bytes(), tmp_path / "net.onnx"
    for length in range(0, len(whole) - 40, 7):
        path.write_bytes(whole[:length])
        with pytest.raises(DynlatchError):
            dl.load_network(path)


def test_damaged_onnx_gives_only_our_errors(tmp_path):
    whole, path, rng = (DATA / "torch_gru.onnx").read_bytes(), tmp_path / "net.onnx", np.random.default_rng(6)
    for _ in range(100):
        damaged = bytearray(whole)
        start = int(rng.integers(len(whole)))
        damaged[start : start + 4] = rng.bytes(4)
        path.write_bytes(bytes(damaged))
        try:
            network = dl.load_network(path)
        except DynlatchError:
            continue
        assert network.dim in (4, 8)


# Flax.
FLAX = {
    "linen_simple": ["ElmanNetwork"],
    "linen_gru": ["GRU"],
    "linen_lstm": ["LSTM"],
    "linen_optimized_lstm": ["LSTM"],
    "nnx_simple": ["ElmanNetwork"],
    "nnx_gru": ["GRU"],
    "nnx_lstm": ["LSTM"],
    "nnx_optimized_lstm": ["LSTM"],
}


def flax_params(name):
    """The parameters as Flax nests them."""
    tree = {}
    for path, value in recorded(name, "flax").items():
        *steps, last = path.split("/")
        place = tree
        for step in steps:
            place = place.setdefault(step, {})
        place[last] = value
    return tree["params"]


@pytest.mark.parametrize("name", FLAX)
def test_flax(name, tmp_path):
    expected, params = recorded(name, "flax"), flax_params(name)
    flat = {path.removeprefix("params/"): value for path, value in expected.items() if path.startswith("params/")}
    np.savez(tmp_path / "net.npz", **{path.replace("/", "."): value for path, value in flat.items()})
    for network in (dl.from_flax({"params": params}), dl.from_flax(flat), dl.load_network(tmp_path / "net.npz")):
        assert kinds(network) == FLAX[name]
        assert_runs_as(network, expected["inputs"], expected["hidden"], FLOAT64)
        np.testing.assert_allclose(network.readout(expected["hidden"]), expected["outputs"], rtol=0, atol=FLOAT64)


def test_flax_cells_are_stacked_by_name():
    expected, params = recorded("linen_stack", "flax"), flax_params("linen_stack")
    with pytest.raises(InvalidInput, match=r"'GRUCell_0' \(GRU, 3 inputs, 4 units\); 'LSTMCell_0' \(LSTM, 4 inputs, 4 units\)"):
        dl.from_flax(params)
    network = dl.from_flax(params, layer=["GRUCell_0", "LSTMCell_0"])
    assert_runs_as(network, expected["inputs"], expected["hidden"], FLOAT64)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda cell: cell.pop("hn"), UnsupportedNetwork, "no Flax cell"),
        (lambda cell: cell["hn"].pop("kernel"), UnsupportedNetwork, "no Flax cell"),
        (lambda cell: cell["hn"].update(kernel=np.ones((4, 5))), InvalidInput, "state kernels"),
        (lambda cell: cell["hn"].update(kernel=np.ones((5, 4))), InvalidInput, r"read \[4, 5\] values"),
        (lambda cell: cell["hn"].update(kernel=np.ones(4)), InvalidInput, "`GRUCell_0/hn/kernel` must have 2 axes"),
        (lambda cell: cell["hn"].update(kernel=np.full((4, 4), np.inf)), InvalidInput, "`GRUCell_0/hn/kernel` must be finite"),
        (lambda cell: cell["hn"].update(bias=np.ones(3)), InvalidInput, "state biases"),
        (lambda cell: cell["hn"].update(kernel="text"), InvalidInput, "`GRUCell_0/hn/kernel`"),
    ],
)
def test_flax_cells_that_are_not_whole(change, error, message):
    params = flax_params("linen_gru")
    change(params["GRUCell_0"])
    with pytest.raises(error, match=message):
        dl.from_flax(params)


def test_flax_half_precision_is_said():
    params = flax_params("linen_gru")
    params["GRUCell_0"]["hn"]["kernel"] = params["GRUCell_0"]["hn"]["kernel"].astype(np.float16)
    with pytest.warns(ReducedPrecision, match="'GRUCell_0' are stored as float16"):
        dl.from_flax(params)


def test_flax_what_is_no_mapping_of_cells():
    with pytest.raises(InvalidInput, match="expected a mapping"):
        dl.from_flax([1, 2])
    loop = {}
    loop["again"] = loop
    with pytest.raises(UnsupportedNetwork, match="no Flax cell"):
        dl.from_flax(loop)
    mgu = {key: {"kernel": np.ones((2, 2))} for key in ("if", "in", "hf", "hn")}
    with pytest.raises(UnsupportedNetwork, match="minimal gated unit"):
        dl.from_flax({"cell": mgu})
    with pytest.raises(InvalidInput, match="no choice"):
        dl.from_flax(flax_params("linen_gru"), nonlinearity="relu")


@pytest.mark.parametrize(
    ("package", "file"), [("h5py", "stack.keras"), ("h5py", "lstm.weights.h5"), ("onnx", "onnx_lstm.onnx")]
)
def test_without_the_package_the_message_brings_it(package, file, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match=r"pip install 'dynlatch\[models\]'"):
        dl.load_network(DATA / file)


def renamed(graph, number, **settings):
    """Other attributes of a node."""
    node = graph.node[number]
    kept = [one for one in node.attribute if one.name not in settings]
    del node.attribute[:]
    node.attribute.extend([*kept, *(onnx.helper.make_attribute(key, value) for key, value in settings.items())])


@pytest.mark.parametrize(
    ("file", "nonlinearity", "message"),
    [
        ("onnx_lstm.onnx", "relu", "a layer of kind LSTM has no choice: leave it out"),
        ("onnx_rnn_relu.onnx", "softplus", "`nonlinearity` is 'softplus', but the node 'net' has 'relu'"),
        ("stack.keras", "relu", "a layer of kind GRU has no choice: leave it out"),
    ],
)
def test_a_nonlinearity_that_contradicts_the_file_is_refused(file, nonlinearity, message):
    with pytest.raises(InvalidInput, match=message):
        dl.load_network(DATA / file, nonlinearity=nonlinearity)


def test_an_activation_that_nobody_knows(tmp_path):
    path = changed(tmp_path, with_activations("Affine"), "onnx_rnn_relu")
    with pytest.raises(UnsupportedNetwork, match=r"the layer 'net' has the activation 'Affine'; what can be read is .*tanh"):
        dl.load_network(path)


def test_an_onnx_layer_without_bias_is_one_of_zero_bias(tmp_path):
    given = dl.load_network(changed(tmp_path, lambda graph: renewed(graph, "net.B", np.zeros((1, 32)))))
    bare = dl.load_network(changed(tmp_path, lambda graph: graph.node[0].input.__setitem__(3, "")))
    assert bare.bias_ih is None
    a, u = np.linspace(-0.5, 0.5, given.dim), np.linspace(-1.0, 1.0, 3)
    np.testing.assert_array_equal(bare.step(a, u), given.step(a, u))


def test_readouts_of_onnx_graphs(tmp_path):
    whole = dl.load_network(DATA / "onnx_lstm.onnx").readout
    bare = dl.load_network(changed(tmp_path, lambda graph: graph.node.pop(3))).readout
    np.testing.assert_array_equal(bare.matrix, whole.matrix)
    np.testing.assert_array_equal(bare.bias, 0.0)
    turned = changed(tmp_path, lambda graph: renamed(graph, 9, transA=1), "torch_lstm_last")
    assert dl.load_network(turned).readout is None
    halved = changed(tmp_path, lambda graph: renamed(graph, 9, alpha=0.5, beta=2.0), "torch_lstm_last")
    last = dl.load_network(DATA / "torch_lstm_last.onnx").readout
    np.testing.assert_array_equal(dl.load_network(halved).readout.matrix, 0.5 * last.matrix)
    np.testing.assert_array_equal(dl.load_network(halved).readout.bias, 2.0 * last.bias)
    wrong = changed(tmp_path, lambda graph: renewed(graph, "out.bias", np.ones(7)), "torch_lstm_last")
    with pytest.raises(InvalidInput, match=r"`out\.bias` must be a bias of \d+ numbers; got shape \(7,\)"):
        dl.load_network(wrong)


def test_an_onnx_model_without_a_graph(tmp_path):
    (tmp_path / "net.onnx").write_bytes(onnx.ModelProto(ir_version=8).SerializeToString())
    with pytest.raises(UnreadableFile, match=r"damaged \(no graph\)"):
        dl.load_network(tmp_path / "net.onnx")


def test_a_keras_cell_of_ones_own_is_named(tmp_path):
    def edit(config):
        layer = next(one for one in config["config"]["layers"] if isinstance(one["config"].get("cell"), dict))
        layer["config"]["cell"].update(class_name="MyCell", registered_name="mine>MyCell")

    with pytest.raises(UnsupportedNetwork, match=r"is of class MyCell; what can be read is .*GRU.*: wrap it in FunctionMap"):
        dl.load_network(with_config(tmp_path, edit, "cells.keras"))


def test_a_keras_bias_of_three_rows(tmp_path):
    path = tmp_path / "net.weights.h5"
    shutil.copy(DATA / "stack_weights.weights.h5", path)
    with h5py.File(path, "r+") as file:
        group = file["layers/gru/cell/vars"]
        replace(group, "2", data=np.zeros((3, 3 * group["1"].shape[0]), np.float32))
    with pytest.raises(InvalidInput, match=r"vars/2` must have shape \(2, 3 n\) or \(3 n,\)"):
        dl.load_network(path, layer="gru")


def test_hdf5_numbers_of_no_known_type(tmp_path):
    def edit(file, cell):
        replace(cell, "1", data=np.zeros((4, 16), dtype="V4"))

    with pytest.raises(UnreadableFile, match="holds numbers of an unknown type"):
        dl.load_network(edited_weights(tmp_path, edit))


def test_flax_kernels_of_no_known_shape():
    simple = {"dense_h": {"kernel": np.ones((4, 8))}, "dense_i": {"kernel": np.ones((3, 8))}}
    with pytest.raises(InvalidInput, match=r"dense_h/kernel` must have shape \(n, n\), \(n, 3 n\) or \(n, 4 n\); got \(4, 8\)"):
        dl.from_flax({"cell": simple})
