"""Recurrent cascade-correlation: train the outputs, then one more hidden unit, freeze it, and the outputs again.

Fahlman (1991), NIPS 3. Candidates `V(t) = tanh(sum_i w_i I_i(t) + w_s V(t-1))` are trained, outside the net, to maximise

    S = sum_o | sum (V - mean V) (E_o - mean E_o) |,   sums over all answers that are asked, E_o the error of output o,

by the derivatives `dV(t)/dw_i = f'(t) (I_i(t) + w_s dV(t-1)/dw_i)`, and with V(t-1) in place of I_i for w_s. The best of them
joins the net for good. Both trainings are batch learning by quickprop (Fahlman 1988).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.evaluation import choose, cut_short, evaluate, go_on, judge, marks, remember
from dynlatch.lanes.packs import WIDTH
from dynlatch.lanes.random import uniform
from dynlatch.lanes.show import asks_steps, awake
from dynlatch.lanes.stage import fill, longest_first, set_up
from dynlatch.training.contract import Architecture, Show, State, Task
from dynlatch.training.models.cascade import CascadeNet
from dynlatch.validation import Array, count, positive_number

GAIN = 0.01  # relative gain below which an epoch counts as no improvement


@dataclass(frozen=True)
class CascadeCorrelation:
    """Trains a `CascadeNet`. Every epoch, of the outputs or of the candidates, shows all sequences once.

    Parameters
    ----------
    candidates : int
        Units that are trained at the same time, of which one is taken: 8 as published.
    patience : int
        Epochs without improvement by 1 % that end a training.
    longest : int
        Epochs that end it in any case.
    eta : float
        Quickprop's rate for the mean of the slopes.
    growth : float
        Quickprop's mu: no step is larger than so many times the one before.
    radius : float
        First weights of candidates are uniform on [-radius, radius].

    Raises
    ------
    InvalidInput
        On a setting that is not positive.

    Examples
    --------
    >>> from dynlatch.training.rules import CascadeCorrelation
    >>> CascadeCorrelation().candidates
    8
    """

    candidates: int = 8
    patience: int = 12
    longest: int = 200
    eta: float = 0.3
    growth: float = 1.75
    radius: float = 1.0

    def __post_init__(self) -> None:
        for name in ("candidates", "patience", "longest"):
            object.__setattr__(self, name, count(name, getattr(self, name), least=1))
        for name in ("eta", "growth", "radius"):
            positive_number(name, getattr(self, name))

    def refuses(self, model: Architecture, task: Task) -> str | None:
        if isinstance(model, CascadeNet):
            return None
        return f"CascadeCorrelation trains CascadeNet(), unit by unit; {type(model).__name__} is none."

    def init(self, model: Architecture, theta: Array, show: Show, streams: Sequence[np.random.SeedSequence]) -> State:
        """Weights, slopes and steps of the outputs (3, P, L) and of the candidates (3, K, P, L); where the training stands:
        (phase, units, epochs, epochs without improvement) (4, L), the best score (L,), and the mark."""
        P, lanes = theta.shape
        standing = np.zeros((4, lanes), dtype=np.int64)
        outputs, pool = np.zeros((3, P, lanes)), np.zeros((3, self.candidates, P, lanes))
        return outputs, pool, standing, np.full(lanes, -np.inf), marks(show.lanes)

    def update(self, model: Architecture, theta: Array, state: State, show: Show) -> None:
        net = model.cell()
        assert isinstance(model, CascadeNet)
        settings = self.patience, self.longest, self.eta, self.growth, self.radius
        learn(net, set_up(net, show.lanes), model.units_count, theta, show.lanes, state, settings)


@kernel
def learn(net, stage, capacity, theta, show, state, settings):  # type: ignore[no-untyped-def]
    """Epoch by epoch, trial by trial: phase 0 trains the outputs, phase 1 the candidates."""
    outputs, pool, standing, best, mark = state
    patience, longest, eta, growth, radius = settings
    for lane in range(theta.shape[1]):
        if not awake(show, lane):
            continue
        go_on(show, lane, mark)
        longest_first(stage, show, lane)
        fill(stage, net, show, lane)
        while awake(show, lane):
            phase, units = standing[0, lane], standing[1, lane]
            stage.candidate[:] = theta[:, lane]
            if phase == 0:
                score = -judge(stage, net, stage.candidate, show, lane)
            else:
                choose(stage, net, stage.candidate)
                evaluate(stage, net, show, lane)
                score = 0.0
            if cut_short(show, lane):
                break
            if phase == 0 and not show.learned[lane]:
                train_outputs(net, stage, capacity, units, show, theta, outputs, lane, eta, growth)
            elif phase == 1:
                score = train_candidates(net, stage, units, show, pool, lane, eta, growth)
            better = score > best[lane] + GAIN * abs(best[lane]) or best[lane] == -np.inf
            best[lane] = max(best[lane], score) if better else best[lane]
            standing[2, lane] += 1
            standing[3, lane] = 0 if better else standing[3, lane] + 1
            if standing[3, lane] >= patience or standing[2, lane] >= longest:
                if phase == 1:
                    install(net, stage, units, show, theta, pool, lane)
                    outputs[1:, :, lane] = 0.0
                    standing[1, lane] += 1
                elif units == capacity:
                    show.stuck[lane] = not show.learned[lane]
                else:
                    draw(net, units, show, pool, lane, radius)
                standing[0, lane], standing[2:, lane], best[lane] = 1 - phase, 0, -np.inf
            remember(show, lane, mark)


@kernel
def first_of(net, unit):  # type: ignore[no-untyped-def]
    """Where the weights of a hidden unit begin: before it, m + 2, m + 3, ... of the units before."""
    return unit * (net.inputs + 2) + unit * (unit - 1) // 2


@kernel
def reads(net, unit, position):  # type: ignore[no-untyped-def]
    """The signal that a unit reads at this position of its weights: the inputs, the constant one, the hidden units."""
    m = net.inputs
    return net.kinds.size + position if position <= m else position - m - 1


@kernel
def wanted_at(show, lane, j, t, k):  # type: ignore[no-untyped-def]
    """What is asked of output k at step t of sequence j, NaN if nothing is."""
    if asks_steps(show):
        return show.desired[lane, j, t - 1, k]
    return show.criterion.amplitude * show.targets[lane, j] if t == show.lengths[lane, j] else np.nan


@kernel
def quickprop(w, slope, before, step, eta, growth):  # type: ignore[no-untyped-def]
    """One ascent of w along `slope`, given those of the last epoch: a parabola's top, or gradient ascent at first."""
    for p in range(w.size):
        gap = before[p] - slope[p]
        jump = eta * slope[p]
        if step[p] != 0.0:
            ahead = slope[p] / gap * step[p] if gap != 0.0 else growth * step[p]
            far = gap * step[p] <= 0.0 or abs(ahead) > growth * abs(step[p])  # the parabola has no top ahead, or too far
            jump = growth * step[p] if far and slope[p] * step[p] > 0.0 else ahead
            jump += eta * slope[p] if slope[p] * step[p] > 0.0 else 0.0
        before[p], step[p] = slope[p], jump
        w[p] += jump


@kernel
def train_outputs(net, stage, capacity, units, show, theta, outputs, lane, eta, growth):  # type: ignore[no-untyped-def]
    """One epoch of the weights of the outputs, by the signals of the last evaluation."""
    width, first = net.inputs + 1 + capacity, first_of(net, capacity)
    slope = np.zeros(net.outputs.size * width)
    for place in range(stage.order.size):
        j, b, at = stage.order[place], place // WIDTH, place % WIDTH
        for t in range(1, show.lengths[lane, j] + 1):
            for k in range(net.outputs.size):
                wanted = wanted_at(show, lane, j, t, k)
                if wanted == wanted:
                    y = stage.s[b, stage.before + t, net.outputs[k], at]
                    for i in range(net.inputs + 1 + units):
                        given = stage.s[b, stage.before + t, reads(net, 0, i), at]
                        slope[k * width + i] += (wanted - y) * (1.0 - y * y) * given / stage.order.size
    quickprop(theta[first:, lane], slope, outputs[1, : slope.size, lane], outputs[2, : slope.size, lane], eta, growth)


@kernel
def draw(net, unit, show, pool, lane, radius):  # type: ignore[no-untyped-def]
    """New candidates for this place."""
    pool[:, :, :, lane] = 0.0
    for c in range(pool.shape[1]):
        for p in range(net.inputs + 2 + unit):
            pool[0, c, p, lane] = radius * (2.0 * uniform(show.random, lane) - 1.0)


@kernel
def train_candidates(net, stage, unit, show, pool, lane, eta, growth):  # type: ignore[no-untyped-def]
    """One epoch of all candidates; the best S before it."""
    size, best = net.inputs + 2 + unit, 0.0
    mean = mean_errors(net, stage, show, lane)
    for c in range(pool.shape[1]):
        S, slope = correlate(net, stage, show, lane, unit, pool[0, c, :size, lane].copy(), mean)
        signs = np.sign(S)
        total = np.zeros(size)
        for k in range(S.size):
            total += signs[k] * slope[k] / stage.order.size
        best = max(best, np.abs(S).sum() / stage.order.size)
        quickprop(pool[0, c, :size, lane], total, pool[1, c, :size, lane], pool[2, c, :size, lane], eta, growth)
    return best


@kernel
def mean_errors(net, stage, show, lane):  # type: ignore[no-untyped-def]
    """The mean of `y - wanted` over all that is asked of each output (k,)."""
    total, asked = np.zeros(net.outputs.size), np.zeros(net.outputs.size)
    for place in range(stage.order.size):
        j = stage.order[place]
        for t in range(1, show.lengths[lane, j] + 1):
            for k in range(total.size):
                wanted = wanted_at(show, lane, j, t, k)
                if wanted == wanted:
                    total[k] += stage.s[place // WIDTH, stage.before + t, net.outputs[k], place % WIDTH] - wanted
                    asked[k] += 1.0
    return total / np.maximum(asked, 1.0)


@kernel
def correlate(net, stage, show, lane, unit, w, mean):  # type: ignore[no-untyped-def]
    """Of a candidate with weights w: the covariance with every output's error (k,), and its derivatives (k, size)."""
    size, outputs = w.size, net.outputs.size
    S, slope, trace = np.zeros(outputs), np.zeros((outputs, size)), np.zeros(size)
    for place in range(stage.order.size):
        j, b, at = stage.order[place], place // WIDTH, place % WIDTH
        V, trace[:] = 0.0, 0.0
        for t in range(1, show.lengths[lane, j] + 1):
            total = w[size - 1] * V
            for i in range(size - 1):
                total += w[i] * stage.s[b, stage.before + t, reads(net, unit, i), at]
            new = np.tanh(total)
            for i in range(size):
                given = V if i == size - 1 else stage.s[b, stage.before + t, reads(net, unit, i), at]
                trace[i] = (1.0 - new * new) * (given + w[size - 1] * trace[i])
            V = new
            for k in range(outputs):
                wanted = wanted_at(show, lane, j, t, k)
                if wanted == wanted:
                    error = stage.s[b, stage.before + t, net.outputs[k], at] - wanted - mean[k]
                    S[k] += V * error
                    for i in range(size):
                        slope[k, i] += trace[i] * error
    return S, slope


@kernel
def install(net, stage, unit, show, theta, pool, lane):  # type: ignore[no-untyped-def]
    """The candidate of the largest S joins the net, by the signals of the last evaluation."""
    size, best, chosen = net.inputs + 2 + unit, -1.0, 0
    mean = mean_errors(net, stage, show, lane)
    for c in range(pool.shape[1]):
        S, _ = correlate(net, stage, show, lane, unit, pool[0, c, :size, lane].copy(), mean)
        if np.abs(S).sum() > best:
            best, chosen = np.abs(S).sum(), c
    first = first_of(net, unit)
    for p in range(size):
        theta[first + p, lane] = pool[0, chosen, p, lane]
