"""The compiled flip-flop: one unit of one bit whose inputs are trained, and what changes of it do to it.

Bengio, Frasconi and Simard (1993), section IV. Weights theta (1 + m, L): first w, which scales the input, then one weight
for each of the m external inputs. v is the scaled input, x the state, D a change.
"""

from __future__ import annotations

from typing import NamedTuple

from dynlatch.lanes.compiling import kernel


class FlipFlopCell(NamedTuple):
    """The shape of a flip-flop."""

    inputs: int  # m
    trained: int  # rows 0 .. trained-1 of theta are trained, the others are constants
    start: float  # the state at time 0: -1 or 1; 0 tosses a coin at every presentation


@kernel
def switched(x, v):  # type: ignore[no-untyped-def]
    """Eq. 8, the next state f: +1 where v >= 1, -1 where v <= -1, otherwise x."""
    if abs(v) < 1.0:
        return 1.0 if x >= 0.0 else -1.0
    return 1.0 if v > 0.0 else -1.0


@kernel
def change_by_state(dx, x, v):  # type: ignore[no-untyped-def]
    """Eq. 9, Df_x: what the change dx of the state does to f."""
    if abs(v) >= 1.0 or (x >= 0.0) == (x + dx >= 0.0):
        return 0.0
    return 2.0 if x < 0.0 else -2.0


@kernel
def wanted_state(df, x, v):  # type: ignore[no-untyped-def]
    """Eq. 10 with both constants 1, Dx: the change of the state that changes f by df; 0 where none does.

    For x in {-1, 1} this is eq. 11, Dx = df where |v| < 1.
    """
    if abs(v) < 1.0 and (x < 0.0) == (df > 0.0):
        return 0.5 * df - x
    return 0.0


@kernel
def change_by_input(dv, x, v):  # type: ignore[no-untyped-def]
    """Eq. 12, Df_u, reconstructed from eq. 8: what the change dv of the input does to f."""
    to, keeps, low = v + dv, abs(v) < 1.0, x < 0.0
    if (to >= 1.0 and (v <= -1.0 or (keeps and low))) or (v <= -1.0 and abs(to) < 1.0 and not low):
        return 2.0
    if (to <= -1.0 and (v >= 1.0 or (keeps and not low))) or (v >= 1.0 and abs(to) < 1.0 and low):
        return -2.0
    return 0.0


@kernel
def wanted_input(df, x, v, k):  # type: ignore[no-untyped-def]
    """Eq. 13, Dv, reconstructed: the change of the input that changes f by df, a distance 0 < k < 2 past the threshold.

    Where the state before was the wanted one, not resetting it is enough; otherwise it must be set. 0 where f is not -df/2.
    """
    d = 0.5 * df
    if switched(x, v) == d:
        return 0.0
    was_right = (x >= 0.0) == (d > 0.0)
    return (d * (k - 1.0) if was_right else d * (1.0 + k)) - v


@kernel
def run(theta, lane, s, steps, x, v):  # type: ignore[no-untyped-def]
    """States x and scaled inputs v (T + 1,) at times 1 to `steps`, from x[0] and the external inputs s (T + 1, m, L)."""
    for t in range(1, steps + 1):
        u = 0.0
        for k in range(s.shape[1]):
            u += theta[1 + k, lane] * s[t, k, lane]
        v[t] = theta[0, lane] * u
        x[t] = switched(x[t - 1], v[t])
