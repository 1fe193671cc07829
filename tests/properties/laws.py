"""What every property test is decorated with: how many examples, and that they are the same at every run by default."""

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, settings

PLAIN = 100  # `max_examples` of Hypothesis's own profile, which `law` takes as the measure


def law(examples: int) -> Callable[[Any], Any]:
    """`examples` of a law by default, in proportion under another profile; without a thorough profile always the same ones."""
    profile = settings()
    share = profile.max_examples / PLAIN
    return settings(
        max_examples=max(1, round(examples * share)),
        deadline=None,
        phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),  # explanations run a failure a hundred times more
        derandomize=share <= 1.0,
        database=None if share <= 1.0 else profile.database,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )
