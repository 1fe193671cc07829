"""`basins`: certified early stop for what is known, recurrences for what is not, a reason for what remains."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from dynlatch.analysis.basins.domain import domain, grid_shape
from dynlatch.analysis.basins.result import Basins
from dynlatch.analysis.basins.setup import default_bounds, prepared
from dynlatch.analysis.basins.survey import Survey
from dynlatch.analysis.basins.targets import found, listed
from dynlatch.errors import InvalidInput
from dynlatch.maps import Map
from dynlatch.progress import stages
from dynlatch.randomness import Rng, generator
from dynlatch.validation import box_of, count, positive_number

STEPS = 5000


def basins(
    map: Map,
    attractors: Any = None,
    *,
    grid: Any = None,
    samples: Any = None,
    bounds: Any = None,
    steps: int = STEPS,
    rng: Rng = None,
    time_budget: float | None = None,
    progress: bool = False,
) -> Basins:
    """Which attractor every state of a grid, or of a random sample, converges to.

    An orbit is followed until it enters a ball around an attractor in which the map contracts in an adapted norm (proved by
    interval bounds on the Jacobian where the map gives them): from there it converges, and only then is it labelled. Whole
    blocks of a grid are decided at once where the interval image of their box enters a ball. Orbits that end in none of the
    known attractors are searched for cycles, invariant circles and chaotic sets. What lingers at a saddle is left unlabelled.

    Parameters
    ----------
    map : Map
        A map without derivatives works too: its attractors are recognised by recurrence alone.
    attractors : None, a result of `fixed_points` or `periodic_orbits`, or a list of states (n,), cycles (p, n) or members
        None looks for them. If they are given, orbits that end elsewhere are labelled -1, `unlisted attractor`.
    grid : int or tuple of int, optional
        Points along each axis of `bounds`, ends included; for n <= 3.
    samples : int or array_like, shape (N, n), optional
        Number of states drawn uniformly from `bounds`, or the states themselves. Give either `grid` or `samples`.
    bounds : tuple of array_like (lo, hi), each scalar or shape (n,), optional
        By default a box that holds the image of the map where structure bounds it, else a box around the attractors.
    steps : int
        Steps after which an orbit is given up.
    rng : int, Generator or None
        Of the samples, and of the search for fixed points.
    time_budget : float, optional
        Seconds after which what is known is returned; the rest is -1, `budget`. Ctrl-C does the same.
    progress : bool
        Whether to draw a progress bar on stderr.

    Returns
    -------
    Basins

    Raises
    ------
    InvalidInput
        On neither or both of `grid` and `samples`, a grid in more than three dimensions or too large for the memory, bounds
        that are no box or are needed and missing.
    NotAttracting
        If a given attractor does not attract.

    References
    ----------
    .. [1] Datseris, G. and Wagemakers, A. (2022), Effortless estimation of basins of attraction. Chaos 32: 023104.
    .. [2] Menck, P. J., Heitzig, J., Marwan, N. and Kurths, J. (2013), How basin stability complements the linear-stability
       paradigm. Nature Physics 9: 89-92.

    Examples
    --------
    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> found = analysis.basins(dl.LatchNeuron(2.0), grid=6, bounds=(-3.0, 3.0))
    >>> found.labels, found.fractions
    (array([0, 0, 0, 1, 1, 1], dtype=int32), array([0.5, 0.5]))
    """
    if (grid is None) == (samples is None):
        raise InvalidInput("give either `grid` (points along each axis) or `samples` (a number of random states).")
    steps = count("steps", steps, least=1)
    deadline = np.inf if time_budget is None else time.monotonic() + positive_number("time_budget", time_budget)
    if grid is not None:
        grid_shape(grid, map.dim)  # refused before any search for attractors
    given = None if bounds is None else box_of(bounds, map.dim)
    generators = generator(rng).spawn(2)
    # A state that leaves the finite numbers has escaped, and is labelled so: no further warning.
    with stages(4, shown=progress) as enter, np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        enter("attractors")
        orbits = found(map, bounds, generators[0], time_budget) if attractors is None else listed(map, attractors)
        box = given if given is not None else default_bounds(map, orbits)
        where = domain(map, grid, samples, box, generators[1])
        survey = Survey(prepared(map, where, box, orbits), where, steps, deadline, only_listed=attractors is not None)
        return survey.run(orbits, enter)
