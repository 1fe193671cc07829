"""Fixed points and cycles over parameters: branches, what happens on them, and how they hang together."""

from dynlatch.analysis.continuation.arclength import ContinuationEnd as ContinuationEnd
from dynlatch.analysis.continuation.branch import Bifurcation as Bifurcation
from dynlatch.analysis.continuation.branch import BifurcationDiagram as BifurcationDiagram
from dynlatch.analysis.continuation.branch import Branch as Branch
from dynlatch.analysis.continuation.branch import SpecialPoint as SpecialPoint
from dynlatch.analysis.continuation.diagram import bifurcation_diagram as bifurcation_diagram
from dynlatch.analysis.continuation.families import Family as Family
from dynlatch.analysis.continuation.families import Family2 as Family2
from dynlatch.analysis.continuation.families import GainFamily as GainFamily
from dynlatch.analysis.continuation.families import InputFamily as InputFamily
from dynlatch.analysis.continuation.families import WeightFamily as WeightFamily
from dynlatch.analysis.continuation.fold_curves import Cusp as Cusp
from dynlatch.analysis.continuation.fold_curves import FoldCurve as FoldCurve
from dynlatch.analysis.continuation.fold_curves import fold_curve as fold_curve
from dynlatch.analysis.continuation.switching import switch_branch as switch_branch
from dynlatch.analysis.continuation.verb import continue_fixed_point as continue_fixed_point
