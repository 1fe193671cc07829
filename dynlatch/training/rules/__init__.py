"""The learning rules, one a file."""

from dynlatch.training.rules.back_propagation import BackPropagation as BackPropagation

RULES = (BackPropagation,)
