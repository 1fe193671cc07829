"""
Use 2: u* of a small net, and the inputs that reach it
======================================================

Left the papers' Fig. 3, where a constant input is the worst there is. Right a pair of neurons in the 2-norm, where it is not:
the best constant input needs 2.645, a sequence that turns only 2.229. Run it as::

    python use_02_u_star_of_a_small_net.py [picture.png]
"""

# %%
import sys

import matplotlib.pyplot as plt

import dynlatch as dl
from dynlatch import analysis
from dynlatch.analysis.plots.escape import plot_input

path = sys.argv[1] if len(sys.argv) > 1 else "use_02_u_star_of_a_small_net.png"

# %%
# One neuron of weight 2: the threshold is where the map, shifted down, no longer meets the diagonal.
neuron = dl.LatchNeuron(2.0)
upper_state = analysis.fixed_points(neuron, rng=0).attractors[1]
single = analysis.escape_threshold(neuron, upper_state, rng=0)
print(single.summary())

# %%
# Two neurons, inputs bounded in the 2-norm: constant inputs, and any sequence.
pair = dl.AdditiveNetwork([[1.3, 2.6], [3.7, 0.3]])
state = analysis.fixed_points(pair, rng=0).attractors[-1]
constant = analysis.escape_threshold(pair, state, norm=2, disturbance="constant", rng=0)
sequence = analysis.escape_threshold(pair, state, norm=2, rng=0)
print(sequence.summary())

# %%
# The worst input alternates: each step undoes what the pair does with the one before.
figure, axes = plt.subplots(2, 2, figsize=(12.4, 8.4), layout="constrained", height_ratios=(2.4, 1.0))
analysis.scalar_latch(2.0).plot(axes[0, 0])
sequence.plot(axes[0, 1])
for result, ax in ((single, axes[1, 0]), (sequence, axes[1, 1])):
    plot_input(result, ax)
figure.savefig(path, dpi=120)

# %%
print(f"One neuron of weight 2 keeps its bit up to u* = {single.lower:.5f}; a constant input just above takes it.")
print(
    f"The pair withstands constant inputs below {constant.upper:.3f}, but not a sequence of size {sequence.upper:.3f} that "
    f"turns; the picture is in {path}."
)
