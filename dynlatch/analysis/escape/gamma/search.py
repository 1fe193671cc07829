"""Upper bounds of u*_Gamma: input sequences that drive the state to where a step no longer shrinks.

A sequence U of size 1 has a threshold b(U), the multiple of it at which some step reaches size 1. Where that step is, its size
phi(a, u) has a gradient g; pulled back along the path, `p_{t-1} = M'(a_{t-1}, u_t)^T p_t` from p = g, it says where every input
should turn to (Pontryagin): towards `argmax_{|u| <= 1} <B^T p_t, u>`. Each of many sequences turns by a step of its own, kept
where its threshold falls; the best are then given more time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.escape.gamma.frame import Frame
from dynlatch.analysis.escape.question import UpperBound, size
from dynlatch.analysis.escape.upper.descent import turned
from dynlatch.analysis.escape.upper.plant import worst
from dynlatch.validation import Array

LEVELS = 4.0 ** np.arange(-6, 6)  # sizes tried first, in units of the state
HAIR = 1e-5  # relative fall of a threshold that counts
SPENT = 1e-3  # a step this short ends a sequence's descent
HALVINGS, LAST_HALVINGS = 7, 40
STEP = 1e-6  # of differences, in units of the state
NUDGES = (0.0, 1e-12, 1e-10, 1e-8, 1e-6)
LENGTHS = (32, 96, 300)
BEYOND = 1e50


class Effort(NamedTuple):
    """Sequences and iterations at each of `LENGTHS`."""

    sequences: tuple[int, int, int]
    iterations: tuple[int, int, int]


EFFORTS = {"default": Effort((12, 4, 2), (14, 7, 4)), "high": Effort((48, 16, 6), (60, 30, 20))}


class Exit(NamedTuple):
    """The first step that does not shrink: the state it starts from, its number, its size."""

    state: Array
    time: int
    size: float


def upper_bound(frame: Frame, steps: int | None, effort: str, rng: np.random.Generator) -> UpperBound | None:
    """The smallest input sequence found that takes the state out of Gamma, confirmed by `leaves`; None if there is none."""
    plan = EFFORTS[effort]
    with np.errstate(over="ignore", invalid="ignore"):
        U, b = _scaled(frame, _starts(frame, _within(LENGTHS[0], steps), _count(plan.sequences[0], frame), rng))
        for k, length in enumerate(LENGTHS):
            U, b = U[:, : _count(plan.sequences[k], frame)], b[: _count(plan.sequences[k], frame)]
            if not len(b):
                return None
            U = _longer(frame, U, b, _within(length, steps))
            U, b = _descended(frame, U, _lowered(frame, U, b, 0.7, HALVINGS), plan.iterations[k])
        b = _lowered(frame, U[:, :1], b[:1], 0.99, LAST_HALVINGS)
    for nudge in NUDGES:
        inputs = U[:, 0] * (b[0] * (1.0 + nudge))
        found = leaves(frame, inputs)
        if found is not None:
            kept = inputs[: max(found.time + 1, 1)]
            return UpperBound(size(kept, frame.setting.norm), kept, "gradient of the step's size along the path")
    return None


def constant_threshold(frame: Frame, steps: int | None, rng: np.random.Generator) -> float:
    """The smallest constant input that is seen to leave Gamma, of a few directions: what norms are compared by."""
    with np.errstate(over="ignore", invalid="ignore"):
        d = _constants(frame, _count(12, frame), rng)
        _, b = _scaled(frame, np.broadcast_to(d, (_within(LENGTHS[0], steps), *d.shape)))
    return float(b.min(initial=np.inf))


def leaves(frame: Frame, inputs: Array) -> Exit | None:
    """One state after the other: the first step of size at least 1 under inputs (T, m) and one of silence, if any is."""
    system, a = frame.setting.system, frame.setting.attractor.point
    for t, u in enumerate([*inputs, np.zeros(system.input_dim)]):
        after, before = frame.factors[(t + 1) % frame.period], frame.inverses[t % frame.period]
        found = float(np.linalg.norm(after @ system.jacobian(a, u) @ before, 2))
        if found >= 1.0:
            return Exit(a, t, found)
        a = system.step(a, u)
        if not a @ a < BEYOND**2:
            return None
    return None


def _within(length: int, steps: int | None) -> int:
    return length if steps is None else min(length, steps)


def _count(sequences: int, frame: Frame) -> int:
    """Fewer for large systems, whose norms cost more."""
    return int(np.ceil(min(1.0, (16.0 / frame.factors.shape[-1]) ** 1.5) * sequences))


def _directions(frame: Frame, count: int, rng: np.random.Generator) -> Array:
    """Random inputs (count, m) of size 1."""
    return worst(rng.normal(size=(count, frame.setting.system.input_dim)), frame.setting.norm)


def _constants(frame: Frame, count: int, rng: np.random.Generator) -> Array:
    """Inputs of size 1: single ones, those towards and away from the origin, random ones; at least `count` in all."""
    system = frame.setting.system
    J = system.input_jacobian(frame.setting.attractor.point, np.zeros(system.input_dim))
    home = worst(frame.setting.attractor.point @ J, frame.setting.norm)
    single = np.eye(system.input_dim)[: max(count // 4, 1)]
    fixed = np.concatenate([home[None], -home[None], single, -single])
    return np.concatenate([fixed, _directions(frame, max(count - len(fixed), 0), rng)])


def _starts(frame: Frame, T: int, S: int, rng: np.random.Generator) -> Array:
    """Sequences (T, S, m): half of them constant, the others alternating, or of one random input after another."""
    d = _constants(frame, max(S // 2, 1), rng)
    constant = np.broadcast_to(d, (T, *d.shape))
    sign = (-1.0) ** np.arange(T)[:, None, None]
    some = max(S // 4, 1)
    alternating = sign * _directions(frame, some, rng)
    random = _directions(frame, T * some, rng).reshape(T, some, -1)
    return np.concatenate([constant, alternating, random], axis=1)


def _paths(frame: Frame, U: Array, b: Array) -> tuple[Array, Array, Array]:
    """Inputs (T + 1, S, m), the last one zero, states (T + 1, S, n) and sizes of steps (T + 1, S) under `b U`."""
    inputs = np.concatenate([b[:, None] * U, np.zeros((1, *U.shape[1:]))])
    a = np.broadcast_to(frame.setting.attractor.point, (U.shape[1], frame.factors.shape[-1]))
    states = [a]
    for u in inputs[:-1]:
        states.append(frame.setting.system.step(states[-1], u))
    visited = np.nan_to_num(np.stack(states), nan=BEYOND, posinf=BEYOND, neginf=-BEYOND)
    return inputs, visited, np.nan_to_num(frame.sizes(visited, np.arange(len(inputs))[:, None], inputs), nan=0.0)


def _leave(frame: Frame, U: Array, b: Array) -> NDArray[np.bool_]:
    return np.asarray((_paths(frame, U, b)[2] >= 1.0).any(0))


def _scaled(frame: Frame, U: Array) -> tuple[Array, Array]:
    """The sequences that leave at some size, the smallest first, and these sizes."""
    b = np.full(U.shape[1], np.inf)
    unit = float(np.abs(frame.setting.attractor.points).max()) or 1.0
    for level in unit * LEVELS:
        rest = np.flatnonzero(np.isinf(b))
        if len(rest):
            b[rest[_leave(frame, U[:, rest], np.full(len(rest), level))]] = level
    U, b = U[:, np.isfinite(b)], b[np.isfinite(b)]
    return _sorted(U, _lowered(frame, U, b, 0.25, 2 * HALVINGS)) if len(b) else (U, b)


def _sorted(U: Array, b: Array) -> tuple[Array, Array]:
    order = np.argsort(b, kind="stable")
    return U[:, order], b[order]


def _lowered(frame: Frame, U: Array, top: Array, drop: float, halvings: int) -> Array:
    """Sizes (S,) at which the sequences still leave, by bisection between `drop * top` and `top`, at which they do."""
    hi, lo = top.copy(), drop * top
    for _ in range(halvings):
        middle = 0.5 * (lo + hi)
        out = _leave(frame, U, middle)
        hi, lo = np.where(out, middle, hi), np.where(out, lo, middle)
    return hi


def _descended(frame: Frame, U: Array, b: Array, iterations: int) -> tuple[Array, Array]:
    """Sequences turned towards what the gradient asks for as long as their sizes fall; the smallest first."""
    U, b, rate = U.copy(), b.copy(), np.ones(len(b))
    for _ in range(iterations):
        live = np.flatnonzero(rate > SPENT)
        if not len(live):
            break
        V = turned(U[:, live], _towards(frame, U[:, live], b[live]), rate[live], frame.setting.norm)
        top = (1.0 - HAIR) * b[live]
        better = _leave(frame, V, top)
        rate[live] = np.where(better, np.minimum(1.0, 1.5 * rate[live]), 0.4 * rate[live])
        good = live[better]
        if len(good):
            U[:, good] = V[:, better]
            b[good] = _lowered(frame, V[:, better], top[better], 0.7, HALVINGS)
    return _sorted(U, b)


def _towards(frame: Frame, U: Array, b: Array) -> Array:
    """What the gradient of the largest step's size asks every input for; inputs after that step stay."""
    system = frame.setting.system
    inputs, states, sizes = _paths(frame, U, b)
    last, who = sizes.argmax(0), np.arange(U.shape[1])
    g, direct = _gradient(frame, states[last, who], last, inputs[last, who])
    J, through = system.jacobian(states, inputs), system.input_jacobian(states, inputs)
    out = U.copy()
    p = np.where((last == len(U))[:, None], g, 0.0)
    for t in range(min(int(last.max(initial=0)), len(U) - 1), -1, -1):
        # What enters at time t acts on the step from state t, and through it on all that follow.
        push = (p[:, None] @ through[t])[:, 0] + np.where((last == t)[:, None], direct, 0.0)
        known = (last >= t) & np.isfinite(push).all(-1) & push.any(-1)
        out[t] = np.where(known[:, None], worst(push, frame.setting.norm), out[t])
        p = (p[:, None] @ J[t])[:, 0] + np.where((last == t)[:, None], g, 0.0)
        p = p / (np.linalg.norm(p, axis=-1, keepdims=True) + 1e-300)
    return out


def _gradient(frame: Frame, a: Array, t: NDArray[np.intp], u: Array) -> tuple[Array, Array]:
    """Of a step's size with respect to state and input, by central differences, normalised together."""
    n = a.shape[-1]
    joined = np.concatenate([a, u], axis=-1)
    h = STEP * (1.0 + float(np.abs(joined).max()))
    shifts = h * np.eye(joined.shape[-1])[:, None]
    up, down = (frame.sizes(x[..., :n], t, x[..., n:]) for x in (joined + shifts, joined - shifts))
    g = np.nan_to_num((up - down).T)
    g = g / (np.linalg.norm(g, axis=-1, keepdims=True) + 1e-300)
    return g[:, :n], g[:, n:]


def _longer(frame: Frame, U: Array, b: Array, T: int) -> Array:
    """The sequences with more time before them: their first input is held, or none where they would not leave then."""
    extra = max(T - len(U), 0) // frame.period * frame.period
    held = np.concatenate([np.broadcast_to(U[:1], (extra, *U.shape[1:])), U])
    quiet = np.concatenate([np.zeros((extra, *U.shape[1:])), U])
    return np.where(_leave(frame, held, b)[:, None], held, quiet)
