"""The conditions behind `guarantees`: each checks one hypothesis on the weights and says what follows from it.

Notation: `a' = (1 - alpha) a + alpha (W f(a) + c)` (alpha = 1 without a leak; an Elman net is the same in other coordinates),
f non-decreasing with slopes between 0 and s. Every inequality is asked for with a margin above the error of its two sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from dynlatch.activations import LOGISTIC, TANH, THRESHOLD
from dynlatch.analysis import scalar
from dynlatch.analysis.structure import ROUNDING, AdditiveForm, additive_form, is_odd, monotone_signs, steepest_slope
from dynlatch.analysis.trapping import trapping_box
from dynlatch.intervals import Box
from dynlatch.linalg import matrix_norm, spectral_radius
from dynlatch.maps import Enclosable, Map, interval_jacobian
from dynlatch.validation import Array

MOST_IMAGES = 200
SCALING_STEPS = 60
LARGEST_SCALED = 128  # units up to which diagonal scalings of the spectral norm are searched


@dataclass(frozen=True)
class Guarantee:
    """One statement about all orbits of a map that its weights alone may prove.

    Attributes
    ----------
    name : str
    holds : bool or None
        True: proved. False: the condition fails, and nothing follows (the conclusion may hold all the same). None: the
        theorem does not speak about this kind of map.
    sentence : str
        The conclusion with its numbers, or why there is none.
    source : str
        Where the theorem is from.
    """

    name: str
    holds: bool | None
    sentence: str
    source: str


class Subject(NamedTuple):
    """A map with what all conditions read: its additive form, steepest slope and trapping box (None where there is none)."""

    map: Map
    form: AdditiveForm | None
    slope: float
    box: Box | None

    @property
    def alpha(self) -> Array:
        assert self.form is not None
        return 1.0 - self.form.leak


def subject_of(map: Map) -> Subject:
    """The map with its structure read once."""
    form = additive_form(map)
    slope = np.inf if form is None else steepest_slope(form.f)
    return Subject(map, form, slope if slope > 0 else np.inf, trapping_box(map))


def bounded(subject: Subject) -> Guarantee:
    """Whether all orbits end in one box."""
    source = "Brouwer (1911); Lefschetz's index sum"
    if subject.box is None:
        why = "no bound on the states follows from the structure: an activation is unbounded, or the map is a free function"
        return Guarantee("bounded", None if subject.form is None else False, f"{_cap(why)}.", source)
    reach = f"{np.abs(subject.box).max():.4g}"
    discontinuous = subject.form is not None and subject.form.f is THRESHOLD
    index = "" if discontinuous else "; it holds a fixed point, and the indices of all sum to +1 if none is degenerate"
    sentence = (
        f"Every orbit ends in a box with entries of at most {reach} (`box`): all fixed points and cycles lie there{index}."
    )
    return Guarantee("bounded", True, sentence, source)


def one_attractor(subject: Subject) -> Guarantee:
    """Contraction of the whole space, in a norm 1, 2 or inf with weights on the units."""
    name, source = "one attractor", "Banach (1922); Kaszkurewicz and Bhaya (2000), Matrix Diagonal Stability"
    form, s = subject.form, subject.slope
    if form is None or not np.isfinite(s):
        return Guarantee(name, None, _needs_slope(subject), source)
    # The weighted 1-norm of the Jacobian is convex in each unit's slope, so the ends 0 (factor 1 - alpha) and s decide.
    steepest = np.abs(np.diag(form.leak) + s * subject.alpha[:, None] * form.W)
    ways = [("weighted absolute weights", _certified_radius(steepest))]
    ways.append(("spectral norm", _spectral_factor(form.W * s * subject.alpha[:, None], form.leak)))
    by, factor = min(ways, key=lambda way: way[1])
    factor = max(factor, float(form.leak.max()))
    if not factor < 1.0:
        return Guarantee(name, False, "No weighted norm of W is small enough for a contraction of all of space.", source)
    sentence = (
        f"The map contracts all of space ({by}, asymptotic factor at most {factor:.6g} a step): there is one fixed point and "
        "every orbit converges to it, under every constant input."
    )
    return Guarantee(name, True, sentence, source)


def _certified_radius(B: Array) -> float:
    """Spectral radius of a non-negative matrix, and inf unless positive weights x with B x < x are exhibited."""
    return float(spectral_radius(B)) if dominates(B, 1.0) else np.inf


def dominates(A: Array, t: float) -> bool:
    """Whether A x < t x for some x > 0, A non-negative off its diagonal: the spectral abscissa of A is below t (M-matrices)."""
    n = len(A)
    if not np.isfinite(A).all():
        return False
    try:
        x = np.linalg.solve(t * np.eye(n) - A, np.ones(n))
    except np.linalg.LinAlgError:
        return False
    error = (n + 4) * ROUNDING * (np.abs(A) @ np.abs(x) + abs(t) * np.abs(x))
    return bool(np.isfinite(x).all() and (x > 0).all() and (t * x - A @ x > error).all())


def _spectral_factor(A: Array, leak: Array) -> float:
    """`max leak + |T A T^-1|_2` with the best diagonal T > 0 found; convex in log T (Sezginer and Overton 1990)."""
    from scipy.optimize import minimize

    def value(t: Array) -> tuple[float, Array]:
        u, widths, vh = np.linalg.svd(np.exp(t)[:, None] * A * np.exp(-t))
        return float(np.log(widths[0])), np.square(u[:, 0]) - np.square(vh[0])

    slack, largest = (1.0 - ROUNDING) - float(leak.max()), float(matrix_norm(A, 2))
    t = np.zeros(len(A))
    if largest >= slack > float(spectral_radius(A)) and len(A) <= LARGEST_SCALED:
        bounds = [(-30.0, 30.0)] * len(A)
        t = minimize(value, t, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": SCALING_STEPS}).x
    return float(leak.max()) + float(matrix_norm(np.exp(t)[:, None] * A * np.exp(-t), 2)) * (1.0 + ROUNDING)


def eventually_one_attractor(subject: Subject) -> Guarantee:
    """Contraction on the box into which interval images of the trapping box shrink."""
    name, source = (
        "one attractor after a transient",
        "Moore, Kearfott and Cloud (2009), Interval Analysis; Banach (1922)",
    )
    if subject.box is None or not isinstance(subject.map, Enclosable):
        return Guarantee(name, None, "Needs a map with a trapping box and interval images.", source)
    box = subject.box
    for k in range(MOST_IMAGES):
        if k & (k - 1) == 0 and _contracts_on(subject.map, box):
            width = float((box[1] - box[0]).max())
            sentence = (
                f"All orbits end in a box of width {width:.3g} ({k} interval images of the trapping box) on which the map "
                "contracts: there is one fixed point and every orbit converges to it."
            )
            return Guarantee(name, True, sentence, source)
        image = subject.map.enclose(*box)
        smaller = np.maximum(box[0], image[0]), np.minimum(box[1], image[1])
        if not (smaller[1] - smaller[0]).sum() < (1.0 - 1e-3) * (box[1] - box[0]).sum():
            break
        box = smaller
    return Guarantee(name, False, "Interval images of the trapping box do not shrink to where the map contracts.", source)


def _contracts_on(map: Map, box: Box) -> bool:
    bounds = interval_jacobian(map, *box)
    return bounds is not None and dominates(np.maximum(np.abs(bounds[0]), np.abs(bounds[1])), 1.0)


def one_fixed_point(subject: Subject) -> Guarantee:
    """Diagonal dominance of 1/s - W (with weights), or a small symmetric part of W: `a - W f(a) = c` has one solution."""
    name, source = "one fixed point", "Hirsch (1989), Neural Networks 2; Forti and Tesi (1995), IEEE Trans. Circuits Syst. I 42"
    form, s = subject.form, subject.slope
    if form is None or not np.isfinite(s):
        return Guarantee(name, None, _needs_slope(subject), source)
    metzler = np.abs(form.W)
    np.fill_diagonal(metzler, np.diag(form.W))
    largest = float(np.linalg.eigvalsh(0.5 * (form.W + form.W.T))[-1])
    if dominates(s * metzler, 1.0):
        why = "weighted diagonal dominance: W_jj + sum of |W_ij| x_i / x_j stays below 1 / max f'"
    elif s * largest < 1.0 - ROUNDING * (1.0 + s * float(matrix_norm(form.W, "fro"))):
        why = f"the symmetric part of W has largest eigenvalue {largest:.6g}, below 1 / max f'"
    else:
        return Guarantee(name, False, "Neither diagonal dominance nor the symmetric part of W excludes more than one.", source)
    return Guarantee(name, True, f"There is one fixed point under every constant input ({why}); it need not attract.", source)


def only_fixed_points(subject: Subject) -> Guarantee:
    """Symmetric weights with smallest eigenvalue above `-(2 - alpha) / (alpha s)`: an energy falls along every orbit."""
    name = "only fixed points"
    source = "Marcus and Westervelt (1989), Phys. Rev. A 40; Marcus, Waugh and Westervelt (1991), Physica D 51"
    form, s = subject.form, subject.slope
    if form is None or not np.isfinite(s):
        return Guarantee(name, None, _needs_slope(subject), source)
    root = symmetriser(form.W)
    if root is None:
        return Guarantee(name, False, "W is not symmetric, nor becomes so by positive weights on the units.", source)
    symmetric = root[:, None] * form.W / root
    symmetric = 0.5 * (symmetric + symmetric.T)
    energy = symmetric + np.diag((2.0 / subject.alpha - 1.0) / s)
    least = float(np.linalg.eigvalsh(energy)[0])
    lowest = f"smallest eigenvalue {np.linalg.eigvalsh(symmetric)[0]:.6g} of W{_to_rounding(form.W)}"
    bound = f"-(2 - alpha) / (alpha max f') = {-float(((2.0 / subject.alpha - 1.0) / s).min()):.6g}"
    if not least > ROUNDING * (1.0 + float(matrix_norm(energy, "fro"))):
        return Guarantee(name, False, f"The {lowest} does not exceed {bound}: cycles may exist.", source)
    end = (
        "every orbit converges to the set of fixed points" if form.f.bounded else "orbits that stay bounded end in fixed points"
    )
    return Guarantee(name, True, f"There are no cycles, and {end}: the {lowest} exceeds {bound}.", source)


def period_at_most_two(subject: Subject) -> Guarantee:
    """Symmetric weights without a leak, whatever the gain."""
    name = "period at most two"
    source = "Goles, Fogelman and Pellegrin (1985), Discrete Appl. Math. 12; Marcus and Westervelt (1989), Phys. Rev. A 40"
    form = subject.form
    if form is None or not np.isfinite(subject.slope) or form.leak.any():
        return Guarantee(name, None, "Speaks about additive nets without a leak.", source)
    if symmetriser(form.W) is None:
        return Guarantee(name, False, "W is not symmetric, nor becomes so by positive weights on the units.", source)
    sentence = f"W is symmetric{_to_rounding(form.W)}: cycles have period 1 or 2"
    return Guarantee(name, True, sentence + (", and every orbit ends in them." if form.f.bounded else "."), source)


def symmetriser(W: Array) -> Array | None:
    """Positive r (n,) such that `r_i W_ij / r_j` is symmetric, to rounding; None if there are none."""
    n = len(W)
    if np.any(np.sign(W) != np.sign(W.T)):
        return None
    r = np.zeros(n)
    for start in range(n):
        queue = [] if r[start] else [start]
        r[start] = r[start] or 1.0
        while queue:
            i = queue.pop()
            fresh = np.flatnonzero((W[i] != 0) & (r == 0))
            r[fresh] = r[i] * np.sqrt(W[i, fresh] / W[fresh, i])
            queue.extend(int(j) for j in fresh)
    scaled = r[:, None] * W / r
    return r if np.all(np.abs(scaled - scaled.T) <= 1e-13 * np.maximum(np.abs(scaled), np.abs(scaled.T))) else None


def _to_rounding(W: Array) -> str:
    off = float(np.abs(W - W.T).max())
    if off == 0.0:
        return ""
    return " (to rounding)" if off <= 1e-13 * np.abs(W).max() else " (with positive weights on the units)"


def monotone(subject: Subject) -> Guarantee:
    """Sign-consistent weights: the map preserves an order."""
    name, source = (
        "monotone",
        "Hirsch and Smith (2005), Monotone maps: a review, J. Difference Equ. Appl. 11",
    )
    if subject.form is None:
        return Guarantee(name, None, "Signs are read off additive nets only.", source)
    form = subject.form._replace(B=np.zeros((len(subject.form.W), 0)))
    signs = monotone_signs(form)
    if signs is None:
        return Guarantee(name, False, "No choice of signs of the units makes every weight non-negative.", source)
    flipped = int((signs[0] < 0).sum())
    order = "componentwise" if flipped == 0 else f"componentwise after {flipped} of {len(form.W)} units change sign"
    extremes = ", a least and a greatest fixed point bound where every orbit ends" if form.f.bounded else ""
    # Attracting cycles are possible: W = [[0, 2], [2, 0]] has one of period 2, whose points are unordered.
    sentence = f"The map preserves the order ({order}){extremes}; no two points of a cycle are ordered, but cycles may attract."
    return Guarantee(name, True, sentence, source)


def latched_bits(subject: Subject) -> Guarantee:
    """Units whose self-excitation withstands all that the others can do: the scalar theory with the others as input."""
    name, source = "latched bits", "Bengio, Frasconi and Simard (1993), ICNN: u* of one unit, the other units as its input"
    form = subject.form
    if form is None or form.f not in (TANH, LOGISTIC):
        return Guarantee(name, None, "Speaks about additive nets of tanh or logistic units.", source)
    room = [_room(form, i) for i in range(len(form.W))]
    latched = [i for i, spare in enumerate(room) if spare > 0.0]
    if not latched:
        return Guarantee(name, False, "No unit excites itself enough to withstand the others.", source)
    spare = min(room[i] for i in latched)
    which = "every unit" if len(latched) == len(room) else f"each of {len(latched)} of {len(room)} units"
    sentence = (
        f"The side of {which} is kept for ever, whatever the others do: 2^{len(latched)} disjoint boxes map into themselves, "
        f"each with a fixed point, also under inputs that add at most {spare:.6g} to what a unit receives."
    )
    return Guarantee(name, True, sentence, source)


def _room(form: AdditiveForm, i: int) -> float:
    """By how much unit i could be pushed further without losing its side; negative if it need not keep it."""
    w = float(form.W[i, i])
    if not w > 0:
        return -np.inf
    others = np.delete(form.W[i], i)
    ends = np.outer(form.f.limits, others)
    low, high = (float(form.c[i] + side.sum()) for side in (ends.min(0), ends.max(0)))
    window = scalar.bistability_window(w, form.f)
    margin = ROUNDING * (1.0 + w + abs(low) + abs(high))
    return min(low - window[0], window[1] - high) - margin


def odd(subject: Subject) -> Guarantee:
    """Symmetry under a change of sign."""
    name, source = "odd", "elementary"
    form = subject.form
    if form is None:
        return Guarantee(name, None, "The symmetry is read off additive nets only.", source)
    if not is_odd(subject.map):
        return Guarantee(name, False, "The activation is not odd, or a bias (or constant input) is not zero.", source)
    sentence = "M(-a) = -M(a): the origin is a fixed point, and every orbit, fixed point and cycle has its mirror image."
    return Guarantee(name, True, sentence, source)


def _needs_slope(subject: Subject) -> str:
    if subject.form is None:
        return "Speaks about additive nets (with a leak or in output coordinates) only."
    return "The activation does not say where its slope is largest (`slope_peak`), or has no slope."


def _cap(text: str) -> str:
    return text[0].upper() + text[1:]


CONDITIONS = (
    bounded,
    one_attractor,
    eventually_one_attractor,
    one_fixed_point,
    only_fixed_points,
    period_at_most_two,
    monotone,
    latched_bits,
    odd,
)
