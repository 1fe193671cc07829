"""Many five-unit nets batched by hand in PyTorch, a step after every sequence.

Run by `training.py` in the environment of `torch.txt`.
`torch.nn.RNN` cannot be mapped over nets (no batching rule), so the recurrence is written out with `torch.bmm`.
"""

import sys

import numpy as np
import torch
from turns import take_turns

given, answer, eta, kind = sys.argv[1:5]
torch.set_num_threads(1)
with np.load(given) as file:
    data = {name: torch.from_numpy(file[name]) for name in file.files}
dtype = getattr(torch, kind)
W, inputs, targets = (data[name].to(dtype) for name in ("W", "inputs", "targets"))
W.requires_grad_(True)
nets = W.shape[0]
every = torch.arange(nets)


def present(k):
    lengths = data["lengths"][k]
    first = torch.zeros(5, dtype=dtype)
    first[0] = 1.0
    entering = inputs[k].T[:, :, None] * first  # (T, nets, 5)
    x, outputs = torch.zeros(nets, 5, 1, dtype=dtype), []
    for t in range(int(lengths.max())):
        x = torch.tanh(torch.bmm(W, x) + entering[t][:, :, None])
        outputs.append(x[:, 4, 0])
    y = torch.stack(outputs)[lengths - 1, every]
    (gradient,) = torch.autograd.grad(((y - targets[k]) ** 2).sum() / 2, W)
    with torch.no_grad():
        W.sub_(float(eta) * gradient)


def train():
    with torch.no_grad():
        W.copy_(data["W"])
    for k in range(len(inputs)):
        present(k)


present(0)  # imports and caches
take_turns(train, per=len(inputs) * nets)
np.savez(answer, W=W.detach().numpy(), whole=False)
