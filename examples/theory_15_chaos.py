"""
The chaotic case, which the papers leave open
=============================================

Definition 2 admits a chaotic X if all eigenvalues of M' are below 1 on it. Such sets exist: here all of them are 0. In
one fixed norm they do not, and on a chaotic attractor gradients grow: nothing is latched. Run it as::

    python theory_15_chaos.py [figure.png]
"""

# %%
import sys

import matplotlib.pyplot as plt
import numpy as np

import dynlatch as dl
from dynlatch import analysis

path = sys.argv[1] if len(sys.argv) > 1 else "theory_15_chaos.png"

# %%
# An attractor on which every Jacobian is nilpotent, and M^2 is the logistic map.
wrong = analysis.counterexamples.CHAOS
print(wrong.summary())
found = wrong.verify()
print(found)
assert found.holds

# %%
# The usual case: two logistic units (Wang 1991). Eigenvalues above 1 along the orbit, a positive exponent.
mu = 5.0
net = dl.AdditiveNetwork(mu * np.array([[-5.0, 5.0], [-25.0, 25.0]]), activation="logistic")
start = dl.trajectory(net, [0.1, 0.5], steps=200)[-1]
visited = dl.trajectory(net, start, steps=1500)
exponents = analysis.lyapunov_exponents(net, start, steps=1500)
print(exponents.summary())

# %%
# Two starts 1e-10 apart.
apart = np.linalg.norm(dl.trajectory(net, start + 1e-10, steps=120) - visited[:121], axis=-1)

# %%
figure, (left, middle, right) = plt.subplots(1, 3, figsize=(15.6, 4.4), layout="constrained")
found.plot(left)
middle.plot(*(1.0 / (1.0 + np.exp(-visited.T))), ".", ms=2, color="#0072B2")
middle.set(xlabel="output of unit 1", ylabel="output of unit 2", title="two logistic units, 1500 steps")
right.semilogy(apart, color="#D55E00")
right.set(xlabel="t", ylabel="distance of two runs", title="from 1e-10 apart")
figure.savefig(path, dpi=120)

# %%
print(f"X with all eigenvalues 0 has the exponent {found.claims[2].value:.3f}: hyperbolic by Definition 2, and chaotic.")
print(f"The two units' exponent is {exponents.exponents[0]:.3f}: gradients explode, no bit is latched; picture: {path}.")
