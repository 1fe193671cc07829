"""Hypothesis profiles of the property tests.

    python -m pytest tests/properties                                           a few examples of each law (seconds)
    python -m pytest tests/properties -m "slow or not slow" --hypothesis-profile=nightly   fifty times as many, drawn afresh

A law says how many examples it needs where time is short (`law(5)`); the profile multiplies.
"""

from hypothesis import settings

settings.register_profile("nightly", max_examples=5_000, deadline=None, print_blob=True)
