"""
Theorem 3: bounded inputs keep the state within b / (1 - lambda) of the run without them
========================================================================================

True if lambda bounds `|M'|` on all runs between the two. The hypothesis of the paper looks at balls of radius b only, and
a map that is steep just outside them refutes it. Run it as::

    python theory_07_the_ball.py [figure.png]
"""

# %%
import sys

import matplotlib.pyplot as plt
import numpy as np

import dynlatch as dl
from dynlatch import analysis

path = sys.argv[1] if len(sys.argv) > 1 else "theory_07_the_ball.png"

# %%
# The latch under noise: within the tube.
latch = dl.LatchNeuron(2.0)
noise = np.random.default_rng(0).uniform(-0.3, 0.3, (60, 1))
check = analysis.check_theorem(3, latch, inputs=noise)
print(check.summary())

# %%
# A piecewise-linear map: `|M'| <= 0.45` on every ball of the hypothesis, inputs below 1, and 41 away after three steps.
wrong = analysis.counterexamples.TUBE
print(wrong.summary())
found = wrong.verify()
print(found)
refuted = analysis.check_theorem(3, wrong.map, [0.0], wrong.data["inputs"], wrong.data["a0"])
assert found.holds
assert refuted.outcome == analysis.TheoremOutcome.REFUTED

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(11.4, 4.4), layout="constrained")
check.plot(left).set_title("latch, w = 2, inputs up to 0.3")
found.plot(right)
figure.savefig(path, dpi=120)

# %%
print(
    f"The latch stays within {check.conclusion[0].value:.2f} of the radius of its tube, with lambda = "
    f"{check.hypothesis[0].value:.2f}."
)
print(f"The other map leaves the tube that Theorem 3 promises by a factor of 20, all in rational numbers; picture: {path}.")
