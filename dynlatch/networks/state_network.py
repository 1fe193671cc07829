"""Networks of discrete states under inputs that choose the transition matrix: `p_t = A_s(t) p_{t-1}` on the simplex.

Bengio and Frasconi (1993, 1994): `A_k[i, j] = P(q_t = i | q_{t-1} = j, symbol k)`. What such a network can keep over long times
is told by its matrices (Bengio and Frasconi 1995, "Diffusion of credit in Markovian models"): see `tau_1`, `abs_det` and
`second_eigenvalue`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InvalidInput
from dynlatch.networks import stochastic
from dynlatch.networks.common import batch_of, real, spread
from dynlatch.networks.readout import Readout, as_readout
from dynlatch.validation import Array, finite_array, shaped_array

ROUNDING = 1e-9  # how far the columns that are given may be from summing to one


@dataclass(frozen=True, eq=False)
class StateNetwork:
    """`p_t = A_k p_{t-1}`, where the input u_t chooses the symbol k: the number of thresholds below it.

    The state is a distribution over S states, a point of the simplex. Points off the plane `sum p = 1` are moved onto it along
    (1, ..., 1) first, so that the derivatives act on the tangent space of the simplex, the vectors of sum zero, alone:
    `jacobian` is `A_k (I - 1 1^T / S)`, and the eigenvalue 1 that every stochastic matrix has is not among its eigenvalues
    unless something is kept for ever. The input acts through its symbol: the derivative with respect to it is zero (almost
    everywhere).

    Parameters
    ----------
    tables : array_like, shape (K, S, S)
        `tables[k, i, j] = P(i | j, symbol k)`: columns are distributions.
    thresholds : array_like, shape (K - 1,)
        Ascending. With the single threshold 0, an input above 0 is symbol 1, and one of 0 or below symbol 0.
    readout : tuple of (matrix (k, S), bias (k,)), optional
        A linear readout of the distribution that belongs to the network.

    Raises
    ------
    InvalidInput
        On wrong shapes, columns that are no distributions, or thresholds that do not ascend.

    Examples
    --------
    >>> import dynlatch as dl
    >>> flip = dl.StateNetwork([[[1, 0], [0, 1]], [[0.1, 0.9], [0.9, 0.1]]], thresholds=[0.0])
    >>> dl.trajectory(flip, [1.0, 0.0], inputs=[[1.0], [-1.0], [1.0]])[-1].round(2)
    array([0.82, 0.18])
    >>> flip.tau_1().round(2)
    array([1. , 0.8])
    """

    tables: Array
    thresholds: Array
    readout: Readout | None = field(default=None, kw_only=True)

    coordinates = "probability p"

    def __post_init__(self) -> None:
        tables = _stochastic(self.tables)
        thresholds = shaped_array("thresholds", self.thresholds, (len(tables) - 1,))
        if np.any(np.diff(thresholds) <= 0):
            raise InvalidInput(f"`thresholds` must ascend; got {thresholds.tolist()}.")
        put = object.__setattr__
        put(self, "tables", tables)
        put(self, "thresholds", thresholds)
        put(self, "readout", as_readout(self.readout, tables.shape[1]))

    @property
    def dim(self) -> int:
        return int(self.tables.shape[1])

    @property
    def input_dim(self) -> int:
        return 1

    def symbol(self, u: Array | None = None) -> NDArray[np.intp]:
        """The symbol of inputs (..., 1): shape (...)."""
        value = np.zeros(1) if u is None else real(u)
        return np.asarray(np.searchsorted(self.thresholds, value[..., 0], side="left"))

    def matrix(self, u: Array | None = None) -> Array:
        """The transition matrices under inputs (..., 1): shape (..., S, S)."""
        return np.asarray(self.tables[self.symbol(u)])

    def step(self, a: Array, u: Array | None = None) -> Array:
        return stochastic.moved(self.matrix(u), stochastic.on_plane(real(a)))

    def jacobian(self, a: Array, u: Array | None = None) -> Array:
        """`A_k (I - 1 1^T / S)`, shape (..., S, S): the derivative on the tangent space of the simplex."""
        return spread(stochastic.on_tangent(self.matrix(u)), batch_of(a, u), core=2)

    def input_jacobian(self, a: Array, u: Array | None = None) -> Array:
        """Zero: between the thresholds the input changes nothing."""
        return np.zeros((*batch_of(a, u), self.dim, 1))

    def jvp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        return spread(stochastic.moved(self.matrix(u), stochastic.tangent(real(v))), batch_of(a, v, u))

    def vjp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        back = stochastic.moved(np.swapaxes(self.matrix(u), -1, -2), real(v))
        return spread(stochastic.tangent(back), batch_of(a, v, u))

    def output(self, a: Array) -> Array:
        """What a readout sees: the distribution itself."""
        return real(a).copy()

    def tau_1(self) -> Array:
        """Dobrushin's coefficient of each matrix, `max over j, k of sum_i |a_ij - a_ik| / 2`, shape (K,).

        In [0, 1]: 0 where one step forgets the state, 1 where some pair of states stays as distinct as it was. Products of
        matrices have at most the product of their coefficients (Seneta 1981; diffusion of credit, 1995).
        """
        return stochastic.dobrushin(self.tables)

    def abs_det(self) -> Array:
        """|det A_k|, shape (K,): what a step leaves of volumes of distributions; for two states it equals `tau_1`."""
        return stochastic.abs_det(self.tables)

    def second_eigenvalue(self) -> NDArray[np.complex128]:
        """The largest eigenvalue in modulus of each matrix on the tangent space, shape (K,): how fast differences die out."""
        return stochastic.second_eigenvalue(self.tables)


def _stochastic(value: object) -> Array:
    """Tables (K, S, S) whose columns are distributions."""
    tables = finite_array("tables", value, ndim=3)
    if tables.shape[1] != tables.shape[2] or 0 in tables.shape:
        raise InvalidInput(f"`tables` must have shape (K, S, S), one matrix a symbol; got {tables.shape}.")
    sums = tables.sum(1)
    if tables.min() < 0 or np.abs(sums - 1).max() > ROUNDING:
        k, j = np.unravel_index(np.abs(sums - 1).argmax(), sums.shape)
        raise InvalidInput(
            "every column of `tables` must be a distribution, with entries of at least 0 and sum 1: "
            f"the least entry is {tables.min():g}, and column {j} of matrix {k} sums to {sums[k, j]:g}."
        )
    return tables
