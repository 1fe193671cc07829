"""
Store, resist noise, learn: the three requirements as one verdict for each model
================================================================================

Store: two attractors, or at least a state that stays. Resist: inputs of 0.3 at each of 100 steps do not take the bit.
Learn: more than 1e-3 of the gradient is left after 100 steps. No smooth unit meets all three. Run it as::

    python theory_17_three_requirements.py [figure.png]
"""

# %%
import sys

import matplotlib.pyplot as plt
import numpy as np

import dynlatch as dl
from dynlatch import analysis

path = sys.argv[1] if len(sys.argv) > 1 else "theory_17_three_requirements.png"

# %%
# The models, each with the state that means "1".
MODELS = {
    "leaky unit, w = 0.9": (dl.AdditiveNetwork([[0.9]], activation="linear"), [1.0]),
    "integrator, w = 1": (dl.AdditiveNetwork([[1.0]], activation="linear"), [1.0]),
    "tanh unit, w = 1": (dl.LatchNeuron(1.0), [0.5]),
    "latch, w = 1.25": (dl.LatchNeuron(1.25), [0.888015]),
    "latch, w = 2": (dl.LatchNeuron(2.0), [1.915008]),
}
against = np.full((100, 1), -0.3)


def verdict(map: dl.AdditiveNetwork, state: list[float]) -> tuple[bool, bool, bool]:
    """Whether the state stays by itself, survives the inputs, and passes its gradient on."""
    rest = dl.trajectory(map, state, steps=100)[-1, 0]
    hit = dl.trajectory(map, state, against)
    after = dl.trajectory(map, hit[-1], steps=200)[-1, 0]
    gradient = analysis.gradient_decay(map, state, steps=100).log_norms[-1]
    return bool(rest > 0.5 * state[0]), bool(after > 0.5 * state[0]), bool(gradient > np.log(1e-3))


# %%
verdicts = {name: verdict(*model) for name, model in MODELS.items()}
print(" " * 22 + "store, resist, learn")
for name, words in verdicts.items():
    print(f"{name:<22}" + "  ".join("yes" if met else "no " for met in words))
assert not any(all(words) for words in verdicts.values())

# %%
figure, ax = plt.subplots(figsize=(6.6, 3.6), layout="constrained")
ax.imshow(np.array(list(verdicts.values()), dtype=float), cmap="Blues", vmin=-0.3, vmax=1.6, aspect="auto")
for row, words in enumerate(verdicts.values()):
    for column, met in enumerate(words):
        ax.text(column, row, "yes" if met else "no", ha="center", va="center")
ax.set_xticks(range(3), ["store 100 steps", "resist inputs of 0.3", "gradient > 1e-3"])
ax.set_yticks(range(len(verdicts)), list(verdicts))
ax.tick_params(length=0)
figure.savefig(path, dpi=120)

# %%
most = max(map(sum, verdicts.values()))
print(f"Of {len(verdicts)} units {sum(map(all, verdicts.values()))} meet all three requirements; each meets at most {most}.")
print(f"What resists the inputs forgets the gradient, and the other way round; picture: {path}.")
