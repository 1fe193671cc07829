"""A claim that was computed: a number, what it is held against, and how it was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Claim:
    """One number of a statement.

    Attributes
    ----------
    text : str
        What the number is.
    value : float
    relation : str
        "<", ">" or "=".
    limit : float
        What `value` is held against.
    holds : bool
    method : str
        "float64", or "SymPy" where it is an exact identity or inequality.
    """

    text: str
    value: float
    relation: str
    limit: float
    holds: bool
    method: str = "float64"

    def __str__(self) -> str:
        mark = "yes" if self.holds else "NO "
        return f"  {mark} {self.text}: {self.value:.10g} {self.relation} {self.limit:.10g}  [{self.method}]"


def below(text: str, value: float, limit: float) -> Claim:
    """`value < limit`."""
    return Claim(text, float(value), "<", float(limit), bool(value < limit))


def above(text: str, value: float, limit: float) -> Claim:
    """`value > limit`."""
    return Claim(text, float(value), ">", float(limit), bool(value > limit))


def equal(text: str, value: float, expected: float, *, rtol: float) -> Claim:
    """`value = expected` to `rtol`."""
    return Claim(text, float(value), "=", float(expected), bool(abs(value - expected) <= rtol * abs(expected)))


def proved(text: str, left: Any, relation: str, right: Any) -> Claim:
    """A relation of two SymPy expressions without free symbols, decided exactly."""
    import sympy

    difference = sympy.simplify(sympy.sympify(left) - sympy.sympify(right))
    holds = {
        "=": difference.is_zero,
        "<": difference.is_negative,
        ">": difference.is_positive,
    }[relation]
    return Claim(text, float(left), relation, float(right), bool(holds), "SymPy")


def identity(text: str, difference: Any) -> Claim:
    """A SymPy expression that is zero for all values of its symbols."""
    import sympy

    # Rational ones by their numerator: the oldest SymPy that is allowed stumbles over zero in `simplify`.
    holds = bool(sympy.expand(sympy.numer(sympy.together(difference))) == 0 or sympy.simplify(difference) == 0)
    return Claim(f"{text}, as an identity; difference of both sides", 0.0 if holds else 1.0, "=", 0.0, holds, "SymPy")


def claim_lines(claims: Sequence[Claim]) -> list[str]:
    """One line a claim."""
    return [str(claim) for claim in claims]
