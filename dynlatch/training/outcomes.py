"""How a trial of training ended."""

from __future__ import annotations

from enum import StrEnum


class TrainingOutcome(StrEnum):
    """Why a trial stopped."""

    LEARNED = "learned"
    BUDGET = "budget"
    STUCK = "stuck"
    INTERRUPTED = "interrupted"

    @property
    def sentence(self) -> str:
        return {
            TrainingOutcome.LEARNED: "Enough presentations in a row were answered right.",
            TrainingOutcome.BUDGET: "The presentations allowed were used up before the task was learned.",
            TrainingOutcome.STUCK: "The rule gave up by its own criterion before the task was learned.",
            TrainingOutcome.INTERRUPTED: "The run was interrupted; `resume` goes on from here.",
        }[self]
