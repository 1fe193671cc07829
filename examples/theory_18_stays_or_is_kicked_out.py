"""
The basin and Gamma in the plane, a run that stays and one that is kicked out
=============================================================================

Two neurons that hold two memories. Inputs below the threshold u* leave the state in its basin whatever they do; above
it there is a sequence that takes it across the edge. Run it as::

    python theory_18_stays_or_is_kicked_out.py [figure.png]
"""

# %%
import sys

import matplotlib.pyplot as plt
import numpy as np

import dynlatch as dl
from dynlatch import analysis

path = sys.argv[1] if len(sys.argv) > 1 else "theory_18_stays_or_is_kicked_out.png"

# %%
# The pair, its upper state, and the threshold in the largest entry of the input (exact: the pair is monotone).
pair = dl.AdditiveNetwork([[1.3, 2.6], [3.7, 0.3]])
up = analysis.fixed_points(pair, rng=0).attractors[-1]
threshold = analysis.escape_threshold(pair, up, rng=0)
print(threshold.summary())
gamma = analysis.reduced_attracting_set(pair, up, analysis.box_grid((-6, 6), 160, dim=2))

# %%
# Random inputs of 0.95 u* stay; the witness, a hair above u*, escapes.
noise = np.random.default_rng(0).uniform(-0.95, 0.95, (400, 2)) * threshold.lower
stays = dl.trajectory(pair, up.point, noise)
push = np.full((400, 2), -1.02 * threshold.upper)
leaves = dl.trajectory(pair, up.point, push)
assert (dl.trajectory(pair, stays[-1], steps=100)[-1] > 0).all()
assert (dl.trajectory(pair, leaves[-1], steps=100)[-1] < 0).all()

# %%
figure, ax = plt.subplots(figsize=(6.4, 5.6), layout="constrained")
words = gamma.in_basin.astype(int) + gamma.under("stepwise").member
ax.imshow(words.T, origin="lower", extent=(-6, 6, -6, 6), cmap="Blues", vmin=0, vmax=4)
ax.plot(*stays.T, ".", ms=3, color="#0072B2", label="inputs of 0.95 u*: stays")
ax.plot(*leaves[:40].T, ".-", lw=1, color="#D55E00", label="inputs of 1.02 u*: kicked out")
ax.plot(*up.point, "o", color="#222222", label="upper state")
ax.text(-5.8, 5.8, "darker: Gamma (by norms)\nlighter: the rest of its basin", va="top", fontsize=9)
ax.set(xlabel="activation a_1", ylabel="activation a_2", xlim=(-6, 6), ylim=(-6, 6))
ax.legend(frameon=False, loc="lower right", fontsize=9)
figure.savefig(path, dpi=120)

# %%
print(f"u* = {threshold.lower:.5f}: four hundred random inputs of 95 % of it leave the state in its basin.")
print(f"Two per cent above it a constant input takes the bit, and switching it off does not bring it back; picture: {path}.")
