"""
Definition 6 and Theorem 2: contraction needs one alpha for all pairs
=====================================================================

Slopes below 1 everywhere are not enough on an open set: on all of Gamma they come as close to 1 as you like. Run it as::

    python theory_05_contraction.py [figure.png]
"""

# %%
import sys

import matplotlib.pyplot as plt
import numpy as np

import dynlatch as dl
from dynlatch import analysis

path = sys.argv[1] if len(sys.argv) > 1 else "theory_05_contraction.png"

# %%
# On a compact part of Gamma: alpha is the largest `|M'|`, proved by interval arithmetic.
latch = dl.LatchNeuron(2.0)
compact = analysis.check_theorem(2, latch, points=[[1.0], [6.0]])
print(compact.summary())
ball = analysis.check_theorem("definition6", latch)
print(ball.summary())

# %%
# On the whole of Gamma, (a_c, inf): `|M'| < 1` at every point, and no alpha < 1 is above all quotients.
wrong = analysis.counterexamples.CONTRACTION
print(wrong.summary())
found = wrong.verify()
print(found)
closer = [analysis.check_theorem(2, latch, points=[[0.8814 + gap], [6.0]]).hypothesis[0].value for gap in (1e-1, 1e-2, 1e-3)]
assert np.all(np.diff(closer) > 0)

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(11.4, 4.4), layout="constrained")
compact.plot(left).set_title("D = [1, 6]: every quotient below alpha")
found.plot(right).set_title("D = Gamma: no alpha below 1")
figure.savefig(path, dpi=120)

# %%
print(f"On [1, 6] the latch contracts with alpha = {compact.hypothesis[0].value:.6f}, proved by interval arithmetic.")
print(f"As D grows towards Gamma, alpha rises to {closer[-1]:.6f} and on: Theorem 2 is false as written; picture: {path}.")
