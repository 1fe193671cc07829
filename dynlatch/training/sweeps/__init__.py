"""Many trials: cells, the store of what is done, the engine that does the rest."""

from dynlatch.training.sweeps.cell import Cell as Cell
from dynlatch.training.sweeps.engine import sweep as sweep
from dynlatch.training.sweeps.merging import merge as merge
from dynlatch.training.sweeps.result import Sweep as Sweep
from dynlatch.training.sweeps.result import Trials as Trials
