"""The end condition of a path, its gradient and its curvature, as functions of the inputs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dynlatch.analysis.noise.quasi_potential.saddles import Exit
from dynlatch.maps import SmoothMap
from dynlatch.validation import Array

STEP = 1e-5  # of differences


def states_under(system: SmoothMap, home: Array, inputs: Array) -> Array:
    states = [home]
    for u in inputs:
        states.append(system.step(states[-1], u))
    return np.stack(states)


class Condition(NamedTuple):
    """That inputs (..., T m), flat, end on the boundary: its value and its gradient, in units of the way to the saddle."""

    system: SmoothMap
    home: Array
    exit: Exit
    shape: tuple[int, ...]

    @property
    def scale(self) -> float:
        return float(np.linalg.norm(self.exit.saddle - self.home))

    def states(self, flat: Array) -> tuple[Array, Array]:
        """Inputs (T, ..., m) and states (T + 1, ..., n)."""
        inputs = np.moveaxis(flat.reshape(*flat.shape[:-1], *self.shape), -2, 0)
        return inputs, states_under(self.system, np.broadcast_to(self.home, (*flat.shape[:-1], len(self.home))), inputs)

    def value(self, flat: Array) -> float:
        return float(self.exit.normal @ (self.states(flat)[1][-1] - self.exit.saddle)) / self.scale

    def gradient(self, flat: Array) -> Array:
        """Shape of `flat`, by the adjoint recursion."""
        inputs, states = self.states(flat)
        out = np.empty(inputs.shape)
        costate = np.broadcast_to(self.exit.normal / self.scale, states[-1].shape)
        for t in range(len(inputs) - 1, -1, -1):
            out[t] = np.einsum("...i,...ij->...j", costate, self.system.input_jacobian(states[t], inputs[t]))
            costate = self.system.vjp(states[t], costate, inputs[t])
        return np.moveaxis(out, 0, -2).reshape(flat.shape)

    def gap(self, flat: Array) -> Array:
        """How far (n,) the path ends from the saddle, in the same units."""
        return np.asarray((self.states(flat)[1][-1] - self.exit.saddle) / self.scale)

    def gap_gradient(self, flat: Array) -> Array:
        """Shape (n, T m)."""
        inputs, states = self.states(flat)
        J, through = self.system.jacobian(states[:-1], inputs), self.system.input_jacobian(states[:-1], inputs)
        costates, out = np.eye(len(self.home)) / self.scale, np.empty((len(self.home), *self.shape))
        for t in range(len(inputs) - 1, -1, -1):
            out[:, t] = costates @ through[t]
            costates = costates @ J[t]
        return out.reshape(len(self.home), -1)

    def curvature(self, flat: Array) -> Array:
        """Second derivatives (T m, T m), by differences of the gradient."""
        h = STEP * (1.0 + float(np.abs(flat).max()))
        shifts = h * np.eye(len(flat))
        H = (self.gradient(flat + shifts) - self.gradient(flat - shifts)) / (2.0 * h)
        return np.asarray(0.5 * (H + H.T))
