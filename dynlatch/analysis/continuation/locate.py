"""From a step with an event in it to the special point: halving, Newton on the bordered system, classification."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dynlatch.analysis.continuation import bordered, normal_forms
from dynlatch.analysis.continuation.arclength import Passage, halve
from dynlatch.analysis.continuation.branch import Bifurcation, SpecialPoint
from dynlatch.analysis.continuation.equations import Equations
from dynlatch.analysis.continuation.fixed_curve import CROSSING, FLIP, FOLD, PAIR, SEVERAL, FixedCurve
from dynlatch.errors import DynlatchError
from dynlatch.linalg import spectra
from dynlatch.validation import Array

FIRST_HALVINGS, LAST_HALVINGS = 6, 45
CONVERGED = 1e-8  # a last correction above this is no location
VERTICAL = 1e-4  # share of the parameter in a tangent below which the tangent is a pitchfork's
IMPERFECT = 1e-11  # imbalance of the equations, relative to the state, above which branches only come close
REAL = 1e-4  # angle below which a pair on the circle is two real multipliers crossing together


class Site(NamedTuple):
    """A special point with its unknowns."""

    special: SpecialPoint
    x: Array


class Crossing(NamedTuple):
    """A resolved crossing of two branches: its unknowns, and the two tangents (rows, in x / scale, length 1)."""

    x: Array
    error: float
    tangents: Array


def locate(curve: FixedCurve, passage: Passage, period: int) -> Site:
    """The special point in the step; bracketed to rounding where Newton's method does not resolve it."""
    halved = Passage(passage.kind, *halve(curve, passage, FIRST_HALVINGS, lambda a, b: _quiet(curve, passage.kind, a, b)))
    x = 0.5 * (halved.before.x + halved.after.x)
    reach = 2.0 * float(np.linalg.norm((passage.after.x - passage.before.x) / curve.scale))
    try:
        site = _refined(curve, passage.kind, x, period)
    except (DynlatchError, np.linalg.LinAlgError):
        site = None
    if site is not None and np.linalg.norm((site.x - x) / curve.scale) <= reach:
        return site
    last = halve(curve, halved, LAST_HALVINGS, lambda a, b: _quiet(curve, passage.kind, a, b))
    return _bracketed(curve.equations, passage.kind, 0.5 * (last[0].x + last[1].x), period)


def is_genuine(curve: FixedCurve, passage: Passage) -> bool:
    """Whether a crossing in the step is one: where branches only come close, the step has jumped from one to the other."""
    if passage.kind != CROSSING:
        return True
    x = 0.5 * (passage.before.x + passage.after.x)
    reach = 2.0 * float(np.linalg.norm((passage.after.x - passage.before.x) / curve.scale))
    try:
        found = resolve_crossing(curve, x)
    except (DynlatchError, np.linalg.LinAlgError):
        return False
    return found is not None and bool(np.linalg.norm((found.x - x) / curve.scale) <= reach)


def _quiet(curve: FixedCurve, kind: str, before: object, after: object) -> bool:
    return kind not in curve.events(before, after)  # type: ignore[arg-type]


def _refined(curve: FixedCurve, kind: str, x: Array, period: int) -> Site | None:
    if kind == SEVERAL:
        return None
    if kind == PAIR:
        return _pair(curve.equations, x, period)
    if kind == CROSSING:
        return _crossing(curve, x, period)
    sigma = 1.0 if kind == FOLD else -1.0
    located = bordered.singular(curve.equations, x, sigma)
    if located.error > CONVERGED:
        return None
    map, a = curve.equations.split(located.x)
    found = bordered.kernel(map.jacobian(a) - sigma * np.eye(len(a)))
    phi = found.right / np.linalg.norm(found.right)
    if kind == FOLD:
        coefficient = normal_forms.quadratic(map, a, phi, found.left)
    else:
        coefficient = normal_forms.cubic(map, a, phi, found.left, -1.0)
    return _site(Bifurcation(kind), located.x, located.error, sigma + 0j, coefficient, phi, period)


def _site(
    kind: Bifurcation, x: Array, error: float, multiplier: complex, coefficient: float, direction: Array, period: int
) -> Site:
    largest = int(np.argmax(np.abs(direction)))
    signed = direction * np.sign(direction[largest]) if direction[largest] else direction
    return Site(SpecialPoint(kind, float(x[-1]), x[:-1], multiplier, coefficient, signed, error, period), x)


def _pair(equations: Equations, x: Array, period: int) -> Site | None:
    values = spectra(equations.state_jacobian(x))
    critical = values[np.argmin(np.abs(np.abs(values) - 1.0))]
    if abs(critical.imag) < REAL:
        return None
    located, cosine = bordered.pair(equations, x, float(np.cos(np.angle(critical))))
    if located.error > CONVERGED or not abs(cosine) < 1.0:
        return None
    map, a = equations.split(located.x)
    angle = float(np.arccos(cosine))
    q, p = _critical(map.jacobian(a), angle)
    coefficient = normal_forms.circle(map, a, q, p, angle)
    direction = np.real(q) / max(float(np.linalg.norm(np.real(q))), 1e-300)
    kind = Bifurcation.NEIMARK_SACKER
    return _site(kind, located.x, located.error, complex(np.exp(1j * angle)), coefficient, direction, period)


def _critical(J: Array, angle: float) -> tuple[normal_forms.Complex, normal_forms.Complex]:
    """Right and left eigenvectors for exp(i angle): |q| = 1, p^H q = 1."""
    u, _, vh = np.linalg.svd(J - np.exp(1j * angle) * np.eye(len(J)))
    q, p = np.conj(vh[-1]), u[:, -1]
    return q, p / np.conj(np.vdot(p, q))


def resolve_crossing(curve: FixedCurve, x: Array) -> Crossing | None:
    """The crossing of two branches near x, from the algebraic bifurcation equation; None where it is not a simple one."""
    found = bordered.crossing(curve.equations, x)
    if found.error > CONVERGED or found.imperfection > IMPERFECT * (1.0 + np.abs(found.x).max()):
        return None
    widths = np.linalg.svd(curve.equations.jacobian(found.x), compute_uv=False)
    if len(widths) > 1 and widths[-2] < 1e-6 * (1.0 + widths[0]):
        return None
    rows = [bordered.curvature(curve.equations, found.x, found.left, q) for q in found.right.T]
    form = np.array(rows) @ found.right
    (a, b), (_, c) = 0.5 * (form + form.T)
    size = abs(a) + abs(b) + abs(c)
    root = b * b - a * c
    if not (size > 0 and root > 1e-12 * size**2):
        return None
    # a s^2 + 2 b s t + c t^2 = 0, without cancellation.
    w = -(b + np.copysign(np.sqrt(root), b))
    tangents = np.array([[c, w], [w, a]]) @ found.right.T / curve.scale
    return Crossing(found.x, found.error, tangents / np.linalg.norm(tangents, axis=1, keepdims=True))


def _crossing(curve: FixedCurve, x: Array, period: int) -> Site | None:
    found = resolve_crossing(curve, x)
    if found is None:
        return None
    map, a = curve.equations.split(found.x)
    critical = bordered.kernel(map.jacobian(a) - np.eye(len(a)))
    phi = critical.right / np.linalg.norm(critical.right)
    if np.abs(found.tangents[:, -1]).min() < VERTICAL:
        kind, coefficient = Bifurcation.PITCHFORK, normal_forms.cubic(map, a, phi, critical.left, 1.0)
    else:
        kind, coefficient = Bifurcation.TRANSCRITICAL, normal_forms.quadratic(map, a, phi, critical.left)
    return _site(kind, found.x, found.error, 1.0 + 0j, coefficient, phi, period)


def _bracketed(equations: Equations, kind: str, x: Array, period: int) -> Site:
    values, vectors = np.linalg.eig(equations.state_jacobian(x))
    which = int(np.argmin(np.abs(np.abs(values) - 1.0)))
    value = complex(values[which])
    if kind in (PAIR, SEVERAL) and abs(value.imag) >= REAL:
        word = Bifurcation.NEIMARK_SACKER
    elif kind == FLIP or value.real < 0:
        word = Bifurcation.FLIP
    else:
        word = Bifurcation.FOLD if kind == FOLD else Bifurcation.BRANCH_POINT
    direction = np.real(vectors[:, which])
    size = float(np.linalg.norm(direction))
    return _site(word, x, np.inf, complex(value.real, abs(value.imag)), np.nan, direction / (size or 1.0), period)
