"""Retention of a bit under noise: digits and CPU seconds at n = 1, splitting against plain Monte-Carlo at n = 10.

python -m benchmarks.noise
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import dynlatch as dl
from benchmarks.commands import script
from benchmarks.contract import Row, Setting, Timed, alone, at_most
from dynlatch.analysis import Gaussian, Uniform, retention
from dynlatch.analysis.scalar import scalar_latch, u_star

BAR = 0.005
# (w, std, T, rate to 12 digits)
SCALAR = ((1.25, 0.2**0.5, 20, 0.0730129834090), (2.0, 0.2, 100, 8.02650668332e-15), (2.0, 0.1, 100, 3.47690363580e-55))


def scalar(w, std, steps, rate, repeats):
    """The rate of one neuron, by quadrature."""
    up = [scalar_latch(w).attractors[-1]]
    ours = Timed(lambda: retention(dl.LatchNeuron(w), up, Gaussian(std), steps), repeats)
    ours()  # imports

    def correct():
        kept = ours.result.escape_rate
        return f"rate {kept:.11e}, {-np.log10(max(abs(kept / rate - 1.0), 1e-16)):.0f} digits right"

    return alone(f"one neuron, w = {w}, std {std:.3g}, T = {steps}", ours, 2, bar=at_most(BAR), note=correct)


def rows(setting: Setting) -> Iterator[Row]:
    for case in SCALAR:
        yield scalar(*case, 1 if setting.quick else 10)
    safe = retention(dl.LatchNeuron(2.0), [scalar_latch(2.0).attractors[-1]], Uniform(u_star(2.0)), 100)
    yield alone("w = 2, uniform, half width u*", lambda: safe.escape_rate, 1, bar=at_most(0.0), unit="rate")
    if setting.quick:
        return
    net, up = dl.AdditiveNetwork(np.full((10, 10), 0.2)), np.full(10, scalar_latch(2.0).attractors[-1])
    for std, known in ((1.0, 9.64e-2), (0.8, 1.301e-3), (0.7, 1.40e-5)):
        ours = Timed(lambda std=std: retention(net, up, Gaussian(std), 20, rng=0))

        def lost(ours=ours, known=known):
            kept = ours.result
            return f"{kept.method}: {kept.lost[-1]:.3e} ± {kept.survival_errors[-1]:.1e}, known {known:.3e}"

        yield alone(f"rank one, n = 10, std {std}, T = 20", ours, 1, note=lost)


if __name__ == "__main__":
    script(__name__, rows)
