"""The gamma memory: a chain of leaky integrators with one learned rate, `x_k(t) = (1 - mu) x_k(t-1) + mu x_(k-1)(t-1)`.

De Vries and Principe (1992), "The gamma model: a new neural model for temporal processing". Depth K/mu times resolution mu is
the number K of taps: mu = 1 is a time-delay net, a small mu remembers long and blurs.
"""

from __future__ import annotations

from dataclasses import dataclass

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
    settle,
)
from dynlatch.validation import finite_number


@dataclass(frozen=True)
class GammaMemory(Drawn):
    """Taps x_0 = u, x_1, ..., x_K for every input, `h = tanh(sum_k B_k x_k + b)`, `y = f(V h + c)`.

    Drawn as `x_k(t) = x_k(t-1) + mu e_k(t)` with the difference `e_k(t) = x_(k-1)(t-1) - x_k(t-1)`, so that mu is one weight.

    Parameters
    ----------
    taps : int
        K.
    units_count : int
        Hidden units.
    mu : float
        First value of the rate; the memory is stable for 0 < mu < 2.
    input_dim, output_dim : int
    answer : {"tanh", "logistic", "linear"}
        f.
    radius : float
        The other weights begin uniform on [-radius, radius].

    Examples
    --------
    >>> from dynlatch.training.models import GammaMemory
    >>> GammaMemory(taps=2, units_count=1).names
    ('mu', 'B0[0,0]', 'B1[0,0]', 'B2[0,0]', 'b[0]', 'V[0,0]', 'c[0]')
    """

    taps: int = 5
    units_count: int = 3
    mu: float = 0.5
    input_dim: int = 1
    output_dim: int = 1
    answer: str = "tanh"
    radius: float = 0.5

    def __post_init__(self) -> None:
        settle(self, "taps", "units_count", "input_dim", "output_dim")
        object.__setattr__(self, "mu", finite_number("mu", self.mu))

    def draw(self) -> Blueprint:
        h, y, inputs = every("h", self.units_count), every("y", self.output_dim), every("u", self.input_dim)
        x = [every(f"x{k}", self.input_dim) for k in range(self.taps + 1)]
        units, links = layer("linear", x[0]), [Link(i, j, 1.0) for i, j in zip(x[0], inputs, strict=True)]
        for k in range(1, self.taps + 1):
            e = every(f"e{k}", self.input_dim)
            units += layer("linear", e) + layer("linear", x[k])
            links += [link for i, older, newer in zip(e, x[k - 1], x[k], strict=True) for link in _difference(i, older, newer)]
        read = [link for k in range(self.taps + 1) for link in full(h, x[k], f"B{k}")]
        units += layer("tanh", h) + layer(self.answer, y)
        links += [*read, *biased(h, "b"), *answering(y, h)]
        return blueprint(units, links, inputs=len(inputs), answers=y, given={"mu": self.mu})


def _difference(e: str, before: str, x: str) -> list[Link]:
    """`e = before(t-1) - x(t-1)`, `x = x(t-1) + mu e`."""
    return [Link(e, before, 1.0, 1), Link(e, x, -1.0, 1), Link(x, x, 1.0, 1), Link(x, e, "mu")]
