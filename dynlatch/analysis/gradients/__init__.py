"""How fast gradients decay: norms of the Jacobian of a_t with respect to a_0, in the log domain."""

from dynlatch.analysis.gradients.bounds import BoundCondition as BoundCondition
from dynlatch.analysis.gradients.bounds import GradientBounds as GradientBounds
from dynlatch.analysis.gradients.bounds import gradient_bounds as gradient_bounds
from dynlatch.analysis.gradients.contributions import GradientContributions as GradientContributions
from dynlatch.analysis.gradients.contributions import gradient_contributions as gradient_contributions
from dynlatch.analysis.gradients.covariant import CovariantVectors as CovariantVectors
from dynlatch.analysis.gradients.covariant import covariant_vectors as covariant_vectors
from dynlatch.analysis.gradients.decay import GradientDecay as GradientDecay
from dynlatch.analysis.gradients.decay import gradient_decay as gradient_decay
from dynlatch.analysis.gradients.leading import LeadingGradients as LeadingGradients
from dynlatch.analysis.gradients.leading import leading_gradients as leading_gradients
from dynlatch.analysis.gradients.lyapunov import LyapunovExponents as LyapunovExponents
from dynlatch.analysis.gradients.lyapunov import lyapunov_exponents as lyapunov_exponents
from dynlatch.analysis.gradients.projection import LatchedProjection as LatchedProjection
from dynlatch.analysis.gradients.projection import latched_projection as latched_projection
from dynlatch.analysis.gradients.splitting import SlowFastSplitting as SlowFastSplitting
from dynlatch.analysis.gradients.splitting import slow_fast_splitting as slow_fast_splitting
from dynlatch.analysis.gradients.verdict_result import StepVerdict as StepVerdict
from dynlatch.analysis.gradients.verdict_result import StepVerdicts as StepVerdicts
from dynlatch.analysis.gradients.verdicts import step_verdicts as step_verdicts
