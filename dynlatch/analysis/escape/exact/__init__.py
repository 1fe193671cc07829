"""Exact thresholds: one unit, and maps that preserve or reverse an order."""

from dynlatch.analysis.escape.exact.answer import ExactAnswer as ExactAnswer
from dynlatch.analysis.escape.exact.extremes import extreme_directions as extreme_directions
from dynlatch.analysis.escape.exact.routes import exact_threshold as exact_threshold
