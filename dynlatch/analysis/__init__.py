"""The analysis layer: questions about one given system. It imports the core only.

Some verbs bear the name of the module that holds them (`fixed_points`, `audit`): here the name is the verb.
"""

from dynlatch.analysis import counterexamples as counterexamples
from dynlatch.analysis.attracting_sets import ReducedAttractingSet as ReducedAttractingSet
from dynlatch.analysis.attracting_sets import box_grid as box_grid
from dynlatch.analysis.attracting_sets import reduced_attracting_set as reduced_attracting_set
from dynlatch.analysis.audit import Audit as Audit
from dynlatch.analysis.audit import AuditDiff as AuditDiff
from dynlatch.analysis.audit import Finding as Finding
from dynlatch.analysis.audit import audit as audit
from dynlatch.analysis.audit.film import AuditFilm as AuditFilm
from dynlatch.analysis.audit.film import AuditFrame as AuditFrame
from dynlatch.analysis.audit.film import film_strip as film_strip
from dynlatch.analysis.audit.live import GradientAudit as GradientAudit
from dynlatch.analysis.basins import AttractorKind as AttractorKind
from dynlatch.analysis.basins import BasinEntropy as BasinEntropy
from dynlatch.analysis.basins import BasinOutcome as BasinOutcome
from dynlatch.analysis.basins import Basins as Basins
from dynlatch.analysis.basins import EdgeOutcome as EdgeOutcome
from dynlatch.analysis.basins import EdgeState as EdgeState
from dynlatch.analysis.basins import UncertaintyExponent as UncertaintyExponent
from dynlatch.analysis.basins import basin_entropy as basin_entropy
from dynlatch.analysis.basins import basins as basins
from dynlatch.analysis.basins import edge_state as edge_state
from dynlatch.analysis.basins import uncertainty_exponent as uncertainty_exponent
from dynlatch.analysis.continuation import Bifurcation as Bifurcation
from dynlatch.analysis.continuation import BifurcationDiagram as BifurcationDiagram
from dynlatch.analysis.continuation import Branch as Branch
from dynlatch.analysis.continuation import ContinuationEnd as ContinuationEnd
from dynlatch.analysis.continuation import Cusp as Cusp
from dynlatch.analysis.continuation import FoldCurve as FoldCurve
from dynlatch.analysis.continuation import GainFamily as GainFamily
from dynlatch.analysis.continuation import InputFamily as InputFamily
from dynlatch.analysis.continuation import SpecialPoint as SpecialPoint
from dynlatch.analysis.continuation import WeightFamily as WeightFamily
from dynlatch.analysis.continuation import bifurcation_diagram as bifurcation_diagram
from dynlatch.analysis.continuation import continue_fixed_point as continue_fixed_point
from dynlatch.analysis.continuation import fold_curve as fold_curve
from dynlatch.analysis.continuation import switch_branch as switch_branch
from dynlatch.analysis.credit_diffusion import CreditDiffusion as CreditDiffusion
from dynlatch.analysis.credit_diffusion import credit_diffusion as credit_diffusion
from dynlatch.analysis.escape import EscapeOutcome as EscapeOutcome
from dynlatch.analysis.escape import EscapeThreshold as EscapeThreshold
from dynlatch.analysis.escape import escape_threshold as escape_threshold
from dynlatch.analysis.escape.directions import EscapeDirections as EscapeDirections
from dynlatch.analysis.escape.directions import escape_directions as escape_directions
from dynlatch.analysis.escape.gamma import GammaOutcome as GammaOutcome
from dynlatch.analysis.escape.gamma import GammaThreshold as GammaThreshold
from dynlatch.analysis.escape.gamma import gamma_threshold as gamma_threshold
from dynlatch.analysis.escape.shock import FatalShock as FatalShock
from dynlatch.analysis.escape.shock import ShockOutcome as ShockOutcome
from dynlatch.analysis.escape.shock import fatal_shock as fatal_shock
from dynlatch.analysis.escape.switching import SwitchingThresholds as SwitchingThresholds
from dynlatch.analysis.escape.switching import switching_thresholds as switching_thresholds
from dynlatch.analysis.finite import FiniteAttractors as FiniteAttractors
from dynlatch.analysis.finite import finite_attractors as finite_attractors
from dynlatch.analysis.finite import transition_graph as transition_graph
from dynlatch.analysis.fixed_points import Completeness as Completeness
from dynlatch.analysis.fixed_points import FixedPoints as FixedPoints
from dynlatch.analysis.fixed_points import fixed_points as fixed_points
from dynlatch.analysis.gradients import CovariantVectors as CovariantVectors
from dynlatch.analysis.gradients import GradientContributions as GradientContributions
from dynlatch.analysis.gradients import GradientDecay as GradientDecay
from dynlatch.analysis.gradients import LeadingGradients as LeadingGradients
from dynlatch.analysis.gradients import LyapunovExponents as LyapunovExponents
from dynlatch.analysis.gradients import covariant_vectors as covariant_vectors
from dynlatch.analysis.gradients import gradient_contributions as gradient_contributions
from dynlatch.analysis.gradients import gradient_decay as gradient_decay
from dynlatch.analysis.gradients import leading_gradients as leading_gradients
from dynlatch.analysis.gradients import lyapunov_exponents as lyapunov_exponents
from dynlatch.analysis.gradients.bounds import BoundCondition as BoundCondition
from dynlatch.analysis.gradients.bounds import GradientBounds as GradientBounds
from dynlatch.analysis.gradients.bounds import gradient_bounds as gradient_bounds
from dynlatch.analysis.gradients.projection import LatchedProjection as LatchedProjection
from dynlatch.analysis.gradients.projection import latched_projection as latched_projection
from dynlatch.analysis.gradients.splitting import SlowFastSplitting as SlowFastSplitting
from dynlatch.analysis.gradients.splitting import slow_fast_splitting as slow_fast_splitting
from dynlatch.analysis.gradients.verdict_result import StepVerdict as StepVerdict
from dynlatch.analysis.gradients.verdict_result import StepVerdicts as StepVerdicts
from dynlatch.analysis.gradients.verdicts import step_verdicts as step_verdicts
from dynlatch.analysis.guarantees import Guarantee as Guarantee
from dynlatch.analysis.guarantees import Guarantees as Guarantees
from dynlatch.analysis.guarantees import guarantees as guarantees
from dynlatch.analysis.local_stability import LocalStability as LocalStability
from dynlatch.analysis.local_stability import stability as stability
from dynlatch.analysis.manifolds import Manifold as Manifold
from dynlatch.analysis.manifolds import invariant_manifold as invariant_manifold
from dynlatch.analysis.morse import MorseGraph as MorseGraph
from dynlatch.analysis.morse import MorseKind as MorseKind
from dynlatch.analysis.morse import morse_graph as morse_graph
from dynlatch.analysis.noise import Gaussian as Gaussian
from dynlatch.analysis.noise import Retention as Retention
from dynlatch.analysis.noise import RetentionOutcome as RetentionOutcome
from dynlatch.analysis.noise import TradeOff as TradeOff
from dynlatch.analysis.noise import Uniform as Uniform
from dynlatch.analysis.noise import feasibility_ceiling as feasibility_ceiling
from dynlatch.analysis.noise import retention as retention
from dynlatch.analysis.noise import trade_off as trade_off
from dynlatch.analysis.noise.quasi_potential import PathOutcome as PathOutcome
from dynlatch.analysis.noise.quasi_potential import QuasiPotential as QuasiPotential
from dynlatch.analysis.noise.quasi_potential import quasi_potential as quasi_potential
from dynlatch.analysis.outcomes import Stability as Stability
from dynlatch.analysis.periodic_orbits import PeriodicOrbit as PeriodicOrbit
from dynlatch.analysis.periodic_orbits import PeriodicOrbits as PeriodicOrbits
from dynlatch.analysis.periodic_orbits import periodic_orbits as periodic_orbits
from dynlatch.analysis.portrait import Portrait as Portrait
from dynlatch.analysis.portrait import plot_portrait as plot_portrait
from dynlatch.analysis.portrait import portrait as portrait
from dynlatch.analysis.scalar import ScalarLatch as ScalarLatch
from dynlatch.analysis.scalar import scalar_latch as scalar_latch
from dynlatch.analysis.slow import SlowPoints as SlowPoints
from dynlatch.analysis.slow import slow_points as slow_points
from dynlatch.analysis.theorems import TheoremCheck as TheoremCheck
from dynlatch.analysis.theorems import TheoremOutcome as TheoremOutcome
from dynlatch.analysis.theorems import check_theorem as check_theorem

__all__ = [
    "AttractorKind",
    "Audit",
    "AuditDiff",
    "AuditFilm",
    "AuditFrame",
    "BasinEntropy",
    "BasinOutcome",
    "Basins",
    "Bifurcation",
    "BifurcationDiagram",
    "BoundCondition",
    "Branch",
    "Completeness",
    "ContinuationEnd",
    "CovariantVectors",
    "CreditDiffusion",
    "Cusp",
    "EdgeOutcome",
    "EdgeState",
    "EscapeDirections",
    "EscapeOutcome",
    "EscapeThreshold",
    "FatalShock",
    "Finding",
    "FiniteAttractors",
    "FixedPoints",
    "FoldCurve",
    "GainFamily",
    "GammaOutcome",
    "GammaThreshold",
    "Gaussian",
    "GradientAudit",
    "GradientBounds",
    "GradientContributions",
    "GradientDecay",
    "Guarantee",
    "Guarantees",
    "InputFamily",
    "LatchedProjection",
    "LeadingGradients",
    "LocalStability",
    "LyapunovExponents",
    "Manifold",
    "MorseGraph",
    "MorseKind",
    "PathOutcome",
    "PeriodicOrbit",
    "PeriodicOrbits",
    "Portrait",
    "QuasiPotential",
    "ReducedAttractingSet",
    "Retention",
    "RetentionOutcome",
    "ScalarLatch",
    "ShockOutcome",
    "SlowFastSplitting",
    "SlowPoints",
    "SpecialPoint",
    "Stability",
    "StepVerdict",
    "StepVerdicts",
    "SwitchingThresholds",
    "TheoremCheck",
    "TheoremOutcome",
    "TradeOff",
    "UncertaintyExponent",
    "Uniform",
    "WeightFamily",
    "audit",
    "basin_entropy",
    "basins",
    "bifurcation_diagram",
    "box_grid",
    "check_theorem",
    "continue_fixed_point",
    "counterexamples",
    "covariant_vectors",
    "credit_diffusion",
    "edge_state",
    "escape_directions",
    "escape_threshold",
    "fatal_shock",
    "feasibility_ceiling",
    "film_strip",
    "finite_attractors",
    "fixed_points",
    "fold_curve",
    "gamma_threshold",
    "gradient_bounds",
    "gradient_contributions",
    "gradient_decay",
    "guarantees",
    "invariant_manifold",
    "latched_projection",
    "leading_gradients",
    "lyapunov_exponents",
    "morse_graph",
    "periodic_orbits",
    "plot_portrait",
    "portrait",
    "quasi_potential",
    "reduced_attracting_set",
    "retention",
    "scalar_latch",
    "slow_fast_splitting",
    "slow_points",
    "stability",
    "step_verdicts",
    "switch_branch",
    "switching_thresholds",
    "trade_off",
    "transition_graph",
    "uncertainty_exponent",
]
