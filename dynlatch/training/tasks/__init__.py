"""The problems of the papers: something must be stored, for longer and longer."""

from dynlatch.training.tasks.adding import Adding as Adding
from dynlatch.training.tasks.gap import Gap as Gap
from dynlatch.training.tasks.gaussian_two_sequence import GaussianTwoSequence as GaussianTwoSequence
from dynlatch.training.tasks.latch import Latch as Latch
from dynlatch.training.tasks.long_lag import LongLag as LongLag
from dynlatch.training.tasks.parity import Parity as Parity
from dynlatch.training.tasks.reber import EmbeddedReber as EmbeddedReber
from dynlatch.training.tasks.reber import Reber as Reber
from dynlatch.training.tasks.symbol_lag import SymbolLag as SymbolLag
from dynlatch.training.tasks.temporal_order import TemporalOrder as TemporalOrder
from dynlatch.training.tasks.tomita import Tomita as Tomita
from dynlatch.training.tasks.two_sequence import TwoSequence as TwoSequence
from dynlatch.training.tasks.zero_one import ZeroOne as ZeroOne

TASKS = (
    Latch,
    TwoSequence,
    Parity,
    GaussianTwoSequence,
    Adding,
    TemporalOrder,
    LongLag,
    Tomita,
    SymbolLag,
    Gap,
    Reber,
    EmbeddedReber,
)
