"""`dynlatch fixed-points PATH`."""

from __future__ import annotations

import sys
from typing import Annotated, Any, Literal

import numpy as np
from cyclopts import Parameter

from dynlatch import analysis
from dynlatch.analysis import Completeness, FixedPoints
from dynlatch.analysis.report.data import plain
from dynlatch.commands.figure import write_figure
from dynlatch.commands.output import note, write, write_json
from dynlatch.commands.system import NOTHING_GIVEN, System, Text, bounds_of, picture
from dynlatch.progress import stages

SCHEMA = "dynlatch.fixed-points/1"


def fixed_points(
    source: System = NOTHING_GIVEN,
    *,
    method: Literal["auto", "multistart", "proof"] = "auto",
    bounds: Text = None,
    time_budget: float | None = None,
    out: str | None = None,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
    rng: int = 0,
) -> int:
    """Fixed points of a network, their stability, and how complete the list is.

    The exit status is 1 if the list is known to be incomplete (checksum failed), or not proved although
    --method proof asked for it.

    Parameters
    ----------
    method
        auto takes a proof where one is affordable; multistart searches; proof takes as long as it takes.
    bounds
        LO,HI: the box to search, needed where structure does not bound the network (softplus).
    time_budget
        Seconds after which the search returns what it has.
    out
        Write a picture of the points to this file (.png, .svg, .pdf).
    as_json
        Print the numbers as JSON instead of the summary.
    rng
        Seed of the search.
    """
    target = None if out is None else picture(out)
    net = source.load()
    with stages(1, shown=sys.stderr.isatty()) as enter:
        enter("fixed points")
        found = analysis.fixed_points(net, method=method, bounds=bounds_of(bounds), rng=rng, time_budget=time_budget)
    if as_json:
        write_json({"schema": SCHEMA, **as_dict(found)})
    else:
        write(found.summary())
    if target is not None:
        write_figure(found.plot, target, (5.6, 4.8))
        note(f"picture: {target}")
    proved = found.completeness is Completeness.PROVED
    return int(found.completeness is Completeness.CHECKSUM_FAILED or (method == "proof" and not proved))


def as_dict(found: FixedPoints) -> dict[str, Any]:
    """The numbers of a result as plain data."""
    return {
        "coordinates": found.coordinates,
        "count": len(found),
        "completeness": str(found.completeness),
        "certified": plain(found.certified),
        "sentence": found.completeness.sentence,
        "index_sum": found.index_sum,
        "estimated_missing": plain(found.estimated_missing),
        "points": plain(found.points),
        "stability": [str(word) for word in found.stability],
        "index": plain(found.index),
        "dimension": plain(found.dimension),
        "unstable_dimensions": plain(found.unstable_dimensions),
        "spectral_radius": plain(np.abs(found.eigenvalues).max(-1, initial=0.0)),
        "eigenvalues": {"real": plain(found.eigenvalues.real), "imag": plain(found.eigenvalues.imag)},
        "residuals": plain(found.residuals),
        "errors": plain(found.errors),
        "unresolved": plain(found.unresolved),
    }
