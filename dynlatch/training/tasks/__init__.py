"""The problems of the papers: a bit must be stored, for longer and longer."""

from dynlatch.training.tasks.latch import Latch as Latch
from dynlatch.training.tasks.parity import Parity as Parity
from dynlatch.training.tasks.two_sequence import TwoSequence as TwoSequence

TASKS = (Latch, TwoSequence, Parity)
