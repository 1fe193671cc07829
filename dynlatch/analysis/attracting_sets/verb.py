"""The verb `reduced_attracting_set`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis import scalar
from dynlatch.analysis.attracting_sets.criteria import IN, OUT, UNDECIDED, Frame, Words, decide, frame
from dynlatch.analysis.attracting_sets.entry import Elsewhere, entries
from dynlatch.analysis.attracting_sets.result import CRITERIA, ReducedAttractingSet, check_criterion
from dynlatch.analysis.attractor import Attractor, attracting
from dynlatch.analysis.contraction import adapted_metrics, contraction_ball
from dynlatch.analysis.scalar_portrait import Interval
from dynlatch.analysis.structure import one_unit
from dynlatch.analysis.trapping import trapping_box
from dynlatch.errors import InvalidInput
from dynlatch.maps import Map, SmoothMap, coordinates, require_smooth
from dynlatch.progress import stages
from dynlatch.validation import Array, box_of, count, finite_array, states

BLOCK = 1 << 17  # numbers in the Jacobians of one block of points
MOST_NUMBERS = 1 << 28
LEAST_STEPS, MOST_STEPS = 1000, 20_000


def reduced_attracting_set(
    map: Map,
    attractor: Any,
    points: Any,
    *,
    criterion: str = "adapted",
    max_steps: int | None = None,
    progress: bool = False,
) -> ReducedAttractingSet:
    """Which points lie in the reduced attracting set Gamma of an attractor: there the gradient |da_t/da_0| shrinks.

    The papers define Gamma by eigenvalues and use it as if by norms, which is not the same: a point may satisfy the one and
    not the other, in n dimensions and even in one. All four readings are decided here, for every number of steps l, and the
    result holds them all:

    "spectral"
        Definition 4 as written: the spectral radius of (M^l)'(y) is below 1 for all l >= 1. Not invariant under M.
    "product"
        |(M^l)'(y)|_2 < 1 for all l >= 1.
    "stepwise"
        |M'(M^k y)|_2 < 1 for all k >= 0, which the proof of Theorem 4 uses. Invariant under M; empty where |M'| exceeds 1
        at the attractor itself.
    "adapted"
        The same in the norm that belongs to the attractor (periodic discrete Lyapunov equation). Never empty.

    In one norm stepwise implies product implies spectral, and all of them lie in the basin.

    Parameters
    ----------
    map : SmoothMap
        Norms are those of its own coordinates.
    attractor : array_like, shape (n,) or (period, n), or member of a result
        Polished by Newton's method.
    points : array_like, shape (..., n)
        A grid (`box_grid`) or samples.
    criterion : {"adapted", "stepwise", "product", "spectral"}
    max_steps : int, optional
        Points not decided after this many steps are reported as undecided. By default 1000, and more (up to 20,000) the
        more slowly the attractor attracts. Ctrl-C leaves undecided what was not reached.
    progress : bool

    Returns
    -------
    ReducedAttractingSet

    Raises
    ------
    InvalidInput
        On wrong shapes or an unknown criterion.
    NotAttracting
        If the point or cycle is not attracting.
    NotSmooth
        If the map has no derivatives.

    References
    ----------
    .. [1] Bengio, Y., Simard, P. and Frasconi, P. (1994), Learning long-term dependencies with gradient descent is
       difficult. IEEE TNN 5(2), Definitions 3-6 and Theorem 4.

    Examples
    --------
    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> net = dl.AdditiveNetwork([[1.3, 2.6], [3.7, 0.3]])
    >>> up = analysis.fixed_points(net, rng=0).attractors[-1]
    >>> gamma = analysis.reduced_attracting_set(net, up, analysis.box_grid((-6, 6), 100, dim=2))
    >>> round(gamma.shares["basin"], 2), gamma.under("spectral").fraction > gamma.under("stepwise").fraction
    (0.29, True)
    """
    check_criterion(criterion)
    smooth = require_smooth(map, "reduced_attracting_set")
    given = states(map, points, "points")
    found = attracting(map, attractor, "reduced_attracting_set")
    budget = _patience(found) if max_steps is None else count("max_steps", max_steps, least=1)
    given_frame = frame(smooth, contraction_ball(map, found), adapted_metrics(smooth.jacobian(found.points)))
    flat = given.reshape(-1, map.dim)
    basin, words, steps = _all_blocks(smooth, given_frame, flat, budget, progress=progress)
    shape = given.shape[:-1]
    result = ReducedAttractingSet(
        points=given,
        attractor=found.points,
        criterion=criterion,
        members=(words == IN).reshape(4, *shape),
        unknown=((words == UNDECIDED) | (basin < 0)).reshape(4, *shape),
        in_basin=(basin == 1).reshape(shape),
        basin_unknown=(basin < 0).reshape(shape),
        steps=steps.reshape(shape),
        factors=given_frame.factors,
        intervals=_intervals(map, found),
        proved=given_frame.ball.proved,
        coordinates=coordinates(map),
    )
    _check_inclusions(result)
    return result


def _patience(found: Attractor) -> int:
    """Steps in which a distance shrinks by e^60, within reason."""
    gap = 1.0 - found.spectral_radius ** (1.0 / found.period)
    return int(np.clip(60.0 / max(gap, 1e-9), LEAST_STEPS, MOST_STEPS))


def box_grid(bounds: tuple[Any, Any], resolution: Any, *, dim: int) -> Array:
    """Centres of the cells of a regular grid over a box: shape (k_1, ..., k_n, n).

    Parameters
    ----------
    bounds : tuple of array_like (lo, hi), each scalar or shape (n,)
    resolution : int or n ints
        Cells along each axis.
    dim : int
        n.

    Raises
    ------
    InvalidInput
        If the bounds are no box, or the grid would not fit into memory.

    Examples
    --------
    >>> from dynlatch.analysis import box_grid
    >>> box_grid((-1, 1), 2, dim=2)[0]
    array([[-0.5, -0.5],
           [-0.5,  0.5]])
    """
    n = count("dim", dim, least=1)
    lo, hi = box_of(bounds, n)
    try:
        sizes = [count("resolution", k, least=1) for k in np.broadcast_to(np.asarray(resolution, dtype=object), (n,))]
    except ValueError as error:
        if isinstance(error, InvalidInput):
            raise
        raise InvalidInput(f"`resolution` must be an integer or {n} of them; got {resolution!r}.") from None
    numbers = n * math.prod(sizes)
    if numbers > MOST_NUMBERS:
        raise InvalidInput(
            f"a grid of {' x '.join(f'{k:,}' for k in sizes)} points takes more than {8 * MOST_NUMBERS >> 30} GiB: choose a "
            "lower `resolution`, or draw samples."
        )
    axes = [a + (np.arange(k) + 0.5) * ((b - a) / k) for a, b, k in zip(lo, hi, sizes, strict=True)]
    return finite_array("grid", np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1))


def _all_blocks(
    map: SmoothMap, given: Frame, points: Array, budget: int, *, progress: bool
) -> tuple[NDArray[np.int8], Words, NDArray[np.int64]]:
    """Basin (m,), words (4, m) and steps (m,) of all points, a block at a time; not known of those that Ctrl-C cuts off."""
    basin = np.full(len(points), -1, dtype=np.int8)
    words, steps = np.full((4, len(points)), UNDECIDED, dtype=np.int8), np.zeros(len(points), dtype=np.int64)
    elsewhere = Elsewhere(bounded=trapping_box(map) is not None)
    blocks = -(-len(points) // max(BLOCK // map.dim**2, 16))
    with stages(blocks, shown=progress) as stage:
        try:
            for block in range(blocks):
                stage(f"block {block + 1} of {blocks}")
                part = np.arange(block, len(points), blocks)  # spread out: the first block meets most of the other attractors
                basin[part], when, phase = entries(map, given.ball, elsewhere, points[part], budget)
                inside = basin[part] == 1
                rows = part[inside]
                words[:, part[~inside]] = OUT
                if len(rows):
                    words[:, rows], steps[rows] = decide(map, given, points[rows], when[inside], phase[inside], budget)
        except KeyboardInterrupt:
            pass
    return basin, words, steps


def _intervals(map: Map, found: Attractor) -> tuple[Interval, ...] | None:
    """The stepwise set of one tanh or logistic unit that excites itself, by the exact theory."""
    form = one_unit(map)
    if form is None or found.period > 1:
        return None
    latch = scalar.scalar_latch(float(form.W[0, 0]), float(form.c[0]), form.f.name)
    nearest = int(np.argmin(np.abs(np.array(latch.attractors) - found.point[0])))
    return latch.gammas[nearest]


def _check_inclusions(result: ReducedAttractingSet) -> None:
    """Stepwise within product within spectral within the basin; adapted within the basin, and for a fixed point in spectral."""
    spectral, product, stepwise, adapted = result.members
    unsure = result.unknown
    assert CRITERIA == ("spectral", "product", "stepwise", "adapted")
    assert not (stepwise & ~product & ~unsure[1]).any()
    assert not (product & ~spectral & ~unsure[0]).any()
    assert not ((spectral | product | stepwise | adapted) & ~result.in_basin).any()
    if len(result.attractor) == 1:
        assert not (adapted & ~spectral & ~unsure[0]).any()
