"""Preimages of points under a map: in closed form where there is one, else by Newton's method next to a guess."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dynlatch.analysis.manifolds.growth import Carry, Limits
from dynlatch.analysis.structure import additive_form
from dynlatch.intervals import Box
from dynlatch.maps import Map, SmoothMap, coordinates
from dynlatch.networks import ElmanNetwork
from dynlatch.validation import Array

NEWTON, SHORTEST = 40, 1e-3  # steps of Newton's method, and the share of a step below which it is given up
STIFF = 1e12  # condition number of W from which its inverse has no digits left
FAR = 1e100  # outside any bounds, and still with a finite square
EPS = float(np.finfo(np.float64).eps)


def backward(map: SmoothMap, turn: int, limits: Limits) -> Carry:
    """Preimages under `M^turn` in two dimensions, a step of M at a time, starting from the guess."""
    inverse = closed_form(map)
    middle, reach = 0.5 * (limits.lo + limits.hi), 1.5 * (limits.hi - limits.lo)

    def carry(targets: Array, guess: Array) -> Array:
        z = np.where(limits.inside(targets)[:, None], targets, np.nan)
        guesses = [guess]
        for _ in range(turn - 1):
            guesses.append(map.step(guesses[-1]))
        for near in reversed(guesses):
            rows = np.isfinite(z).all(-1)
            if inverse is not None:
                z[rows] = inverse(z[rows])
            else:
                z[rows] = newton(map, z[rows], near[rows], (middle - reach, middle + reach))
        return z

    return carry


def closed_form(map: Map) -> Callable[[Array], Array] | None:
    """`a = f^-1(W^-1 (a' - c))` for additive nets, `h = W^-1 (f^-1(h') - b)` for Elman nets; None for any other map.

    What lies outside the image of the map comes from infinity, and is sent FAR away.
    """
    form = additive_form(map)
    if form is None or form.leak.any() or not form.f.bounded or form.f.inverse is None or np.linalg.cond(form.W) > STIFF:
        return None
    inverse, (low, high), back = form.f.inverse, form.f.limits, np.linalg.inv(form.W).T
    outputs = coordinates(map) == ElmanNetwork.coordinates

    def preimage(targets: Array) -> Array:
        y = targets if outputs else (targets - form.c) @ back
        beyond = np.asarray(((y <= low) | (y >= high)).any(-1))
        nets = inverse(np.where(beyond[:, None], 0.5 * (low + high), y))
        z = (nets - form.c) @ back if outputs else nets
        return np.where(beyond[:, None], FAR, z)

    return preimage


def newton(map: SmoothMap, targets: Array, guess: Array, box: Box) -> Array:
    """Solutions of F(z) = target from the guesses, all (k, 2), by Newton's method with shortened steps; NaN where it fails.

    With shortened steps the image of the iterate follows the straight line to the target.
    """
    if len(targets) == 0:
        return targets
    z = np.clip(guess, *box)
    gap, width = targets - map.step(z), float((box[1] - box[0]).max())
    done = np.zeros(len(z), dtype=bool)
    share = np.ones(len(z))
    for _ in range(NEWTON):
        done |= np.abs(gap).max(-1) <= 4 * EPS * (1.0 + np.abs(targets).max(-1))
        who = np.flatnonzero(~done & (share > SHORTEST))
        if len(who) == 0:
            break
        step = _solve(map.jacobian(z[who]), gap[who])
        step *= np.minimum(1.0, width / np.abs(step).max(-1))[:, None]
        moved = np.clip(z[who] + share[who, None] * step, *box)
        moved = np.where(np.isfinite(moved), moved, z[who])
        tried = targets[who] - map.step(moved)
        # At rounding level the residual no longer falls, but the step says that the solution is there.
        still = np.abs(step).max(-1) <= 1e-12 * (1.0 + np.abs(z[who]).max(-1))
        better = np.sum(np.square(tried), axis=-1) < np.sum(np.square(gap[who]), axis=-1)
        done[who[still]] = True
        z[who[better]], gap[who[better]] = moved[better], tried[better]
        share[who] = np.where(better, np.minimum(1.0, 2.0 * share[who]), 0.5 * share[who])
    # What ran to the edge of the box has its preimage beyond it, or none: it is outside either way.
    z[~done & ~((z <= box[0]) | (z >= box[1])).any(-1)] = np.nan
    return z


def _solve(matrices: Array, right: Array) -> Array:
    """`A^-1 b` for matrices (k, 2, 2), not finite where A is singular."""
    (a, b), (c, d) = np.moveaxis(matrices, 0, -1)
    p, q = right.T
    with np.errstate(all="ignore"):
        return np.asarray((np.stack([d * p - b * q, a * q - c * p], axis=-1)) / (a * d - b * c)[:, None])
