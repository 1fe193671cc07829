"""
Definitions 1 and 2: invariant sets and hyperbolic attractors
=============================================================

Left a latch, whose three fixed points are invariant and two of which attract. Right a cycle that Definition 2 calls a
hyperbolic attractor, because each of its points has a small spectral radius, and that repels. Run it as::

    python theory_01_attractors.py [figure.png]
"""

# %%
import sys

import matplotlib.pyplot as plt

import dynlatch as dl
from dynlatch import analysis

path = sys.argv[1] if len(sys.argv) > 1 else "theory_01_attractors.png"

# %%
# Definition 1: E = M(E). The fixed points of the latch w = 2, found with a proof that there are no others.
latch = dl.LatchNeuron(2.0)
invariant = analysis.check_theorem("definition1", latch)
print(invariant.summary())

# %%
# Definition 2: every eigenvalue of M' on X below 1. For a fixed point that is the right condition.
attractor = analysis.check_theorem("definition2", latch)
print(attractor.summary())

# %%
# For a cycle it is not. M' has radius 0.87 and 0.48 at the two points; their product has 26.
wrong = analysis.counterexamples.CYCLE
refuted = analysis.check_theorem("definition2", wrong.map, wrong.data["cycle"])
print(refuted.summary())
assert refuted.outcome == analysis.TheoremOutcome.REFUTED
assert wrong.verify().holds

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(11.4, 4.4), layout="constrained")
attractor.plot(left).set_title("latch, w = 2: the upper fixed point")
refuted.plot(right).set_title("a cycle that satisfies Definition 2")
figure.savefig(path, dpi=120)

# %%
print("A fixed point attracts if its eigenvalues are below 1 in modulus; of a cycle it is those of M^p that count.")
print(f"The literal definition accepts a cycle whose (M^2)' has radius {refuted.hypothesis[0].value:.1f}; picture: {path}.")
