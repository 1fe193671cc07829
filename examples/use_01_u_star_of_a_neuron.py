"""
Use 1: u* of one neuron, in closed form
=======================================

A unit a' = w tanh(a) + u keeps its bit as long as the inputs stay within u*(w). Run it as::

    python use_01_u_star_of_a_neuron.py [figure.png]
"""

# %%
import sys

import matplotlib.pyplot as plt
import numpy as np
import sympy as sp

from dynlatch.analysis.scalar import finite_horizon_threshold, scalar_latch, u_star

# %%
# A constant input -u erases the upper state once a = w tanh(a) - u has no solution above zero: beyond the largest value
# of w tanh(a) - a, where the slope of the map is 1.
w, s = sp.symbols("w s", positive=True)
a = sp.symbols("a", real=True)
gain = w * sp.tanh(a) - a
slope = sp.diff(gain, a).subs(sp.tanh(a), s)
critical = sp.solve(slope, s)[0]  # tanh(a_c)
threshold = sp.simplify(gain.subs(a, sp.atanh(critical)))

# %%
# It is the known closed form, as an identity and in numbers.
closed = sp.sqrt(w * (w - 1)) - sp.atanh(sp.sqrt(1 - 1 / w))
difference = sp.simplify((threshold - closed).subs(w, 1 + s**2))
assert difference == 0, difference
for value in (1.01, 1.25, 2, 40):
    exact = float(threshold.subs(w, sp.Rational(str(value))).evalf(40))
    assert abs(exact - u_star(value)) < 1e-12 * exact

# %%
# Left: the geometry at w = 2. Right: u* against w, and what a disturbance of only T steps may reach.
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 5.2), layout="constrained")
scalar_latch(2.0).plot(left)
weights = np.linspace(1.001, 3.0, 120)
for steps, shade in ((1, "#BBBBBB"), (3, "#888888"), (10, "#555555")):
    reach = [finite_horizon_threshold(v, steps) for v in weights]
    right.plot(weights, reach, color=shade, label=f"{steps} step{'s' * (steps > 1)}")
right.plot(weights, [u_star(v) for v in weights], color="#CC79A7", lw=2.5, label="u*: any number of steps")
right.set(xlabel="weight w", ylabel="largest harmless input (activation units)", xlim=(1, 3), ylim=(0, 3))
right.spines[["top", "right"]].set_visible(False)
right.legend(frameon=False)
path = sys.argv[1] if len(sys.argv) > 1 else "use_01_u_star_of_a_neuron.png"
figure.savefig(path, dpi=150)

# %%
print(f"u*(w) = {threshold}; at w = 2 that is {u_star(2.0):.15f}.")
print(f"A unit of weight 2 keeps its bit under any inputs up to that size; the picture is in {path}.")
