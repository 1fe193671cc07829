"""
Definition 4 and Lemma 1: the reduced attracting set Gamma in its four readings
===============================================================================

Eigenvalues or norms, of products or of every step: four sets, each inside the one before. Between the first and the
last neither Theorem 1 nor Theorem 4 says anything. Run it as::

    python theory_03_gamma.py [figure.png]
"""

# %%
import sys

import matplotlib.pyplot as plt
import numpy as np

import dynlatch as dl
from dynlatch import analysis

path = sys.argv[1] if len(sys.argv) > 1 else "theory_03_gamma.png"

# %%
# A pair of neurons, and Gamma of its upper state on a grid.
pair = dl.AdditiveNetwork([[1.3, 2.6], [3.7, 0.3]])
grid = analysis.box_grid((-1.5, 6.0), 140, dim=2)
up = analysis.fixed_points(pair, rng=0).attractors[-1]
gamma = analysis.reduced_attracting_set(pair, up, grid)
print(gamma.summary())
check = analysis.check_theorem("definition4", pair, points=grid[::7, ::7])
print(check.summary())

# %%
# Lemma 1, X in Gamma(X): true for this fixed point, false for a cycle by eigenvalues and for norms that do not fit X.
lemma = analysis.check_theorem("lemma1", pair)
for wrong in analysis.counterexamples.against("lemma1"):
    print(wrong.summary())
    assert wrong.verify().holds

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(12.4, 4.8), layout="constrained")
words = gamma.in_basin.astype(int) + gamma.members[0] + gamma.members[1] + gamma.members[2]
levels = ("elsewhere", "basin", "spectral", "product", "stepwise")
image = left.imshow(np.swapaxes(words, 0, 1), origin="lower", extent=(-1.5, 6.0, -1.5, 6.0), cmap="Blues", vmin=0, vmax=4)
figure.colorbar(image, ax=left, ticks=range(5)).ax.set_yticklabels(levels)
left.set(xlabel="activation a_1", ylabel="activation a_2", title="Gamma of the upper state, each reading inside the last")
analysis.counterexamples.NORM.verify().plot(right)
figure.savefig(path, dpi=120)

# %%
print(
    f"Gamma holds {gamma.under('spectral').fraction:.0%} of the basin by eigenvalues and "
    f"{gamma.under('stepwise').fraction:.0%} by norms."
)
print(f"Lemma 1 {lemma.outcome} at this fixed point; the right picture of {path} shows why the norm must be adapted to X.")
