"""Retention of a bit under noise: digits and CPU seconds at n = 1, splitting against plain Monte-Carlo at n = 10.

python benchmarks/noise.py
"""

from __future__ import annotations

import common
import numpy as np

import dynlatch as dl
from dynlatch.analysis import Gaussian, Uniform, retention
from dynlatch.analysis.scalar import scalar_latch, u_star

BAR_MS = 5.0
# (w, std, T, rate to 12 digits)
SCALAR = ((1.25, 0.2**0.5, 20, 0.0730129834090), (2.0, 0.2, 100, 8.02650668332e-15), (2.0, 0.1, 100, 3.47690363580e-55))


def main(argv=None):
    given = common.arguments(__doc__).parse_args(argv)
    rows = []
    for w, std, steps, rate in SCALAR:
        up = [scalar_latch(w).attractors[-1]]
        ask = lambda w=w, up=up, std=std, steps=steps: retention(dl.LatchNeuron(w), up, Gaussian(std), steps)  # noqa: E731
        ask()  # imports
        seconds, kept = common.cpu(ask, 1 if given.quick else 20)
        digits = -np.log10(max(abs(kept.escape_rate / rate - 1.0), 1e-16))
        met = None if given.quick else 1e3 * seconds <= BAR_MS
        rows.append(
            [f"w = {w}, std {std:.3g}, T = {steps}", f"{kept.escape_rate:.11e}", f"{digits:.0f}", f"{1e3 * seconds:.1f} ms"]
        )
        rows[-1].append(common.verdict(met))
    safe = retention(dl.LatchNeuron(2.0), [scalar_latch(2.0).attractors[-1]], Uniform(u_star(2.0)), 100)
    rows.append(
        ["w = 2, uniform, half width u*", f"{safe.escape_rate:g}", "exact", "", common.verdict(safe.escape_rate == 0.0)]
    )
    if not given.quick:
        net, up = dl.AdditiveNetwork(np.full((10, 10), 0.2)), np.full(10, scalar_latch(2.0).attractors[-1])
        for std, known in ((1.0, 9.64e-2), (0.8, 1.301e-3), (0.7, 1.40e-5)):
            seconds, kept = common.cpu(lambda std=std: retention(net, up, Gaussian(std), 20, rng=0))
            name = f"rank 1, n = 10, std {std}: {kept.method}"
            rows.append(
                [name, f"{kept.lost[-1]:.3e} +- {kept.survival_errors[-1]:.1e}", f"known {known:.3e}", f"{seconds:.1f} s", ""]
            )
    common.table(["case", "rate, or probability of loss", "digits", "CPU", ""], rows)


if __name__ == "__main__":
    main()
