"""
Use 9: which learning rule to choose
====================================

Gradient descent fails as T grows; search does not, and neither does EM, which propagates states instead of gradients.
Run it as::

    python use_09_which_rule.py [figure.png] [trials]
"""

# %%
import sys

import matplotlib.pyplot as plt
import numpy as np

from dynlatch import training as tr

figure = sys.argv[1] if len(sys.argv) > 1 else "use_09_which_rule.png"
trials = int(sys.argv[2]) if len(sys.argv) > 2 else 20

# %%
# Every rule with its usual settings and model for the task. A trial is a net of its own, on sequences of its own.
RULES = {
    "back-propagation": tr.BackPropagation(),
    "pseudo-Newton": tr.PseudoNewton(),
    "time-weighted pseudo-Newton": tr.TimeWeightedPseudoNewton(),
    "discrete error propagation": tr.DiscreteErrorPropagation(),
    "simulated annealing": tr.SimulatedAnnealing(),
    "EM": tr.ExpectationMaximization(),
}
TASKS = {tr.TwoSequence: (5, 10, 20, 50, 100), tr.Parity: (3, 5, 10, 20, 50)}


def row(rule, task, lengths):
    """Mean error for every T, its standard error, and mean presentations."""
    runs = [tr.train(rule, None, task(T=T), trials=trials, rng=0) for T in lengths]
    errors = np.array([run.error for run in runs])
    return errors.mean(1), errors.std(1) / np.sqrt(trials), np.array([run.presentations.mean() for run in runs])


# %%
TABLE = {}
fig, panels = plt.subplots(1, 2, figsize=(10, 4), sharey=True, layout="constrained")
for ax, (task, lengths) in zip(panels, TASKS.items(), strict=True):
    print(f"\n{task.__name__}: mean error in % over {trials} trials (presentations)")
    print(f"{'T =':<28}" + "".join(f"{T:>16}" for T in lengths))
    for name, rule in RULES.items():
        error, spread, shown = TABLE[name, task.__name__] = row(rule, task, lengths)
        print(f"{name:<28}" + "".join(f"{100 * e:>7.1f} ({s:>6.0f})" for e, s in zip(error, shown, strict=True)))
        ax.errorbar(lengths, 100 * error, 100 * spread, marker="o", ms=4, capsize=2, label=name)
    ax.axhline(50, color="0.7", lw=1, zorder=0)
    ax.set(xscale="log", xlabel="longest length T", title=f"{task.__name__}, {trials} trials")
    ax.set_xticks(lengths, [str(T) for T in lengths], minor=False)
    ax.minorticks_off()
    ax.spines[["top", "right"]].set_visible(False)
panels[0].set_ylabel("error on fresh sequences (%)")
panels[0].legend(frameon=False, fontsize=8)
fig.savefig(figure, dpi=150)
longest = {name: TABLE[name, "TwoSequence"][0][-1] for name in RULES}
best, worst = min(longest, key=longest.get), max(longest, key=longest.get)
print(f"At T = 100 of the 2-sequence problem {best} errs in {longest[best]:.0%} and {worst} in {longest[worst]:.0%}.")
print(f"Where gradients reach the beginning they are cheap, elsewhere search or EM is needed; picture: {figure}.")
