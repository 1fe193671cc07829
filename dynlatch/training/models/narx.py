"""NARX nets: the answer comes back with several delays, and hidden units have no other memory.

Lin, Horne, Tino and Giles (1996), "Learning long-term dependencies in NARX recurrent neural networks": unfolded in time, the
output delays are connections that jump ahead, so that the gradient has shorter ways back; it decays all the same, later.
"""

from __future__ import annotations

from dataclasses import dataclass

from dynlatch.training.models.blueprint import (
    ONE,
    Blueprint,
    Drawn,
    Link,
    Unit,
    biased,
    blueprint,
    every,
    full,
    layer,
    settle,
)
from dynlatch.validation import count, finite_number


@dataclass(frozen=True)
class NARX(Drawn):
    """`h(t) = tanh(sum_k B_k u(t-k) + sum_d A_d y(t-d) + b)`, `y = tanh(v . h + c)`, d = 1, ..., D and k = 0, ..., K.

    Parameters
    ----------
    units_count : int
        Hidden units.
    delays : int
        D, output delays.
    input_delays : int
        K.
    input_dim : int
    radius : float
        First weights are uniform on [-radius, radius].

    Examples
    --------
    >>> from dynlatch.training.models import NARX
    >>> len(NARX(4, delays=3).names)
    25
    """

    units_count: int = 4
    delays: int = 3
    input_delays: int = 0
    input_dim: int = 1
    radius: float = 0.5

    def __post_init__(self) -> None:
        settle(self, "units_count", "delays", "input_dim")
        object.__setattr__(self, "input_delays", count("input_delays", self.input_delays))

    def draw(self) -> Blueprint:
        h = every("h", self.units_count)
        register, read = tapped(self.input_dim, self.input_delays, h)
        fed_back = [Link(i, "y", f"A[{a},{d}]", d) for a, i in enumerate(h) for d in range(1, self.delays + 1)]
        links = [*read, *fed_back, *biased(h, "b"), *full(("y",), h, "v"), Link("y", ONE, "c")]
        return blueprint([*register, *layer("tanh", h), Unit("y")], links, inputs=self.input_dim, answers=("y",))


def tapped(m: int, delays: int, h: tuple[str, ...]) -> tuple[list[Unit], list[Link]]:
    """Units h read the last `delays + 1` values of m inputs, which linear units x keep where any are old."""
    u, x = every("u", m), every("x", m)
    if delays == 0:
        return [], full(h, u, "B0")
    entering = [Link(i, j, 1.0) for i, j in zip(x, u, strict=True)]
    return layer("linear", x), entering + [link for k in range(delays + 1) for link in full(h, x, f"B{k}", delay=k)]


@dataclass(frozen=True)
class NARXNeuron(Drawn):
    """The single NARX neuron that latches, `x(t) = tanh(sum_d (w/D) x(t-d) + u_t)`: fixed weights, trained inputs.

    Its fixed points, and the constant input that it withstands, are those of the neuron with one delay (`LatchNet`). The inputs
    are the channels of the task `Latch`: L trained ones for each class, and the noise.

    Parameters
    ----------
    w : float
        Sum of the recurrent weights.
    delays : int
        D.
    L : int
        Trained inputs of each class.
    radius : float
        They begin uniform on [-radius, radius].

    Examples
    --------
    >>> from dynlatch.training.models import NARXNeuron
    >>> NARXNeuron(delays=6, L=2).names
    ('u[-1,1]', 'u[-1,2]', 'u[+1,1]', 'u[+1,2]')
    """

    w: float = 1.25
    delays: int = 3
    L: int = 3
    radius: float = 0.1

    def __post_init__(self) -> None:
        settle(self, "delays", "L")
        object.__setattr__(self, "w", finite_number("w", self.w))

    @property
    def input_dim(self) -> int:
        return 2 * self.L + 1

    def draw(self) -> Blueprint:
        names = [f"u[{k},{t}]" for k in ("-1", "+1") for t in range(1, self.L + 1)]
        channels = every("u", self.input_dim)
        entering = [Link("x", channel, name) for channel, name in zip(channels, names, strict=False)]
        loops = [Link("x", "x", self.w / self.delays, d) for d in range(1, self.delays + 1)]
        return blueprint([Unit("x")], [*loops, *entering, Link("x", channels[-1], 1.0)], inputs=len(channels), answers=("x",))
