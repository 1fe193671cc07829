"""
Use 8: how long a bit survives noise
====================================

A unit a' = w tanh(a) + noise loses its bit the later the larger w is, and its gradient the sooner. Run it as::

    python use_08_how_long_a_bit_survives.py [figure.png]
"""

# %%
import sys

import matplotlib.pyplot as plt
import numpy as np

import dynlatch as dl
from dynlatch import analysis

# %%
# One latch: the probability of never having left the basin falls at a constant rate, the probability of being in it to 1/2.
noise = analysis.Gaussian(0.5)
kept = analysis.retention(dl.LatchNeuron(1.5), [1.2878], noise, steps=200)
assert abs(kept.survival[-1] + kept.lost[-1] - 1.0) < 1e-12

# %%
# All latches: no weight has both a safe bit and a long gradient.
both = analysis.trade_off(noise, steps=100)
safe = both.weights[np.argmax(both.survival > 0.99)]
horizon = both.horizons[np.argmax(both.survival > 0.99)]

# %%
# The accuracy that no learning of the inputs can exceed, for w = 1.25 and T steps (Fig. 2b of the 1993 paper).
steps = np.unique(np.geomspace(4, 200, 25).astype(int))
ceilings = {
    "standard deviation 0.2": [analysis.feasibility_ceiling(1.25, analysis.Gaussian(0.2), T) for T in steps],
    "variance 0.2": [analysis.feasibility_ceiling(1.25, analysis.Gaussian.from_variance(0.2), T) for T in steps],
}

# %%
figure, (left, middle, right) = plt.subplots(1, 3, figsize=(16, 4.8), layout="constrained")
kept.plot(left)
both.plot(middle)
for name, ceiling in ceilings.items():
    right.plot(steps, ceiling, ".-", label=name)
right.set(xlabel="length T of the task", ylabel="largest possible accuracy", xscale="log", ylim=(0.45, 1.02))
right.spines[["top", "right"]].set_visible(False)
right.legend(frameon=False)
path = sys.argv[1] if len(sys.argv) > 1 else "use_08_how_long_a_bit_survives.png"
figure.savefig(path, dpi=150)

# %%
print(f"A bit kept for 100 steps with probability 0.99 takes w = {safe:.2f}, where the gradient fades in {horizon:.2f} steps.")
print(f"At w = 1.5 the noise erases the bit after {kept.mean_exit_time:.1f} steps on average; the picture is in {path}.")
