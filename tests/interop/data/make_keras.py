"""Makes the Keras files of this folder, and Keras's own outputs: `python make_keras.py` with keras 3 and torch installed.

For every model: `inputs` (batch, T, m), `hidden` the outputs of the topmost recurrent layer, `outputs` those of the model.
Keras multiplies in float32 whatever the type of the weights, so that its outputs have seven digits.
"""

import os
from pathlib import Path

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
from keras import layers

HERE = Path(__file__).parent
BATCH, T, INPUTS = 2, 9, 3
RNG = np.random.default_rng(1997)
expected = {}


def shaken(model):
    """Weights and biases that are all different from zero."""
    model.set_weights([0.4 * RNG.normal(size=weight.shape) for weight in model.get_weights()])
    return model


def keep(model, name, top, *, suffix=".keras", inputs=INPUTS):
    """Save a model, and what it and its topmost recurrent layer make of random inputs."""
    shaken(model)
    x = RNG.normal(size=(BATCH, T, inputs)).astype(model.weights[0].numpy().dtype if "half" not in name else "float32")
    save = model.save if suffix == ".keras" else model.save_weights
    save(HERE / f"{name}{suffix}")
    for key, value in {"inputs": x, "hidden": top(model)(x), "outputs": model(x)}.items():
        expected[f"{name}/{key}"] = np.asarray(keras.ops.convert_to_numpy(value), dtype=np.float64)


def up_to(name):
    """The part of a flat model up to the layer `name`."""
    return lambda model: keras.Model(model.inputs, model.get_layer(name).output)


def sequential(*stack):
    return keras.Sequential([layers.Input((None, INPUTS)), *stack])


def stack():
    return sequential(
        layers.GRU(4, return_sequences=True, name="low"),
        layers.Dropout(0.3),
        layers.LSTM(3, return_sequences=True, name="high"),
        layers.Dense(2),
    )


def main():
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    keep(
        sequential(layers.SimpleRNN(4, activation="relu", return_sequences=True, name="rnn"), layers.Dense(2)),
        "rnn_relu",
        up_to("rnn"),
    )
    keep(
        sequential(layers.GRU(4, reset_after=False, return_sequences=True, name="gru"), layers.Dense(2, activation="softmax")),
        "gru_reset_before",
        up_to("gru"),
    )
    cells = layers.RNN([layers.GRUCell(3), layers.LSTMCell(4), layers.SimpleRNNCell(2)], return_sequences=True, name="cells")
    keep(sequential(cells, layers.TimeDistributed(layers.Dense(2))), "cells", up_to("cells"))

    inner = keras.Sequential(
        [
            layers.SimpleRNN(4, return_sequences=True, name="low"),
            layers.GRU(3, reset_after=False, use_bias=False, return_sequences=True, name="high"),
        ],
        name="inner",
    )
    entering = keras.Input((None, INPUTS))
    keep(
        keras.Model(entering, layers.Dense(2, use_bias=False)(inner(entering))),
        "nested",
        lambda model: model.get_layer("inner"),
    )

    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    keep(stack(), "stack", up_to("high"))
    keep(stack(), "stack_weights", up_to("high"), suffix=".weights.h5")
    keep(
        sequential(layers.LSTM(4, return_sequences=True, name="lstm"), layers.Dense(2)),
        "lstm",
        up_to("lstm"),
        suffix=".weights.h5",
    )

    entering = keras.Input((None, INPUTS))
    left = layers.GRU(3, return_sequences=True, use_bias=False, name="left")(entering)
    right = layers.LSTM(3, use_bias=False, return_sequences=True, name="right")(entering)
    keep(keras.Model(entering, layers.Dense(2)(layers.Add()([left, right]))), "branches", up_to("right"))
    shaken(sequential(layers.Bidirectional(layers.GRU(2)))).save(HERE / "bidirectional.keras")
    shaken(sequential(layers.GRU(2, activation="relu"))).save(HERE / "gru_relu.keras")
    shaken(sequential(layers.LSTM(2, go_backwards=True))).save(HERE / "backwards.keras")
    shaken(sequential(layers.GRU(2, use_bias=False))).save_weights(HERE / "gru_without_bias.weights.h5")

    keras.config.set_dtype_policy("bfloat16")
    keep(
        sequential(layers.GRU(3, return_sequences=True, recurrent_initializer="zeros", name="gru")),
        "half",
        up_to("gru"),
        suffix=".weights.h5",
    )
    np.savez_compressed(HERE / "keras.npz", **expected)


if __name__ == "__main__":
    main()
