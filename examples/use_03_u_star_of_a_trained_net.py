"""
Use 3: u* of a trained network
==============================

The shipped tanh network of 48 units holds three bits. How large an input may be before it can erase one of its memories is
bracketed: below the lower number nothing erases it, which is proved; the upper one comes with the input that does. Run it as::

    python use_03_u_star_of_a_trained_net.py [figure.png]
"""

# %%
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import dynlatch as dl
from dynlatch import analysis

here = Path(sys.argv[0]).parent
path = sys.argv[1] if len(sys.argv) > 1 else "use_03_u_star_of_a_trained_net.png"

# %%
# Any trained network will do: `dl.load_network` reads PyTorch, Keras, ONNX and Flax, `dl.from_torch(model)` a module in memory.
network = dl.load_network(here / "data" / "flipflop_rnn.safetensors")
memories = analysis.fixed_points(network, rng=0).attractors
memory = memories[0]
threshold = analysis.escape_threshold(network, memory, rng=0)
print(threshold.summary())

# %%
# Inputs of the proved size may do what they like; the witness, replayed here, takes the network to another pattern of bits.
largest = np.random.default_rng(0).choice([-1.0, 1.0], size=(2000, 3)) * threshold.lower
runs = {"the proved size, signs at random": largest, "the witness": threshold.witness}
rest = np.zeros((100, 3))
outputs = {
    name: network.readout(dl.trajectory(network, memory.point, np.concatenate([inputs, rest]))) for name, inputs in runs.items()
}
assert (np.sign(outputs["the proved size, signs at random"][-1]) == np.sign(network.readout(memory.point))).all()

# %%
figure, panels = plt.subplots(1, 2, figsize=(11.4, 4.2), layout="constrained", sharey=True)
for ax, (name, bits) in zip(panels, outputs.items(), strict=True):
    for bit, colour in enumerate(("#0072B2", "#E69F00", "#009E73")):
        ax.plot(bits[:, bit], lw=1, color=colour, label=f"bit {bit + 1}")
    ax.set(xlabel="t", title=name)
    ax.spines[["top", "right"]].set_visible(False)
panels[0].set_ylabel("output of the network")
panels[1].legend(frameon=False)
figure.savefig(path, dpi=120)

# %%
print(f"No input up to {threshold.lower:.4f} erases this memory, one of {threshold.upper:.4f} does; a pulse of the task is 1.")
print(f"Under inputs of the proved size all three bits stay, under the witness they do not; picture: {path}.")
