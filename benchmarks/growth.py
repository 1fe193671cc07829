"""How each cost grows with units, steps, sequences, trials and points: the exponent of a power law.

    python -m benchmarks.growth

Least CPU seconds at sizes that double, the sizes in turn; the exponent is the slope of a line through the logarithms, with its
95 % interval (Student's t). Exponents below one at small sizes are fixed costs; the table says which sizes were taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

import dynlatch as dl
from benchmarks.commands import script
from benchmarks.common import HERE, cpu
from benchmarks.contract import Row, Setting
from benchmarks.state_networks import THRESHOLDS, iterations, shown
from benchmarks.training import blocks, train
from dynlatch import analysis
from dynlatch.training.contract import Show
from dynlatch.training.models.state_network import StateTables
from dynlatch.training.models.topology import fully_connected

FIGURE = HERE.parent / "docs" / "growth.png"


class Growth(NamedTuple):
    """What grows with what; `prepare(size)` returns the call to time."""

    what: str
    variable: str
    sizes: tuple[int, ...]
    prepare: Callable[[int], Callable[[], Any]]


class Curve(NamedTuple):
    what: str
    variable: str
    sizes: tuple[int, ...]
    seconds: tuple[float, ...]
    exponent: float
    half_width: float


def contracting(n: int) -> dl.AdditiveNetwork:
    return dl.AdditiveNetwork(0.9 * np.random.default_rng(0).standard_normal((n, n)) / np.sqrt(n))


def gradient_decay(n: int, T: int) -> Callable[[], Any]:
    net, start = contracting(n), np.full(n, 0.5)
    return lambda: analysis.gradient_decay(net, start, steps=T)


def exponents(n: int, T: int) -> Callable[[], Any]:
    net, start = contracting(n), np.full(n, 0.5)
    return lambda: analysis.lyapunov_exponents(net, start, steps=T)


def all_fixed_points(n: int) -> Callable[[], Any]:
    """Nets of rank one: three fixed points at every size, so that what grows is the cost of a unit."""
    net = dl.ElmanNetwork(np.full((n, n), 2.0 / n), np.zeros((n, 0)))
    return lambda: analysis.fixed_points(net, rng=0)


def grid_of_basins(points: int) -> Callable[[], Any]:
    net = dl.AdditiveNetwork([[1.9, -0.35], [0.45, 1.7]])
    up = dl.trajectory(net, [1.0, 1.0], steps=2000)[-1]
    return lambda: analysis.basins(net, np.array([-up, up]), samples=points, bounds=(-3.0, 3.0), rng=0)


def learning(trials: int, T: int) -> Callable[[], Any]:
    """On-line back-propagation of five-unit nets; every net sees 50 sequences."""
    packed = blocks(trials, 50, T)

    def again() -> None:
        for block in packed:
            block.show.lanes.presentations[:] = 0
            block.show.lanes.learned[:] = False
        train(packed)

    return again


def em(sequences: int, T: int) -> Callable[[], Any]:
    rng, model = np.random.default_rng(0), StateTables(fully_connected(7, THRESHOLDS, (3, 6)))
    inputs, targets = rng.uniform(-1.2, 1.2, (sequences, T)), np.where(np.arange(sequences) % 2, 1.0, -1.0)
    turn, _ = iterations(model, model.initial([rng]), Show(shown(inputs, targets), None))
    return turn.call


GROWTHS = (
    Growth("gradient_decay, T = 500", "units", (64, 128, 256, 512), lambda n: gradient_decay(n, 500)),
    Growth("gradient_decay, 64 units", "steps", (500, 1000, 2000, 4000, 8000), lambda T: gradient_decay(64, T)),
    Growth("lyapunov_exponents, 500 steps", "units", (32, 64, 128, 256), lambda n: exponents(n, 500)),
    Growth("lyapunov_exponents, 32 units", "steps", (500, 1000, 2000, 4000, 8000), lambda T: exponents(32, T)),
    Growth("fixed_points, rank one", "units", (32, 64, 128, 256), all_fixed_points),
    Growth("basins, 2 units", "points", (50_000, 100_000, 200_000, 400_000), grid_of_basins),
    Growth("back-propagation, 96 trials", "steps", (25, 50, 100, 200, 400), lambda T: learning(96, T)),
    Growth("back-propagation, T = 50", "trials", (32, 64, 128, 256, 512), lambda trials: learning(trials, 50)),
    Growth("EM, 100 sequences", "steps", (50, 100, 200, 400, 800), lambda T: em(100, T)),
    Growth("EM, T = 100", "sequences", (50, 100, 200, 400, 800), lambda n: em(n, 100)),
)


def fitted(sizes: Sequence[int], seconds: Sequence[float]) -> tuple[float, float]:
    """Slope of ln seconds over ln size, and half its 95 % interval."""
    line = stats.linregress(np.log(sizes), np.log(seconds))
    return float(line.slope), float(line.stderr * stats.t.ppf(0.975, len(sizes) - 2))


def measured(growth: Growth, rounds: int, *, few: bool = False) -> Curve:
    sizes = tuple(size // 8 for size in growth.sizes[:3]) if few else growth.sizes
    calls = [growth.prepare(size) for size in sizes]
    for call in calls:
        call()  # imports, compilation, and what is made once
    taken = [[cpu(call)[0] for call in calls] for _ in range(rounds)]
    seconds = tuple(float(least) for least in np.min(taken, axis=0))
    return Curve(growth.what, growth.variable, sizes, seconds, *fitted(sizes, seconds))


def rows(setting: Setting) -> Iterator[Row]:
    curves = [measured(growth, setting.several(3), few=setting.quick) for growth in GROWTHS[: 2 if setting.quick else None]]
    for curve in curves:
        sizes = ", ".join(f"{size:,}: {seconds:.3g} s" for size, seconds in zip(curve.sizes, curve.seconds, strict=True))
        unit, work = f"± {curve.half_width:.2f}", f"{curve.what}: exponent of {curve.variable}"
        yield Row(work, "", (round(curve.exponent, 2),), unit=unit, note=sizes)
    if not setting.quick:
        draw(curves, FIGURE)


def draw(curves: Sequence[Curve], path: Path) -> None:
    """One panel a variable, seconds on logarithmic axes."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    panels = {"units": ("units",), "steps": ("steps",), "points, trials, sequences": ("points", "trials", "sequences")}
    figure, axes = plt.subplots(1, len(panels), figsize=(11.0, 5.0), sharey=True, layout="constrained")
    for (name, variables), ax in zip(panels.items(), axes, strict=True):
        for curve in (curve for curve in curves if curve.variable in variables):
            power = f"{curve.variable}$^{{{curve.exponent:.2f} \\pm {curve.half_width:.2f}}}$"
            ax.loglog(curve.sizes, curve.seconds, "o-", markersize=4, label=f"{curve.what}: {power}")
        ax.set_xlabel(name)
        ax.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.15), frameon=False)
        ax.xaxis.set_minor_formatter("")
        ax.grid(alpha=0.3)
    axes[0].set_ylabel("CPU seconds")
    figure.savefig(path, dpi=110)
    plt.close(figure)


if __name__ == "__main__":
    script(__name__, rows)
