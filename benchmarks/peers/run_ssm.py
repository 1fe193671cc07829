"""One EM iteration of ssm's input-driven HMM, in the environment of `ssm.txt`; run by `state_networks.py`.

The symbols are one-hot inputs of its transitions (multinomial logits, fitted by gradient in the M-step), the observations say
"unknown" at every step but the last, where they name the final state's class.
"""

import sys

import numpy as np
import ssm
from turns import take_turns

given, answer = sys.argv[1:]
data = dict(np.load(given))
K, S = data["tables"].shape[:2]
np.random.seed(0)  # noqa: NPY002 (ssm draws from this)
inputs = [np.eye(K)[row] for row in data["symbols"]]
seen = []
for goal in data["goals"]:
    row = np.zeros((data["symbols"].shape[1], 1), dtype=int)
    row[-1] = 1 if goal == data["goals"].max() else 2
    seen.append(row)
model = ssm.HMM(S, 1, M=K, observations="categorical", observation_kwargs={"C": 3}, transitions="inputdriven")
model.fit(seen, inputs=inputs, method="em", num_iters=1, verbose=0)
scores = take_turns(lambda: model.fit(seen, inputs=inputs, method="em", num_iters=3, initialize=False, verbose=0), per=3)
np.savez(answer, scores=scores)
