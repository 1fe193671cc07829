"""ln ||da_t/da_0||_2 by PyTorch along a given trajectory; run by `gradients.py` in the environment of `torch.txt`.

The idiom: `torch.func.jacrev` of one step at every state, a running product, `torch.linalg.matrix_norm`, in float64. Each step
costs the same, so that the time of the first few is scaled to all.
"""

import sys

import numpy as np
import torch
from turns import take_turns

given, answer, kind, T = sys.argv[1:]
data = {name: torch.from_numpy(array) for name, array in np.load(given).items()}
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
states, inputs = data["states"], data["inputs"]


def cell(make):
    n = states.shape[1] // (2 if kind == "LSTM" else 1)
    module = make(inputs.shape[1], n)
    with torch.no_grad():
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            getattr(module, name).copy_(data[name])
    return module.requires_grad_(False), n


if kind == "additive":
    W = data["W"]

    def step(a, u):
        return W @ torch.tanh(a) + u

elif kind == "GRU":
    module, _ = cell(torch.nn.GRUCell)

    def step(a, u):
        return module(u[None], a[None])[0]

else:
    module, n = cell(torch.nn.LSTMCell)

    def step(a, u):
        return torch.cat([part[0] for part in module(u[None], (a[None, :n], a[None, n:]))])


jacobian = torch.func.jacrev(step)
jacobian(states[0], inputs[0]), jacobian(states[1], inputs[1])  # imports and caches


def log_norms():
    product, logs = torch.eye(states.shape[1]), []
    for t in range(len(inputs)):
        product = jacobian(states[t], inputs[t]) @ product
        logs.append(torch.log(torch.linalg.matrix_norm(product, 2)))
    return torch.stack(logs).numpy()


np.savez(answer, log_norms=take_turns(log_norms, per=len(inputs) / int(T)))
