"""The papers' results, ours beside theirs: every name is an `Experiment`, to be called or given to `reproduce`."""

from dynlatch.training.experiments.contract import Experiment as Experiment
from dynlatch.training.experiments.table import PaperTable as PaperTable
from dynlatch.training.experiments.tables import TABLE1, TABLE2, TABLE3, TABLE4

# A line for each, as in `from ...figure3 import FIGURE3 as figure3`: the name of the experiment hides that of its module.

table1, table2, table3, table4 = TABLE1, TABLE2, TABLE3, TABLE4

ORDER = (
    *("table1", "table2", "table3", "table4", "latch"),
    *("figure1b", "figure2a", "figure2b", "figure3", "figure4", "flip_flop"),
)
ALL = {made.name: made for name in ORDER if isinstance(made := globals().get(name), Experiment)}
