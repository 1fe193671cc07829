"""
Theorem 1: where M' is larger than 1, some direction expands. For one step
==========================================================================

The text concludes that outside Gamma uncertainty grows exponentially. It grows for a while, and then the attractor
takes it. Run it as::

    python theory_06_expansion.py [figure.png]
"""

# %%
import sys

import matplotlib.pyplot as plt
import numpy as np

import dynlatch as dl
from dynlatch import analysis

path = sys.argv[1] if len(sys.argv) > 1 else "theory_06_expansion.png"

# %%
# At the middle fixed point of the latch the slope is 2: a nearby state moves away.
latch = dl.LatchNeuron(2.0)
check = analysis.check_theorem(1, latch)
print(check.summary())

# %%
# From a start in the basin, outside Gamma: growth by 3.9, then decay without end. Only an input can hold it there.
wrong = analysis.counterexamples.GROWTH
print(wrong.summary())
found = wrong.verify()
print(found)
assert found.holds
starts = np.array([[0.4], [0.1], [0.01], [0.001]])
growth = [np.exp(analysis.gradient_decay(latch, start, steps=20).log_norms.max()) for start in starts]

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(11.4, 4.4), layout="constrained")
check.plot(left).set_title("one step at x = 0: |M'(0)| = 2")
found.plot(right).set_title("from a_0 = 0.2, outside Gamma")
figure.savefig(path, dpi=120)

# %%
print(
    f"From {starts.ravel().tolist()} uncertainty grows at most {', '.join(f'{g:.1f}' for g in growth)} "
    f"times, and then vanishes."
)
print(f"Growth without end takes an input that holds the state where M expands; picture: {path}.")
