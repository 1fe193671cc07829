"""
The error flow of the 2001 chapter: a product, its sum over paths, and its bounds
=================================================================================

The error that comes back through q steps is a product of q matrices W diag f'; entry by entry, a sum over n^(q-1)
paths. The bound n tau^q, tau = n max|w| / 4 for logistic units, holds and is far from the truth. Run it as::

    python theory_12_error_flow.py [figure.png]
"""

# %%
import sys

import matplotlib.pyplot as plt
import numpy as np

import dynlatch as dl
from dynlatch import analysis

path = sys.argv[1] if len(sys.argv) > 1 else "theory_12_error_flow.png"

# %%
# Six logistic units with weights below 4/n, so that tau < 1.
rng = np.random.default_rng(0)
n, q = 6, 4
net = dl.AdditiveNetwork(rng.uniform(-0.6, 0.6, (n, n)), activation="logistic")
start = rng.normal(size=n)
visited = dl.trajectory(net, start, steps=40)

# %%
# The sum over all paths of q steps, beside the product of Jacobians.
J = net.jacobian(visited[:q])
paths = np.array(
    [J[q - 1][0, k] * J[q - 2][k, l] * J[q - 3][l, m] * J[0][m, 1] for k in range(n) for l in range(n) for m in range(n)]
)
product = np.linalg.multi_dot(J[::-1])[0, 1]
assert np.isclose(paths.sum(), product, rtol=1e-12)

# %%
# All bounds, and which conditions for vanishing hold.
bounds = analysis.gradient_bounds(net, start, steps=40)
print(bounds.summary())
truth, weak = bounds.log_norms[9], bounds.bounds["error flow"][9]

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(11.4, 4.8), layout="constrained")
left.bar(["sum of |paths|", "|sum of paths|"], [np.abs(paths).sum(), abs(product)], color=["#E69F00", "#0072B2"])
left.set(ylabel=f"error flow from unit 1 to unit 0, {q} steps", title=f"{len(paths)} paths of different signs")
bounds.plot(right)
figure.savefig(path, dpi=120)

# %%
print(
    f"{len(paths)} paths carry the error back {q} steps; their signs differ, and "
    f"{abs(product) / np.abs(paths).sum():.0%} of it is left."
)
print(
    f"After 10 steps the flow is 1e{truth / np.log(10):.1f}, the bound n tau^q 1e{weak / np.log(10):.1f}: "
    f"true and loose; picture: {path}."
)
