"""`dynlatch escape --w W`."""

from __future__ import annotations

from typing import Annotated, Literal

from cyclopts import Parameter

from dynlatch.analysis.report.data import plain
from dynlatch.analysis.scalar import ScalarLatch, scalar_latch
from dynlatch.commands.output import write, write_json


def escape(
    *,
    w: float,
    bias: float = 0.0,
    activation: Literal["tanh", "logistic"] = "tanh",
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> None:
    """Escape threshold u* of one latching neuron, a' = w f(a) + c + u.

    Parameters
    ----------
    w
        Weight of the neuron on itself; it latches above 1 (tanh) or 4 (logistic).
    bias
        Constant input c.
    activation
        tanh or logistic.
    as_json
        Print the numbers as JSON.
    """
    latch = scalar_latch(w, bias, activation)
    if as_json:
        write_json(_as_dict(latch))
    else:
        write(f"{min(latch.thresholds):.15g}\n\n{latch.summary()}")


def _as_dict(latch: ScalarLatch) -> dict[str, object]:
    return {
        "w": latch.w,
        "bias": latch.bias,
        "activation": latch.activation,
        "outcome": str(latch.outcome),
        "u_star": plain(min(latch.thresholds)),
        "thresholds": plain(list(latch.thresholds)),
        "fixed_points": plain(latch.fixed_points),
        "slopes": plain(latch.slopes),
    }
