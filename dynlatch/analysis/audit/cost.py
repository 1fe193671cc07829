"""The cost of the last step, through the network's own readout, and its gradient with respect to the last state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from dynlatch.analysis.audit.sequences import Indices, Sequences
from dynlatch.errors import InvalidInput
from dynlatch.maps import Map
from dynlatch.validation import Array, finite_array

NO_TARGETS = "as no targets were given"
COSTS = ("squared error", "cross-entropy")


class Cost(NamedTuple):
    """What the cost is, in words, and `gradient(states (S, n), which (S,))`, the derivative by the last states (S, n)."""

    words: str
    gradient: Callable[[Array, Indices], Array]


class Output(NamedTuple):
    """What the cost sees of a state: `value` (S, n) -> (S, q) and `vjp` of it, in words."""

    words: str
    width: int
    value: Callable[[Array], Array]
    vjp: Callable[[Array, Array], Array]


def output_of(network: Map) -> Output:
    """Through the readout where the network has one; else its output, or the state itself."""
    value = getattr(network, "output", lambda a: a)
    vjp = getattr(network, "output_vjp", lambda a, v: v)
    readout = getattr(network, "readout", None)
    if readout is not None:
        return Output(
            "the network's own readout",
            len(readout.bias),
            lambda a: np.asarray(readout(value(a))),
            lambda a, v: np.asarray(vjp(a, v @ readout.matrix)),
        )
    words = "the network's output" if hasattr(network, "output") else "the state"
    return Output(words, value(np.zeros(network.dim)).shape[-1], value, vjp)


def cost_of(network: Map, sequences: Sequences, targets: Any, cost: Any, *, batch_first: bool) -> Cost:
    """The cost that `audit` was asked for; half the sum of the squared outputs where there are no targets.

    Raises
    ------
    InvalidInput
        If the cost is unknown, or the targets do not fit the sequences and outputs.
    """
    seen = output_of(network)
    if targets is None:
        if cost is not None:
            raise InvalidInput("`cost` compares outputs with `targets`: give both, or neither.")
        words = f"half the sum of squares of {seen.words} at the last step, {NO_TARGETS}"
        return Cost(words, lambda a, which: seen.vjp(a, seen.value(a)))
    name = "squared error" if cost is None else cost
    if name == "squared error":
        wanted = _last(targets, sequences, (seen.width,), batch_first)
        return Cost(
            f"half the squared error of {seen.words} at the last step", lambda a, k: seen.vjp(a, seen.value(a) - wanted(k))
        )
    if name == "cross-entropy":
        classes = _last(targets, sequences, (), batch_first)
        slope = _binary if seen.width == 1 else _categorical
        words = f"cross-entropy of {seen.words} at the last step"
        return Cost(words, lambda a, k: seen.vjp(a, slope(seen.value(a), classes(k))))
    if callable(name):
        goals = _last(targets, sequences, None, batch_first)
        words = f"the given cost of {seen.words} at the last step"
        return Cost(words, lambda a, k: seen.vjp(a, _given(name, seen.value(a), goals(k))))
    raise InvalidInput(f"`cost` must be one of {', '.join(COSTS)}, or a function (outputs, targets); got {cost!r}.")


def _last(targets: Any, sequences: Sequences, tail: tuple[int, ...] | None, batch_first: bool) -> Callable[[Indices], Array]:
    """A function that gives the targets (S, *tail) of the last step of some sequences; any `tail` if it is None."""
    count, ends = len(sequences), sequences.lengths - 1
    steps = int(ends.max()) + 1
    if isinstance(targets, (list, tuple)) and len(targets) == count and all(getattr(t, "ndim", 0) for t in targets):
        rows = [np.asarray(item) for item in targets]
        if all(_fits(row, (end + 1,), tail) for row, end in zip(rows, ends, strict=True)):
            return lambda which: finite_array("targets", [rows[k][ends[k]] for k in which])
    array = np.asarray(targets)
    if _fits(array, (count, steps) if batch_first else (steps, count), tail):
        by_time = np.swapaxes(array, 0, 1) if batch_first else array
        return lambda which: finite_array("targets", by_time[ends[which], which])
    if _fits(array, (count,), tail):
        return lambda which: finite_array("targets", array[which])
    if count == 1 and _fits(array, (steps,), tail):
        return lambda which: finite_array("targets", array[ends[which]])
    if count == 1 and _fits(array, (), tail):
        return lambda which: finite_array("targets", array[None])
    one = "" if tail is None else "".join(f", {size}" for size in tail)
    raise InvalidInput(
        f"`targets` must have shape ({count}{one}), one a sequence, or "
        f"({f'{count}, {steps}' if batch_first else f'{steps}, {count}'}{one}), one a step; got {array.shape}."
        + (" Class numbers need `cost='cross-entropy'`." if tail and array.dtype.kind in "iu" else "")
    )


def _fits(array: Array, lead: tuple[int, ...], tail: tuple[int, ...] | None) -> bool:
    return array.shape[: len(lead)] == lead if tail is None else array.shape == (*lead, *tail)


def _categorical(outputs: Array, classes: Array) -> Array:
    """Softmax minus the indicator of the class."""
    q = outputs.shape[-1]
    if np.any((classes != np.round(classes)) | (classes < 0) | (classes >= q)):
        raise InvalidInput(f"`targets` of a cross-entropy over {q} outputs must be class numbers from 0 to {q - 1}.")
    likely = np.exp(outputs - outputs.max(-1, keepdims=True))
    return np.asarray(likely / likely.sum(-1, keepdims=True) - np.eye(q)[classes.astype(np.int64)])


def _binary(outputs: Array, labels: Array) -> Array:
    """Logistic function minus the label, of a single output."""
    if np.any((labels < 0) | (labels > 1)):
        raise InvalidInput("`targets` of a cross-entropy over one output must lie between 0 and 1.")
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * outputs)) - labels[..., None])


def _given(cost: Callable[[Array, Array], Any], outputs: Array, goals: Array) -> Array:
    """The gradient of the user's own cost."""
    try:
        _, slope = cost(outputs, goals)
    except (TypeError, ValueError) as error:
        raise InvalidInput(
            f"`cost` must be a function of (outputs {outputs.shape}, targets {goals.shape}) that returns (values, gradient by "
            f"the outputs); it failed with: {error}"
        ) from None
    slope = finite_array("gradient of `cost`", slope)
    if slope.shape != outputs.shape:
        raise InvalidInput(f"the gradient that `cost` returns must have the outputs' shape {outputs.shape}; got {slope.shape}.")
    return slope
