"""Units with time constants: `c_i(t) = tau_i c_i(t-1) + (1 - tau_i) tanh(net_i(t))`, slow where tau_i is near 1.

Mozer (1992), "Induction of multiscale temporal structure". Along the unit itself the error keeps the factor tau_i a step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from dynlatch.errors import InvalidInput
from dynlatch.training.models.blueprint import (
    Blueprint,
    Drawn,
    Link,
    answering,
    biased,
    blueprint,
    every,
    full,
    layer,
    pairs,
    settle,
)
from dynlatch.validation import finite_array, finite_number

PUBLISHED = (0.0,) * 6 + (0.75, 0.82, 0.88, 0.95)  # 6 fast units, and 4 spread over the published range


@dataclass(frozen=True)
class TimeConstants(Drawn):
    """Fixed time constants; `net(t) = B u(t) + W c(t-1) + b`, `y = f(V c + c0)`.

    Parameters
    ----------
    tau : sequence of float
        One for each unit, 0 <= tau < 1; zeros make a net of Elman's. Mozer's 10 units by default.
    input_dim, output_dim : int
    answer : {"tanh", "logistic", "linear"}
        f.
    radius : float
        First weights are uniform on [-radius, radius].

    Raises
    ------
    InvalidInput
        If a time constant is outside [0, 1).

    Examples
    --------
    >>> from dynlatch.training.models import TimeConstants
    >>> len(TimeConstants(tau=(0.0, 0.9)).names)
    11
    """

    tau: Sequence[float] = field(default=PUBLISHED)
    input_dim: int = 1
    output_dim: int = 1
    answer: str = "tanh"
    radius: float = 0.5

    def __post_init__(self) -> None:
        settle(self, "input_dim", "output_dim")
        tau = tuple(finite_array("tau", self.tau, ndim=1).tolist())
        if not tau or not all(0.0 <= one < 1.0 for one in tau):
            raise InvalidInput(f"`tau` needs one number of [0, 1) for each unit; got {self.tau}.")
        object.__setattr__(self, "tau", tau)

    @property
    def units_count(self) -> int:
        """Context units."""
        return len(self.tau)

    def draw(self) -> Blueprint:
        c, f = every("c", self.units_count), every("f", self.units_count)
        slow = [Link(i, i, tau, 1) for i, tau in zip(c, self.tau, strict=True)]
        new = [Link(i, j, 1.0 - tau) for i, j, tau in zip(c, f, self.tau, strict=True)]
        y = every("y", self.output_dim)
        units = [*layer("tanh", f), *layer("linear", c), *layer(self.answer, y)]
        links = [*_context(f, c, self.input_dim), *slow, *new, *answering(y, c)]
        return blueprint(units, links, inputs=self.input_dim, answers=y)


@dataclass(frozen=True)
class LearnedTimeConstants(Drawn):
    """The same with time constants that are trained; Mozer found that this works only where they begin close to the right ones.

    Drawn as `c(t) = f(t) + tau (c(t-1) - f(t))` with `f = tanh(net)`, so that tau is one weight.

    Parameters
    ----------
    units_count : int
        Context units.
    tau : float
        First value of every time constant.
    input_dim, output_dim : int
    answer : {"tanh", "logistic", "linear"}
    radius : float
        The other weights begin uniform on [-radius, radius].

    Examples
    --------
    >>> from dynlatch.training.models import LearnedTimeConstants
    >>> LearnedTimeConstants(1).names
    ('B[0,0]', 'W[0,0]', 'b[0]', 'tau[0]', 'V[0,0]', 'c[0]')
    """

    units_count: int = 5
    tau: float = 0.5
    input_dim: int = 1
    output_dim: int = 1
    answer: str = "tanh"
    radius: float = 0.5

    def __post_init__(self) -> None:
        settle(self, "units_count", "input_dim", "output_dim")
        object.__setattr__(self, "tau", finite_number("tau", self.tau))

    def draw(self) -> Blueprint:
        c, f, e = (every(name, self.units_count) for name in "cfe")
        difference = [*pairs(e, c, 1.0, delay=1), *pairs(e, f, -1.0)]
        slow = [*pairs(c, f, 1.0), *pairs(c, e, "tau")]
        y = every("y", self.output_dim)
        units = [*layer("tanh", f), *layer("linear", e), *layer("linear", c), *layer(self.answer, y)]
        links = [*_context(f, c, self.input_dim), *difference, *slow, *answering(y, c)]
        given = dict.fromkeys(every("tau", self.units_count), self.tau)
        return blueprint(units, links, inputs=self.input_dim, answers=y, given=given)


def _context(f: Sequence[str], c: Sequence[str], inputs: int) -> list[Link]:
    """`B u(t) + W c(t-1) + b` into the units f."""
    return [*full(f, every("u", inputs), "B"), *full(f, c, "W", delay=1), *biased(f, "b")]
