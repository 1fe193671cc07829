"""What the rules for state networks ask of a model and a task, and of their settings."""

from __future__ import annotations

from dynlatch.lanes.state_network import StateCell
from dynlatch.training.contract import Architecture, Task


def needs_states(rule: object, model: Architecture, task: Task, *, logits: bool) -> str | None:
    """None if the model is a state network with the wanted parameters, and the task's inputs can be read as symbols."""
    cell, name = model.cell(), type(rule).__name__
    if not isinstance(cell, StateCell) or cell.logits != logits:
        fits = "softmax subnets (SoftmaxStates)" if logits else "lookup tables (StateTables)"
        return f"{name} trains state networks with {fits}; {type(model).__name__} is none."
    if task.input_dim != 1 or task.noise.std or task.noise.half_width:
        return (
            f"{name} reads one input a step as a symbol: {type(task).__name__} has no symbols; "
            "take TwoSequence or Parity, or train a network of weighted sums on it."
        )
    return None
