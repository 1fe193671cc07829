"""The step that gradient rules share."""

from __future__ import annotations

from dynlatch.lanes.compiling import kernel

LARGEST = 50.0  # weights stay within +-this


@kernel
def descend(theta, change, direction, rate, momentum, trained, live):  # type: ignore[no-untyped-def]
    """`change = momentum change - rate direction`, `theta += change`, in the lanes that are live; all (P, L).

    No change is longer than the way from one limit to the other, and one that overflowed into no number is zero.
    """
    for p in range(trained):
        for lane in range(theta.shape[1]):
            step = momentum * change[p, lane] - rate * direction[p, lane]
            step = step if step < 2.0 * LARGEST or step != step else 2.0 * LARGEST
            step = step if step > -2.0 * LARGEST or step != step else -2.0 * LARGEST
            step = step if step == step else 0.0
            change[p, lane] = step if live[lane] > 0.0 else change[p, lane]
            theta[p, lane] = min(max(theta[p, lane] + live[lane] * step, -LARGEST), LARGEST)


@kernel
def gather(total, g, live, presentations, batch, due):  # type: ignore[no-untyped-def]
    """`total += g` in the lanes that are live; those that have seen a whole batch are `due` for a step."""
    for lane in range(live.size):
        due[lane] = live[lane] if presentations[lane] % batch == 0 else 0.0
    for p in range(g.shape[0]):
        for lane in range(live.size):
            total[p, lane] += g[p, lane] if live[lane] > 0.0 else 0.0


@kernel
def clear(total, due):  # type: ignore[no-untyped-def]
    """`total = 0` in the lanes that are due."""
    for p in range(total.shape[0]):
        for lane in range(due.size):
            total[p, lane] = 0.0 if due[lane] > 0.0 else total[p, lane]
