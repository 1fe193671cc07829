"""Moved to `exact.fold`; this name stays until its last reader has followed."""

from dynlatch.analysis.escape.exact.fold import Fold as Fold
from dynlatch.analysis.escape.exact.fold import Forced as Forced
from dynlatch.analysis.escape.exact.fold import find_fold as find_fold
from dynlatch.analysis.escape.exact.fold import forced as forced
