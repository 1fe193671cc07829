"""Time-warping-invariant nets: the state moves by as much as the input does, and stands still while it is quiet.

    S(t) = S(t-1) + l(t) tanh(W S(t-1) + B I(t-1) + b),   l(t) = sum_k |I_k(t) - I_k(t-1)|

Sun, Chen and Lee (1993), "Time warping invariant neural networks", with the sum of the changes as their norm. Where the input
does not change, l = 0 and an error flows back with a factor of exactly 1; a slower copy of a sequence leads to nearly the same
state.
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
    pairs,
    settle,
)


@dataclass(frozen=True)
class TimeWarpingNet(Drawn):
    """The state as above, read by `y = f(V S + c)`.

    The change of an input is made of two rectified units, one for each sign.

    Parameters
    ----------
    units_count : int
        Components of S.
    input_dim, output_dim : int
    answer : {"tanh", "logistic", "linear"}
        f.
    radius : float
        First weights are uniform on [-radius, radius].

    Examples
    --------
    >>> from dynlatch.training.models import TimeWarpingNet
    >>> len(TimeWarpingNet(4).names)
    29
    """

    units_count: int = 4
    input_dim: int = 1
    output_dim: int = 1
    answer: str = "tanh"
    radius: float = 0.5

    def __post_init__(self) -> None:
        settle(self, "units_count", "input_dim", "output_dim")

    def draw(self) -> Blueprint:
        u, x, up, down = (every(name, self.input_dim) for name in ("u", "x", "up", "down"))
        S, F, y = every("S", self.units_count), every("F", self.units_count), every("y", self.output_dim)
        rises = [*pairs(up, x, 1.0), *pairs(up, x, -1.0, delay=1), *pairs(down, x, -1.0), *pairs(down, x, 1.0, delay=1)]
        length = [Link("l", name, 1.0) for name in (*up, *down)]
        field = [*full(F, S, "W", delay=1), *full(F, x, "B", delay=1), *biased(F, "b")]
        moved = [Link(i, j, 1.0, gate="l") for i, j in zip(S, F, strict=True)]
        units = [*layer("linear", x), *layer("relu", (*up, *down)), *layer("linear", ("l",)), *layer("tanh", F)]
        units += [*layer("linear", S), *layer(self.answer, y)]
        links = [*pairs(x, u, 1.0), *rises, *length, *field, *pairs(S, S, 1.0, delay=1), *moved, *answering(y, S)]
        return blueprint(units, links, inputs=len(u), answers=y)
