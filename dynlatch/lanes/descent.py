"""The step that gradient rules share."""

from __future__ import annotations

from dynlatch.lanes.compiling import kernel

LARGEST = 50.0  # weights stay within +-this


@kernel
def descend(theta, change, direction, rate, momentum, trained, live):  # type: ignore[no-untyped-def]
    """`change = momentum change - rate direction`, `theta += change`, in the lanes that are live; all (P, L)."""
    for p in range(trained):
        for lane in range(theta.shape[1]):
            step = momentum * change[p, lane] - rate * direction[p, lane]
            change[p, lane] = step if live[lane] > 0.0 else change[p, lane]
            theta[p, lane] = min(max(theta[p, lane] + live[lane] * step, -LARGEST), LARGEST)
