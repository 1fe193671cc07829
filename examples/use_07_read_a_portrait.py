"""
Use 7: read a portrait
======================

Left a network of two units that holds four memories, right the shipped 24-unit GRU, whose eight memories are the corners of
a cube. Run it as::

    python use_07_read_a_portrait.py [picture.png]
"""

# %%
import sys
from pathlib import Path

import matplotlib.pyplot as plt

import dynlatch as dl
from dynlatch import analysis

here = Path(sys.argv[0]).parent
path = sys.argv[1] if len(sys.argv) > 1 else "use_07_read_a_portrait.png"

# %%
# Two units: each keeps its own bit, and turns the other a little.
pair = dl.AdditiveNetwork([[2.2, 0.5], [-0.5, 2.2]])
seen = analysis.portrait(pair, resolution=240)
print(seen.summary())

# %%
# The basins meet along the stable manifolds of the saddles. Each saddle lies between two memories: its unstable manifold
# leads to the one or to the other. In Gamma, the deeper colour, the gradient da_t/da_0 shrinks at every step.
saddles = [m.saddle for m in seen.manifolds if m.kind == "unstable"]
print(f"{len(saddles)} saddles lie between the {len(seen.attractors)} memories.")

# %%
# Twenty-four units: a plane through the state space.
gru = dl.load_network(here / "data" / "flipflop_gru.safetensors")
cube = analysis.portrait(gru, resolution=96)
edges = [m for m in cube.manifolds if len(m.branches) == 2]
print(f"The GRU holds {len(cube.attractors)} memories; {len(edges)} saddles lie on the edges between them, as on a cube.")

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(14.6, 5.2), layout="compressed")
seen.plot(left)
cube.plot(right)
figure.savefig(path, dpi=120)
print(f"The pair has {len(seen.attractors)} memories and {len(saddles)} saddles between them, each a way out.")
print(f"A run leaves a memory over the saddle nearest to it; darker is Gamma, where gradients shrink; picture: {path}.")
