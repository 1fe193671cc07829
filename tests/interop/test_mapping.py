"""From names and shapes to networks, without torch. The networks are held against PyTorch in test_torch.py."""

import numpy as np
import pytest

import dynlatch as dl
from dynlatch.errors import InvalidInput, ReducedPrecision, UnsupportedNetwork
from dynlatch.networks.readout import Readout

GATES = {"ElmanNetwork": 1, "GRU": 3, "LSTM": 4}
INPUTS, HIDDEN = 2, 3


def recurrent(gates, *, prefix="rnn.", inputs=INPUTS, hidden=HIDDEN, layers=1, bias=True, seed=0):
    """A state dict of random weights, as PyTorch names them."""
    rng = np.random.default_rng(seed)
    arrays = {}
    for depth in range(layers):
        arrays[f"{prefix}weight_ih_l{depth}"] = rng.normal(size=(gates * hidden, hidden if depth else inputs))
        arrays[f"{prefix}weight_hh_l{depth}"] = rng.normal(size=(gates * hidden, hidden))
        if bias:
            arrays[f"{prefix}bias_ih_l{depth}"] = rng.normal(size=gates * hidden)
            arrays[f"{prefix}bias_hh_l{depth}"] = rng.normal(size=gates * hidden)
    return arrays


def cell(gates):
    return {name.replace("_l0", ""): value for name, value in recurrent(gates).items()}


def readout(name="readout", outputs=4, width=HIDDEN):
    rng = np.random.default_rng(9)
    return {f"{name}.weight": rng.normal(size=(outputs, width)), f"{name}.bias": rng.normal(size=outputs)}


def expected(kind, arrays, suffix="_l0", prefix="rnn."):
    """The network written down by hand."""
    weight_ih, weight_hh, bias_ih, bias_hh = (
        arrays[f"{prefix}{role}{suffix}"] for role in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    if kind == "ElmanNetwork":
        return dl.ElmanNetwork(weight_hh, weight_ih, bias_ih + bias_hh)
    return getattr(dl, kind)(weight_ih, weight_hh, bias_ih, bias_hh)


def assert_same(network, reference):
    assert type(network) is type(reference)
    assert network.parameters.keys() == reference.parameters.keys()
    for name, value in reference.parameters.items():
        np.testing.assert_array_equal(network.parameters[name], value, err_msg=name)


@pytest.mark.parametrize("kind", GATES)
def test_the_kind_follows_from_the_shapes(kind):
    arrays = recurrent(GATES[kind])
    assert_same(dl.from_torch(arrays), expected(kind, arrays))


@pytest.mark.parametrize("kind", GATES)
def test_a_cell_has_no_layer_numbers(kind):
    arrays = cell(GATES[kind])
    assert_same(dl.from_torch(arrays), expected(kind, arrays, suffix=""))


@pytest.mark.parametrize("prefix", ["", "a.", "module.encoder.rnn.0."])
def test_one_layer_is_found_under_any_prefix(prefix):
    arrays = recurrent(3, prefix=prefix) | {"norm.weight": np.ones(7), "steps": 12, 5: "not a name"}
    assert_same(dl.from_torch(arrays), expected("GRU", arrays, prefix=prefix))


@pytest.mark.parametrize("kind", GATES)
def test_depths_become_a_stack(kind):
    arrays = recurrent(GATES[kind], layers=3)
    layers = [expected(kind, arrays, suffix=f"_l{depth}") for depth in range(3)]
    network = dl.from_torch(arrays | readout())
    assert_same(network, dl.StackedNetwork(layers))
    assert network.readout is not None


def test_a_layer_without_bias():
    arrays = recurrent(3, bias=False)
    network = dl.from_torch(arrays)
    assert_same(network, dl.GRU(arrays["rnn.weight_ih_l0"], arrays["rnn.weight_hh_l0"], None, None))


def test_zero_input_columns():
    assert dl.from_torch(recurrent(1, inputs=0)).input_dim == 0


@pytest.mark.parametrize("keys", [("state_dict",), ("model_state_dict",), ("model",), ("model", "state_dict")])
def test_checkpoints_are_unwrapped(keys):
    arrays = recurrent(3)
    wrapped = arrays
    for key in reversed(keys):
        wrapped = {"epoch": 3, key: wrapped}
    assert_same(dl.from_torch(wrapped), expected("GRU", arrays))


def test_a_mapping_that_contains_itself_comes_to_an_end():
    arrays = {}
    arrays["model"] = arrays
    with pytest.raises(UnsupportedNetwork, match="no recurrent layer"):
        dl.from_torch(arrays)


# Which layer.
def two_layers():
    return recurrent(3, prefix="encoder.rnn.") | recurrent(4, prefix="decoder.", inputs=5, hidden=6, layers=2)


def test_several_layers_are_listed_with_kind_and_sizes():
    with pytest.raises(InvalidInput) as error:
        dl.from_torch(two_layers())
    message = str(error.value)
    assert "'encoder.rnn' (GRU, 2 inputs, 3 units)" in message
    assert "'decoder' (LSTM, 5 inputs, 6 units, 2 deep)" in message
    assert "layer=" in message


def test_layer_names_the_one_to_take():
    arrays = two_layers()
    assert_same(dl.from_torch(arrays, layer="encoder.rnn"), expected("GRU", arrays, prefix="encoder.rnn."))
    assert dl.from_torch(arrays, layer="decoder").dim == 2 * 2 * 6
    with pytest.raises(InvalidInput, match=r"no recurrent layer 'encoder'.*'encoder\.rnn'"):
        dl.from_torch(arrays, layer="encoder")


def test_layer_may_be_the_empty_prefix():
    arrays = recurrent(3, prefix="") | recurrent(4)
    assert_same(dl.from_torch(arrays, layer=""), expected("GRU", arrays, prefix=""))


def test_half_a_layer_is_listed_as_incomplete():
    arrays = two_layers()
    del arrays["encoder.rnn.weight_hh_l0"]
    with pytest.raises(InvalidInput, match=r"'encoder\.rnn' \(incomplete\)"):
        dl.from_torch(arrays)


@pytest.mark.parametrize("arrays", [{}, {"fc.weight": np.eye(3)}])
def test_no_recurrent_layer(arrays):
    with pytest.raises(UnsupportedNetwork, match="no recurrent layer"):
        dl.from_torch(arrays)


@pytest.mark.parametrize("value", [None, 3, [1.0], np.eye(3)])
def test_neither_module_nor_mapping(value):
    with pytest.raises(InvalidInput, match="module or a mapping"):
        dl.from_torch(value)


# Nonlinearity.
def test_the_nonlinearity_of_a_plain_layer():
    arrays = recurrent(1)
    assert dl.from_torch(arrays).f.name == "tanh"
    assert dl.from_torch(arrays, nonlinearity="relu").f.name == "relu"
    with pytest.raises(InvalidInput, match="unknown activation 'sine'"):
        dl.from_torch(arrays, nonlinearity="sine")


@pytest.mark.parametrize("kind", ["GRU", "LSTM"])
def test_a_gated_layer_has_no_choice(kind):
    assert type(dl.from_torch(recurrent(GATES[kind]), nonlinearity="tanh")).__name__ == kind
    with pytest.raises(InvalidInput, match=f"'relu'.*kind {kind}"):
        dl.from_torch(recurrent(GATES[kind]), nonlinearity="relu")


# Readout.
def test_the_one_fitting_weight_is_the_readout():
    arrays = recurrent(3) | readout("head.out") | readout("other", width=HIDDEN + 1)
    found = dl.from_torch(arrays).readout
    assert isinstance(found, Readout)
    np.testing.assert_array_equal(found.matrix, arrays["head.out.weight"])
    np.testing.assert_array_equal(found.bias, arrays["head.out.bias"])


def test_an_embedding_is_no_readout():
    table = {"encoder.embedding.weight": np.ones((50, HIDDEN))}
    assert dl.from_torch(recurrent(3) | table).readout is None
    assert len(dl.from_torch(recurrent(3) | table | readout("decoder")).readout.matrix) == 4


def test_a_readout_without_bias():
    arrays = recurrent(4) | {"out.weight": np.ones((2, HIDDEN))}
    np.testing.assert_array_equal(dl.from_torch(arrays).readout.bias, np.zeros(2))


@pytest.mark.parametrize(
    "others", [{}, readout("one") | readout("two"), readout(width=HIDDEN + 1), {"n.weight": np.ones(HIDDEN)}]
)
def test_no_readout_where_there_is_none_or_a_choice(others):
    assert dl.from_torch(recurrent(3) | others).readout is None


def test_a_readout_bias_of_the_wrong_length():
    with pytest.raises(InvalidInput, match=r"`readout\.bias` must have shape \(4,\); got \(3,\)"):
        dl.from_torch(recurrent(3) | readout() | {"readout.bias": np.ones(3)})


# Layers that are no map, or not whole.
def test_bidirectional_is_refused_and_its_advice_works():
    arrays = recurrent(3)
    both = arrays | {f"{name}_reverse": value for name, value in arrays.items()}
    with pytest.raises(UnsupportedNetwork, match=r"bidirectional.*`_reverse`"):
        dl.from_torch(both)
    forward = {name: value for name, value in both.items() if not name.endswith("_reverse")}
    assert_same(dl.from_torch(forward), expected("GRU", arrays))


def projected(layers=1, outputs=2):
    """A state dict of an LSTM with proj_size."""
    rng = np.random.default_rng(3)
    arrays = recurrent(4, layers=layers)
    for depth in range(layers):
        arrays[f"rnn.weight_hh_l{depth}"] = rng.normal(size=(4 * HIDDEN, outputs))
        arrays[f"rnn.weight_hr_l{depth}"] = rng.normal(size=(outputs, HIDDEN))
        if depth:
            arrays[f"rnn.weight_ih_l{depth}"] = rng.normal(size=(4 * HIDDEN, outputs))
    return arrays


def test_a_projection():
    arrays = projected() | readout(width=2)
    names = ("weight_ih", "weight_hh", "weight_hr", "bias_ih", "bias_hh")
    network = dl.from_torch(arrays)
    assert_same(network, dl.ProjectedLSTM(*(arrays[f"rnn.{name}_l0"] for name in names)))
    assert network.dim == 2 + HIDDEN
    assert network.readout.matrix.shape == (4, 2)


def test_projections_become_a_stack():
    network = dl.from_torch(projected(layers=3))
    assert [type(layer) for layer in network.layers] == [dl.ProjectedLSTM] * 3
    assert network.dim == 3 * (2 + HIDDEN)


@pytest.mark.parametrize("depth", [0, 1])
@pytest.mark.parametrize("shape", [(2, HIDDEN + 1), (1, HIDDEN), (HIDDEN, 2), (2,)])
def test_a_projection_that_does_not_fit(depth, shape):
    with pytest.raises(InvalidInput, match=rf"`rnn\.weight_h[rh]_l{depth}`"):
        dl.from_torch(projected(layers=2) | {f"rnn.weight_hr_l{depth}": np.ones(shape)})


def test_a_projection_that_is_missing_above():
    arrays = projected(layers=2)
    del arrays["rnn.weight_hr_l1"]
    with pytest.raises(InvalidInput, match=r"`rnn\.weight_hr_l1` is missing"):
        dl.from_torch(arrays)


def test_several_layers_are_stacked_in_the_order_given():
    arrays = recurrent(3, prefix="low.") | recurrent(4, prefix="high.", inputs=HIDDEN, hidden=5) | readout(width=5)
    network = dl.from_torch(arrays, layer=["low", "high"])
    assert_same(network, dl.StackedNetwork([dl.from_torch(arrays, layer=name) for name in ("low", "high")]))
    assert network.readout.matrix.shape == (4, 5)
    with pytest.raises(InvalidInput, match="layer 1 takes 2 inputs, but layer 0 has 5 outputs"):
        dl.from_torch(arrays, layer=("high", "low"))
    with pytest.raises(InvalidInput, match="no recurrent layer 'middle'"):
        dl.from_torch(arrays, layer=["low", "middle"])


@pytest.mark.parametrize("wanted", [[], [3], 3])
def test_names_that_are_no_names(wanted):
    with pytest.raises(InvalidInput, match="`layer` must be the name of a layer"):
        dl.from_torch(recurrent(3), layer=wanted)


def test_half_precision_is_said_once_and_only_of_the_chosen_layer():
    arrays = {name: value.astype(np.float16) for name, value in recurrent(3, prefix="a.").items()} | recurrent(3, prefix="b.")
    with pytest.warns(ReducedPrecision, match="'a' are stored as float16") as caught:
        network = dl.from_torch(arrays, layer="a")
    assert len(caught) == 1
    np.testing.assert_array_equal(network.weight_hh, arrays["a.weight_hh_l0"].astype(np.float64))
    dl.from_torch(arrays, layer="b")


@pytest.mark.parametrize("kind", [np.int8, np.uint8])
def test_quantised_weights_are_refused(kind):
    arrays = recurrent(3)
    arrays["rnn.weight_hh_l0"] = arrays["rnn.weight_hh_l0"].astype(kind)
    with pytest.raises(InvalidInput, match=rf"`rnn\.weight_hh_l0` holds {np.dtype(kind)} numbers.*dequantise"):
        dl.from_torch(arrays)


@pytest.mark.parametrize("role", ["weight_ih", "weight_hh", "bias_ih", "bias_hh"])
@pytest.mark.parametrize("depth", [0, 1])
def test_a_missing_array_is_named(role, depth):
    arrays = recurrent(3, layers=2)
    del arrays[f"rnn.{role}_l{depth}"]
    with pytest.raises(InvalidInput, match=rf"`rnn\.{role}_l{depth}` is missing"):
        dl.from_torch(arrays)


def test_a_missing_depth():
    arrays = {name: value for name, value in recurrent(3, layers=3).items() if not name.endswith("_l1")}
    with pytest.raises(InvalidInput, match=r"depths \[0, 2\]"):
        dl.from_torch(arrays)


def test_a_cell_and_a_layer_under_one_prefix():
    with pytest.raises(InvalidInput, match=r"depths \[-1, 0\]"):
        dl.from_torch(recurrent(3) | cell(3))


@pytest.mark.parametrize("gates", GATES.values())
@pytest.mark.parametrize("role", ["weight_ih", "weight_hh", "bias_ih", "bias_hh"])
@pytest.mark.parametrize("depth", [0, 1])
def test_a_shape_that_does_not_fit_is_named(gates, role, depth):
    name = f"rnn.{role}_l{depth}"
    arrays = recurrent(gates, layers=2)
    arrays[name] = np.concatenate([arrays[name], arrays[name][:1]])
    with pytest.raises(InvalidInput, match="rnn.weight_" if role == "weight_hh" else name):
        dl.from_torch(arrays)


@pytest.mark.parametrize("shape", [(6, 3), (7, 3), (15, 3), (2, 3), (0, 3), (3, 0), (0, 0)])
def test_no_known_gate_count(shape):
    arrays = {"weight_ih_l0": np.ones((shape[0], 2)), "weight_hh_l0": np.ones(shape)}
    with pytest.raises(InvalidInput, match=r"`weight_hh_l0` must have 1, 3 or 4 times"):
        dl.from_torch(arrays)


def test_a_kind_that_changes_with_depth():
    arrays = recurrent(3) | {"rnn.weight_ih_l1": np.ones((3, 3)), "rnn.weight_hh_l1": np.ones((3, 3))}
    with pytest.raises(InvalidInput, match=r"`rnn\.weight_hh_l1` must have shape \(9, 3\)"):
        dl.from_torch(arrays)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize(
    "name",
    ["rnn.weight_ih_l0", "rnn.weight_hh_l0", "rnn.bias_ih_l0", "rnn.bias_hh_l0", "readout.weight", "readout.bias"],
)
def test_an_array_that_is_not_finite_is_named(name, bad):
    arrays = recurrent(3) | readout()
    arrays[name] = arrays[name].copy()
    arrays[name].flat[2] = bad
    with pytest.raises(InvalidInput, match=f"`{name}` must be finite; got {bad}"):
        dl.from_torch(arrays)


@pytest.mark.parametrize(
    "bad",
    [None, "text", np.float64(1.0), np.ones(9), np.ones((9, 3, 1)), [[1.0], [1.0, 2.0]], np.ones((9, 3), complex)],
)
def test_an_entry_that_is_no_matrix_is_named(bad):
    with pytest.raises(InvalidInput, match=r"`rnn\.weight_hh_l0`"):
        dl.from_torch(recurrent(3) | {"rnn.weight_hh_l0": bad})


def test_a_shape_that_would_fill_the_memory_is_refused_before_it_is_copied():
    huge = np.broadcast_to(1.0, (3 * 10**6, 10**6))
    with pytest.raises(InvalidInput, match="too large"):
        dl.from_torch(recurrent(3) | {"rnn.weight_hh_l0": huge})


@pytest.mark.parametrize("shape", [(6, 2), (8, 0), (0, 2)])
def test_recurrent_weights_that_no_projection_fits(shape):
    arrays = projected() | {"rnn.weight_hh_l0": np.ones(shape)}
    with pytest.raises(InvalidInput, match=r"`rnn\.weight_hh_l0` must have shape \(4 n, p\) in a layer with a projection to p"):
        dl.from_torch(arrays)
