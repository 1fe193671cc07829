"""
Section C: only a projection of the state is latched
====================================================

Latching of z = P a gives P da_t/da_0 -> 0, and no more. The limit in the paper also drops what the rest y remembers of
z_0. Run it as::

    python theory_10_projection.py [figure.png]
"""

# %%
import sys

import matplotlib.pyplot as plt
import numpy as np

import dynlatch as dl
from dynlatch import analysis

path = sys.argv[1] if len(sys.argv) > 1 else "theory_10_projection.png"

# %%
# z forgets, y adds up what it sees of z: y_t -> y_0 + 2 z_0.
wrong = analysis.counterexamples.PROJECTION
print(wrong.summary())
for claim in wrong.proof():
    print(claim)
check = analysis.check_theorem("projection", wrong.map, points=[[1.0, 0.0]])
print(check.summary())

# %%
# The same in a network of 20 units: 17 forget, 3 are integrators that listen to them.
rng = np.random.default_rng(0)
W = np.zeros((20, 20))
W[:17, :17] = 0.5 * np.linalg.qr(rng.normal(size=(17, 17)))[0]
W[17:, :17] = rng.normal(size=(3, 17))
W[17:, 17:] = np.eye(3)
large = analysis.latched_projection(dl.AdditiveNetwork(W, activation="linear"), rng.normal(size=20), steps=80)
print(large.summary())

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(11.4, 4.4), layout="constrained")
check.plot(left).set_title("two units")
large.plot(right).set_title("20 units, 17 of which are latched")
figure.savefig(path, dpi=120)

# %%
print(
    f"The limit of the paper is off by {float(large.text_errors[-1]):.0%} of the gradient, the corrected "
    f"one by {float(large.corrected_errors[-1]):.0e}."
)
print(f"A state that was latched away can still be remembered, through an integrator that listened; picture: {path}.")
