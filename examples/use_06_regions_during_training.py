"""
Use 6: how runs move through the regions while they learn
=========================================================

Eight latching neurons learn by back-propagation which way the first three inputs pointed. The monitor follows their attractors,
their reduced attracting sets and their gradients. Run it as::

    python use_06_regions_during_training.py [figure.png]
"""

# %%
import sys

import matplotlib.pyplot as plt
import numpy as np

from dynlatch import training as tr

path = sys.argv[1] if len(sys.argv) > 1 else "use_06_regions_during_training.png"

# %%
# The papers' minimal problem: the inputs of the first three steps and the weight w of the self-loop are learned.
watch = tr.RegionMonitor(every=4, portrait_every=4)
model, task = tr.LatchNet(w0=0.8), tr.Latch(T=10)
result = tr.train(tr.BackPropagation(), model, task, trials=8, max_presentations=400, monitor=watch, rng=0)
print(result)

# %%
# What happened to two of the runs, in one line each. Runs that learn cross w = 1, where the single attractor becomes two.
regions = result.trace
for trial in (0, 4):
    print(regions.story(trial))

# %%
# Left one run over (w, a): attractors, Gamma, and where the states of the two classes end. Right the gradient of all runs.
figure, (left, right) = plt.subplots(1, 2, figsize=(12.4, 4.8), layout="constrained")
result.plot_regions(trial=0, ax=left)
for trial in regions.trials:
    looks = regions.rows(int(trial), "looks")
    right.plot(looks["presentation"], looks["log_norm"] / np.log(10.0), color="#0072B2", lw=1, alpha=0.6)
right.set(xlabel="presentations", ylabel="log10 |da_T/da_0|", title="the gradient over the whole sequence, 8 runs")
right.spines[["top", "right"]].set_visible(False)
figure.savefig(path, dpi=120)

# %%
two = [int(regions.rows(int(trial))["attractors"][-1, 0]) == 2 for trial in regions.trials]
decades = [np.log10(np.e) * regions.rows(int(trial), "looks")["log_norm"] for trial in regions.trials]
greatest, last = max(log.max() for log in decades), np.median([log[-1] for log in decades])
print(f"Of {result.trials} runs {(result.error < 0.05).sum()} answer right in the end; {sum(two)} have two attractors now.")
print(f"The gradient over the sequence was 1e{greatest:.1f} at most and ends at 1e{last:.1f} in the median; picture: {path}.")
