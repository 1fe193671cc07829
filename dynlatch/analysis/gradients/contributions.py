"""How far back the gradient of a cost reaches: dC_T/dW split by the time step through which the weights act.

`dC_T/dW = sum_tau (dC_T/da_T)(da_T/da_tau)(da_tau/dW)`: eq. (5) of Bengio, Simard and Frasconi (1994), section III.B. The
term of tau is what the weights change in step tau alone. Where states latch, terms far back vanish against near ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.gradients.split import Split, back_propagated, split_by_time
from dynlatch.analysis.gradients.tangent import aligned
from dynlatch.errors import InvalidInput
from dynlatch.maps import Map, Parametric, WithInput, drive, trajectory
from dynlatch.results import Result
from dynlatch.validation import Array, count, finite_array, finite_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CostGradient = Callable[[Array], Any]


@dataclass(frozen=True, eq=False)
class GradientContributions(Result):
    """The terms of dC_T/dW by the time step tau through which the weights act, entry tau - 1 for tau = 1, ..., T.

    Norms are Frobenius norms over all parameters: the root of the sum of squares of all their entries.

    Attributes
    ----------
    log_norms : ndarray, shape (T, ...)
        Natural logarithm of the norm of each term; `-inf` where it is exactly zero.
    by_kind : mapping of str to ndarray, shape (T, ...)
        The same for the "recurrent weights", "input weights" and "biases" alone, of those that the network has.
    projections : ndarray, shape (T, ...)
        Signed share of each term in the total gradient G of its sequence, `<G_tau, G> / <G, G>`: they sum to 1. Negative
        where a term works against the total; all zero where the total is.
    total : mapping of str to ndarray
        Gradient by parameter name, each of the parameter's shape, summed over the sequences of a batch as back-propagation
        sums it.
    log_scale : float
        The gradient is `exp(log_scale) * total`. It is 0 unless float64 cannot hold the gradient.
    """

    log_norms: Array
    by_kind: Mapping[str, Array]
    projections: Array
    total: Mapping[str, Array]
    log_scale: float = 0.0

    def share_within(self, k: int, kind: str | None = None) -> Array:
        """Share of the last k steps in the sum of the norms, shape (...); 1 where all terms are zero.

        `kind` is one of `by_kind`; None is all parameters together.
        """
        shares = self.shares(kind)
        return np.asarray(shares[min(count("k", k), len(shares) - 1)])

    def reach(self, q: float, kind: str | None = None) -> NDArray[np.int64]:
        """h_q, shape (...): the smallest k such that the last k steps carry the share q of the sum of the norms.

        0 where all terms are zero. `reach(0.5)` and `reach(0.95)` are h_50 and h_95.
        """
        level = finite_number("q", q)
        if not 0.0 < level <= 1.0:
            raise InvalidInput(f"`q` must be a share above 0 and at most 1; got {level}.")
        return np.asarray(np.argmax(self.shares(kind) >= level, axis=0))

    def shares(self, kind: str | None = None) -> Array:
        """`share_within(k)` for k = 0, ..., T: shape (T + 1, ...)."""
        logs = self._logs(kind)
        largest = logs.max(axis=0)
        size = np.exp(logs - np.where(np.isneginf(largest), 0.0, largest))
        carried = np.cumsum(size[::-1], axis=0)
        none = carried[-1] == 0.0
        carried = np.where(none, 1.0, carried / np.where(none, 1.0, carried[-1]))
        return np.concatenate([np.where(none, 1.0, 0.0)[None], carried])

    def _logs(self, kind: str | None) -> Array:
        if kind is None:
            return self.log_norms
        if kind not in self.by_kind:
            raise InvalidInput(f"`kind` must be one of {', '.join(map(repr, self.by_kind))}, or None; got {kind!r}.")
        return self.by_kind[kind]

    @property
    def fading(self) -> float | None:
        """Median factor by which terms change with each step further back, by least squares; None if fewer than two are left.

        Below 1 the past fades, above 1 it dominates.
        """
        runs = self.log_norms.reshape(len(self.log_norms), -1)[::-1].T
        slopes = [np.polyfit(np.flatnonzero(ok), run[ok], 1)[0] for run in runs if (ok := np.isfinite(run)).sum() > 1]
        return float(np.exp(np.median(slopes))) if slopes else None

    def summary(self) -> str:
        T, runs = len(self.log_norms), self.log_norms[0].size
        of = f"{T} step{'s' * (T != 1)}" + (f", {runs} sequences (medians)" if runs > 1 else "")
        lines = [f"gradient of the cost of the last step by the step through which the weights act (eq. 5), {of}"]
        if np.isneginf(self.log_norms).all():
            return "\n".join([*lines, "  the gradient is exactly zero: the cost does not move with the weights"])
        return "\n".join([*lines, *self._lines()])

    def _lines(self) -> list[str]:
        T = len(self.log_norms)
        half, most = (int(np.median(self.reach(q))) for q in (0.5, 0.95))
        share = float(np.median(self.share_within(most)))
        lines = [
            f"  {share:.0%} of the gradient of the last step comes from the last {_steps(most)} of {T} (h_95), "
            f"half of it from the last {_steps(half)} (h_50)"
        ]
        if self.fading is not None:
            lines.append(f"  each step further back multiplies the contribution by {self.fading:.4g}")
        for kind in self.by_kind:
            near, far = (int(np.median(self.reach(q, kind))) for q in (0.5, 0.95))
            lines.append(f"  {kind}: h_50 = {near}, h_95 = {far}")
        against = float(np.median(np.minimum(self.projections, 0.0).sum(axis=0)))
        if against < -0.005:
            lines.append(f"  terms that point against the total gradient take away {-against:.0%} of it")
        return lines

    def plot(self, ax: Axes | None = None) -> Axes:
        """Norm of every term against the number of steps back, and the share that the last k steps carry."""
        from dynlatch.analysis.plots.contributions import plot_gradient_contributions

        return plot_gradient_contributions(self, ax=ax)


def gradient_contributions(
    network: Parametric | WithInput,
    a0: Any,
    inputs: Any,
    cost_gradient: Any,
    steps: int | None = None,
) -> GradientContributions:
    """Split the gradient of a cost of the last state by the time step through which the weights act.

    Parameters
    ----------
    network : Parametric
        Any network with `parameters`, or one `WithInput`.
    a0 : array_like, shape (..., n)
        Initial states.
    inputs : array_like, shape (T, ..., m), or None
        Input sequences, time first; None with `steps` for a run without input.
    cost_gradient : array_like, shape (n,) or (..., n), or callable
        dC/da_T, or a function that returns it for the last states `(..., n)`. The cost depends on the weights through the
        last state alone; the gradient of a cost of several times is the sum over them.
    steps : int, optional
        T, where `inputs` is None.

    Returns
    -------
    GradientContributions

    Raises
    ------
    InvalidInput
        On wrong shapes, no steps, a network without parameters, or a trajectory that overflows.

    Notes
    -----
    One backward pass `delta_{tau-1} = J_tau^T delta_tau`. Every delta_tau is kept at a moderate size and its scale as an exact
    power of two, so that terms of size e^-100000 keep their logarithm. A weight matrix enters a step as `delta x^T`, whose
    norm is `|delta| |x|`: no matrix is formed per step, and memory is O(n T) beside the gradient itself. Components of a
    delta more than 1e308 times smaller than its largest are lost.

    References
    ----------
    .. [1] Bengio, Y., Simard, P. and Frasconi, P. (1994), Learning long-term dependencies with gradient descent is
       difficult. IEEE Trans. Neural Networks 5(2), section III.B.

    Examples
    --------
    At the upper state of the latch with w = 2 every step back multiplies the contribution by the slope 0.166372.

    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> split = analysis.gradient_contributions(dl.LatchNeuron(2.0), [1.9150080482], None, [1.0], steps=100)
    >>> round(split.fading, 6), int(split.reach(0.95)), float(split.share_within(1).round(4))
    (0.166372, 2, 0.8336)
    """
    inner, inputs, steps = _unwrapped(network, inputs, steps)
    if not isinstance(inner, Parametric):
        raise InvalidInput(
            f"`gradient_contributions` splits the gradient of weights, and {type(inner).__name__} has no `parameters`: "
            "use a network, or `gradient_decay` for the gradient of states."
        )
    start, sequence, T = drive(inner, a0, inputs, steps)
    visited = trajectory(inner, start, sequence, None if sequence is not None else _some(T))
    last = _cost_gradient(cost_gradient, visited[-1])
    sequence = aligned(sequence, visited)
    adjoints = back_propagated(inner, visited, sequence, last)
    return _contributions(split_by_time(inner, visited, sequence, adjoints), visited.shape[1:-1])


def _unwrapped(network: Map, inputs: Any, steps: int | None) -> tuple[Map, Any, int | None]:
    """The network inside `WithInput`, its constant input added to the sequence."""
    while isinstance(network, WithInput):
        _, sequence, T = drive(network, np.zeros(network.dim), inputs, steps)
        inputs = network.u0 + (np.zeros((_some(T), network.input_dim)) if sequence is None else sequence)
        network = network.map
    return network, inputs, steps


def _some(T: int) -> int:
    if T == 0:
        raise InvalidInput("`steps` must be at least 1: there is no gradient over zero steps.")
    return T


def _cost_gradient(given: Any, last: Array) -> Array:
    """dC/da_T for every last state, shape (..., n)."""
    gradient = finite_array("cost_gradient", given(last.copy()) if callable(given) else given)
    try:
        return np.broadcast_to(gradient, last.shape) if gradient.ndim else _refuse(gradient, last)
    except ValueError:
        return _refuse(gradient, last)


def _refuse(gradient: Array, last: Array) -> Array:
    raise InvalidInput(
        f"`cost_gradient` must have shape ({last.shape[-1]},) or {last.shape}, that of the last states; got {gradient.shape}."
    )


def _contributions(split: Split, batch: tuple[int, ...]) -> GradientContributions:
    T = len(split.log_norms)
    return GradientContributions(
        split.log_norms.reshape(T, *batch),
        {kind: logs.reshape(T, *batch) for kind, logs in split.by_kind.items()},
        split.projections.reshape(T, *batch),
        split.total,
        split.log_scale,
    )


def _steps(k: int) -> str:
    return f"{k} step{'s' * (k != 1)}"
