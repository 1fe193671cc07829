"""The minimal fatal shock: how far a basin's boundary is from its attractor, for one displacement of the state."""

from dynlatch.analysis.escape.shock.result import FatalShock as FatalShock
from dynlatch.analysis.escape.shock.result import ShockOutcome as ShockOutcome
from dynlatch.analysis.escape.shock.verb import fatal_shock as fatal_shock
