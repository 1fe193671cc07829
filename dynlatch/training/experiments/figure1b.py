"""Fig. 1b of Bengio, Frasconi and Simard (1993), ICNN: two input sequences of the latching unit after learning.

`a_t^k = w tanh(a_{t-1}^k) + u_t^k`, a_0 = 0: the first L inputs of each class k are trained, and so is w; the others are noise.
The drawing is lost; its caption says that the free parameters are marked with small crosses. Here the states stand beside the
inputs, with what w makes of them: attractors, Gamma (|a| > a_c), and u*, the input that no attractor resists long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.scalar import ScalarLatch, critical_point, scalar_latch, u_star
from dynlatch.maps import trajectory
from dynlatch.networks import LatchNeuron
from dynlatch.results import Result
from dynlatch.training.experiments.contract import Agreement, Experiment, Picture, Scale, Verdict
from dynlatch.training.experiments.intervals import Interval, mean, wilson
from dynlatch.training.models import LatchNet
from dynlatch.training.rules import BackPropagation
from dynlatch.training.sweeps import Cell, Sweep
from dynlatch.training.tasks import Latch

if TYPE_CHECKING:
    from matplotlib.axes import Axes

T, L, W0 = 20, 3, 1.25
TRIALS = {Scale.MICRO: 2, Scale.MINI: 18, Scale.FULL: 18}
READINGS = {"std 0.2": Latch(T=T, L=L, std=0.2), "variance 0.2": Latch(T=T, L=L, variance=0.2)}
NAN = float("nan")


def cell_name(reading: str) -> str:
    """Of one reading of the noise."""
    return f"figure1b/{reading}/T={T}"


def cells(scale: Scale, trials: int | None) -> list[Cell]:
    """Back-propagation from w = 1.25, w and the inputs trained, with both readings of the noise's 0.2."""
    n = trials or TRIALS[scale]
    return [Cell(cell_name(name), BackPropagation(), task, n, model=LatchNet(w0=W0, L=L)) for name, task in READINGS.items()]


def read(sweep: Sweep, scale: Scale) -> Figure1b:
    """The noise of the picture is drawn here, once for each reading."""
    trials = [sweep.of(cell_name(name)) for name in READINGS]
    noise = [task.sample(2, np.random.default_rng(0)).inputs[L:, :, -1].T for task in READINGS.values()]
    return Figure1b(
        reading=tuple(READINGS),
        w=np.array([own.weights[:, 0] for own in trials]),
        inputs=np.array([own.weights[:, 1 : 1 + 2 * L].reshape(-1, 2, L) for own in trials]),
        learned=np.array([own.outcome == "learned" for own in trials]),
        noise=np.array(noise),
    )


@dataclass(frozen=True, eq=False)
class Figure1b(Result):
    """Trained inputs of all runs, and the noise of the run that is drawn. k = 0, 1 are the classes -1 and +1.

    Attributes
    ----------
    reading : tuple of str
        What 0.2 is of the noise.
    w : ndarray, shape (readings, trials)
    inputs : ndarray, shape (readings, trials, 2, L)
        u_t^k.
    learned : ndarray of bool, shape (readings, trials)
    noise : ndarray, shape (readings, 2, T - L)
    """

    reading: tuple[str, ...]
    w: NDArray[np.float64]
    inputs: NDArray[np.float64]
    learned: NDArray[np.bool_]
    noise: NDArray[np.float64]

    @property
    def title(self) -> str:
        return "Fig. 1b: input sequences after learning"

    @property
    def notes(self) -> tuple[str, ...]:
        return (
            "Documented: one tanh unit, w learned, trained inputs in the first L steps, Gaussian noise after them. L = 3 is in "
            "the text, 4 in the caption of Fig. 2a; T = 20 is that figure's.",
            "The drawing is lost: what can be compared is what the text says of a solution, that it needs w above 1 and inputs "
            "that lead the state towards the attractor of their class.",
            "Whether 0.2 is the noise's standard deviation or its variance is not said: both were run.",
            f"Ours: back-propagation at a rate of 0.1 from w = {W0}, targets ±0.8, fresh noise at every presentation, learned "
            "after 60 right answers in a row. The run that is drawn is the first that learned, its noise is one more draw.",
        )

    def latch(self, reading: int) -> ScalarLatch | None:
        """The unit that is drawn; None if its w is negative, as only a run that did not learn may leave it."""
        w = float(self.w[reading, self.drawn(reading)])
        return scalar_latch(w) if w > 0.0 else None

    def drawn(self, reading: int) -> int:
        """The first trial that learned; the first of all if none did."""
        return int(np.argmax(self.learned[reading]))

    def sequences(self, reading: int) -> NDArray[np.float64]:
        """Both input sequences that are drawn, trained part and noise, shape (2, T)."""
        return np.concatenate([self.inputs[reading, self.drawn(reading)], self.noise[reading]], axis=1)

    def states(self, reading: int) -> NDArray[np.float64]:
        """a_0, ..., a_T under them, shape (2, T + 1)."""
        unit = LatchNeuron(float(self.w[reading, self.drawn(reading)]))
        return np.stack([trajectory(unit, [0.0], u[:, None])[:, 0] for u in self.sequences(reading)])

    @cached_property
    def after(self) -> NDArray[np.float64]:
        """a_L of every run and class, before any noise, shape (readings, trials, 2)."""
        a = np.zeros(self.inputs.shape[:-1])
        for t in range(self.inputs.shape[-1]):
            a = self.w[..., None] * np.tanh(a) + self.inputs[..., t]
        return a

    @property
    def sided(self) -> NDArray[np.bool_]:
        """Whether a_L of both classes is on its class's side of 0, the unstable point, shape (readings, trials)."""
        return np.asarray((self.after[..., 0] < 0.0) & (self.after[..., 1] > 0.0))

    @property
    def latched(self) -> NDArray[np.bool_]:
        """Whether both are in Gamma too, shape (readings, trials); a unit with w <= 1 has none to be latched in."""
        edge = np.array([critical_point(w) if w > 1.0 else np.inf for w in self.w.flat]).reshape(self.w.shape)
        return np.asarray(self.sided & (np.abs(self.after) > edge[..., None]).all(-1))

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        return tuple(verdict for k in range(len(self.reading)) for verdict in self._of(k))

    def _of(self, k: int) -> Sequence[Verdict]:
        own, name = self.learned[k], self.reading[k]
        share = _share(f"all runs, {name}", "learned", own, NAN, "the same unit and task as in Fig. 2a")
        if not own.any():
            return (share,)
        what, must = f"runs that learned, {name}", "what the text says a solution needs"
        sizes = np.array([u_star(w) if w > 1.0 else 0.0 for w in self.w[k, own]])
        return (
            share,
            _share(what, "w above 1", self.w[k, own] > 1.0, 100.0, must),
            _share(what, "inputs on their class's side", self.sided[k, own], 100.0, must),
            _share(what, "in Gamma after L steps", self.latched[k, own], NAN, "latched before any noise, by both inputs"),
            _value(what, "u* at the end", mean(sizes), len(sizes)),
        )

    @property
    def columns(self) -> dict[str, NDArray[Any]]:
        """A row a run."""
        readings, trials = self.w.shape
        inputs = self.inputs.reshape(readings * trials, -1)
        names = [f"u[{k},{t}]" for k in ("-1", "+1") for t in range(1, self.inputs.shape[-1] + 1)]
        return {
            "reading": np.repeat(np.array(self.reading), trials),
            "trial": np.tile(np.arange(trials), readings),
            "learned": self.learned.ravel(),
            "w": self.w.ravel(),
            **dict(zip(names, inputs.T, strict=True)),
            "in Gamma": self.latched.ravel(),
        }

    @property
    def pictures(self) -> tuple[Picture, ...]:
        from dynlatch.training.plots.figure1b import pictures

        return pictures(self)

    def summary(self) -> str:
        lines = [self.title]
        for k, name in enumerate(self.reading):
            inputs = "; ".join(
                f"class {sign}: {', '.join(f'{u:.2f}' for u in row)}"
                for sign, row in zip(("-1", "+1"), self.inputs[k, self.drawn(k)], strict=True)
            )
            lines.append(f"  {name}: drawn run w = {self.w[k, self.drawn(k)]:.3f}, inputs of {inputs}")
            lines += [f"    {v.quantity}: {v.ours:.3g} {v.unit}".rstrip() for v in self._of(k)]
        return "\n".join(lines)

    def plot(self, ax: Axes | None = None) -> Axes:
        """The two input sequences of the first reading, trained inputs as crosses."""
        from dynlatch.training.plots.figure1b import plot_inputs

        return plot_inputs(self, 0, ax)


def _share(what: str, quantity: str, so: NDArray[np.bool_], published: float, words: str) -> Verdict:
    rate = Interval(*(100.0 * end for end in wilson(float(so.sum()), float(so.size))))
    agreement = Agreement.UNPUBLISHED if np.isnan(published) else Agreement.AGREES if so.all() else Agreement.DISAGREES
    return Verdict(what, quantity, "%", *rate, so.size, published, agreement, f"{so.sum()} of {so.size} runs: {words}.")


def _value(what: str, quantity: str, of: Interval, n: int) -> Verdict:
    words = "A constant input of this size takes the bit; single noises may exceed it, since they do not last."
    return Verdict(what, quantity, "", *of, n, NAN, Agreement.UNPUBLISHED, words)


FIGURE1B = Experiment(
    "figure1b", "Input sequences after learning", "Bengio, Frasconi and Simard (1993), ICNN, Fig. 1b", cells, read
)
