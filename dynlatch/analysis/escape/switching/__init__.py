"""Who can be switched to whom, and with how large an input."""

from dynlatch.analysis.escape.switching.result import SwitchingThresholds as SwitchingThresholds
from dynlatch.analysis.escape.switching.verb import switching_thresholds as switching_thresholds
