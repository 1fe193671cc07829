"""Basins of attraction: where every state of a grid, or of a sample, ends."""

from dynlatch.analysis.basins.edge import EdgeOutcome as EdgeOutcome
from dynlatch.analysis.basins.edge import EdgeState as EdgeState
from dynlatch.analysis.basins.edge import edge_state as edge_state
from dynlatch.analysis.basins.measures import BasinEntropy as BasinEntropy
from dynlatch.analysis.basins.measures import UncertaintyExponent as UncertaintyExponent
from dynlatch.analysis.basins.measures import basin_entropy as basin_entropy
from dynlatch.analysis.basins.measures import uncertainty_exponent as uncertainty_exponent
from dynlatch.analysis.basins.result import AttractorKind as AttractorKind
from dynlatch.analysis.basins.result import BasinOutcome as BasinOutcome
from dynlatch.analysis.basins.result import Basins as Basins
from dynlatch.analysis.basins.verb import basins as basins
