"""What `check_theorem` returns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from dynlatch.analysis.theorems.claims import Claim, claim_lines
from dynlatch.analysis.theorems.curves import Curves
from dynlatch.analysis.theorems.statements import Statement, statement
from dynlatch.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class TheoremOutcome(StrEnum):
    """What a statement says about one system."""

    HOLDS = "holds"
    REFUTED = "refuted as written"
    LUCKY = "only as written"
    SILENT = "silent"
    CONTRADICTED = "contradicted"

    @property
    def sentence(self) -> str:
        return {
            TheoremOutcome.HOLDS: "the hypothesis of the corrected statement holds, and what it promises happens",
            TheoremOutcome.REFUTED: "the hypothesis holds as written, and what is promised does not happen: a counterexample",
            TheoremOutcome.LUCKY: "the hypothesis holds as written only, from which nothing follows; what is promised happens",
            TheoremOutcome.SILENT: "the hypothesis does not hold here: the statement says nothing about this system",
            TheoremOutcome.CONTRADICTED: "the corrected hypothesis was measured to hold, and the conclusion fails: the "
            "measurement missed something (samples instead of all states), or this is a fault of dynlatch",
        }[self]


@dataclass(frozen=True, eq=False)
class TheoremCheck(Result):
    """One statement on one system.

    Attributes
    ----------
    key : str
        Of the statement.
    literal, hypothesis : tuple of Claim
        What is asked, as written and as corrected.
    literal_conclusion, conclusion : tuple of Claim
        What was computed of what each promises.
    outcome : TheoremOutcome
    picture : Curves
    coordinates : str
        What the state is: norms are those of its components unless a norm is named.
    """

    key: str
    literal: tuple[Claim, ...]
    hypothesis: tuple[Claim, ...]
    literal_conclusion: tuple[Claim, ...]
    conclusion: tuple[Claim, ...]
    outcome: TheoremOutcome
    picture: Curves
    coordinates: str

    @property
    def statement(self) -> Statement:
        """The statement itself."""
        return statement(self.key)

    @property
    def applies(self) -> bool:
        """Whether the hypothesis of the corrected statement holds."""
        return all(claim.holds for claim in self.hypothesis)

    @property
    def applies_literally(self) -> bool:
        """Whether the hypothesis holds as written."""
        return all(claim.holds for claim in self.literal)

    def summary(self) -> str:
        lines = [self.statement.summary(), f"on this system ({self.coordinates}):"]
        parts = (
            ("asked, as written", self.literal),
            ("asked, corrected", self.hypothesis),
            ("happens, as written", self.literal_conclusion),
            ("happens", self.conclusion),
        )
        for name, claims in parts:
            if claims:
                lines += [f" {name}:", *claim_lines(claims)]
        return "\n".join([*lines, f"{self.outcome}: {self.outcome.sentence}"])

    def plot(self, ax: Axes | None = None) -> Axes:
        """The numbers that decide."""
        from dynlatch.analysis.plots.theorems import plot_curves

        return plot_curves(self.picture, self.statement.title, ax)
