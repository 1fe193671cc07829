"""Many trials: cells, the store of what is done, the engine that does the rest."""

from dynlatch.training.sweep.cell import Cell as Cell
from dynlatch.training.sweep.engine import sweep as sweep
from dynlatch.training.sweep.merge import merge as merge
from dynlatch.training.sweep.result import Sweep as Sweep
