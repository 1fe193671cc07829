"""
Use: audit a trained network.
=============================

The shipped GRU was trained to remember the sign of the last pulse on each of three channels (`train_flipflop.py`).
"""

# %%
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import dynlatch as dl
from dynlatch import analysis

here = Path(__file__).parent
out = Path(sys.argv[1] if len(sys.argv) > 1 else ".")

# %%
# The network and sequences of its task: 100 steps, 16 sequences, 3 channels.
network = dl.load_network(here / "data" / "flipflop_gru.safetensors")
inputs = np.load(here / "data" / "flipflop_inputs.npy").astype(float)

# %%
# Memory states, bits, gradient decay.
report = analysis.audit(network, inputs, name="flip-flop GRU")
report.to_html(out / "audit.html")

# %%
# The portrait and the decay, side by side.
figure, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4.4), layout="constrained")
report.plot(left)
report.along_inputs.plot(right)
figure.savefig(out / "audit.png", dpi=150)

# %%
memory = report.memory_states
slowest = np.abs(memory.eigenvalues).max()
print(f"The network holds {len(memory)} memory states, one for each of the 2^3 sign patterns: {report.bits:.0f} bits.")
print(f"Resting in any of them it forgets its past by a factor of at most {slowest:.2f} per step, and its gradient with it.")
