"""
Use 5: watch where gradients go while a PyTorch network learns
==============================================================

Needs the torch extra (`pip install 'dynlatch[torch]'`); about a minute and a half on one CPU core. A GRU learns to hold the
sign of the last pulse on each of two channels. Three lines audit it every 100 steps: the import, the watch, the call.
"""

# %%
from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import torch

from dynlatch import analysis

out = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
torch.manual_seed(0)
torch.set_num_threads(1)
rng = np.random.default_rng(0)
STEPS = int(sys.argv[2]) if len(sys.argv) > 2 else 1500
CHANNELS, UNITS, LENGTH, BATCH = 2, 24, 60, 64


# %%
# The task: rare pulses of +1 or -1, and the sign of the last one on each channel as the target.
def batch() -> tuple[torch.Tensor, torch.Tensor]:
    shape = (LENGTH, BATCH, CHANNELS)
    pulses = np.where(rng.random(shape) < 0.06, rng.choice([-1.0, 1.0], size=shape), 0.0)
    pulses[0] = rng.choice([-1.0, 1.0], size=shape[1:])
    held = pulses.copy()
    for t in range(1, LENGTH):
        held[t] = np.where(pulses[t] != 0.0, pulses[t], held[t - 1])
    return torch.tensor(pulses, dtype=torch.float32), torch.tensor(held, dtype=torch.float32)


class Net(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = torch.nn.GRU(CHANNELS, UNITS)
        self.readout = torch.nn.Linear(UNITS, CHANNELS)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.readout(self.rnn(inputs)[0])


# %%
# A plain training loop. The watch is made before it and called once a step; the rest is as it was.
model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
probe, wanted = batch()
watch = analysis.GradientAudit(every=100, inputs=probe, targets=wanted, path=out / "audit.jsonl")

began = time.perf_counter()
for _ in range(STEPS):
    inputs, targets = batch()
    loss = torch.nn.functional.mse_loss(model(inputs), targets)
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    watch(model)
total = time.perf_counter() - began

# %%
# What it cost, and what it saw. The file alone is enough for the film: a run that was interrupted has one too.
#
# .. image:: /film.png
#    :alt: The horizon of the gradient and the longest half-life at rest, against training steps
film = analysis.film_strip(out / "audit.jsonl")
film.to_html(out / "film.html")
film.plot().figure.savefig(out / "film.png", dpi=120)
print(film.summary())
print(f"The loss is {loss.item():.4f} after {STEPS} steps, which took {total:.0f} s.")
print(f"{len(watch.audits)} audits took {watch.spent / total:.1%} of the loop; picture: {out / 'film.png'}.")

# sphinx_gallery_thumbnail_path = 'film.png'
