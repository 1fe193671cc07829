"""The verb `retention`: which method answers, and the record it fills."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from dynlatch.analysis.escape.question import Question, ask
from dynlatch.analysis.guarantees import guarantees
from dynlatch.analysis.noise import monte_carlo, splitting
from dynlatch.analysis.noise.cells import cell_retention
from dynlatch.analysis.noise.chain import refined
from dynlatch.analysis.noise.laws import Gaussian, Noise, noise_law
from dynlatch.analysis.noise.line import Line, line_of, within_reach
from dynlatch.analysis.noise.paths import Estimate, Paths, paths_of
from dynlatch.analysis.noise.result import Retention, RetentionOutcome
from dynlatch.analysis.noise.scalar import gaussian_chains
from dynlatch.analysis.noise.uniform import uniform_chains
from dynlatch.errors import InvalidInput
from dynlatch.maps import Map, SmoothMap, coordinates
from dynlatch.progress import stages
from dynlatch.randomness import Rng, generator
from dynlatch.validation import count, positive_number

METHODS = ("auto", "nystroem", "cells", "splitting", "monte carlo")
FREQUENT = 0.02  # share of lost paths above which plain Monte-Carlo is good enough


def retention(
    map: Map,
    attractor: Any,
    noise: Noise,
    steps: int,
    *,
    input_matrix: Any = None,
    rng: Rng = None,
    method: str = "auto",
    time_budget: float | None = None,
    progress: bool = False,
) -> Retention:
    """Probability that noise leaves the state in the basin of its attractor.

    Two definitions of "the bit is kept" after t steps differ much for large t: the state has never left the basin
    (`survival`), and it lies in the basin (`returned`). The escape rate is that of the quasi-stationary law.

    Parameters
    ----------
    map : Map
    attractor : array_like, shape (n,) or (p, n), or member of a result
        The state starts there, on a cycle at its first point.
    noise : Gaussian or Uniform
        Independent in every input channel and at every step.
    steps : int
        T, at least 1.
    input_matrix : array_like, shape (n, m), optional
        None: the noise enters as the map's own input, `map.step(a, u)`. Given B, it is added to the state,
        `a' = M(a) + B u`, in the map's coordinates.
    rng : int, Generator or None
        Of random paths; the other methods need none.
    method : {"auto", "nystroem", "cells", "splitting", "monte carlo"}
        "nystroem": n = 1, additive noise, 12 digits. "cells": n = 2 and 3, additive Gaussian noise. "splitting": adaptive
        multilevel splitting, for rare escapes. "monte carlo": plain paths. "auto" takes the first that applies, and decides
        between the last two by a pilot run.
    time_budget : float, optional
        Seconds after which the random paths so far are the answer. Ctrl-C does the same.
    progress : bool
        Whether to draw a progress bar on stderr.

    Returns
    -------
    Retention

    Raises
    ------
    InvalidInput
        On wrong shapes, noise that is no `Gaussian` or `Uniform`, a method that does not apply.
    NotAttracting
        If the point is not attracting.

    Examples
    --------
    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> kept = analysis.retention(dl.LatchNeuron(2.0), [1.915], analysis.Gaussian(0.1), steps=100)
    >>> float(kept.survival[-1]), f"{kept.escape_rate:.10e}"
    (1.0, '3.4769036358e-55')
    """
    law, T = noise_law(noise), count("steps", steps, least=1)
    if method not in METHODS:
        raise InvalidInput(f"`method` must be one of {', '.join(METHODS)}; got {method!r}.")
    deadline = np.inf if time_budget is None else time.monotonic() + positive_number("time_budget", time_budget)
    question = ask(map, attractor, input_matrix=input_matrix)
    if law.width == 0.0:
        return _never(question, law, T, RetentionOutcome.SILENT)
    with stages(3, shown=progress) as enter:
        enter("structure")
        computed = _computed(map, question, law, T, method)
        if computed is not None:
            return computed
        if method not in ("auto", "splitting", "monte carlo"):
            raise InvalidInput(_refusal(method, map, law))
        enter("pilot paths")
        paths = paths_of(map, question, law, T, generator(rng), deadline)
        enter("random paths")
        return _sampled(question, paths, method)


def _computed(map: Map, question: Question, noise: Noise, steps: int, method: str) -> Retention | None:
    """The answer without random paths; None where there is none."""
    line = line_of(map, question, noise) if map.dim == 1 and method in ("auto", "nystroem") else None
    if line is not None:
        return _on_line(question, line, noise, steps)
    if isinstance(map, SmoothMap) and guarantees(map)["one attractor"].holds:
        return _never(question, noise, steps, RetentionOutcome.MONOSTABLE)
    if map.dim in (2, 3) and method in ("auto", "cells") and isinstance(noise, Gaussian):
        return _on_cells(question, noise, steps)
    return None


def _on_line(question: Question, line: Line, noise: Noise, steps: int) -> Retention | None:
    if len(line.basin) == 1 and np.isinf(line.basin[0]).all():
        bistable = line.threshold > 0.0 and np.isfinite(line.threshold)
        return _never(question, noise, steps, RetentionOutcome.SAFE if bistable else RetentionOutcome.MONOSTABLE)
    if not isinstance(noise, Gaussian) and line.width <= line.threshold:
        return _never(question, noise, steps, RetentionOutcome.SAFE)
    if not within_reach(line):
        return _never(question, noise, steps, RetentionOutcome.NEGLIGIBLE)
    chains = gaussian_chains(line) if isinstance(noise, Gaussian) else uniform_chains(line)
    found = refined(chains, line.period, steps)
    if found is None:
        return None
    errors = np.append(0.0, np.full(steps, 0.0 if found.exact else found.error))
    return Retention(
        survival=found.course.survival,
        returned=found.course.returned,
        lost=found.course.lost,
        away=found.course.away,
        survival_errors=errors,
        returned_errors=errors,
        escape_rate=max(found.rate.rate, 0.0),
        rate_error=0.0 if found.exact else found.rate_change,
        mean_exit_time=found.rate.mean_exit_time,
        method="integral equation",
        outcome=RetentionOutcome.EXACT if found.exact else RetentionOutcome.COMPUTED,
        noise=noise,
        attractor=question.attractor.point,
        coordinates=coordinates(question.system),
    )


def _on_cells(question: Question, noise: Gaussian, steps: int) -> Retention | None:
    found = cell_retention(question.system, question.attractor, noise.std, steps)
    if found is None:
        return None
    errors = np.append(0.0, np.full(steps, found.error))
    return Retention(
        survival=found.survival,
        returned=found.returned,
        lost=1.0 - found.survival,
        away=1.0 - found.returned,
        survival_errors=errors,
        returned_errors=errors,
        escape_rate=found.escape_rate,
        rate_error=found.rate_error * found.escape_rate,
        mean_exit_time=found.mean_exit_time,
        method="transfer operator on cells",
        outcome=RetentionOutcome.COMPUTED,
        noise=noise,
        attractor=question.attractor.point,
        coordinates=coordinates(question.system),
    )


def _sampled(question: Question, paths: Paths, method: str) -> Retention:
    """Random paths: plain ones where escapes are not rare, splitting where they are."""
    if method == "monte carlo":
        return _from_paths(question, paths, monte_carlo.sampled(paths, monte_carlo.enough(paths)), "plain Monte-Carlo")
    if method == "auto":
        pilot = monte_carlo.sampled(paths, min(monte_carlo.PILOT, monte_carlo.enough(paths)))
        if pilot.lost[-1] >= FREQUENT:
            rest = monte_carlo.sampled(paths, monte_carlo.enough(paths)) if not paths.late else pilot
            return _from_paths(question, paths, rest, "plain Monte-Carlo")
    return _from_paths(question, paths, splitting.split(paths), "adaptive multilevel splitting")


def _from_paths(question: Question, paths: Paths, found: Estimate, method: str) -> Retention:
    outcome = RetentionOutcome.ESTIMATED if found.complete else RetentionOutcome.BUDGET
    if not found.seen:
        outcome = RetentionOutcome.UNSEEN if found.complete else outcome
    survival = 1.0 - found.lost
    return Retention(
        survival=survival,
        returned=1.0 - found.away,
        lost=found.lost,
        away=found.away,
        survival_errors=found.lost_errors,
        returned_errors=found.away_errors,
        escape_rate=found.rate,
        rate_error=found.rate_error,
        mean_exit_time=float(survival[:-1].sum() + survival[-1] / found.rate) if found.rate > 0 else np.inf,
        method=method,
        outcome=outcome,
        noise=paths.noise,
        attractor=question.attractor.point,
        coordinates=coordinates(question.system),
    )


def _never(question: Question, noise: Noise, steps: int, outcome: RetentionOutcome) -> Retention:
    """The state never leaves."""
    ones, zeros = np.ones(steps + 1), np.zeros(steps + 1)
    return Retention(
        survival=ones,
        returned=ones,
        lost=zeros,
        away=zeros,
        survival_errors=zeros,
        returned_errors=zeros,
        escape_rate=0.0,
        rate_error=0.0,
        mean_exit_time=np.inf,
        method="",
        outcome=outcome,
        noise=noise,
        attractor=question.attractor.point,
        coordinates=coordinates(question.system),
    )


def _refusal(method: str, map: Map, noise: Noise) -> str:
    if method == "nystroem":
        return (
            f"`method='nystroem'` is for one dimension and noise that is added to the state; {type(map).__name__} with "
            f"{map.dim} components and {type(noise).__name__} noise is not of that kind, or needs too many nodes."
        )
    return (
        f"`method='cells'` is for two or three dimensions and Gaussian noise added to all directions of the state; got "
        f"{map.dim} dimensions and {type(noise).__name__} noise, or noise so small that there are too many cells."
    )
