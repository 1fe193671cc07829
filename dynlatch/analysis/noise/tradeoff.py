"""The trade-off of latching: the larger the weight, the longer the bit survives noise, and the sooner the gradient is gone.

Source: Bengio, Simard and Frasconi (1994), Learning long-term dependencies with gradient descent is difficult, IEEE Trans.
Neural Networks 5, section III: both follow from the attractor of one neuron `a' = w tanh(a) + u`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dynlatch.analysis import scalar
from dynlatch.analysis.noise.laws import Noise, noise_law
from dynlatch.analysis.noise.result import noise_words
from dynlatch.analysis.noise.verb import retention
from dynlatch.errors import InvalidInput
from dynlatch.networks import LatchNeuron
from dynlatch.results import Result
from dynlatch.validation import Array, count, finite_array

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False)
class TradeOff(Result):
    """A latch at several weights, k of them, all from its upper attractor.

    Attributes
    ----------
    weights : ndarray, shape (k,)
    survival, returned : ndarray, shape (k,)
        Probability that the state has never left the basin during the T steps, and that it is in the basin after them.
    horizons : ndarray, shape (k,)
        Steps in which |da_t/da_0| at the attractor falls by a factor e: `-1 / ln M'(a*)`.
    thresholds : ndarray, shape (k,)
        u*, in units of the activation.
    noise : Gaussian or Uniform
    steps : int
        T.
    """

    weights: Array
    survival: Array
    returned: Array
    horizons: Array
    thresholds: Array
    noise: Noise
    steps: int

    def summary(self) -> str:
        lines = [
            f"a' = w tanh(a) + u, {noise_words(self.noise)}, {self.steps} steps",
            f"{'w':>8} {'never left':>12} {'in the basin':>12} {'gradient horizon':>17} {'u*':>10}",
        ]
        shown = np.unique(np.linspace(0, len(self.weights) - 1, 9).round().astype(int))
        for k in shown:
            lines.append(
                f"{self.weights[k]:8.4g} {self.survival[k]:12.6g} {self.returned[k]:12.6g} {self.horizons[k]:17.4g} "
                f"{self.thresholds[k]:10.4g}"
            )
        return "\n".join(lines)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Retention on the left axis, the gradient horizon and u* on the right one, against w."""
        from dynlatch.analysis.plots.noise import plot_trade_off

        return plot_trade_off(self, ax=ax)


def trade_off(noise: Noise, steps: int, *, w: Any = None) -> TradeOff:
    """Retention of the bit, gradient horizon and escape threshold of one tanh latch, against its weight.

    Parameters
    ----------
    noise : Gaussian or Uniform
    steps : int
        T, at least 1.
    w : array_like, shape (k,), optional
        Weights above 1; by default 81 from 1.02 to 5.

    Returns
    -------
    TradeOff

    Raises
    ------
    InvalidInput
        On weights that do not latch (w <= 1).

    Examples
    --------
    >>> from dynlatch import analysis
    >>> both = analysis.trade_off(analysis.Gaussian(0.5), 100, w=[1.25, 2.0, 4.0])
    >>> both.survival.round(3), both.horizons.round(2)
    (array([0.   , 0.865, 1.   ]), array([2.09, 0.56, 0.19]))
    """
    law, T = noise_law(noise), count("steps", steps, least=1)
    weights = finite_array("w", np.linspace(1.02, 5.0, 81) if w is None else w, ndim=1)
    if len(weights) == 0 or not np.all(weights > 1.0):
        raise InvalidInput(f"`w` must be weights above 1: below, the neuron has one attractor and no bit; got {weights}.")
    latches = [scalar.scalar_latch(float(weight)) for weight in weights]
    kept = [retention(LatchNeuron(latch.w), [latch.attractors[-1]], law, T) for latch in latches]
    return TradeOff(
        weights=weights,
        survival=np.array([record.survival[-1] for record in kept]),
        returned=np.array([record.returned[-1] for record in kept]),
        horizons=np.array([-1.0 / np.log(latch.slopes[-1]) for latch in latches]),
        thresholds=np.array([latch.thresholds[-1] for latch in latches]),
        noise=law,
        steps=T,
    )
