"""Trained nets from outside: what is written under a framework's names comes back as the network that it is."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties.laws import law
from properties.strategies import elman, filled, gru, lstm

import dynlatch as dl

TORCH = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def as_torch(net):
    """The state dict that PyTorch would save; biases of zero where the net has none."""
    if isinstance(net, dl.ElmanNetwork):
        rows = net.dim
        values = net.W_ih, net.W_hh, net.bias, np.zeros(rows)
    else:
        rows = len(net.weight_hh)
        biases = (np.zeros(rows) if bias is None else bias for bias in (net.bias_ih, net.bias_hh))
        values = net.weight_ih, net.weight_hh, *biases
    return {f"rnn.{name}_l0": np.array(value) for name, value in zip(TORCH, values, strict=True)}


NETS = st.one_of(elman(3, ("tanh",)), gru(3), lstm(3)).filter(lambda net: net.input_dim > 0)


def steps_agree(read, net, data):
    a, u = data.draw(filled(4, net.dim)), data.draw(filled(4, net.input_dim))
    np.testing.assert_allclose(read.step(a, u), net.step(a, u), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(read.jacobian(a, u), net.jacobian(a, u), rtol=1e-12, atol=1e-12)


@law(10)
@given(NETS, st.data())
def test_state_dicts_are_read_as_the_network_they_are(net, data):
    read = dl.from_torch(as_torch(net))
    assert type(read) is type(net)
    steps_agree(read, net, data)


@law(6)
@given(NETS, st.data(), st.sampled_from(("npz", "safetensors")))
def test_files_are_read_as_the_network_they_are(net, data, kind):
    arrays = as_torch(net)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"net.{kind}"
        if kind == "npz":
            np.savez(path, **arrays)
        else:
            from safetensors.numpy import save_file

            save_file(arrays, path)
        steps_agree(dl.load_network(path), net, data)


@law(6)
@given(gru(3).filter(lambda net: net.input_dim > 0), st.data())
def test_flax_gates_are_read_one_by_one(net, data):
    """Flax's GRUCell: kernels transposed, one bias at the inputs, one in the candidate's recurrent part."""
    b_ih, b_hh = net.b_ih.reshape(3, -1), net.b_hh.reshape(3, -1)
    W_ih, W_hh = np.split(net.weight_ih, 3), np.split(net.weight_hh, 3)
    tree = {}
    for k, gate in enumerate("rzn"):
        bias = b_ih[k] if gate == "n" else b_ih[k] + b_hh[k]
        tree[f"i{gate}"] = {"kernel": W_ih[k].T, "bias": bias}
        tree[f"h{gate}"] = {"kernel": W_hh[k].T} | ({"bias": b_hh[k]} if gate == "n" else {})
    steps_agree(dl.from_flax({"params": {"GRUCell_0": tree}}), net, data)


@law(4)
@given(elman(3, ("tanh",)), st.data())
def test_a_torch_cell_is_the_network_it_computes(net, data):
    torch = pytest.importorskip("torch", reason="PyTorch (the extra `torch`) is not installed")
    W, B, c = (torch.tensor(np.array(x)) for x in (net.W_hh, net.W_ih, net.bias))

    class Cell(torch.nn.Module):
        def forward(self, *args):
            state = args[-1]
            entering = args[0] @ B.T if len(args) > 1 else 0.0
            return torch.tanh(state @ W.T + c + entering)

    read = dl.from_torch_cell(Cell(), net.dim, net.input_dim)
    steps_agree(read, net, data)


@law(10)
@given(st.binary(max_size=200), st.sampled_from(("npz", "safetensors", "pt", "keras", "onnx", "h5")))
def test_what_is_no_file_is_refused(content, kind):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"net.{kind}"
        path.write_bytes(content)
        with pytest.raises(dl.DynlatchError):
            dl.load_network(path)
        with pytest.raises(dl.DynlatchError):
            dl.load(path)
