"""How long a bit survives noise."""

from dynlatch.analysis.noise.ceiling import feasibility_ceiling as feasibility_ceiling
from dynlatch.analysis.noise.laws import Gaussian as Gaussian
from dynlatch.analysis.noise.laws import Uniform as Uniform
from dynlatch.analysis.noise.result import Retention as Retention
from dynlatch.analysis.noise.result import RetentionOutcome as RetentionOutcome
from dynlatch.analysis.noise.tradeoff import TradeOff as TradeOff
from dynlatch.analysis.noise.tradeoff import trade_off as trade_off
from dynlatch.analysis.noise.verb import retention as retention
