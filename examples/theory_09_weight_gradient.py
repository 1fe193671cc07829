"""
Equation 5: the gradient of the weights forgets
===============================================

dC_T/dw is a sum over the steps tau through which w acts. Where a latch has latched, only the last few steps count: the
event that set the bit, at the beginning, has no voice in it. Run it as::

    python theory_09_weight_gradient.py [figure.png]
"""

# %%
import sys

import matplotlib.pyplot as plt
import numpy as np

import dynlatch as dl
from dynlatch import analysis

path = sys.argv[1] if len(sys.argv) > 1 else "theory_09_weight_gradient.png"

# %%
# The latch is switched on by three inputs, and holds its bit under noise.
latch = dl.LatchNeuron(1.5)
inputs = np.random.default_rng(0).uniform(-0.15, 0.15, (60, 1))
inputs[:3] = 0.6
check = analysis.check_theorem("equation5", latch, inputs=inputs, points=[[0.0]])
print(check.summary())

# %%
# The terms, and how far back the gradient reaches.
split = analysis.gradient_contributions(latch, [0.0], inputs, lambda a: a)
print(split.summary())

# %%
# Without a latch nothing is forgotten: the same inputs into an integrator.
integrator = dl.AdditiveNetwork([[1.0]], activation="linear")
kept = analysis.gradient_contributions(integrator, [0.0], inputs, lambda a: a)

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(11.4, 4.4), layout="constrained")
split.plot(left).set_title("latch, w = 1.5")
kept.plot(right).set_title("integrator, w = 1")
figure.savefig(path, dpi=120)

# %%
print(
    f"In the latch half of dC/dw comes from the last {float(split.reach(0.5)):.0f} of 60 steps, in the "
    f"integrator from {float(kept.reach(0.5)):.0f}."
)
print(
    f"The three inputs that set the bit contribute 1e{split.log_norms[:3].max() / np.log(10):.0f} to it: "
    f"nothing; picture: {path}."
)
