"""
"A feeds latch B": why the part that computes cannot learn from the part that stores
====================================================================================

A extracts the class from the first inputs, B stores it. Before B has latched it holds no bit; once it has, no gradient
comes back to A. What A must learn happened at the beginning. Run it as::

    python theory_16_a_feeds_b.py [figure.png]
"""

# %%
import sys

import matplotlib.pyplot as plt
import numpy as np

import dynlatch as dl
from dynlatch import analysis

path = sys.argv[1] if len(sys.argv) > 1 else "theory_16_a_feeds_b.png"

# %%
# B is a latch; A is a unit that feeds it during three steps. The weight v from A to B is what A must learn.
STEPS, ON = 60, 3
inputs = np.zeros((STEPS, 1))
inputs[:ON] = 1.0
weights = np.array([0.1, 0.3, 0.6, 1.2])


# %%
# dC/dh_t: what the error at the end says about the input of B at time t.
def shares(w: float) -> np.ndarray:
    """log10 |da_T/dh_t| for t = 1 ... T, one column for each v."""
    unit = dl.LatchNeuron(w)
    decays = [analysis.gradient_decay(unit, [-0.2], v * inputs) for v in weights]
    return np.stack([decay.backward / np.log(10.0) for decay in decays], axis=-1)


# %%
# The same B, latching (w = 2) and at the edge of it (w = 1): only the first stores a bit.
latching, edge = shares(2.0), shares(1.0)
kept = dl.trajectory(dl.LatchNeuron(2.0), [-0.2], weights[:, None] * inputs[:, None])[-1, :, 0]

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(11.4, 4.4), layout="constrained", sharey=True)
for ax, logs, title in ((left, latching, "B latches (w = 2)"), (right, edge, "B does not (w = 1)")):
    for k, (v, colour) in enumerate(zip(weights, ("#BBBBBB", "#56B4E9", "#0072B2", "#222222"), strict=True)):
        ax.plot(np.arange(STEPS), logs[:, k], color=colour, label=f"v = {v}")
    ax.axvspan(0, ON, color="#E69F00", alpha=0.3, lw=0, label="A speaks")
    ax.set(xlabel="t", title=title)
    ax.spines[["top", "right"]].set_visible(False)
left.set_ylabel("log10 |da_T/da_t|: what the error at T says of time t")
left.legend(frameon=False, fontsize=9)
figure.savefig(path, dpi=120)

# %%
print(
    f"B ends at {', '.join(f'{a:.2f}' for a in kept)}: it has the bit, and 1e{latching[ON].max():.0f} or "
    f"less of the error reaches A."
)
print(f"Without a latch {10 ** edge[ON].max():.2f} of it comes back, and nothing is stored for certain; picture: {path}.")
