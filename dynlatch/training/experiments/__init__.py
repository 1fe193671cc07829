"""The papers' results, ours beside theirs: every name is an `Experiment`, to be called or given to `reproduce`.

>>> from dynlatch.training import experiments
>>> found = experiments.figure3(scale="micro")
>>> print(found.verdicts[0].words)
u* = 0.532839975353552: the caption's 0.532 is its first three digits, cut rather than rounded.
"""

from collections.abc import Mapping

from dynlatch.training.experiments.chunker import CHUNKER_RUNS
from dynlatch.training.experiments.contract import Experiment as Experiment
from dynlatch.training.experiments.diffusion import DIFFUSION
from dynlatch.training.experiments.export import export as export
from dynlatch.training.experiments.figure1b import FIGURE1B
from dynlatch.training.experiments.figure2a import FIGURE2A
from dynlatch.training.experiments.figure2b import FIGURE2B
from dynlatch.training.experiments.figure3 import FIGURE3
from dynlatch.training.experiments.figure4 import FIGURE4
from dynlatch.training.experiments.flip_flop import FLIP_FLOP
from dynlatch.training.experiments.guessing import GUESSING
from dynlatch.training.experiments.iohmm import IOHMM
from dynlatch.training.experiments.latch import LATCH
from dynlatch.training.experiments.lstm import LSTM
from dynlatch.training.experiments.narx import NARX
from dynlatch.training.experiments.remedies import REMEDIES_COMPARED
from dynlatch.training.experiments.reproduce import reproduce as reproduce
from dynlatch.training.experiments.ring import RING
from dynlatch.training.experiments.table import PaperTable as PaperTable
from dynlatch.training.experiments.tables import TABLE1, TABLE2, TABLE3, TABLE4
from dynlatch.training.experiments.time_constants import TIME_CONSTANTS

# Bound here, once all modules are loaded: the name of an experiment hides that of its module.
table1, table2, table3, table4, latch = TABLE1, TABLE2, TABLE3, TABLE4, LATCH
figure1b, figure2a, figure2b, figure3, figure4, flip_flop = FIGURE1B, FIGURE2A, FIGURE2B, FIGURE3, FIGURE4, FLIP_FLOP
diffusion, guessing, iohmm = DIFFUSION, GUESSING, IOHMM
lstm, narx, time_constants = LSTM, NARX, TIME_CONSTANTS
chunker, ring, remedies = CHUNKER_RUNS, RING, REMEDIES_COMPARED

ALL: Mapping[str, Experiment] = {
    made.name: made
    for made in (
        *(table1, table2, table3, table4, latch, figure1b, figure2a, figure2b, figure3, figure4, flip_flop),
        *(diffusion, guessing, iohmm),
        *(lstm, narx, time_constants),
        *(chunker, ring, remedies),
    )
}
