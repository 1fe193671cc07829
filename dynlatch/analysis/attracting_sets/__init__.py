"""The reduced attracting set Gamma of an attractor, in the four readings of its definition."""

from dynlatch.analysis.attracting_sets.result import CRITERIA as CRITERIA
from dynlatch.analysis.attracting_sets.result import ReducedAttractingSet as ReducedAttractingSet
from dynlatch.analysis.attracting_sets.verb import box_grid as box_grid
from dynlatch.analysis.attracting_sets.verb import reduced_attracting_set as reduced_attracting_set
