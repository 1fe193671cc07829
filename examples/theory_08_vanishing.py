"""
Theorem 4: robustly latched, hence da_t/da_0 -> 0
=================================================

True on a compact set in one fixed norm. By eigenvalues it is false (the gradient explodes), and so it is where the
factors may approach 1 (it tends to 1/2, exactly). Run it as::

    python theory_08_vanishing.py [figure.png]
"""

# %%
import sys

import matplotlib.pyplot as plt
import numpy as np

import dynlatch as dl
from dynlatch import analysis

path = sys.argv[1] if len(sys.argv) > 1 else "theory_08_vanishing.png"

# %%
# A latch under noise that never takes it out of Gamma.
latch = dl.LatchNeuron(2.0)
noise = np.random.default_rng(0).uniform(-0.4, 0.4, (60, 1))
check = analysis.check_theorem(4, latch, inputs=noise)
print(check.summary())

# %%
# Two states in Gamma by their eigenvalues; inputs lead from one to the other and back.
explodes = analysis.counterexamples.ALTERNATING
print(explodes.summary())
print(explodes.verify())
refuted = analysis.check_theorem(4, explodes.map, inputs=explodes.data["inputs"], points=explodes.data["states"])
assert refuted.outcome == analysis.TheoremOutcome.REFUTED

# %%
# One dimension, where eigenvalues are norms: slopes 1 - 1/(t+2)^2, whose product SymPy knows.
half = analysis.counterexamples.HARMONIC
for claim in half.proof():
    print(claim)

# %%
figure, (left, middle, right) = plt.subplots(1, 3, figsize=(15.6, 4.4), layout="constrained")
check.plot(left).set_title("latch, w = 2: it vanishes")
refuted.plot(middle).set_title("in Gamma by eigenvalues: it explodes")
half.verify().plot(right).set_title("every factor below 1: it tends to 1/2")
figure.savefig(path, dpi=120)

# %%
print(f"With lambda = {check.hypothesis[0].value:.3f} < 1 along the run the gradient is below lambda^t: {check.outcome}.")
print(f"As written Theorem 4 fails twice: growth by 2.42 a step, and (T+2)/(2(T+1)) -> 1/2; picture: {path}.")
