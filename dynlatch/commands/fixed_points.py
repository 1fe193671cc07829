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
from dynlatch.commands.system import bounds_of, picture, system
from dynlatch.progress import stages

SCHEMA = "dynlatch.fixed-points/1"
Text = Annotated[str | None, Parameter(allow_leading_hyphen=True)]


def fixed_points(
    path: str | None = None,
    *,
    weights: Text = None,
    bias: Text = None,
    activation: str = "tanh",
    constant: Annotated[str | None, Parameter(name="--input", allow_leading_hyphen=True)] = None,
    method: Literal["auto", "multistart", "proof"] = "auto",
    bounds: Text = None,
    time_budget: float | None = None,
    layer: str | None = None,
    nonlinearity: str = "tanh",
    out: str | None = None,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
    rng: int = 0,
) -> int:
    """Fixed points of a network, their stability, and how complete the list is.

    The exit status is 1 if the list is known to be incomplete (checksum failed), or not proved although
    --method proof asked for it.

    Parameters
    ----------
    path
        Trained weights: .pt, .pth, .safetensors or .npz.
    weights
        Instead of a file: W of a' = W f(a) + c, rows separated by semicolons, as in "1.3 2.6; 3.7 0.3".
    bias
        c of those weights, as in "0.1, -0.2"; zero by default.
    activation
        f of those weights: tanh, logistic, relu, softplus or linear.
    constant
        Constant input under which to look, as in "0.5,0"; zero by default.
    method
        auto takes a proof where one is affordable; multistart searches; proof takes as long as it takes.
    bounds
        LO,HI: the box to search, needed where structure does not bound the network (relu).
    time_budget
        Seconds after which the search returns what it has.
    layer
        Prefix of the recurrent layer to take, where the file holds several.
    nonlinearity
        Of a plain RNN, which files do not record: tanh or relu.
    out
        Write a picture of the points to this file (.png, .svg, .pdf).
    as_json
        Print the numbers as JSON instead of the summary.
    rng
        Seed of the search.
    """
    target = None if out is None else picture(out)
    net = system(
        path, weights=weights, bias=bias, activation=activation, layer=layer, nonlinearity=nonlinearity, constant=constant
    )
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
