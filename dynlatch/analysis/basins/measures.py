"""How fine the boundaries between basins are: basin entropy and the uncertainty exponent, from the labels of a grid."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from dynlatch.analysis.basins.result import Basins
from dynlatch.errors import InvalidInput
from dynlatch.validation import Array, count

MOST_UNCERTAIN = 8  # offsets tried, each twice the one before


class BasinEntropy(NamedTuple):
    """`mean` over all boxes (S_b), `boundary` over those with more than one basin (S_bb); in nats."""

    mean: float
    boundary: float

    @property
    def fractal(self) -> bool:
        """Whether S_bb exceeds ln 2: no smooth boundary between two basins at a time gives that (the converse is open)."""
        return self.boundary > math.log(2.0)


class UncertaintyExponent(NamedTuple):
    """`f(eps) ~ eps^exponent`: 1 for a smooth boundary, less for a fractal one of dimension n - exponent."""

    exponent: float
    standard_error: float
    offsets: Array
    uncertain: Array


def basin_entropy(basins: Basins, box: int) -> BasinEntropy:
    """Uncertainty of the attractor within boxes of `box` grid points a side.

    Each box has the Gibbs entropy of the shares of its points that go to each attractor (escape counts as one), and
    S_b is the mean over the boxes. Boxes that would reach over the edge of the grid are left out, as are unresolved points.

    Parameters
    ----------
    basins : Basins
        Of a grid.
    box : int
        At least 2, at most the number of points along the shortest axis.

    Returns
    -------
    BasinEntropy

    Raises
    ------
    InvalidInput
        If the basins are of samples, or `box` does not fit into the grid.

    References
    ----------
    .. [1] Daza, A., Wagemakers, A., Georgeot, B., Guery-Odelin, D. and Sanjuan, M. A. F. (2016), Basin entropy: a new tool to
       analyze uncertainty in dynamical systems. Scientific Reports 6: 31416.

    Examples
    --------
    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> found = analysis.basins(dl.LatchNeuron(2.0), grid=600, bounds=(-3.0, 3.0))
    >>> [round(value, 5) for value in analysis.basin_entropy(found, 8)]
    [0.00924, 0.69315]
    """
    _require_grid(basins, "basin_entropy")
    side, shape = count("box", box, least=2), basins.labels.shape
    if side > min(shape):
        raise InvalidInput(f"`box` must be at most {min(shape)}, the points along the shortest axis; got {side}.")
    whole = basins.colours[tuple(slice(size // side * side) for size in shape)]
    split = whole.reshape([number for size in whole.shape for number in (size // side, side)])
    n = len(shape)
    boxes = split.transpose([*range(0, 2 * n, 2), *range(1, 2 * n, 2)]).reshape(-1, side**n)
    shares = np.stack([(boxes == k).mean(-1) for k in range(len(basins.attractors) + 1)])
    resolved = shares.sum(0)
    shares, resolved = shares[:, resolved > 0], resolved[resolved > 0]
    p = shares / resolved
    entropy = -np.where(p > 0, p * np.log(np.where(p > 0, p, 1.0)), 0.0).sum(0)
    mixed = (p > 0).sum(0) > 1
    return BasinEntropy(float(entropy.mean()) if len(resolved) else 0.0, float(entropy[mixed].mean()) if mixed.any() else 0.0)


def uncertainty_exponent(basins: Basins) -> UncertaintyExponent:
    """Scaling of the share of uncertain points with the precision of the initial state.

    A grid point is uncertain at precision eps if a point at distance eps along an axis has another label. The exponent is
    the slope of log f(eps), by least squares, over offsets of 1, 2, 4, ... grid points.

    Parameters
    ----------
    basins : Basins
        Of a grid, fine enough that boundaries are far apart in grid points.

    Returns
    -------
    UncertaintyExponent

    Raises
    ------
    InvalidInput
        If the basins are of samples, the grid has fewer than 16 points along an axis, or there is no boundary on it.

    References
    ----------
    .. [1] Grebogi, C., McDonald, S. W., Ott, E. and Yorke, J. A. (1983), Final state sensitivity: an obstruction to
       predictability. Physics Letters A 99: 415-418.

    Examples
    --------
    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> found = analysis.basins(dl.AdditiveNetwork([[1.3, 2.6], [3.7, 0.3]]), grid=400, bounds=(-3.0, 3.0))
    >>> round(analysis.uncertainty_exponent(found).exponent, 1)
    1.0
    """
    _require_grid(basins, "uncertainty_exponent")
    shortest = min(basins.labels.shape)
    if shortest < 16:
        raise InvalidInput(f"`uncertainty_exponent` needs a grid of at least 16 points along each axis; got {shortest}.")
    offsets = 2 ** np.arange(min(MOST_UNCERTAIN, int(math.log2(shortest)) - 2))
    uncertain = np.array([_uncertain(basins, int(offset)) for offset in offsets])
    seen = uncertain > 0
    if seen.sum() < 2:
        raise InvalidInput("the grid shows no boundary between basins: there is no uncertainty to scale.")
    x, y = np.log(offsets[seen]), np.log(uncertain[seen])
    slope, intercept = np.polyfit(x, y, 1)
    residual = y - slope * x - intercept
    freedom = max(len(x) - 2, 1)
    error = math.sqrt(float(residual @ residual) / freedom / float(np.square(x - x.mean()).sum()))
    return UncertaintyExponent(float(slope), error, offsets.astype(np.float64), uncertain)


def _uncertain(basins: Basins, offset: int) -> float:
    """Share of the pairs of points `offset` apart along an axis, both resolved, with different labels."""
    different = pairs = 0
    for axis in range(basins.labels.ndim):
        along = np.swapaxes(basins.colours, 0, axis)
        left, right = along[:-offset], along[offset:]
        both = (left >= 0) & (right >= 0)
        different += int(np.count_nonzero(both & (left != right)))
        pairs += int(np.count_nonzero(both))
    return different / pairs if pairs else 0.0


def _require_grid(basins: Basins, verb: str) -> None:
    if not basins.axes:
        raise InvalidInput(f"`{verb}` needs the basins of a grid; these are of samples.")
