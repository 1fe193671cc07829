"""What a counterexample is: a system, the statement it refutes, and how that is computed anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dynlatch.analysis.theorems.claims import Claim, claim_lines
from dynlatch.analysis.theorems.curves import Curves
from dynlatch.maps import SmoothMap
from dynlatch.results import Result
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False)
class Verification(Result):
    """What a counterexample claims, computed anew.

    Attributes
    ----------
    name, title : str
        Of the counterexample.
    claims : tuple of Claim
    picture : Curves
    """

    name: str
    title: str
    claims: tuple[Claim, ...]
    picture: Curves

    @property
    def holds(self) -> bool:
        """Whether every claim holds."""
        return all(claim.holds for claim in self.claims)

    def summary(self) -> str:
        verdict = "verified" if self.holds else "NOT verified"
        return "\n".join([f"counterexample {self.name!r}: {self.title}", *claim_lines(self.claims), verdict])

    __str__ = summary

    def plot(self, ax: Axes | None = None) -> Axes:
        """The numbers of the claims along the orbit, or the orbit itself."""
        from dynlatch.analysis.plots.theorems import plot_curves

        return plot_curves(self.picture, self.title, ax)


@dataclass(frozen=True, eq=False)
class Counterexample:
    """A system in which a statement of the papers, read literally, fails.

    Attributes
    ----------
    name : str
    about : tuple of str
        Keys of the statements (`theorems.STATEMENTS`) that it refutes as they are written.
    title : str
        What happens, in one line.
    map : SmoothMap
    data : mapping of str to ndarray
        States, inputs and constants.
    literal, corrected : str
        What fails, and what is true instead.
    sketch : str
        Why the corrected statement is true.
    source : str
        Where the statement is, and where the counterexample comes from.
    """

    name: str
    about: tuple[str, ...]
    title: str
    map: SmoothMap
    data: Mapping[str, Array]
    literal: str
    corrected: str
    sketch: str
    source: str
    _claims: Callable[[Counterexample], tuple[Claim, ...]]
    _proof: Callable[[Counterexample], tuple[Claim, ...]] | None
    _picture: Callable[[Counterexample], Curves]

    def verify(self) -> Verification:
        """Everything computed anew: by floating point, and where there is a `proof`, by SymPy."""
        return Verification(self.name, self.title, self._claims(self) + self.proof(), self._picture(self))

    def proof(self) -> tuple[Claim, ...]:
        """The part that SymPy proves, in exact arithmetic; empty where nothing is provable symbolically."""
        return () if self._proof is None else self._proof(self)

    def summary(self) -> str:
        return "\n".join(
            [
                f"counterexample {self.name!r}: {self.title}",
                f"  as written: {self.literal}",
                f"  corrected:  {self.corrected}",
                f"  because:    {self.sketch}",
                f"  source:     {self.source}",
            ]
        )

    __str__ = summary
