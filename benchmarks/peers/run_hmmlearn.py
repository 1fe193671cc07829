"""One EM iteration of a plain HMM by hmmlearn, in the environment of `hmmlearn.txt`; run by `state_networks.py`.

Its categorical HMM and the faster of its two forward-backwards, by scaling, in C++. The probabilities of the first state are a
parameter of its own there; the score and the emissions are the same problem.
"""

import sys

import numpy as np
from hmmlearn.hmm import CategoricalHMM
from turns import take_turns

given, answer = sys.argv[1:]
with np.load(given) as file:
    data = dict(file)
symbols, lengths = data["seen"].reshape(-1, 1), np.full(len(data["seen"]), data["seen"].shape[1])


def iteration():
    model = CategoricalHMM(len(data["first"]), n_iter=1, init_params="", implementation="scaling", tol=0.0)
    model.startprob_, model.transmat_, model.emissionprob_ = data["first"], data["transitions"], data["emissions"]
    model.n_features = data["emissions"].shape[1]
    return model.fit(symbols, lengths)


iteration()  # imports and caches
model = take_turns(iteration)
np.savez(answer, emissions=model.emissionprob_, score=model.monitor_.history[0] / len(lengths))
