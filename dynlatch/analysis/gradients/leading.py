"""The leading singular values and directions of `da_T/da_0`, without forming a product or a Jacobian: see `power`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dynlatch.analysis.gradients.factors import flattened
from dynlatch.analysis.gradients.power import leading_triplets
from dynlatch.errors import InvalidInput
from dynlatch.maps import Map, coordinates, drive, require_smooth, trajectory
from dynlatch.randomness import Rng, generator
from dynlatch.results import Result
from dynlatch.validation import Array, count, positive_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False)
class LeadingGradients(Result):
    """What of the state at time 0 is best seen at time T, and where: leading singular triplets of `A = da_T/da_0`.

    Attributes
    ----------
    log_values : ndarray, shape (..., k)
        Natural logarithms of the largest singular values, falling; `-inf` where A has no more of them.
    right : ndarray, shape (..., k, n)
        Unit directions at time 0: a disturbance along `right[j]` ends along `left[j]`, times the j-th singular value.
    left : ndarray, shape (..., k, n)
        Unit directions at time T.
    errors : ndarray, shape (..., k)
        Estimated error of each logarithm, from how it converged (and rounding). Directions are good to about its square root
        over the relative gap to the nearest other singular value.
    rounds : int
        Passes forward through all steps.
    steps : int
        T.
    tolerance : float
        What `errors` were to fall below.
    coordinates : str
        What the state is: in other coordinates singular values differ.
    """

    log_values: Array
    right: Array
    left: Array
    errors: Array
    rounds: int
    steps: int
    tolerance: float
    coordinates: str

    @property
    def converged(self) -> bool:
        """Whether every error is estimated below the tolerance; more `rounds` help where not."""
        return bool(np.all(self.errors <= self.tolerance))

    def summary(self) -> str:
        k = self.log_values.shape[-1]
        logs, errors = self.log_values.reshape(-1, k), self.errors.reshape(-1, k)
        runs = f", {len(logs)} trajectories (medians)" if len(logs) > 1 else ""
        lines = [f"leading singular values of da_T/da_0 over {self.steps} steps ({self.coordinates}){runs}"]
        for j in range(k):
            decades = np.median(logs[:, j]) / np.log(10.0)
            lines.append(f"  {j + 1}: 10^{decades:.6f}, error of the logarithm {errors[:, j].max():.1e}")
        first = np.abs(self.right.reshape(-1, k, self.right.shape[-1])[0, 0])
        units = ", ".join(str(i) for i in np.argsort(-first)[:5])
        lines.append(f"  the first best sees components {units} of the initial state" + (" (first trajectory)" if runs else ""))
        lines.append(f"  {self.rounds} rounds: " + ("converged" if self.converged else "not converged, allow more `rounds`"))
        return "\n".join(lines)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Components of the leading directions at time 0 and at time T (of the first trajectory)."""
        from dynlatch.analysis.plots.gradients import plot_leading_gradients

        return plot_leading_gradients(self, ax=ax)


def leading_gradients(
    map: Map,
    a0: Any,
    inputs: Any = None,
    steps: int | None = None,
    *,
    k: int = 1,
    rounds: int = 100,
    tolerance: float = 1e-10,
    rng: Rng = 0,
) -> LeadingGradients:
    """The k leading singular values and directions of `da_T/da_0`, matrix-free: for thousands of units.

    Parameters
    ----------
    map : SmoothMap
    a0 : array_like, shape (..., n)
    inputs : array_like, shape (T, ..., m), optional
    steps : int, optional
        Number of steps without input; give `inputs` or `steps`.
    k : int
        How many.
    rounds : int
        Passes forward and back through all steps, at most.
    tolerance : float
        Error of the logarithms at which to stop.
    rng : int, Generator or None
        Of the random directions to start from.

    Returns
    -------
    LeadingGradients

    Raises
    ------
    InvalidInput
        On wrong shapes, no steps, more directions than dimensions, or a trajectory that overflows.
    NotSmooth
        If the map has no derivatives.

    Notes
    -----
    Memory is that of the trajectory and of `2 k + 10` vectors. Where every `log ||da_t/da_0||` is wanted, `gradient_decay` is
    the verb, up to about a thousand units.

    Examples
    --------
    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> net = dl.AdditiveNetwork([[0.5, 0.0], [0.0, 0.25]], activation="linear")
    >>> found = analysis.leading_gradients(net, [1.0, 1.0], steps=2000, k=2)
    >>> (found.log_values / 2000).round(6)
    array([-0.693147, -1.386294])
    """
    smooth = require_smooth(map, "leading_gradients")
    n = smooth.dim
    if count("k", k, least=1) > n:
        raise InvalidInput(f"`k` is {k}, but the state has {n} components: ask for at most {n} directions.")
    limit, tolerance = count("rounds", rounds, least=1), positive_number("tolerance", tolerance)
    start, sequence, T = drive(map, a0, inputs, steps)
    if T == 0:
        raise InvalidInput("`steps` must be at least 1: there is no gradient over zero steps.")
    visited = trajectory(map, start, sequence, None if sequence is not None else T)
    along = flattened(visited, sequence)
    B = along.states.shape[1]
    V = generator(rng).standard_normal((B, min(n, 2 * k + 10), n))
    found, errors, done = leading_triplets(smooth, along, V, k, limit, tolerance)
    shape = visited.shape[1:-1]
    return LeadingGradients(
        log_values=found.log_values[:, :k].reshape(*shape, k),
        right=found.right[:, :k].reshape(*shape, k, n),
        left=found.left[:, :k].reshape(*shape, k, n),
        errors=errors.reshape(*shape, k),
        rounds=done,
        steps=T,
        tolerance=tolerance,
        coordinates=coordinates(map),
    )
