"""
"A linear network would not be resistant to noise"
==================================================

A linear unit of weight 1 keeps its gradient and adds up all noise; of weight below 1 it forgets; above 1 it runs away.
The latch keeps its bit. Run it as::

    python theory_14_linear_network.py [figure.png]
"""

# %%
import sys

import matplotlib.pyplot as plt
import numpy as np

import dynlatch as dl
from dynlatch import analysis

path = sys.argv[1] if len(sys.argv) > 1 else "theory_14_linear_network.png"

# %%
# 4000 runs of each unit, set to +1 (the latch to its upper state), under the same Gaussian noise of 0.2 a step.
noise = np.random.default_rng(0).normal(0.0, 0.2, (100, 4000, 1))
units = {
    "linear, w = 0.9": dl.AdditiveNetwork([[0.9]], activation="linear"),
    "linear, w = 1": dl.AdditiveNetwork([[1.0]], activation="linear"),
    "linear, w = 1.1": dl.AdditiveNetwork([[1.1]], activation="linear"),
    "latch, w = 2": dl.LatchNeuron(2.0),
}
lost, gradient = {}, {}
for name, unit in units.items():
    start = 1.0 if "linear" in name else analysis.fixed_points(unit, rng=0).attractors[-1].point[0]
    runs = dl.trajectory(unit, np.full((4000, 1), start), noise)[..., 0]
    lost[name] = (runs < 0.0).mean(1)
    gradient[name] = analysis.gradient_decay(unit, [start], steps=100).log_norms / np.log(10.0)

# %%
# A constant input, however small, moves the linear unit of weight 1 without end; the latch has u*.
assert dl.trajectory(units["linear, w = 1"], [1.0], np.full((300, 1), -0.01))[-1, 0] < -1.9
assert dl.trajectory(units["latch, w = 2"], [1.9], np.full((300, 1), -0.5))[-1, 0] > 0.8

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(11.4, 4.4), layout="constrained")
for (name, share), colour in zip(lost.items(), ("#E69F00", "#D55E00", "#CC79A7", "#0072B2"), strict=True):
    left.plot(share, color=colour, label=name)
    right.plot(np.arange(1, 101), gradient[name], color=colour)
left.set(xlabel="t", ylabel="share of wrong signs, 4000 runs")
right.set(xlabel="t", ylabel="log10 |da_t/da_0|")
left.legend(frameon=False, loc="center right", bbox_to_anchor=(1.0, 0.24))
figure.savefig(path, dpi=120)

# %%
print(", ".join(f"{name}: {share[-1]:.1%}" for name, share in lost.items()), "of the signs are wrong after 100 steps.")
print(f"w = 1.1 keeps the sign only by running away, to {1.1**100:.0f}, where no input can set it anew; picture: {path}.")
