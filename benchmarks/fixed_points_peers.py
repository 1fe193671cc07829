"""Fixed points against FixedPointFinder (PyTorch), on trained nets and on a random one.

    python -m benchmarks.fixed_points_peers [--nets NET ...] --finder CHECKOUT

The peer gets 1024 starts made as its documentation says: states of driven trajectories plus noise of standard deviation 0.5.
`fixed_points` draws its own. The peer's Jacobian pass is left out, in its favour. Tuned is learning rate 0.01 and 10,000
iterations, the settings with which it finds all. The bars were set on larger nets of the same kinds (64 and 96 units).

A reported point is *true* if Newton on the (gate-reduced) equation leads from it to a solution at most 5e-3 away: that is
generous to float32. The largest Newton correction of any point that dynlatch reports must stay below 1e-8.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import dynlatch as dl
from benchmarks.commands import script
from benchmarks.common import NETS
from benchmarks.contract import Row, Setting, Timed, alone, at_least, at_most, times, versus
from benchmarks.workers import Absent
from dynlatch.analysis import fixed_points
from dynlatch.analysis.fixed_points.equations import equation_of

WAYS = ("default", "tuned")
BARS = {"GRU": 12.0, "ElmanNetwork": 5.0}
REACH, CORRECTION, RACE = 5e-3, 1e-8, 4.0


def random_net(n=64, g=3.0, seed=0):
    """`h' = tanh(W h)` with entries g N(0,1)/sqrt(n)."""
    W = g * np.random.default_rng(seed).standard_normal((n, n)) / np.sqrt(n)
    return dl.ElmanNetwork(W, np.zeros((n, 1)))


def starts_of(net, count, rng, noise=0.5):
    """States (count, n) along trajectories driven by rare random pulses, plus noise."""
    steps, runs = 100, 64
    inputs = rng.choice([-1.0, 0.0, 1.0], (steps, runs, net.input_dim), p=[0.05, 0.9, 0.05])
    states = dl.trajectory(net, rng.standard_normal((runs, net.dim)), inputs)
    chosen = states[rng.integers(0, steps, count), rng.integers(0, runs, count)]
    return chosen + noise * rng.standard_normal(chosen.shape)


def torch_layout(net):
    """Weights under PyTorch's names."""
    if isinstance(net, dl.GRU):
        return {"weight_ih": net.weight_ih, "weight_hh": net.weight_hh, "bias_ih": net.b_ih, "bias_hh": net.b_hh}
    return {"weight_ih": net.W_ih, "weight_hh": net.W_hh, "bias_ih": net.b, "bias_hh": np.zeros(net.dim)}


def newton_step(net, x):
    """Newton correction of the equation G(x) = x at points (k, n): shape (k, n)."""
    equation, _ = equation_of(net)
    slope = np.eye(net.dim) - equation.jacobian(x)
    return np.linalg.solve(slope, (equation.step(x) - x)[..., None])[..., 0]


def judged(net, points):
    """Distinct true fixed points (k, n) behind the reported ones, the number of false ones, and the largest correction."""
    points = np.asarray(points, dtype=float)
    if not len(points):
        return points, 0, 0.0
    correction = np.abs(newton_step(net, points)).max(-1)
    x = points.copy()
    for _ in range(30):
        x += np.clip(newton_step(net, x), -1.0, 1.0)
    true = (np.abs(newton_step(net, x)).max(-1) < 1e-10) & (np.abs(x - points).max(-1) < REACH)
    distinct = x[true][np.unique(np.round(x[true], 6), axis=0, return_index=True)[1]]
    return distinct, int((~true).sum()), float(correction.max())


def counted(net, points):
    true, false, _ = judged(net, points)
    return f"{len(true)} true, {false} false"


def compare(name, net, setting, *, race=False):
    """The rows of one network; a race gives dynlatch the time that each setting of the peer took."""
    starts = starts_of(net, 64 if setting.quick else 1024, np.random.default_rng(0))
    work, mine = f"{name}, {net.dim} units", Timed(lambda: fixed_points(net, rng=0).points)
    for way in WAYS:
        arrays = {**torch_layout(net), "starts": starts}
        with setting.peer("fixed_point_finder", "run_fixed_point_finder.py", arrays, setting.finder, way) as peer:
            turn = peer.turn if setting.finder or setting.quick else no_checkout

            def found(peer=peer):
                return f"{counted(net, mine.result)}; the other {counted(net, peer.answer()['points'])}"

            bar = None if race or way == "default" else times(BARS[type(net).__name__])
            row = versus(work, f"FixedPointFinder, {way}", mine, turn, setting.several(2), bar=bar, note=found)
            yield row
            if race and row.theirs:
                yield raced(net, work, way, min(row.theirs), peer.answer()["points"])
    off = judged(net, mine.result)[2]
    yield alone(f"{work}: largest Newton correction of a point", lambda: off, 1, bar=at_most(CORRECTION), unit="off")


def raced(net, work, way, seconds, theirs):
    """How many times the peer's fixed points dynlatch has found when the peer is done."""
    mine = Timed(lambda: fixed_points(net, rng=0, time_budget=seconds).points)
    mine()
    many, few = len(judged(net, mine.result)[0]), len(judged(net, theirs)[0])
    share, unit, note = many / max(few, 1), "times its points", f"{many} against {few} in {seconds:.0f} s"
    return Row(f"{work}, in the time of FixedPointFinder, {way}", "", (share,), (), at_least(RACE), unit, note)


def no_checkout():
    raise Absent("FixedPointFinder is not packaged; `--finder CHECKOUT` says where it is")


def rows(setting: Setting) -> Iterator[Row]:
    if setting.quick:
        yield from compare("random, g = 1.5", random_net(5, 1.5), setting)
        return
    for path in setting.nets or sorted(NETS.glob("*.safetensors")):
        yield from compare(path.stem, dl.load_network(path), setting)
    yield from compare("random, g = 3", random_net(), setting, race=True)


if __name__ == "__main__":
    script(__name__, rows)
