"""A hierarchy of predictors: what one level predicts, the next one never sees. Schmidhuber (1992), NIPS 4."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dynlatch.errors import InvalidInput
from dynlatch.networks.common import batch_of, real, spread
from dynlatch.networks.readout import Readout
from dynlatch.validation import Array, finite_array, positive_number, shaped_array


@dataclass(frozen=True, eq=False)
class PredictorLevel:
    """One predictor: `g = tanh(W x + R h + b)` of its input x, and z = V h + c.

    To the first m components of z, which predict the next input, D x is added: what they say of the last input alone need not
    be held by hidden units, and what the others say must be.

    Parameters
    ----------
    W, R, b : array_like, shapes (k, i), (k, k), (k,)
    V, D, c : array_like, shapes (o, k), (m, i), (o,)

    Raises
    ------
    InvalidInput
        On shapes that do not fit together.
    """

    W: Array
    R: Array
    b: Array
    V: Array
    D: Array
    c: Array

    def __post_init__(self) -> None:
        W, V = finite_array("W", self.W, ndim=2), finite_array("V", self.V, ndim=2)
        (k, i), o = W.shape, len(V)
        put = object.__setattr__
        put(self, "W", W)
        put(self, "V", shaped_array("V", V, (o, k)))
        put(self, "R", shaped_array("R", self.R, (k, k)))
        put(self, "b", shaped_array("b", self.b, (k,)))
        put(self, "D", shaped_array("D", self.D, (i - 1, i)))
        put(self, "c", shaped_array("c", self.c, (o,)))

    def predicted(self, h: Array, x: Array) -> Array:
        """z, shape (..., o)."""
        z: Array = h @ self.V.T + self.c
        z[..., : len(self.D)] += x @ self.D.T
        return z


@dataclass(frozen=True, eq=False)
class HistoryCompressor:
    """Levels of predictors: level l + 1 is updated by the inputs that level l failed to predict, as strongly as it failed.

    Level l keeps its hidden units h, its last input x (the m external inputs, and last the time since its update before, over
    `time_scale`) and that time. With the strength s_l, where s_0 = 1 and `s_{l+1} = s_l S(z_l - u)`,

        h <- (1 - s) h + s tanh(W x' + R h + b),   x <- (1 - s) x + s x'.

    S is 1 where some |z_i - u_i| exceeds `tolerance` and 0 elsewhere; or, `gradual`, `1 - exp(-|z - u|^2 / (2 tolerance^2))`,
    one minus the likelihood of u relative to that of what was expected. The first makes the map discontinuous.

    Parameters
    ----------
    levels : sequence of PredictorLevel
        Of the same numbers of hidden units and inputs; z begins with the m predicted inputs, then the answer.
    tolerance : float
    gradual : bool
    time_scale : float
    answering : int
        The level whose answer is the network's.

    Raises
    ------
    InvalidInput
        On levels that do not fit together, or a tolerance or scale that is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> import dynlatch as dl
    >>> from dynlatch.networks.history_compressor import HistoryCompressor, PredictorLevel
    >>> one, none = np.ones((1, 1)), np.zeros((1, 1))
    >>> level = PredictorLevel([[1.0, 0.0]], none, [0.0], np.zeros((2, 1)), [[1.0, 0.0]], [0.0, 0.0])
    >>> repeats = HistoryCompressor([level, level], tolerance=0.5)  # each expects the input to stay as it is
    >>> dl.trajectory(repeats, np.zeros(8), inputs=[[1.0], [1.0], [1.0]])[:, -1]  # time since the second was surprised
    array([0., 0., 1., 2.])
    """

    levels: Sequence[PredictorLevel]
    tolerance: float = 0.25
    gradual: bool = False
    time_scale: float = 100.0
    answering: int = 0

    coordinates = "hidden output h, last input x and clock of every level"

    def __post_init__(self) -> None:
        levels = tuple(self.levels)
        shapes = {(level.W.shape, len(level.V) > level.W.shape[1] - 1) for level in levels}
        if len(shapes) != 1 or not all(enough for _, enough in shapes) or not 0 <= self.answering < len(levels):
            raise InvalidInput(
                "`levels` must be predictors of the same numbers of hidden units and inputs that predict every input "
                f"and give an answer, `answering` one of them; got {self!r}."
            )
        object.__setattr__(self, "levels", levels)
        object.__setattr__(self, "tolerance", positive_number("tolerance", self.tolerance))
        object.__setattr__(self, "time_scale", positive_number("time_scale", self.time_scale))

    @property
    def input_dim(self) -> int:
        return int(self.levels[0].W.shape[1]) - 1

    @property
    def hidden(self) -> int:
        """Hidden units of a level."""
        return len(self.levels[0].W)

    @property
    def dim(self) -> int:
        return len(self.levels) * (self.hidden + self.input_dim + 2)

    @property
    def start(self) -> Array:
        """The state at time 0, shape (n,)."""
        return np.zeros(self.dim)

    @property
    def readout(self) -> Readout:
        """The answer, from the state."""
        m, k, level = self.input_dim, self.hidden, self.levels[self.answering]
        weights = np.zeros((1, self.dim))
        first = self.answering * (k + m + 2)
        weights[0, first : first + k] = level.V[m]
        return Readout(weights, level.c[m : m + 1])

    def surprise(self, error: Array) -> Array:
        """S of the errors of prediction (..., m), shape (...)."""
        if self.gradual:
            return np.asarray(-np.expm1(-0.5 * np.sum(error**2, axis=-1) / self.tolerance**2))
        return np.asarray(np.abs(error).max(axis=-1) > self.tolerance, dtype=np.float64)

    def step(self, a: Array, u: Array | None = None) -> Array:
        batch, m, k = batch_of(a, u), self.input_dim, self.hidden
        given = np.zeros(m) if u is None else real(u)
        old = spread(real(a), batch).reshape(*batch, len(self.levels), k + m + 2)
        new, strength = np.empty(old.shape), np.ones((*batch, 1))
        for l, level in enumerate(self.levels):
            h, x, clock = old[..., l, :k], old[..., l, k:-1], old[..., l, -1:] + 1.0
            failed = self.surprise(level.predicted(h, x)[..., :m] - given)[..., None]
            entering = np.concatenate([np.broadcast_to(given, (*batch, m)), clock / self.time_scale], axis=-1)
            g = np.tanh(entering @ level.W.T + h @ level.R.T + level.b)
            new[..., l, :k] = (1.0 - strength) * h + strength * g
            new[..., l, k:-1] = (1.0 - strength) * x + strength * entering
            new[..., l, -1:] = (1.0 - strength) * clock
            strength = strength * failed
        return new.reshape(*batch, self.dim)
