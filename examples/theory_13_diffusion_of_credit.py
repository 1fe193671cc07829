"""
Diffusion of credit: Markov models forget as well
=================================================

Products of transition matrices tend to matrices of equal columns: the first state is forgotten, at a rate that the
coefficients of Dobrushin and Birkhoff measure. Only certain transitions lose nothing. Run it as::

    python theory_13_diffusion_of_credit.py [figure.png]
"""

# %%
import sys

import matplotlib.pyplot as plt
import numpy as np

import dynlatch as dl
from dynlatch import analysis

path = sys.argv[1] if len(sys.argv) > 1 else "theory_13_diffusion_of_credit.png"

# %%
# Four chains of eight states: any transition, forward only, one step forward, and a certain cycle.
rng = np.random.default_rng(0)
shapes = {
    "full": np.ones((8, 8)),
    "forward": np.tril(np.ones((8, 8))),
    "one step forward": np.eye(8) + np.eye(8, k=-1),
    "cycle": np.roll(np.eye(8), 1, axis=0),
}
chains = {}
for name, shape in shapes.items():
    table = rng.uniform(0.05, 1.0, (8, 8)) * shape
    chains[name] = dl.StateNetwork([table / table.sum(0)], thresholds=[])
credits = {name: analysis.credit_diffusion(chain, steps=60) for name, chain in chains.items()}
for name, credit in credits.items():
    print(name, "|", credit.summary())

# %%
# Where one matrix is multiplied by itself the rate is its second eigenvalue.
second = np.sort(np.abs(np.linalg.eigvals(chains["full"].tables[0])))[-2]
late = credits["full"].log_dobrushin
assert np.isclose((late[59] - late[19]) / 40, np.log(second), rtol=0.05)

# %%
figure, ax = plt.subplots(figsize=(7.0, 4.6), layout="constrained")
for (name, credit), colour in zip(credits.items(), ("#D55E00", "#E69F00", "#0072B2", "#222222"), strict=True):
    ax.plot(np.arange(1, 61), credit.log_dobrushin / np.log(10.0), color=colour, label=name)
ax.set(xlabel="steps", ylabel="log10 of Dobrushin's coefficient of the product", title="what is left of the first state")
ax.spines[["top", "right"]].set_visible(False)
ax.legend(frameon=False)
figure.savefig(path, dpi=120)

# %%
print(
    f"The full chain halves what it knows of its first state every {float(credits['full'].half_life):.2f} "
    f"steps; the cycle never does."
)
print(f"Credit survives exactly where nothing is uncertain, which is where nothing can be learned; picture: {path}.")
