"""
Definition 3: the basin of attraction
=====================================

An orbit that comes as close as you like to X need not converge to it. Where X is asymptotically stable both are the
same. Run it as::

    python theory_02_basin.py [figure.png]
"""

# %%
import sys

import matplotlib.pyplot as plt
import numpy as np

import dynlatch as dl
from dynlatch import analysis

path = sys.argv[1] if len(sys.argv) > 1 else "theory_02_basin.png"

# %%
# The latch: every start above zero converges to the upper state, and comes close to no other.
latch = dl.LatchNeuron(2.0)
starts = np.linspace(-3.0, 3.0, 25)[:, None]
check = analysis.check_theorem("definition3", latch, points=starts)
print(check.summary())

# %%
# As written the definition asks only that the orbit comes close once for every eps: inf, not lim.
wrong = analysis.counterexamples.COMES_CLOSE
print(wrong.summary())
found = wrong.verify()
print(found)
assert found.holds

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(11.4, 4.4), layout="constrained")
check.plot(left).set_title("latch, w = 2: distance from the upper state")
found.plot(right)
figure.savefig(path, dpi=120)

# %%
print(f"Of {len(starts)} starts {check.conclusion[0].value:.0f} are judged differently by the two readings of the definition.")
print(f"At a point that repels they differ: the orbit on the right comes within 1e-7 of X and leaves; picture: {path}.")
