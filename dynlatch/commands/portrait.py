"""`dynlatch portrait PATH --out portrait.png`."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import numpy as np
from cyclopts import Parameter

from dynlatch import analysis
from dynlatch.analysis import Completeness
from dynlatch.analysis.plots.portrait import SIZE
from dynlatch.analysis.portrait import Portrait
from dynlatch.analysis.report.data import plain
from dynlatch.commands.figure import write_figure
from dynlatch.commands.fixed_points import as_dict
from dynlatch.commands.output import note, write, write_json
from dynlatch.commands.system import NOTHING_GIVEN, System, Text, bounds_of, picture

SCHEMA = "dynlatch.portrait/1"


def portrait(
    source: System = NOTHING_GIVEN,
    *,
    out: str,
    bounds: Text = None,
    resolution: int | None = None,
    time_budget: float | None = None,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
    rng: int = 0,
) -> int:
    """The state-space portrait of a network: basins, Gamma, attractors, saddles and their manifolds in one picture.

    The exit status is 1 if fixed points are known to be missing from it (checksum failed).

    Parameters
    ----------
    out
        Write the picture to this file (.png, .svg, .pdf).
    bounds
        LO,HI of both axes in up to two dimensions, the box to search beyond; needed where structure does not bound the net.
    resolution
        Grid points along each axis.
    time_budget
        Seconds for each of the searches.
    as_json
        Print the numbers as JSON instead of the summary.
    rng
        Seed of the searches.
    """
    target = picture(out)
    net = source.load()
    seen = analysis.portrait(
        net, bounds=bounds_of(bounds), resolution=resolution, rng=rng, time_budget=time_budget, progress=sys.stderr.isatty()
    )
    write_figure(seen.plot, target, SIZE)
    if as_json:
        write_json(_as_dict(seen))
    else:
        write(seen.summary())
    note(f"picture: {target}")
    return int(seen.fixed_points.completeness is Completeness.CHECKSUM_FAILED)


def _as_dict(seen: Portrait) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "coordinates": seen.coordinates,
        "dim": seen.dim,
        "frame": plain(seen.frame),
        "origin": plain(seen.origin),
        "plane": plain(seen.plane),
        "axes": list(seen.names),
        "attractors": [
            {"kind": str(kind), "points": plain(orbit), "share": plain(share), "gamma_share": plain(inside)}
            for kind, orbit, share, inside in zip(
                seen.kinds, seen.attractors, seen.shares.tolist(), seen.gamma_shares.tolist(), strict=True
            )
        ],
        "unresolved": plain(float(np.mean(seen.labels < 0))),
        "fixed_points": as_dict(seen.fixed_points),
        "saddle_cycles": [plain(orbit) for orbit in seen.saddle_cycles],
        "manifolds": [
            {
                "kind": manifold.kind,
                "saddle": plain(manifold.saddle),
                "multiplier": plain(manifold.multiplier),
                "lengths": plain(manifold.lengths),
                "ends": [str(end) for end in manifold.ends],
            }
            for manifold in seen.manifolds
        ],
        "notes": list(seen.notes),
    }
