"""FixedPointFinder on one network; run by `fixed_points_peers.py` in the environment of `fixed_point_finder.txt`.

The network and the starts come as arrays in PyTorch's layout. The Jacobian pass at the end is left out, in the peer's favour.
"""

import contextlib
import io
import sys

import numpy as np
import torch
from turns import take_turns

given, answer, finder, settings = sys.argv[1:]
sys.path.insert(0, finder)
from FixedPointFinderTorch import FixedPointFinderTorch

torch.set_num_threads(1)
data = np.load(given)
n, m = data["weight_hh"].shape[1], data["weight_ih"].shape[1]
module = {1: torch.nn.RNN, 3: torch.nn.GRU}[len(data["weight_hh"]) // n](m, n, batch_first=True)
module.load_state_dict({f"{name}_l0": torch.tensor(data[name]) for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")})

options = {} if settings == "default" else {"lr_init": 0.01, "max_iters": 10_000}


def find():
    search = FixedPointFinderTorch(module, do_compute_jacobians=False, do_decompose_jacobians=False, verbose=False, **options)
    return search.find_fixed_points(data["starts"], np.zeros((1, m)))[0]


with contextlib.redirect_stdout(io.StringIO()):
    found = take_turns(find)
np.savez(answer, points=found.xstar)
