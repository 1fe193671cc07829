"""Fixed points against FixedPointFinder (PyTorch), on trained nets and on a random one.

    python benchmarks/fixed_points_peers.py [NET ...] --finder CHECKOUT --peer-python ENVIRONMENT/bin/python

The peer gets 1024 starts made as its documentation says: states of driven trajectories plus noise of standard deviation 0.5.
"same starts" is one pass of dynlatch's Newton from exactly these; `fixed_points` is the public verb with its own.
The runs alternate; each time is the least CPU time of its rounds. The peer's Jacobian pass is left out.

A reported point is *true* if Newton on the (gate-reduced) equation leads from it to a solution at most 5e-3 away: that is
generous to float32. "correction" is the largest Newton correction of any reported point; dynlatch must keep it below 1e-8.
"""

from __future__ import annotations

from pathlib import Path

import common
import numpy as np

import dynlatch as dl
from dynlatch.analysis import fixed_points
from dynlatch.analysis.fixed_points.equations import equation_of

DEFAULT = "FixedPointFinder, default"
TUNED = "FixedPointFinder, lr 0.01, 10,000 iterations"
REACH = 5e-3


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


def newton_from(net, starts):
    """One pass of dynlatch's own solver from given starts, without duplicates."""
    from dynlatch.analysis.fixed_points.search.newton import solve
    from dynlatch.analysis.fixed_points.search.solutions import Solutions

    equation, _ = equation_of(net)
    functions = equation.step, equation.jacobian
    found = Solutions(*functions, equation.box(), False, np.zeros((0, net.dim)))
    found.add(solve(*functions, starts, equation.box()).x)
    return found.points


def ours(net, budget=None):
    """CPU seconds and points of the public verb."""
    seconds, found = common.cpu(lambda: fixed_points(net, rng=0, time_budget=budget))
    return seconds, found.points


def theirs(net, starts, settings, given):
    """CPU seconds and points of FixedPointFinder, in its own environment."""
    arrays = {**torch_layout(net), "starts": starts}
    answer = common.ask(given.peer_python, "run_fixed_point_finder.py", arrays, given.finder.resolve(), settings)
    return float(answer["seconds"]), answer["points"]


def contenders(net, starts, given):
    """Name -> a function that returns CPU seconds and reported points."""
    methods = {
        "dynlatch, fixed_points": lambda: ours(net),
        "dynlatch, same starts": lambda: common.cpu(lambda: newton_from(net, starts)),
    }
    if given.finder and given.peer_python:
        methods[DEFAULT] = lambda: theirs(net, starts, "default", given)
        methods[TUNED] = lambda: theirs(net, starts, "tuned", given)
    return methods


def compare(name, net, given, *, race=False):
    """The table of one network; a race gives dynlatch the time that each setting of the peer took."""
    starts = starts_of(net, 64 if given.quick else 1024, np.random.default_rng(0))
    methods, best = contenders(net, starts, given), {}
    for _ in range(1 if given.quick else given.rounds):
        for method, run in methods.items():
            taken, points = run()
            best[method] = min(taken, best.get(method, (np.inf,))[0]), points
    for method in [m for m in (DEFAULT, TUNED) if race and m in best]:
        best[f"dynlatch, in the time of: {method}"] = ours(net, best[method][0])
    rows = []
    for method, (seconds, points) in best.items():
        true, false, correction = judged(net, points)
        ratio = seconds / best["dynlatch, fixed_points"][0]
        rows.append([method, f"{seconds:.2f}", f"{ratio:.1f}", len(points), len(true), false, f"{correction:.0e}"])
    print(f"\n{name}: {type(net).__name__}, {net.dim} units")
    common.table(["method", "CPU s", "times ours", "reported", "distinct true", "false", "correction"], rows)


def main(argv=None):
    parser = common.arguments(__doc__, finder="checkout of fixed-point-finder", peer_python="Python of its environment")
    parser.add_argument("nets", nargs="*", type=Path, help="trained networks (default: the two in examples/data)")
    parser.add_argument("--rounds", type=int, default=2, help="how often every method runs")
    given = parser.parse_args(argv)
    if given.quick:
        compare("random, g = 1.5", random_net(5, 1.5), given)
        return
    for path in given.nets or sorted(common.NETS.glob("*.safetensors")):
        compare(path.stem, dl.load_network(path), given)
    compare("random, g = 3", random_net(), given, race=True)


if __name__ == "__main__":
    main()
