"""u*_Gamma: the largest input under which every step shrinks gradients."""

from dynlatch.analysis.escape.gamma.result import GammaOutcome as GammaOutcome
from dynlatch.analysis.escape.gamma.result import GammaThreshold as GammaThreshold
from dynlatch.analysis.escape.gamma.verb import gamma_threshold as gamma_threshold
