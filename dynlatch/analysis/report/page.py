"""The audit as one self-contained HTML page: figures inline, no script, no network access, every name escaped."""

from __future__ import annotations

import io
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.fixed_points import plot_fixed_points, plot_multipliers
from dynlatch.analysis.plots.gradients import plot_gradient_decay
from dynlatch.analysis.report.data import write_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dynlatch.analysis.audit import Audit


def write_html(report: Audit, path: str | os.PathLike[str]) -> Path:
    """Write the page of `report` to `path`."""
    return write_text(path, render(report))


def render(report: Audit) -> str:
    """The page as a string."""
    from jinja2 import Environment, PackageLoader
    from markupsafe import Markup

    environment = Environment(loader=PackageLoader("dynlatch.analysis.report", ""), autoescape=True, trim_blocks=True)
    memory = report.memory_states
    radius = np.abs(memory.eigenvalues).max(-1, initial=0.0)
    peak = np.exp(report.at_memory.log_norms.max(axis=0)) if report.at_memory is not None else np.zeros(0)
    thresholds = [None] * len(memory) if len(report.thresholds) != len(memory) else list(report.thresholds)
    rows = [
        {
            "radius": f"{radius[i]:.4f}",
            "half_life": f"{report.half_lives[i]:.2f}",
            "peak": f"{peak[i]:.3g}",
            "share": f"{report.occupancy[i]:.0%}",
            "readout": "" if report.readouts is None else ", ".join(f"{y:+.2f}" for y in report.readouts[i][:8]),
            "threshold": "" if bracket is None else f"{bracket.lower:.6g}",
        }
        for i, bracket in enumerate(thresholds)
    ]
    figures = [(title, caption, Markup(svg)) for title, caption, svg in _figures(report)]
    return environment.get_template("audit.html.j2").render(
        report=report, rows=rows, figures=figures, found=report.fixed_points, bits=f"{report.bits:.3g}"
    )


def _figures(report: Audit) -> list[tuple[str, str, str]]:
    """Title, caption and SVG of every figure."""
    found = report.fixed_points
    drawn = [
        (
            "Memory states",
            "Fixed points under zero input, and the runs along the inputs, on the two directions in which the memory states "
            f"differ most ({found.coordinates}).",
            _figure(lambda ax: plot_fixed_points(found, ax=ax, trajectories=report.trajectories), (6.4, 4.8)),
        ),
        (
            "Multipliers",
            "Eigenvalues of the Jacobian at every fixed point. Inside the unit circle a direction is forgotten, outside it is "
            "pushed away.",
            _figure(lambda ax: plot_multipliers(found, ax=ax), (5.2, 4.8)),
        ),
        (
            "Gradient along the inputs",
            f"Norm of da_t/da_0 in decades: {report.inputs_from}. Thin lines are sequences, the thick one is their median; "
            "dashed lines are proved upper bounds.",
            _figure(lambda ax: plot_gradient_decay(report.along_inputs, ax=ax), (6.4, 4.2)),
        ),
    ]
    near = report.at_memory
    if near is not None:
        drawn.append(
            (
                "Gradient at the memory states",
                "The same while the network rests in each memory state.",
                _figure(lambda ax: plot_gradient_decay(near, ax=ax), (6.4, 4.2)),
            )
        )
    return drawn


def _figure(draw: object, size: tuple[float, float]) -> str:
    """The SVG that `draw(ax)` makes, without XML prologue. No window is opened and the caller's figures are left alone."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "dynlatch", "font.size": 10.0}):
        figure: Figure = Figure(figsize=size, layout="constrained")
        axes: Axes = figure.subplots()
        draw(axes)  # type: ignore[operator]
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    return re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
