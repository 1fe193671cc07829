"""
Definition 5: robustly latched. A run that stays in Gamma, and one that is kicked out
=====================================================================================

Inputs up to u* keep the state of a latch in Gamma; larger ones may take it out, and with it the bit. Run it as::

    python theory_04_robust_latching.py [figure.png]
"""

# %%
import sys

import matplotlib.pyplot as plt
import numpy as np

import dynlatch as dl
from dynlatch import analysis

path = sys.argv[1] if len(sys.argv) > 1 else "theory_04_robust_latching.png"

# %%
# The latch w = 2: u* = 0.5328 is at once the threshold of the bit and of Gamma.
latch = dl.LatchNeuron(2.0)
up = analysis.fixed_points(latch, rng=0).attractors[-1]
threshold = analysis.gamma_threshold(latch, up)
print(threshold.summary())

# %%
# Two runs: noise up to u*, and the same with one burst of -0.8 for eight steps.
noise = np.random.default_rng(0).uniform(-threshold.lower, threshold.lower, (60, 1))
burst = noise.copy()
burst[20:28] = -0.8
runs = {"stays": noise, "is kicked out": burst}
checks = {name: analysis.check_theorem("definition5", latch, up, inputs) for name, inputs in runs.items()}
for check in checks.values():
    print(check.summary())

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(11.4, 4.4), layout="constrained", width_ratios=(2, 1))
edge = analysis.scalar_latch(2.0).critical_points[1]
left.axhspan(edge, 3.2, color="#56B4E9", alpha=0.25, lw=0, label="Gamma of the upper state")
left.axhspan(0.0, edge, color="#56B4E9", alpha=0.10, lw=0, label="the rest of its basin")
for (name, inputs), colour in zip(runs.items(), ("#0072B2", "#D55E00"), strict=True):
    left.plot(dl.trajectory(latch, up.point, inputs)[:, 0], ".-", color=colour, label=name)
left.set(xlabel="t", ylabel="activation a", ylim=(-3.2, 3.2))
left.legend(frameon=False, fontsize=9, loc="lower left")
analysis.counterexamples.INVARIANCE.verify().plot(right).set_title("Gamma by eigenvalues is not invariant")
figure.savefig(path, dpi=120)

# %%
print(f"Under inputs up to {threshold.lower:.4f} all states stay in Gamma: {checks['stays'].outcome}; the burst takes it out.")
print(f"With Gamma by eigenvalues a state may be latched now and not one step later, with no input at all; picture: {path}.")
