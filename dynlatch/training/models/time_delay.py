"""The time-delay net: hidden units read a window of the last inputs, and nothing is fed back.

Waibel, Hanazawa, Hinton, Shikano and Lang (1989), "Phoneme recognition using time-delay neural networks". Its gradient does not
decay within the window; beyond it, it is zero: what lies further back than `window` steps cannot be learned.
"""

from __future__ import annotations

from dataclasses import dataclass

from dynlatch.training.models.blueprint import Blueprint, Drawn, answering, biased, blueprint, every, layer, settle
from dynlatch.training.models.narx import tapped


@dataclass(frozen=True)
class TimeDelayNet(Drawn):
    """`h(t) = tanh(sum_k B_k u(t-k) + b)` for k = 0, ..., K, `y = f(V h + c)`.

    Parameters
    ----------
    units_count : int
        Hidden units.
    window : int
        K, the age of the oldest input that is read.
    input_dim, output_dim : int
    answer : {"tanh", "logistic", "linear"}
        f.
    radius : float
        First weights are uniform on [-radius, radius].

    Examples
    --------
    >>> from dynlatch.training.models import TimeDelayNet
    >>> len(TimeDelayNet(2, window=9).names)
    25
    """

    units_count: int = 3
    window: int = 10
    input_dim: int = 1
    output_dim: int = 1
    answer: str = "tanh"
    radius: float = 0.5

    def __post_init__(self) -> None:
        settle(self, "units_count", "window", "input_dim", "output_dim")

    def draw(self) -> Blueprint:
        h, y = every("h", self.units_count), every("y", self.output_dim)
        register, read = tapped(self.input_dim, self.window, h)
        units = [*register, *layer("tanh", h), *layer(self.answer, y)]
        return blueprint(units, [*read, *biased(h, "b"), *answering(y, h)], inputs=self.input_dim, answers=y)
