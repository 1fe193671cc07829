"""A Numba kernel written for the five-unit net alone, 32 lanes side by side: the limit that a general kernel is held against.

Run by `training.py` in dynlatch's own environment, of which it uses the tanh only. No order, counting or stopping rule.
"""

import sys

import numba
import numpy as np
from turns import take_turns

from dynlatch.lanes.units import tanh

LANES, N = 32, 5


@numba.njit(error_model="numpy")
def train(W, inputs, lengths, targets, eta):
    """W (25, LANES), inputs (sequences, T, LANES), lengths and targets (sequences, LANES)."""
    T = inputs.shape[1]
    x, d, g = np.zeros((T + 1, N, LANES)), np.zeros((T + 2, N, LANES)), np.zeros((N * N, LANES))
    for k in range(len(inputs)):
        steps = lengths[k].max()
        for t in range(1, steps + 1):
            for i in range(N):
                for lane in range(LANES):
                    total = W[N * i, lane] * x[t - 1, 0, lane]
                    total += W[N * i + 1, lane] * x[t - 1, 1, lane]
                    total += W[N * i + 2, lane] * x[t - 1, 2, lane]
                    total += W[N * i + 3, lane] * x[t - 1, 3, lane]
                    total += W[N * i + 4, lane] * x[t - 1, 4, lane]
                    x[t, i, lane] = tanh(total + inputs[k, t - 1, lane] if i == 0 else total)
        d[: steps + 1] = 0.0
        for lane in range(LANES):
            d[lengths[k, lane], 4, lane] = x[lengths[k, lane], 4, lane] - targets[k, lane]
        g[:] = 0.0
        for t in range(steps, 0, -1):
            for i in range(N):
                for lane in range(LANES):
                    d[t, i, lane] *= 1.0 - x[t, i, lane] * x[t, i, lane]
            for i in range(N):
                for j in range(N):
                    for lane in range(LANES):
                        d[t - 1, j, lane] += W[N * i + j, lane] * d[t, i, lane]
                        g[N * i + j, lane] += d[t, i, lane] * x[t - 1, j, lane]
        for p in range(N * N):
            for lane in range(LANES):
                W[p, lane] -= eta * g[p, lane]


given, answer, eta = sys.argv[1:]
with np.load(given) as file:
    data = dict(file)
nets = data["W"].shape[0]
blocks = []
for first in range(0, nets, LANES):
    chosen = slice(first, first + LANES)
    inputs = data["inputs"][:, chosen].transpose(0, 2, 1).copy()
    blocks.append((data["W"][chosen], inputs, data["lengths"][:, chosen].copy(), data["targets"][:, chosen].copy()))


def all_nets(sequences=None):
    trained = []
    for W, inputs, lengths, targets in blocks:
        weights = W.reshape(-1, N * N).T.copy()
        train(weights, inputs[:sequences], lengths[:sequences], targets[:sequences], float(eta))
        trained.append(weights.T.reshape(-1, N, N))
    return np.concatenate(trained)


all_nets(1)  # compiles
np.savez(answer, W=take_turns(all_nets, per=nets * len(data["inputs"])), whole=True)
