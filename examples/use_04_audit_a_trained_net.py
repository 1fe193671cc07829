"""
Use 4: audit a trained PyTorch network
======================================

The shipped GRU was trained to remember the sign of the last pulse on each of three channels (`train_flipflop.py`). Its
file is read without PyTorch, and nothing in it is executed. Run it as::

    python use_04_audit_a_trained_net.py [figure.png]

The report, `audit.html`, is written beside the figure.
"""

# %%
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import dynlatch as dl
from dynlatch import analysis

here = Path(sys.argv[0]).parent
path = Path(sys.argv[1] if len(sys.argv) > 1 else "use_04_audit_a_trained_net.png")

# %%
# The network and sequences of its task: 100 steps, 16 sequences, 3 channels. With a PyTorch module in memory the network is
# `dl.from_torch(model)`; any other cell with a step is `dl.from_torch_cell(cell, dim, input_dim)`.
network = dl.load_network(here / "data" / "flipflop_gru.safetensors")
inputs = np.load(here / "data" / "flipflop_inputs.npy").astype(float)

# %%
# Memory states, bits, gradient decay.
report = analysis.audit(network, inputs, name="flip-flop GRU")
report.to_html(path.with_name("audit.html"))

# %%
# The portrait and the decay, side by side.
figure, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4.4), layout="constrained")
report.plot(left)
report.along_inputs.plot(right)
figure.savefig(path, dpi=150)

# %%
memory = report.memory_states
slowest = np.abs(memory.eigenvalues).max()
print(f"The network holds {len(memory)} memory states, one for each of the 2^3 sign patterns: {report.bits:.0f} bits.")
print(f"Resting in any it forgets by a factor of {slowest:.2f} a step at least, and its gradient too; picture: {path}.")
