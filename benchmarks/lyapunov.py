"""Lyapunov spectrum of a chaotic 64-unit tanh net, against QR in every step and pynamicalsys.

    python -m benchmarks.lyapunov

All start from the same state. pynamicalsys is called as documented (Jacobian by its own differences) and with a compiled
Jacobian. Chaos leads two programs to different states after some hundred steps: agreement is asked of the mean of ln|det J|,
each along its own run.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import dynlatch as dl
from benchmarks.commands import script
from benchmarks.contract import Row, Setting, Timed, alone, at_most, times, versus
from dynlatch.analysis import lyapunov_exponents

BAR, SUM_BAR = 10.0, 1e-10


def every_step(net, start, steps):
    """The obvious way: one QR factorisation a step."""
    states, Q, total = dl.trajectory(net, start, steps=steps), np.eye(net.dim), np.zeros(net.dim)
    for state in states[:-1]:
        Q, R = np.linalg.qr(net.jacobian(state) @ Q)
        total += np.log(np.abs(np.diag(R)))
    return total / steps


def rows(setting: Setting) -> Iterator[Row]:
    n, steps = (6, 30) if setting.quick else (64, 1000)
    rng = np.random.default_rng(1)
    net, start = dl.AdditiveNetwork(1.5 * rng.standard_normal((n, n)) / np.sqrt(n)), rng.standard_normal(n)
    ours = Timed(lambda: lyapunov_exponents(net, start, steps=steps), repeats=1 if setting.quick else 3)
    ours()  # imports
    work, obvious = f"all {n} exponents, {steps} steps", Timed(lambda: every_step(net, start, steps))

    def values(exponents):
        mine = ours.result.exponents
        return f"largest {exponents[0]:.4f}, sum {exponents.sum():.4f}; ours {mine[0]:.4f}, {mine.sum():.4f}"

    rounds = setting.several()
    yield versus(work, "NumPy, QR in every step", ours, obvious, rounds, note=lambda: values(obvious.result))
    for way, bar in (("documented", times(BAR)), ("compiled Jacobian", None)):
        with setting.peer("pynamicalsys", "run_pynamicalsys_lyapunov.py", {"W": net.W, "start": start}, steps, way) as peer:
            against = f"pynamicalsys, {way}" + (" call" if way == "documented" else "")
            note = lambda peer=peer: values(peer.answer()["exponents"])  # noqa: E731
            yield versus(work, against, ours, peer.turn, rounds, bar=bar, note=note)
    determinant = np.linalg.slogdet(net.jacobian(dl.trajectory(net, start, steps=steps)[:-1]))[1].mean()
    off = float(abs(ours.result.sum() - determinant))
    yield alone("sum of the exponents less the mean of ln|det J|", lambda: off, 1, bar=at_most(SUM_BAR), unit="off")


if __name__ == "__main__":
    script(__name__, rows)
