"""The papers' results, ours beside theirs."""

from dynlatch.training.experiments.table import PaperTable as PaperTable
from dynlatch.training.experiments.tables import parity_tables as parity_tables
from dynlatch.training.experiments.tables import two_sequence_tables as two_sequence_tables

# The first of each pair shows errors and the second presentations: one run gives both.
table1 = table2 = two_sequence_tables
table3 = table4 = parity_tables
