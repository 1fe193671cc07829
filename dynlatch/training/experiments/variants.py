"""Choices that the papers leave open, taken otherwise: what the causes of disagreements are looked for among.

One choice is changed at a time, to what the papers document where they do, or to another usual value. `DOCUMENTED` is the
protocol of documented values alone: first weights within .5, eta = mu = .01, boxes that begin as wide as the first weights, and
parity lengths from ceil(T/2). Its limits, and all of discrete error propagation, are still those of the protocol: the papers
document none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from dynlatch.training.contract import Task
from dynlatch.training.experiments import paper
from dynlatch.training.experiments.protocol import ON_PARITY, ON_TWO_SEQUENCE, PARITY, TWO_SEQUENCE, Method, Problem, cell
from dynlatch.training.models import Dense, ParityNet
from dynlatch.training.presets import PRESETS
from dynlatch.training.rules import DiscreteErrorPropagation as DEP
from dynlatch.training.rules import Discretisation, SimulatedAnnealing
from dynlatch.training.sweeps import Cell
from dynlatch.training.tasks import Parity, TwoSequence

DOCUMENTED = "documented values only"
CEIL = "lengths from ceil(T/2)"
FOUR = "lengths of at least 4"
ONE_LIMIT = "one limit of 20,000 presentations for all"
FEW_TESTS = "20 test sequences a trial"
LONGEST = 100  # T that variants are run at


class Variant(NamedTuple):
    """A row of a table run otherwise; `words` complete "agrees with"."""

    method: str
    words: str
    run: Method
    task: Callable[[int], Task]


def ceil_parity(T: int) -> Task:
    """Lengths from T/2 rounded up, where the protocol rounds down."""
    return Parity(T=T)


def longer_two_sequence(T: int) -> Task:
    """Every input reaches the output unit."""
    return TwoSequence(T=T)


def _tuned(row: Method, **settings: Any) -> Method:
    return row._replace(rule=replace(row.rule, **settings))  # type: ignore[type-var]


def _within(row: Method, radius: float) -> Method:
    assert isinstance(row.model, (Dense, ParityNet))
    return row._replace(model=replace(row.model, radius=radius))


def _preset(row: Method, rule: type, task: type) -> Method:
    return row._replace(rule=PRESETS[rule, task].rule)


def _on_two_sequence() -> list[Variant]:
    row, usual, published = ON_TWO_SEQUENCE, TWO_SEQUENCE.task, TWO_SEQUENCE.published
    bp, pn, tw = (row[name] for name in (paper.BACK_PROPAGATION, paper.PSEUDO_NEWTON, paper.TIME_WEIGHTED))
    mg, dep, sa, em = (row[name] for name in (paper.MULTIGRID, paper.DISCRETE, paper.ANNEALING, paper.EM))
    changed = [
        (paper.BACK_PROPAGATION, FEW_TESTS, bp._replace(tests=20)),
        *((paper.BACK_PROPAGATION, f"eta = {eta:g}", _tuned(bp, eta=eta)) for eta in (1e-4, 1e-3, 10.0)),
        (paper.PSEUDO_NEWTON, "eta = mu = 0.1", _tuned(pn, eta=0.1, mu=0.1)),
        (paper.PSEUDO_NEWTON, "the documented momentum of 0.8", _tuned(pn, momentum=0.8)),
        (paper.TIME_WEIGHTED, "eta = 0.01, mu = 0.1", _tuned(tw, eta=0.01, mu=0.1)),
        (paper.MULTIGRID, "boxes that shrink by 0.95 from half-width 3", _tuned(mg, half_width=3.0, shrink=0.95)),
        (paper.DISCRETE, "two-valued discretisation", _tuned(dep, discretisation=Discretisation.TWO_VALUED)),
        (paper.DISCRETE, "two-valued steps along the slope, eta = 0.005", _preset(dep, DEP, TwoSequence)),
        (paper.ANNEALING, "first steps of 1, bound 10, N_T = 125", _preset(sa, SimulatedAnnealing, TwoSequence)),
        (paper.EM, "50 training sequences", em._replace(sequences=50)),
        (paper.EM, "100 training sequences", em._replace(sequences=100)),
        (paper.BACK_PROPAGATION, DOCUMENTED, _tuned(bp, eta=0.01)),
        (paper.PSEUDO_NEWTON, DOCUMENTED, pn),
        (paper.TIME_WEIGHTED, DOCUMENTED, _tuned(tw, eta=0.01, mu=0.01)),
        (paper.MULTIGRID, DOCUMENTED, _tuned(mg, half_width=0.5)),
        (paper.DISCRETE, DOCUMENTED, dep),
    ]
    four = [Variant(name, FOUR, row[name], longer_two_sequence) for name in published]
    return [*(Variant(*one, usual) for one in changed), *four]


def _on_parity() -> list[Variant]:
    row, usual, published = ON_PARITY, PARITY.task, PARITY.published
    bp, pn, tw = (row[name] for name in (paper.BACK_PROPAGATION, paper.PSEUDO_NEWTON, paper.TIME_WEIGHTED))
    mg, dep, sa, em = (row[name] for name in (paper.MULTIGRID, paper.DISCRETE, paper.ANNEALING, paper.EM))
    gradient = (paper.BACK_PROPAGATION, paper.PSEUDO_NEWTON, paper.TIME_WEIGHTED)
    changed = [
        *((name, "first weights within 0.5", _within(row[name], 0.5)) for name in gradient),
        *(
            (name, ONE_LIMIT, row[name]._replace(max_presentations=20_000))
            for name in (*gradient, paper.MULTIGRID, paper.DISCRETE)
        ),
        (paper.BACK_PROPAGATION, "eta = 0.3", _tuned(bp, eta=0.3)),
        (paper.PSEUDO_NEWTON, "a limit of 12,000 presentations", pn._replace(max_presentations=12_000)),
        (paper.PSEUDO_NEWTON, "a limit of 110,000 presentations", pn._replace(max_presentations=110_000, most=8)),
        (paper.TIME_WEIGHTED, "eta = 0.03, mu = 0.01, no momentum", _tuned(tw, eta=0.03, mu=0.01, momentum=0.0)),
        (paper.MULTIGRID, "a limit of 50,000 presentations", mg._replace(max_presentations=50_000)),
        (paper.MULTIGRID, "boxes that shrink by 0.95 from half-width 3", _tuned(mg, half_width=3.0, shrink=0.95)),
        (paper.DISCRETE, "two-valued discretisation", _tuned(dep, discretisation=Discretisation.TWO_VALUED)),
        (paper.DISCRETE, "two-valued, normalised, margin 1", _preset(dep, DEP, Parity)),
        (paper.ANNEALING, "first steps of 1, bound 10, N_T = 100", _preset(sa, SimulatedAnnealing, Parity)._replace(most=8)),
        (paper.EM, "no determinant term", _tuned(em, det_weight=0.0)._replace(max_presentations=50_000)),
        (paper.EM, "50 training sequences", em._replace(sequences=50)),
    ]
    documented = [
        (paper.BACK_PROPAGATION, _within(_tuned(bp, eta=0.01), 0.5)),
        (paper.PSEUDO_NEWTON, _within(_tuned(pn, eta=0.01, mu=0.01), 0.5)),
        (paper.TIME_WEIGHTED, _within(_tuned(tw, eta=0.01, mu=0.01, momentum=0.0), 0.5)),
        (paper.MULTIGRID, _tuned(mg, half_width=0.5)),
        (paper.DISCRETE, dep),
    ]
    other_lengths = [Variant(name, CEIL, row[name], ceil_parity) for name in published if name != paper.ANNEALING]
    known = [Variant(name, DOCUMENTED, run, ceil_parity) for name, run in documented]
    return [*(Variant(*one, usual) for one in changed), *other_lengths, *known]


VARIANTS = {TWO_SEQUENCE.name: tuple(_on_two_sequence()), PARITY.name: tuple(_on_parity())}


def name_of(problem: Problem, variant: Variant) -> str:
    """The name of its cells, without the length."""
    return f"{problem.name}/{variant.method}, {variant.words}"


def cells(problem: Problem, variant: Variant, trials: int, longest: float) -> list[Cell]:
    """The cells of a variant, where the paper has values."""
    lengths = [T for T in problem.published[variant.method].run_at if min(longest, LONGEST) >= T]
    return [cell(name_of(problem, variant), variant.run, variant.task(T), min(trials, variant.run.most)) for T in lengths]
