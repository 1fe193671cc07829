"""The problems of the papers: a bit must be stored, for longer and longer."""

from dynlatch.training.tasks.two_sequence import TwoSequence as TwoSequence

TASKS: tuple[type, ...] = (TwoSequence,)
