"""Escape thresholds u*: the largest bound on the input under which no input sequence drives a state out of its basin."""

from dynlatch.analysis.escape.result import EscapeOutcome as EscapeOutcome
from dynlatch.analysis.escape.result import EscapeThreshold as EscapeThreshold
from dynlatch.analysis.escape.verb import escape_threshold as escape_threshold
from dynlatch.analysis.escape.verb import exact_escape_threshold as exact_escape_threshold
from dynlatch.analysis.escape.witness import Landing as Landing
from dynlatch.analysis.escape.witness import replay as replay
