"""Noise that is added to the state, in the coordinates where it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dynlatch.analysis.attractor import Attractor
from dynlatch.analysis.structure import activation_form, activations_of
from dynlatch.disturbances import Disturbed, Steered
from dynlatch.maps import Map, coordinates
from dynlatch.networks import AdditiveNetwork, ElmanNetwork
from dynlatch.validation import Array


@dataclass(frozen=True, eq=False)
class AdditiveNoise:
    """`a' = map.step(a) + root z` with z of independent standard normal entries; `start` is a point of the attractor."""

    map: Map
    root: Array
    orbit: Array

    def step(self, y: Array) -> Array:
        """One step without noise in units of it: states (k, n)."""
        return np.asarray(np.linalg.solve(self.root, self.map.step(y @ self.root.T).T).T)

    @property
    def start(self) -> Array:
        return np.asarray(np.linalg.solve(self.root, self.orbit[0]))


def additive_noise(system: Map, attractor: Attractor, std: float) -> AdditiveNoise | None:
    """The system with its noise as an addition to the state, of full rank; None where it is not of this kind."""
    map, B, orbit = system, None, attractor.points
    while isinstance(map, Steered):
        map = map.map
    form = activation_form(system)
    if isinstance(map, Disturbed):
        map, B = map.map, _through(system)
    elif form is not None and coordinates(system) == ElmanNetwork.coordinates:
        map, B, orbit = AdditiveNetwork(form.W, form.c, form.f), form.B, activations_of(system, orbit)
    elif form is not None:
        B = form.B
    if B is None:
        return None
    values, vectors = np.linalg.eigh(B @ B.T)
    if not values[0] > 1e-8 * values[-1]:
        return None
    root = std * (vectors * np.sqrt(values)) @ vectors.T
    root[np.abs(root) < 1e-14 * np.abs(root).max()] = 0.0
    return AdditiveNoise(map, root, orbit)


def _through(system: Map) -> Array:
    """The matrix through which inputs of a steered or disturbed map are added to its state."""
    if isinstance(system, Steered):
        return _through(system.map) @ system.matrix
    assert isinstance(system, Disturbed)
    return system.matrix
