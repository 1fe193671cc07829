"""Targets at any step, of several outputs: cost, gradient, what is right, and how it is counted."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest

from dynlatch.errors import InvalidInput
from dynlatch.lanes.packs import WIDTH
from dynlatch.lanes.show import Criterion
from dynlatch.lanes.units import LINEAR, TANH
from dynlatch.lanes.wiring import Connection, wire
from dynlatch.training import RegionMonitor, train
from dynlatch.training.answers import right
from dynlatch.training.block import pack
from dynlatch.training.contract import QuietInput, Sequences
from dynlatch.training.models import FlipFlopLatch, StateTables
from dynlatch.training.models.common import wired_column, wired_map, wired_outputs
from dynlatch.training.models.topology import TWO_STATES
from dynlatch.training.rules import (
    BackPropagation,
    DiscreteErrorPropagation,
    ExpectationMaximization,
    FlipFlopRule,
    MultigridRandomSearch,
    PseudoNewton,
)
from dynlatch.training.tasks.common import NO_NOISE, ended
from dynlatch.training.trials import seeds, trial

NEAR, FIRST = Criterion(0.0, 0.0, 0.0, tolerance=0.4), Criterion(0.0, 0.0, 0.0, among=1)
H, Y, Z, U, ONE = range(5)


@dataclass(frozen=True)
class TwoAnswers:
    """A tanh unit that keeps, a linear and a tanh unit that answer."""

    input_dim: int = 1
    names: tuple[str, ...] = tuple(f"weight[{p}]" for p in range(7))

    @property
    def constants(self):
        return np.empty(0)

    def initial(self, streams):
        return np.array([stream.uniform(-1.0, 1.0, 7) for stream in streams]).T.copy()

    def cell(self):
        ends = [(H, H, 0, 1), (H, U, 1, 0), (H, Z, 2, 1), (Y, H, 3, 0), (Y, ONE, 4, 0), (Z, H, 5, 1), (Z, U, 6, 0)]
        joined = [Connection(*end) for end in ends]
        return wire(joined, kinds=[TANH, LINEAR, TANH], inputs=1, output=(Y, Z), trained=7)

    def network(self, column):
        return wired_map(self, column)

    def column(self, network):
        return wired_column(self, network)

    def outputs(self, theta, sequences):
        return wired_outputs(self.cell(), theta, sequences)


@dataclass(frozen=True)
class Echo:
    """Say the input of this step with one output, of the step before with the other; about half of it is asked."""

    T: int = 6
    criterion: Criterion = NEAR
    share: float = 0.5
    input_dim: int = 1
    output_dim: int = 2
    noise = NO_NOISE
    quiet_inputs = (QuietInput(np.zeros(1)),)

    def streak(self, n):
        return 10**9

    def concrete(self, rng):
        return self

    def sample(self, n, rng):
        stream = np.random.default_rng(rng)
        long = stream.integers(2, self.T, n, endpoint=True)
        inputs = ended(stream.uniform(-0.5, 0.5, (self.T, n, 1)), long)
        desired = np.concatenate([inputs, np.roll(inputs, 1, axis=0)], axis=-1)
        desired[0, :, 1] = np.nan
        desired[stream.random(desired.shape) > self.share] = np.nan
        return Sequences(inputs, long, np.zeros(n), desired)

    training_set = sample


def slow_outputs(column, inputs):
    """Outputs Y, Z after every step."""
    w, h, z, told = column, 0.0, 0.0, []
    for u in inputs:
        h, z, before = np.tanh(w[0] * h + w[1] * u + w[2] * z), None, (h, z)
        z = np.tanh(w[5] * before[0] + w[6] * u)
        told.append((w[3] * h + w[4], z))
    return told


def slow_cost(column, given, k):
    total = 0.0
    for t, told in enumerate(slow_outputs(column, given.inputs[: given.lengths[k], k, 0])):
        total += sum((y - z) ** 2 / 2 for y, z in zip(told, given.desired[t, k], strict=True) if z == z)
    return total


def slow_right(column, given, k, criterion):
    for t, told in enumerate(slow_outputs(column, given.inputs[: given.lengths[k], k, 0])):
        asked = [(z, y) for y, z in zip(told, given.desired[t, k], strict=True) if z == z]
        if not asked:
            continue
        if criterion.among:
            best = max(asked)[1]
            if sum(y >= best for _, y in asked) > criterion.among:
                return False
        elif any(abs(y - z) >= criterion.tolerance for z, y in asked):
            return False
    return True


def opened(rule, task, n=9, trials=3, budget=10**6):
    return pack(rule, TwoAnswers(), [trial(k, seed, task, n) for k, seed in enumerate(seeds(4, trials))], None, budget)


def advance(rule, block, until):
    block.show.lanes.pause[0] = until
    rule.update(TwoAnswers(), block.theta, block.state, block.show)


def sequences_of(block, k):
    lanes = block.show.lanes
    return Sequences(
        lanes.inputs[k].transpose(1, 0, 2), lanes.lengths[k], lanes.targets[k], lanes.desired[k].transpose(1, 0, 2)
    )


def test_outputs_after_every_step():
    given, column = Echo().sample(7, 0), TwoAnswers().initial([np.random.default_rng(1)])[:, 0]
    found = TwoAnswers().outputs(column, given)
    for k, length in enumerate(given.lengths):
        np.testing.assert_allclose(found[:length, k], slow_outputs(column, given.inputs[:length, k, 0]), rtol=0, atol=1e-14)


def test_a_batch_steps_down_the_slope_of_the_cost():
    """Sequences of several lengths, all shown once; central differences of a plain loop."""
    n, rule = 9, BackPropagation(eta=1e-3, batch=9)
    block = opened(rule, Echo(), n)
    before = block.theta.copy()
    advance(rule, block, n)
    for k in range(3):
        given = sequences_of(block, k)
        assert len(set(given.lengths.tolist())) > 2
        for p in range(7):
            step = 1e-5 * np.eye(7)[p]
            up, down = (sum(slow_cost(before[:, k] + side * step, given, j) for j in range(n)) for side in (1, -1))
            slope = (up - down) / 2e-5
            assert (before[p, k] - block.theta[p, k]) / 1e-3 == pytest.approx(slope, rel=2e-8, abs=2e-9)


@pytest.mark.parametrize("criterion", [Criterion(0.0, 0.0, 0.0, tolerance=0.9), FIRST], ids=["tolerance", "among"])
def test_every_presentation_is_judged_as_by_a_plain_loop(criterion):
    rule = BackPropagation(eta=1e-12)
    block = opened(rule, Echo(criterion=criterion, share=0.7))
    told = np.zeros((3, 2), dtype=int)
    for at in range(1, 28):
        advance(rule, block, at)
        for k in range(3):
            given, which, work = sequences_of(block, k), block.show.work.which[k], block.show.work
            good = slow_right(block.theta[:, k], given, which, criterion)
            whole = right(criterion, TwoAnswers().outputs(block.theta[:, k], given), given)
            assert good == whole[which] == (not work.wrong[k])
            told[k, int(good)] += 1
    assert block.show.lanes.presentations[:3].tolist() == [27] * 3
    assert np.all(told.sum(0) > 3), "both happen"


def test_a_search_sees_the_same_cost():
    rule = MultigridRandomSearch(half_width=1.0, shrink=0.9)
    block = opened(rule, Echo(), n=WIDTH + 4, budget=WIDTH + 4)
    first = block.theta.copy()
    advance(rule, block, WIDTH + 4)
    for k in range(3):
        given = sequences_of(block, k)
        expected = np.mean([slow_cost(first[:, k], given, j) for j in range(WIDTH + 4)])
        assert block.state[0][k] == pytest.approx(expected, rel=1e-12)


def test_curvature_is_that_of_what_is_asked():
    """One step of the pseudo-Newton rule on one sequence; the Gauss-Newton diagonal of a net without loops is exact."""
    rule, plain = PseudoNewton(eta=1e-3, mu=0.1), BackPropagation(eta=1e-3)
    blocks = [opened(one, Echo(share=1.0), n=1) for one in (rule, plain)]
    before = blocks[0].theta.copy()
    for one, block in zip((rule, plain), blocks, strict=True):
        advance(one, block, 1)
    Y_BIAS = 4  # y = w_3 h + w_4: its curvature is 1 for every step
    for k in range(3):
        steps = sequences_of(blocks[0], k).lengths[0]
        g = (before[Y_BIAS, k] - blocks[1].theta[Y_BIAS, k]) / 1e-3
        moved = (before[Y_BIAS, k] - blocks[0].theta[Y_BIAS, k]) / 1e-3
        assert moved == pytest.approx(g / (steps + 0.1), rel=1e-8)


def made(desired, length=None):
    desired = np.array(desired, dtype=float)[:, None, :]
    T = len(desired)
    return Sequences(np.zeros((T, 1, 1)), np.array([T if length is None else length]), np.zeros(1), desired)


NAN = np.nan


@pytest.mark.parametrize(
    ("criterion", "desired", "outputs", "good"),
    [
        (NEAR, [[0.5, NAN]], [[0.89, 7.0]], True),
        (NEAR, [[0.5, NAN]], [[NAN, 0.0]], False),
        (Criterion(0.0, 0.0, 0.0, tolerance=0.5), [[0.5, NAN]], [[1.0, 0.0]], False),  # strictly below
        (NEAR, [[NAN, NAN]], [[NAN, NAN]], True),
        (FIRST, [[1.0, 0.0]], [[0.2, 0.1]], True),
        (FIRST, [[1.0, 0.0]], [[0.2, 0.2]], False),  # a tie is no answer
        (FIRST, [[1.0, 0.0]], [[NAN, 0.2]], False),
        (FIRST, [[1.0, NAN]], [[0.1, 0.9]], True),  # the other one is not asked
        (Criterion(0.0, 0.0, 0.0, among=2), [[1.0, 0.0, 0.0]], [[0.2, 0.1, 0.3]], True),
        (Criterion(0.0, 0.0, 0.0, among=2), [[1.0, 0.0, 0.0]], [[0.1, 0.2, 0.3]], False),
    ],
)
def test_what_is_right(criterion, desired, outputs, good):
    assert right(criterion, np.array(outputs)[:, None, :], made(desired))[0] == good


def test_after_the_end_nothing_is_asked():
    given = made([[0.0, 0.0], [1.0, 1.0]], length=1)
    assert right(NEAR, np.zeros((2, 1, 2)), given)[0]


def test_a_net_learns_an_echo_and_is_watched():
    task = Echo(share=1.0, criterion=Criterion(0.0, 0.0, 0.0, tolerance=0.25))
    run = partial(train, BackPropagation(eta=0.1), TwoAnswers(), task, trials=3, sequences=60, rng=0, test_sequences=100)
    untrained = run(max_presentations=1)
    result = run(max_presentations=12_000, monitor=RegionMonitor(every=500, portrait_every=4_000))
    assert untrained.error.mean() > 0.9
    assert result.error.mean() < 0.1
    portraits = result.trace.rows(0)
    assert portraits["basin"].shape[1:] == (1, 1), "no classes: all sequences together"
    assert portraits["right"][-1] == 1.0
    assert np.all(np.isfinite(result.trace.looks["log_norm"]))
    assert "class" not in result.trace.story(0)
    result.trace.plot_regions(0)


@pytest.mark.parametrize(
    ("rule", "model"),
    [
        (DiscreteErrorPropagation(), TwoAnswers()),
        (FlipFlopRule(), FlipFlopLatch(L=1)),
        (ExpectationMaximization(det_weight=0.0), StateTables(TWO_STATES)),
    ],
)
def test_rules_that_know_classes_only_say_so(rule, model):
    assert "asks for numbers, at steps" in rule.refuses(model, Echo())


def test_what_does_not_fit_is_refused():
    run = partial(train, BackPropagation(eta=0.1), TwoAnswers(), sequences=5, max_presentations=5, rng=0)
    with pytest.raises(InvalidInput, match="asks for 3 outputs, and TwoAnswers has 2"):
        run(Echo(output_dim=3))
    with pytest.raises(InvalidInput, match="`tolerance` or `among`"):
        run(Echo(criterion=Criterion(0.8, 0.0, np.inf)))

    class Flat(Echo):
        def training_set(self, n, rng):
            given = self.sample(n, rng)
            return Sequences(given.inputs, given.lengths, given.targets, given.desired[..., :1])

    with pytest.raises(InvalidInput, match="must have the shape"):
        run(Flat())
