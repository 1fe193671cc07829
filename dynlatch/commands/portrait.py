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
from dynlatch.commands.fixed_points import Text, as_dict
from dynlatch.commands.output import note, write, write_json
from dynlatch.commands.system import bounds_of, picture, system

SCHEMA = "dynlatch.portrait/1"


def portrait(
    path: str | None = None,
    *,
    out: str,
    weights: Text = None,
    bias: Text = None,
    activation: str = "tanh",
    constant: Annotated[str | None, Parameter(name="--input", allow_leading_hyphen=True)] = None,
    bounds: Text = None,
    resolution: int | None = None,
    time_budget: float | None = None,
    layer: str | None = None,
    nonlinearity: str = "tanh",
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
    rng: int = 0,
) -> int:
    """The state-space portrait of a network: basins, Gamma, attractors, saddles and their manifolds in one picture.

    The exit status is 1 if fixed points are known to be missing from it (checksum failed).

    Parameters
    ----------
    path
        Trained weights: .pt, .pth, .safetensors or .npz.
    out
        Write the picture to this file (.png, .svg, .pdf).
    weights
        Instead of a file: W of a' = W f(a) + c, rows separated by semicolons, as in "1.3 2.6; 3.7 0.3".
    bias
        c of those weights, as in "0.1, -0.2"; zero by default.
    activation
        f of those weights: tanh, logistic, relu, softplus or linear.
    constant
        Constant input under which the portrait is taken, as in "0.5,0"; zero by default.
    bounds
        LO,HI of both axes in up to two dimensions, the box to search beyond; needed where structure does not bound the net.
    resolution
        Grid points along each axis.
    time_budget
        Seconds for each of the searches.
    layer
        Prefix of the recurrent layer to take, where the file holds several.
    nonlinearity
        Of a plain RNN, which files do not record: tanh or relu.
    as_json
        Print the numbers as JSON instead of the summary.
    rng
        Seed of the searches.
    """
    target = picture(out)
    net = system(
        path, weights=weights, bias=bias, activation=activation, layer=layer, nonlinearity=nonlinearity, constant=constant
    )
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
