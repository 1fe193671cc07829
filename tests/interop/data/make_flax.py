"""Makes `flax.npz`: parameters of Flax cells and Flax's own outputs: `python make_flax.py` with flax and jax installed.

For every model: `inputs` (T, batch, m), `hidden` (T, batch, n), `outputs` of a dense layer behind, in float64, and the
parameters under `params` with their paths joined by `/`.
"""

from pathlib import Path

import jax

jax.config.update("jax_enable_x64", True)

import flax.linen as nn
import numpy as np
from flax import nnx
from flax.traverse_util import flatten_dict, unflatten_dict

HERE = Path(__file__).parent
BATCH, T, INPUTS, UNITS = 2, 9, 3, 4
RNG = np.random.default_rng(1989)
kept = {}
LINEN = {"simple": nn.SimpleCell, "gru": nn.GRUCell, "lstm": nn.LSTMCell, "optimized_lstm": nn.OptimizedLSTMCell}
NNX = {"simple": nnx.SimpleCell, "gru": nnx.GRUCell, "lstm": nnx.LSTMCell, "optimized_lstm": nnx.OptimizedLSTMCell}


class Model(nn.Module):
    """Cells above each other, and a dense layer."""

    cells: tuple

    @nn.compact
    def __call__(self, x):
        for cell in self.cells:
            x = nn.RNN(cell(UNITS, dtype=np.float64, param_dtype=np.float64), time_major=True)(x)
        return x, nn.Dense(2, dtype=np.float64, param_dtype=np.float64)(x)


def keep(name, params, inputs, hidden, outputs):
    for path, value in flatten_dict(params, sep="/").items():
        kept[f"{name}/params/{path}"] = np.asarray(value)
    kept.update({f"{name}/inputs": inputs, f"{name}/hidden": np.asarray(hidden), f"{name}/outputs": np.asarray(outputs)})


def shaken(params):
    return unflatten_dict({path: 0.6 * RNG.normal(size=value.shape) for path, value in flatten_dict(params).items()})


def linen():
    stacks = {f"linen_{name}": (cell,) for name, cell in LINEN.items()} | {"linen_stack": (nn.GRUCell, nn.LSTMCell)}
    for name, cells in stacks.items():
        model, x = Model(cells), RNG.normal(size=(T, BATCH, INPUTS))
        params = shaken(model.init(jax.random.key(0), x)["params"])
        keep(name, params, x, *model.apply({"params": params}, x))


class Net(nnx.Module):
    def __init__(self, cell, rngs):
        self.rnn = nnx.RNN(cell(INPUTS, UNITS, rngs=rngs, dtype=np.float64, param_dtype=np.float64), time_major=True)
        self.out = nnx.Linear(UNITS, 2, rngs=rngs, dtype=np.float64, param_dtype=np.float64)


def of_nnx():
    for name, cell in NNX.items():
        net, x = Net(cell, nnx.Rngs(0)), RNG.normal(size=(T, BATCH, INPUTS))
        state = nnx.state(net, nnx.Param)
        params = shaken(nnx.to_pure_dict(state))
        nnx.replace_by_pure_dict(state, params)
        nnx.update(net, state)
        hidden = net.rnn(x)
        keep(f"nnx_{name}", params, x, hidden, net.out(hidden))


if __name__ == "__main__":
    linen()
    of_nnx()
    np.savez_compressed(HERE / "flax.npz", **kept)
