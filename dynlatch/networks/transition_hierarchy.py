"""Temporal transition hierarchies: units that change weights of other units one step later. Ring (1993), NIPS 5."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InvalidInput
from dynlatch.networks.common import batch_of, real, spread
from dynlatch.networks.readout import Readout
from dynlatch.validation import Array, count, finite_array


@dataclass(frozen=True, eq=False)
class HigherOrderNetwork:
    """`x_i(t) = sum_j u_j(t) (w_ij + x_l(t-1))`, l the unit that modifies the connection from input j to unit i, if any.

    Equations 1 and 2 of Ring (1993). The state x holds the outputs, then the higher units, each above the one that it
    modifies: after as many steps as there are levels nothing of a state is left.

    Parameters
    ----------
    W : array_like, shape (n, m)
    modifies : array_like of int, shape (n - k, 2)
        The unit and the input of the connection that each higher unit modifies; the unit comes before it.
    outputs : int
        k.

    Raises
    ------
    InvalidInput
        If a unit modifies what does not exist, or what another one modifies.

    Examples
    --------
    >>> import dynlatch as dl
    >>> from dynlatch.networks.transition_hierarchy import HigherOrderNetwork
    >>> net = HigherOrderNetwork([[0.0, 0.0], [1.0, -1.0]], modifies=[[0, 0]], outputs=1)
    >>> dl.trajectory(net, [0.0, 0.0], inputs=[[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])[:, 0]  # what came before a 0?
    array([ 0.,  0.,  1.,  0., -1.])
    """

    W: Array
    modifies: NDArray[np.int64]
    outputs: int

    S: Array = field(init=False, repr=False)  # (n, m, n): 1 where the last unit modifies the connection of the first two

    coordinates = "output x"

    def __post_init__(self) -> None:
        W = finite_array("W", self.W, ndim=2)
        n, m = W.shape
        k = count("outputs", self.outputs, least=1)
        pairs = np.array(self.modifies, dtype=np.int64).reshape(-1, 2)
        known = (pairs >= 0).all() and (pairs[:, 0] < k + np.arange(len(pairs))).all() and (pairs[:, 1] < m).all()
        if len(pairs) != n - k or not known or len(np.unique(pairs, axis=0)) != len(pairs):
            raise InvalidInput(
                f"each of the {n - k} units after the outputs must modify a connection of its own, from one of {m} inputs to "
                f"a unit before it; got {pairs.tolist()}."
            )
        S = np.zeros((n, m, n))
        S[pairs[:, 0], pairs[:, 1], k + np.arange(len(pairs))] = 1.0
        for name, value in (("W", W), ("modifies", pairs), ("outputs", k), ("S", S)):
            object.__setattr__(self, name, value)

    @property
    def dim(self) -> int:
        return len(self.W)

    @property
    def input_dim(self) -> int:
        return int(self.W.shape[1])

    @property
    def start(self) -> Array:
        """The state at time 0, shape (n,)."""
        return np.zeros(self.dim)

    @property
    def readout(self) -> Readout:
        """The outputs, the state's first components."""
        return Readout(np.eye(self.outputs, self.dim), np.zeros(self.outputs))

    def input_jacobian(self, a: Array, u: Array | None = None) -> Array:
        """`W + S a`, shape (..., n, m)."""
        return np.array(spread(self.W + np.einsum("ijl,...l->...ij", self.S, real(a)), batch_of(a, u), 2))

    def jacobian(self, a: Array, u: Array | None = None) -> Array:
        """`S u`, shape (..., n, n): strictly upper triangular, up to the order of units."""
        given = np.zeros(self.input_dim) if u is None else real(u)
        return np.array(spread(np.einsum("ijl,...j->...il", self.S, given), batch_of(a, u), 2))

    def step(self, a: Array, u: Array | None = None) -> Array:
        given = np.zeros(self.input_dim) if u is None else real(u)
        return np.asarray(np.einsum("...ij,...j->...i", self.input_jacobian(a), given))

    def jvp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        return spread(np.einsum("...il,...l->...i", self.jacobian(a, u), real(v)), batch_of(a, v, u))

    def vjp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        return spread(np.einsum("...il,...i->...l", self.jacobian(a, u), real(v)), batch_of(a, v, u))
