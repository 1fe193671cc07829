"""The learning rules, one a file."""

from dynlatch.training.rules.back_propagation import BackPropagation as BackPropagation
from dynlatch.training.rules.discrete_error_propagation import DiscreteErrorPropagation as DiscreteErrorPropagation
from dynlatch.training.rules.discrete_error_propagation import Discretisation as Discretisation
from dynlatch.training.rules.discrete_error_propagation import Feedback as Feedback
from dynlatch.training.rules.discrete_error_propagation import Slope as Slope
from dynlatch.training.rules.expectation_maximization import ExpectationMaximization as ExpectationMaximization
from dynlatch.training.rules.flip_flop_rule import FlipFlopRule as FlipFlopRule
from dynlatch.training.rules.flip_flop_rule import Share as Share
from dynlatch.training.rules.generalized_em import GeneralizedEM as GeneralizedEM
from dynlatch.training.rules.stochastic_ascent import StochasticAscent as StochasticAscent

RULES = (
    BackPropagation,
    DiscreteErrorPropagation,
    ExpectationMaximization,
    FlipFlopRule,
    GeneralizedEM,
    StochasticAscent,
)
