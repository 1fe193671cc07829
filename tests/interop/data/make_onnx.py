"""Makes the ONNX files of this folder, and onnxruntime's outputs: `python make_onnx.py` with onnx, onnxruntime and torch.

For every model: `inputs` (T, batch, m), `hidden` (T, batch, n) of the topmost recurrent node, `outputs` those of the model.
"""

import io
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

HERE = Path(__file__).parent
BATCH, T, INPUTS, UNITS = 2, 9, 3, 4
RNG = np.random.default_rng(2000)
GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
expected = {}


def weights(kind, inputs, units, prefix, dtype=np.float32):
    rows = GATES[kind] * units
    scale = 0.3 if kind == "RNN" else 0.6  # rectified units grow
    shapes = {"W": (1, rows, inputs), "R": (1, rows, units), "B": (1, 2 * rows)}
    return [
        numpy_helper.from_array((scale * RNG.normal(size=shape)).astype(dtype), f"{prefix}{name}")
        for name, shape in shapes.items()
    ]


def node(kind, name, entering, units=UNITS, **settings):
    return helper.make_node(
        kind, [entering, f"{name}.W", f"{name}.R", f"{name}.B"], [f"{name}.Y"], name=name, hidden_size=units, **settings
    )


def model_of(nodes, constants, output, inputs=INPUTS):
    entering = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["T", "batch", inputs])
    leaving = helper.make_tensor_value_info(output, TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "net", [entering], [leaving], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def run(model, x, output):
    """One tensor of a model, which need not be an output yet."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    if output not in [one.name for one in model.graph.output]:
        model.graph.output.append(helper.make_tensor_value_info(output, TensorProto.FLOAT, None))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run([output], {session.get_inputs()[0].name: x})[0]


def keep(model, name, top, output, x=None):
    """Save a model, and what it makes of random inputs; `top` is the tensor Y of a node, (T, 1, batch, n)."""
    onnx.save(model, HERE / f"{name}.onnx")
    x = RNG.normal(size=(T, BATCH, INPUTS)).astype(np.float32) if x is None else x
    hidden = run(model, x, top)
    expected[f"{name}/inputs"], expected[f"{name}/outputs"] = x, run(model, x, output)
    expected[f"{name}/hidden"] = hidden[:, 0] if hidden.ndim == 4 else hidden


def squeeze(name):
    return helper.make_node("Squeeze", [f"{name}.Y", "axis"], [f"{name}.h"])


AXIS = numpy_helper.from_array(np.array([1], dtype=np.int64), "axis")


def by_hand():
    single = {
        "onnx_rnn_relu": ("RNN", {"activations": ["Relu"]}),
        "onnx_gru_reset_before": ("GRU", {}),
        "onnx_gru_reset_after": ("GRU", {"linear_before_reset": 1}),
        "onnx_lstm": ("LSTM", {"activations": ["Sigmoid", "Tanh", "Tanh"]}),
    }
    readout = [
        numpy_helper.from_array(RNG.normal(size=shape).astype(np.float32), name)
        for name, shape in {"V": (UNITS, 2), "c": (2,)}.items()
    ]
    for name, (kind, settings) in single.items():
        nodes = [
            node(kind, "net", "x", **settings),
            squeeze("net"),
            helper.make_node("MatMul", ["net.h", "V"], ["s"]),
            helper.make_node("Add", ["c", "s"], ["y"]),
        ]
        keep(model_of(nodes, [*weights(kind, INPUTS, UNITS, "net."), *readout, AXIS], "y"), name, "net.Y", "y")
    stack = [node("LSTM", "low", "x"), squeeze("low"), node("GRU", "high", "low.h", units=3), squeeze("high")]
    constants = [*weights("LSTM", INPUTS, UNITS, "low."), *weights("GRU", UNITS, 3, "high."), AXIS]
    keep(model_of(stack, constants, "high.h"), "onnx_stack", "high.Y", "high.h")


class Net(nn.Module):
    def __init__(self, rnn):
        super().__init__()
        self.rnn, self.out = rnn, nn.Linear(UNITS, 2)

    def forward(self, x):
        return self.out(self.rnn(x)[0])


class Last(Net):
    def forward(self, x):
        return self.out(self.rnn(x)[0][:, -1])


def by_torch():
    torch.manual_seed(3)
    x = torch.randn(T, BATCH, INPUTS)
    for name, module, dynamo in [
        ("torch_gru", Net(nn.GRU(INPUTS, UNITS, num_layers=2)), False),
        ("torch_lstm", Net(nn.LSTM(INPUTS, UNITS)), True),
        ("torch_lstm_last", Last(nn.LSTM(INPUTS, UNITS, batch_first=True, num_layers=2)), True),
    ]:
        buffer = io.BytesIO()
        given = x.swapaxes(0, 1) if name.endswith("last") else x
        program = torch.onnx.export(module.eval(), (given,), **({"dynamo": True} if dynamo else {"f": buffer, "dynamo": False}))
        model = program.model_proto if dynamo else onnx.ModelProto.FromString(buffer.getvalue())
        del model.metadata_props[:]
        for one in model.graph.node:
            del one.metadata_props[:]
            one.doc_string = ""
        nodes = [one for one in model.graph.node if one.op_type in GATES]
        keep(model, name, nodes[-1].output[0], model.graph.output[0].name, given.contiguous().numpy())


if __name__ == "__main__":
    by_hand()
    by_torch()
    np.savez_compressed(HERE / "onnx.npz", **expected)
