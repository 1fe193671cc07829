"""One table: for every learning rule and task, settings with which the rule learns, and the papers' model.

They were chosen by looking at errors on fresh sequences, and hold on seeds that were not used to choose them. The protocol of
the published tables, where back-propagation is shown as good as untrained, belongs to the experiments.
"""

from dynlatch.training.presets.planning import PRESETS as PRESETS
from dynlatch.training.presets.planning import Plan as Plan
from dynlatch.training.presets.planning import planned as planned
