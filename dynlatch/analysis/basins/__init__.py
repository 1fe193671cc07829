"""Basins of attraction: where every state of a grid, or of a sample, ends."""

from dynlatch.analysis.basins.result import AttractorKind as AttractorKind
from dynlatch.analysis.basins.result import BasinOutcome as BasinOutcome
from dynlatch.analysis.basins.result import Basins as Basins
from dynlatch.analysis.basins.verb import basins as basins
