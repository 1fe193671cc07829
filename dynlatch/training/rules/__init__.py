"""The learning rules, one a file."""

from dynlatch.training.rules.back_propagation import BackPropagation as BackPropagation
from dynlatch.training.rules.baum_welch import BaumWelch as BaumWelch
from dynlatch.training.rules.cascade_correlation import CascadeCorrelation as CascadeCorrelation
from dynlatch.training.rules.clipped_back_propagation import ClippedBackPropagation as ClippedBackPropagation
from dynlatch.training.rules.discrete_error_propagation import DiscreteErrorPropagation as DiscreteErrorPropagation
from dynlatch.training.rules.discrete_error_propagation import Discretisation as Discretisation
from dynlatch.training.rules.discrete_error_propagation import Feedback as Feedback
from dynlatch.training.rules.discrete_error_propagation import Slope as Slope
from dynlatch.training.rules.expectation_maximization import ExpectationMaximization as ExpectationMaximization
from dynlatch.training.rules.flip_flop_rule import FlipFlopRule as FlipFlopRule
from dynlatch.training.rules.flip_flop_rule import Share as Share
from dynlatch.training.rules.focused_back_propagation import FocusedBackPropagation as FocusedBackPropagation
from dynlatch.training.rules.generalized_em import GeneralizedEM as GeneralizedEM
from dynlatch.training.rules.gnarl import GNARL as GNARL
from dynlatch.training.rules.higher_order_learning import HigherOrderLearning as HigherOrderLearning
from dynlatch.training.rules.history_compression import HistoryCompression as HistoryCompression
from dynlatch.training.rules.local_feedback import LocalFeedback as LocalFeedback
from dynlatch.training.rules.multigrid_random_search import MultigridRandomSearch as MultigridRandomSearch
from dynlatch.training.rules.pseudo_newton import PseudoNewton as PseudoNewton
from dynlatch.training.rules.real_time_recurrent_learning import RealTimeRecurrentLearning as RealTimeRecurrentLearning
from dynlatch.training.rules.regularized_back_propagation import RegularizedBackPropagation as RegularizedBackPropagation
from dynlatch.training.rules.simulated_annealing import SimulatedAnnealing as SimulatedAnnealing
from dynlatch.training.rules.stochastic_ascent import StochasticAscent as StochasticAscent
from dynlatch.training.rules.time_weighted_pseudo_newton import TimeWeightedPseudoNewton as TimeWeightedPseudoNewton
from dynlatch.training.rules.truncated_back_propagation import TruncatedBackPropagation as TruncatedBackPropagation
from dynlatch.training.rules.weight_guessing import WeightGuessing as WeightGuessing

RULES = (
    BackPropagation,
    TruncatedBackPropagation,
    ClippedBackPropagation,
    RegularizedBackPropagation,
    RealTimeRecurrentLearning,
    LocalFeedback,
    FocusedBackPropagation,
    PseudoNewton,
    TimeWeightedPseudoNewton,
    MultigridRandomSearch,
    SimulatedAnnealing,
    WeightGuessing,
    DiscreteErrorPropagation,
    FlipFlopRule,
    ExpectationMaximization,
    GeneralizedEM,
    StochasticAscent,
    BaumWelch,
    HistoryCompression,
    HigherOrderLearning,
    GNARL,
    CascadeCorrelation,
)
