"""Networks of discrete states under real inputs: `p_t = A(u_t) p_{t-1}`, the columns of A softmax functions of the input.

Bengio and Frasconi (1993, 1994); `networks.state_network` is the case of inputs that are symbols.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InvalidInput
from dynlatch.networks import stochastic
from dynlatch.networks.common import batch_of, real, spread
from dynlatch.networks.readout import Readout, as_readout
from dynlatch.validation import Array, count, finite_array


@dataclass(frozen=True, eq=False)
class SubnetNetwork:
    """`p_t = A(u_t) p_{t-1}`, `A_ij(u) = exp(b_ij + w_ij . u) / sum over i' of exp(b_i'j + w_i'j . u)`.

    The state is a distribution over S states. As in `StateNetwork`, points off the plane `sum p = 1` are moved onto it along
    (1, ..., 1), and derivatives act on the tangent space of the simplex alone.

    Parameters
    ----------
    biases : array_like, shape (S, S)
        `biases[i, j]` is for state i after state j; -inf where that transition does not exist.
    weights : array_like, shape (S, S, m)
        Those of the inputs.
    readout : tuple of (matrix (k, S), bias (k,)), optional
        A linear readout of the distribution that belongs to the network.
    first : int
        The state at time 0.

    Raises
    ------
    InvalidInput
        On wrong shapes, NaN, a state without a successor, or a first state that is none.

    Examples
    --------
    >>> from dynlatch.networks import SubnetNetwork
    >>> latch = SubnetNetwork([[5.0, -5.0], [-5.0, 5.0]], [[[-10.0], [-10.0]], [[10.0], [10.0]]])
    >>> latch.step(latch.start, [1.0]).round(3)
    array([0., 1.])
    """

    biases: Array
    weights: Array
    readout: Readout | None = field(default=None, kw_only=True)
    first: int = field(default=0, kw_only=True)

    coordinates = "probability p"

    def __post_init__(self) -> None:
        biases, weights = np.array(self.biases, dtype=np.float64), finite_array("weights", self.weights, ndim=3)
        if biases.ndim != 2 or biases.shape != weights.shape[:2] or biases.shape[0] != biases.shape[1]:
            raise InvalidInput(
                f"`biases` must have shape (S, S) and `weights` (S, S, m); got {biases.shape} and {weights.shape}."
            )
        if np.any(np.isnan(biases)) or np.any(biases == np.inf) or np.any(np.all(biases == -np.inf, axis=0)):
            raise InvalidInput("`biases` must be numbers, or -inf for a transition that does not exist; every state needs one.")
        put = object.__setattr__
        put(self, "biases", biases)
        put(self, "weights", weights)
        put(self, "readout", as_readout(self.readout, len(biases)))
        put(self, "first", count("first", self.first))
        if self.first >= len(biases):
            raise InvalidInput(f"`first` must be one of the {len(biases)} states, from 0 on; got {self.first}.")

    @property
    def dim(self) -> int:
        return len(self.biases)

    @property
    def input_dim(self) -> int:
        return int(self.weights.shape[2])

    @property
    def start(self) -> Array:
        """(S,) the distribution at time 0."""
        return np.asarray(np.eye(self.dim)[self.first])

    def matrix(self, u: Array | None = None) -> Array:
        """A(u), shape (..., S, S), of inputs (..., m)."""
        value = np.zeros(self.input_dim) if u is None else real(u)
        activations = self.biases + np.einsum("ijf,...f->...ij", self.weights, value)
        raised = np.exp(activations - activations.max(-2, keepdims=True))
        return np.asarray(raised / raised.sum(-2, keepdims=True))

    def step(self, a: Array, u: Array | None = None) -> Array:
        return stochastic.moved(self.matrix(u), stochastic.on_plane(real(a)))

    def jacobian(self, a: Array, u: Array | None = None) -> Array:
        """`A(u) (I - 1 1^T / S)`, shape (..., S, S)."""
        return spread(stochastic.on_tangent(self.matrix(u)), batch_of(a, u), core=2)

    def input_jacobian(self, a: Array, u: Array | None = None) -> Array:
        """`dp'_i / du_f = sum over j of A_ij p_j (w_ijf - sum over k of A_kj w_kjf)`, shape (..., S, m)."""
        A, p = self.matrix(u), stochastic.on_plane(real(a))
        inner = self.weights - np.einsum("...kj,kjf->...jf", A, self.weights)[..., None, :, :]
        return np.asarray(np.einsum("...ij,...j,...ijf->...if", A, p, inner))

    def jvp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        return spread(stochastic.moved(self.matrix(u), stochastic.tangent(real(v))), batch_of(a, v, u))

    def vjp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        back = stochastic.moved(np.swapaxes(self.matrix(u), -1, -2), real(v))
        return spread(stochastic.tangent(back), batch_of(a, v, u))

    def output(self, a: Array) -> Array:
        """What a readout sees: the distribution itself."""
        return real(a).copy()

    def tau_1(self, u: Array | None = None) -> Array:
        """Dobrushin's coefficient of A(u), shape (...) of inputs (..., m); see `StateNetwork.tau_1`."""
        return stochastic.dobrushin(self.matrix(u))

    def abs_det(self, u: Array | None = None) -> Array:
        """|det A(u)|, shape (...)."""
        return stochastic.abs_det(self.matrix(u))

    def second_eigenvalue(self, u: Array | None = None) -> NDArray[np.complex128]:
        """The largest eigenvalue in modulus of A(u) on the tangent space, shape (...)."""
        return stochastic.second_eigenvalue(self.matrix(u))
