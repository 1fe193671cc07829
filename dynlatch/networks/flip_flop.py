"""The trainable flip-flop of Bengio, Frasconi and Simard (1993), section IV: one bit, and no derivative."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from dynlatch.networks.common import batch_of, input_weights, real, spread
from dynlatch.networks.threshold import corners, signs
from dynlatch.validation import Array, finite_number


@dataclass(frozen=True, eq=False)
class FlipFlop:
    """`x_t = f(x_{t-1}, v_t)`, `v_t = w B u_t`: set to +1 where v >= 1, to -1 where v <= -1, otherwise kept.

    Equations 7 and 8 of Bengio, Frasconi and Simard (1993), with the weight w of section IV.

    Parameters
    ----------
    w : float
        Scales the input: noise below 1/|w| cannot change the state.
    input_matrix : array_like, shape (1, m), optional
        B; a single input with weight 1 by default.

    Raises
    ------
    InvalidInput
        On non-finite values or wrong shapes.

    Examples
    --------
    >>> import dynlatch as dl
    >>> dl.trajectory(dl.FlipFlop(2.0), [-1.0], inputs=[[0.4], [0.6], [-0.4]]).ravel()
    array([-1., -1.,  1.,  1.])
    """

    w: float = 1.0
    input_matrix: Array | None = None

    B: Array = field(init=False, repr=False)  # input_matrix, with the default filled in

    coordinates = "state x"

    def __post_init__(self) -> None:
        object.__setattr__(self, "w", finite_number("w", self.w))
        given = np.eye(1) if self.input_matrix is None else self.input_matrix
        object.__setattr__(self, "B", input_weights("input_matrix", given, 1))

    @property
    def dim(self) -> int:
        return 1

    @property
    def input_dim(self) -> int:
        return int(self.B.shape[1])

    @property
    def states(self) -> Array:
        """-1 and +1, shape (2, 1)."""
        return corners(1)

    def scaled_input(self, a: Array, u: Array | None = None) -> Array:
        """v of each state and input, shape (..., 1)."""
        v = np.zeros(1) if u is None else self.w * (real(u) @ self.B.T)
        return spread(v, batch_of(a, u))

    def step(self, a: Array, u: Array | None = None) -> Array:
        """A state of either sign counts as +1 or -1; zero as +1."""
        v = self.scaled_input(a, u)
        return np.where(v >= 1.0, 1.0, np.where(v <= -1.0, -1.0, signs(real(a))))

    def margin(self, a: Array, u: Array | None = None, channels: Sequence[int] | None = None) -> Array:
        """Adding an input whose components are all smaller in size than this does not change the next state, shape (...).

        A state x is left where v reaches -x: `|v + x| / (|w| sum_j |B_j|)`, j over `channels`, the inputs that are disturbed
        (all by default). No larger number would do.
        """
        distance = np.abs(self.scaled_input(a, u) + signs(real(a)))[..., 0]
        gain = abs(self.w) * float(np.abs(self.B if channels is None else self.B[:, list(channels)]).sum())
        return np.asarray(distance / gain if gain > 0.0 else np.full(distance.shape, np.inf))
