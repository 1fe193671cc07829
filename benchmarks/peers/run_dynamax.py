"""One EM iteration by dynamax's smoother, in the environment of `dynamax.txt`; run by `state_networks.py`.

dynamax has no input-driven network: its smoother is given the matrix of every step, the last state is observed through a
likelihood of exp(-1e10) for all others, and the pairwise probabilities and the M-step are our own, guarded against its division
by zero where a transition is impossible. One jitted call, float64, sequences by vmap.
"""

import os
import sys

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import jax
import jax.numpy as jnp
import numpy as np
from dynamax.hidden_markov_model import hmm_smoother
from turns import take_turns

jax.config.update("jax_enable_x64", True)
given, answer = sys.argv[1:3]
data = dict(np.load(given))
P = jnp.array(data["tables"].swapaxes(1, 2))  # dynamax: from, to
symbols, goals = jnp.array(data["symbols"]), jnp.array(data["goals"])
K, S, T = len(P), P.shape[1], symbols.shape[1]


@jax.jit
def iteration(P):
    def one(u, goal):
        seen = jnp.zeros((T + 1, S)).at[T].set(jnp.where(jnp.arange(S) == goal, 0.0, -1e10))
        post = hmm_smoother(jnp.eye(S)[0], P[u], seen)
        before, after = post.filtered_probs[:-1], post.smoothed_probs[1:]
        predicted = jnp.einsum("ti,tij->tj", before, P[u])
        ratio = jnp.where(predicted > 0, after / jnp.where(predicted > 0, predicted, 1.0), 0.0)
        return before[:, :, None] * P[u] * ratio[:, None, :], post.marginal_loglik

    pairs, score = jax.vmap(one)(symbols, goals)
    counts = jax.ops.segment_sum(pairs.reshape(-1, S, S), symbols.reshape(-1), K)
    return counts / counts.sum(-1, keepdims=True), score.mean()


moved, score = iteration(P)
moved.block_until_ready()
take_turns(lambda: [iteration(P)[0].block_until_ready() for _ in range(5)], per=5)
np.savez(answer, tables=np.asarray(moved).swapaxes(1, 2), score=float(score))
