"""
Footnote 2: inputs that are not additive can be made so, by a larger state
==========================================================================

The eigenvalues of M' stay as they are; its norm does not. Weigh the new variables in the norm, or no theorem applies.
Run it as::

    python theory_11_additive_inputs.py [figure.png]
"""

# %%
import sys

import matplotlib.pyplot as plt
import numpy as np

import dynlatch as dl
from dynlatch import analysis

path = sys.argv[1] if len(sys.argv) > 1 else "theory_11_additive_inputs.png"

# %%
# A unit whose input enters through its gate: a' = 2 tanh(a) (1 + u) / (1 + u^2).
gated = dl.FunctionMap(lambda a, u: 2.0 * np.tanh(a) * (1.0 + u) / (1.0 + u**2), dim=1, input_dim=1)
inputs = np.random.default_rng(0).uniform(-0.4, 0.4, (40, 1))
check = analysis.check_theorem("footnote2", gated, inputs=inputs, points=[[1.9]])
print(check.summary())

# %%
# A contraction of which the doubled system has `|M'| > 3` everywhere.
wrong = analysis.counterexamples.FOOTNOTE
print(wrong.summary())
found = wrong.verify()
print(found)
assert found.holds

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(11.4, 4.4), layout="constrained")
check.plot(left).set_title("a gated unit: norms of one step")
left.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2, frameon=False, fontsize=9)
found.plot(right)
figure.savefig(path, dpi=120)

# %%
print(f"The doubled system makes the same run (to {check.conclusion[0].value:.0e}) and has the same eigenvalues.")
print(f"Its Euclidean norm is another; with a weight on the new variables it comes back; picture: {path}.")
