"""Networks as lists of connections: what the kernels of `lanes.wiring` work on.

Unit i of n has the total input `a_i(t) = sum of w s` over its connections and the output `x_i(t) = f_i(a_i(t))`. Units are
evaluated in order: a connection without delay may come from an earlier unit, an external input or the constant one. What a
gated connection adds to the sum is the product `w s s'` of two signals.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InvalidInput
from dynlatch.lanes.bundles import bundle
from dynlatch.validation import Array


class Connection(NamedTuple):
    """One weighted connection to unit `target`: it adds `w s_source(t - delay)`, times `s_gate(t - gate_delay)` if gated."""

    target: int
    source: int  # 0 .. n-1 units, n .. n+m-1 external inputs, n+m the constant one
    weight: int  # row of theta
    delay: int = 1  # steps; external inputs and the constant have 0
    gate: int | None = None  # a signal, as the source is; the same one makes a square
    gate_delay: int = 0


@bundle
class Wiring(NamedTuple):
    """The connections in arrays, those of unit i at `first[i]` to `first[i + 1] - 1`; gated ones in arrays of their own."""

    kinds: NDArray[np.int64]  # (n,) of units.TANH, ...
    start: Array  # (n,) outputs at time 0
    first: NDArray[np.int64]  # (n + 1,)
    source: NDArray[np.int64]  # (E,)
    weight: NDArray[np.int64]  # (E,)
    delay: NDArray[np.int64]  # (E,)
    inputs: int  # m
    output: int  # the unit that is trained, the first one of `outputs`
    trained: int  # rows 0 .. trained-1 of theta are trained, the others are constants
    target: NDArray[np.int64]  # (E,)
    arriving: NDArray[np.int64]  # (E, 3) weight, source and delay once more, side by side
    leaving: NDArray[np.int64]  # (n + 1,) the connections from unit j are rows leaving[j] to leaving[j + 1] - 1 of
    departing: NDArray[np.int64]  # (E, 3) weight, target and delay
    outputs: NDArray[np.int64]  # (k,) the units that answer
    gated: NDArray[np.int64]  # (G, 6) gated connections by rising target, fields as in `Connection`
    gated_first: NDArray[np.int64]  # (n + 1,)
    gated_leaving: NDArray[np.int64]  # (n + 1,) what unit j sends through gated connections: rows gated_leaving[j] to ... of
    gated_departing: NDArray[np.int64]  # (H, 6) weight, target, delay, the other signal, its delay, how often (`lanes.gates`)

    @property
    def weights(self) -> int:
        """Rows of theta, P + F."""
        return 1 + max(int(self.weight.max(initial=-1)), int(self.gated[:, 2].max(initial=-1)))

    @property
    def longest_delay(self) -> int:
        """Steps that the past is needed for."""
        return max(int(self.delay.max(initial=0)), int(self.gated[:, [3, 5]].max(initial=0)))


def wire(
    connections: Sequence[Connection],
    *,
    kinds: Sequence[int],
    inputs: int,
    output: int | Sequence[int],
    trained: int,
    start: Sequence[float] | float = 0.0,
) -> Wiring:
    """The connections of a network of `len(kinds)` units as arrays; `output` is the unit that answers, or several.

    Raises
    ------
    InvalidInput
        If a connection or `output` names a unit or an input that does not exist, or a connection needs a signal before it is
        known.
    """
    n = len(kinds)
    for c in connections:
        _check(c, n, inputs)
    outputs = np.atleast_1d(np.array(output, dtype=np.int64))
    if outputs.ndim != 1 or not outputs.size or len(set(outputs.tolist()) & set(range(n))) < outputs.size:
        raise InvalidInput(f"`output` must be one of the {n} units, or a tuple of different ones; got {output}.")
    ordered = sorted((c for c in connections if c.gate is None), key=lambda c: c.target)
    counts = np.bincount(np.array([c.target for c in ordered], dtype=np.int64), minlength=n)
    target, source, weight, delay = (np.array([c[k] for c in ordered], dtype=np.int64) for k in range(4))
    first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    begin = np.broadcast_to(np.asarray(start, dtype=np.float64), (n,)).copy()
    arriving, departing = np.stack([weight, source, delay], axis=1), np.stack([weight, target, delay], axis=1)
    by_source = np.argsort(source, kind="stable")
    leaving = np.searchsorted(source[by_source], np.arange(n + 1))
    joined = (first, source, weight, delay)
    back = (target, arriving, leaving, departing[by_source])
    gates = gate_arrays([c for c in connections if c.gate is not None], n)
    return Wiring(np.array(kinds, dtype=np.int64), begin, *joined, inputs, int(outputs[0]), trained, *back, outputs, *gates)


def _check(c: Connection, n: int, inputs: int) -> None:
    ends = [(c.source, c.delay)] + ([] if c.gate is None else [(c.gate, c.gate_delay)])
    if not (0 <= c.target < n and all(0 <= signal <= n + inputs for signal, _ in ends)):
        raise InvalidInput(f"{c} joins what does not exist: there are {n} units, {inputs} inputs and the constant one.")
    if any(delay < 0 or (delay == 0 and c.target <= signal < n) for signal, delay in ends):
        raise InvalidInput(f"{c} needs its source too early: give it a delay, or put the source first.")


class Departure(NamedTuple):
    """What a gated connection takes from unit `unit`: its derivative by that unit is `times w s_other`."""

    unit: int
    weight: int
    target: int
    delay: int
    other: int
    other_delay: int
    times: int = 1  # 2 for a square


def gate_arrays(connections: Sequence[Connection], n: int) -> tuple[NDArray[np.int64], ...]:
    """The last four fields of a `Wiring` of n units, from its gated connections."""
    ordered = sorted(connections, key=lambda c: c.target)
    gated = _table(ordered, 6)
    departures = sorted((d for c in connections for d in _departures(c) if d.unit < n), key=lambda d: d.unit)
    departing = _table(departures, 7)
    units = np.arange(n + 1)
    first, leaving = (np.searchsorted(table[:, 0], units).astype(np.int64) for table in (gated, departing))
    return gated, first, leaving, departing[:, 1:].copy()


def _departures(c: Connection) -> list[Departure]:
    assert c.gate is not None
    if (c.source, c.delay) == (c.gate, c.gate_delay):
        return [Departure(c.source, c.weight, c.target, c.delay, c.gate, c.gate_delay, times=2)]
    ends = (c.source, c.delay), (c.gate, c.gate_delay)
    return [Departure(s[0], c.weight, c.target, s[1], *other) for s, other in (ends, ends[::-1])]


def _table(rows: Sequence[tuple[int | None, ...]], columns: int) -> NDArray[np.int64]:
    return np.array([tuple(row) for row in rows], dtype=np.int64).reshape(-1, columns)
