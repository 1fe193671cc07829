"""Many five-unit nets in JAX: a scan over sequences of a map over nets of the gradient of a scan over time, compiled.

Run by `training.py` in the environment of `jax.txt`. Shapes are fixed, so that every sequence takes T steps.
"""

import os
import sys

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import jax
import jax.numpy as jnp
import numpy as np
from turns import take_turns

jax.config.update("jax_enable_x64", True)
given, answer, eta = sys.argv[1:4]
with np.load(given) as file:
    data = {name: jnp.asarray(file[name]) for name in file.files}


def cost(W, u, length, target):
    def step(x, value):
        x = jnp.tanh((W @ x).at[0].add(value))
        return x, x[4]

    _, outputs = jax.lax.scan(step, jnp.zeros(5), u)
    return (outputs[length - 1] - target) ** 2 / 2


@jax.jit
def train(W, inputs, lengths, targets):
    def present(W, shown):
        return W - float(eta) * jax.vmap(jax.grad(cost))(W, *shown), None

    return jax.lax.scan(present, W, (inputs, lengths, targets))[0]


shown = (data["inputs"], data["lengths"], data["targets"])
train(data["W"], *shown).block_until_ready()  # compiles
W = take_turns(lambda: train(data["W"], *shown).block_until_ready(), per=data["lengths"].size)
np.savez(answer, W=np.asarray(W), whole=True)
