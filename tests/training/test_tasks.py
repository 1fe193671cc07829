"""The tasks: what is drawn, by which law, and which settings are refused."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from dynlatch.analysis import Gaussian, Uniform, feasibility_ceiling
from dynlatch.errors import InvalidInput
from dynlatch.training.contract import Task
from dynlatch.training.models import Dense, LatchNet
from dynlatch.training.tasks import TASKS, Latch, Parity, TwoSequence

DRAWN = ("bits", "rand", "sep")
GIVEN = ("const", "alt", "same")
EXAMPLES = (Latch(9), Latch(8, L=4, half_width=0.5, frozen=True), TwoSequence(10), Parity(7), Parity(6, 0.0, "floor"))


def fits(p):
    """A test of a true law fails once in 10^5 seeds; the seed is fixed."""
    return p > 1e-5


def test_every_task_keeps_the_contract():
    assert {type(task) for task in EXAMPLES} == set(TASKS[:3])  # the others: test_asked_tasks.py
    for task in EXAMPLES:
        assert isinstance(task, Task)
        assert all(quiet.input.shape == (task.input_dim,) for quiet in task.quiet_inputs)
        own = task.concrete(np.random.default_rng(0))
        assert own.concrete(np.random.default_rng(1)) == own
        for batch in (own.sample(11, 2), own.training_set(11, 2)):
            assert batch.inputs.shape == (task.T, 11, task.input_dim)
            assert batch.inputs.dtype == batch.targets.dtype == np.float64
            assert set(batch.targets) <= {-1.0, 1.0}
            for k, length in enumerate(batch.lengths):
                assert not batch.inputs[length:, k].any()


@pytest.mark.parametrize("task", EXAMPLES, ids=str)
def test_the_same_rng_gives_the_same_sequences(task):
    one, same, other = (task.sample(6, rng) for rng in (3, np.random.default_rng(3), 4))
    assert np.array_equal(one.inputs, same.inputs)
    assert np.array_equal(one.lengths, same.lengths)
    assert not np.array_equal(one.inputs, other.inputs)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(T=st.integers(4, 41), name=st.sampled_from([*DRAWN, *GIVEN]), N=st.integers(2, 3), seed=st.integers(0, 10**6))
def test_prototypes_differ_and_begin_the_sequences(T, name, N, seed):
    task = TwoSequence(T, name, N, half_width=0.1).concrete(np.random.default_rng(seed))
    pair = np.array(task.prototypes)
    assert pair.shape == (2, N)
    assert np.abs(pair).max() <= 1.0
    assert np.abs(pair[0] - pair[1]).max() > (1.0 if name == "sep" else 0.0)
    assert name in ("rand", "sep") or np.all(np.abs(pair) == 1.0)
    batch = task.sample(8, seed)
    for k in range(8):
        prototype = pair[1] if batch.targets[k] > 0 else pair[0]
        assert np.abs(batch.inputs[:N, k, 0] - prototype).max() <= 0.1
        assert np.abs(batch.inputs[N:, k, 0]).max() <= 0.1
        assert max(-(-T // 2), N + 1) <= batch.lengths[k] <= T


def test_given_prototypes():
    rng = np.random.default_rng(0)
    expected = {
        "const": ((-1, -1, -1), (1, 1, 1)),
        "alt": ((1, -1, 1), (-1, 1, -1)),
        "same": ((1, 1, -1), (1, -1, 1)),
    }
    for name, pair in expected.items():
        assert TwoSequence(9, name).concrete(rng).prototypes == pair
    own = TwoSequence(9, [[0.5, 0, 1, 1], [0.5, 0, 1, -1]])
    assert own.concrete(rng) is own
    assert (own.N, own.shortest) == (4, 5)


def test_every_pair_of_corners_is_as_likely():
    rng = np.random.default_rng(8)
    task = TwoSequence(9, informative=2)
    seen = Counter(task.concrete(rng).prototypes for _ in range(900))
    assert len(seen) == 12
    assert fits(stats.chisquare(list(seen.values())).pvalue)


@pytest.mark.parametrize(
    ("task", "range_of_lengths"),
    [
        (TwoSequence(9), (5, 9)),
        (TwoSequence(6), (4, 6)),
        (TwoSequence(5, shortest=3), (3, 5)),
        (Parity(7), (4, 7)),
        (Parity(7, shortest="floor"), (3, 7)),
        (Parity(1, shortest="floor"), (1, 1)),
        (Latch(9), (9, 9)),
    ],
    ids=str,
)
def test_lengths_are_uniform(task, range_of_lengths):
    lengths = task.sample(4000, 5).lengths
    shortest, longest = range_of_lengths
    seen = np.bincount(lengths, minlength=longest + 1)
    assert lengths.min() == shortest
    assert lengths.max() == longest
    assert shortest == longest or fits(stats.chisquare(seen[shortest:]).pvalue)


def test_noise_is_uniform_and_classes_are_balanced():
    task = TwoSequence(6, "const", half_width=0.3)
    batch = task.sample(2001, 1)
    present = np.arange(6)[:, None] < batch.lengths
    noise = batch.inputs[..., 0] - np.where(np.arange(6)[:, None] < 3, batch.targets, 0.0)
    assert fits(stats.kstest(noise[present], stats.uniform(-0.3, 0.6).cdf).pvalue)
    assert abs(batch.targets.sum()) == 1
    parity = Parity(5, half_width=0.3).sample(2000, 1)
    present = np.arange(5)[:, None] < parity.lengths
    values = parity.inputs[..., 0][present]
    assert fits(stats.kstest(values - np.sign(values), stats.uniform(-0.3, 0.6).cdf).pvalue)
    assert fits(stats.binomtest(int(np.sum(values > 0)), values.size).pvalue)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(T=st.integers(1, 30), half_width=st.sampled_from([0.0, 0.2, 0.9]), seed=st.integers(0, 10**6))
def test_parity_of_the_inputs_is_the_target(T, half_width, seed):
    batch = Parity(T, half_width).sample(5, seed)
    for k in range(5):
        ones = 0
        for t in range(batch.lengths[k]):
            assert abs(abs(batch.inputs[t, k, 0]) - 1.0) <= half_width
            ones += batch.inputs[t, k, 0] > 0
        assert batch.targets[k] == (1.0 if ones % 2 else -1.0)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(L=st.integers(1, 4), more=st.integers(0, 5), frozen=st.booleans(), seed=st.integers(0, 10**6))
def test_latch_inputs_enter_through_a_channel_of_their_own(L, more, frozen, seed):
    task = Latch(L + more, L=L, std=0.3, frozen=frozen)
    noisy, trained = task.sample(5, seed), task.training_set(5, seed)
    assert trained.targets.tolist() == [-1, 1, -1, 1, -1]
    for batch in (noisy, trained):
        for k in range(5):
            for t in range(L):
                channels = np.zeros(2 * L + 1)
                channels[t + (L if batch.targets[k] > 0 else 0)] = 1.0
                assert np.array_equal(batch.inputs[t, k], channels)
            assert not batch.inputs[L:, k, :-1].any()
    assert np.all(noisy.inputs[L:, :, -1] != 0.0)
    assert np.all((trained.inputs[L:, :, -1] != 0.0) == frozen)


@pytest.mark.parametrize(
    ("task", "law"),
    [
        (Latch(30), stats.norm(0, 0.2)),
        (Latch(30, std=0.5), stats.norm(0, 0.5)),
        (Latch(30, variance=0.25), stats.norm(0, 0.5)),
        (Latch(30, half_width=0.4), stats.uniform(-0.4, 0.8)),
    ],
    ids=["usual", "std", "variance", "uniform"],
)
def test_latch_noise(task, law):
    noise = task.sample(40, 0).inputs[3:, :, -1].ravel()
    assert fits(stats.kstest(noise, law.cdf).pvalue)
    fresh = task.noise
    assert (fresh.channel, fresh.first) == (6, 4)
    assert np.hypot(fresh.std, fresh.half_width / np.sqrt(3)) == pytest.approx(law.std())
    assert replace(task, frozen=True).noise._replace(channel=6, first=4) == (6, 4, 0.0, 0.0)
    assert task.streak(2) == 60
    assert replace(task, frozen=True).streak(2) == 3  # two in a row could be one sequence twice


def test_settings_can_be_replaced():
    assert replace(Latch(9, variance=0.3), T=30).std == np.sqrt(0.3)
    assert replace(TwoSequence(9, "rand"), T=30) == TwoSequence(30, "rand")
    assert replace(Latch(9), std=0.3, variance=None).variance == pytest.approx(0.09)


def test_no_inputs_beat_the_ceiling():
    """A unit with inputs beyond all bounds is right as often as the ceiling says, by Gaussian and by uniform noise."""
    net = LatchNet(w0=1.25)
    best = np.concatenate([[1.25], np.repeat([-1e3, 1e3], 3), net.constants])
    for task, law in ((Latch(25), Gaussian(0.2)), (Latch(25, half_width=0.4), Uniform(0.4))):
        ceiling = task.ceiling(1.25)
        assert ceiling == feasibility_ceiling(1.25, law, 25, inputs=3)
        batch = task.sample(2500, 1)
        right = int(np.sum(net.outputs(best, batch) * batch.targets > 0))
        assert fits(stats.binomtest(right, 2500, ceiling).pvalue)
    with pytest.raises(InvalidInput, match="`std` or `half_width` to 0"):
        Latch(9, std=0.1, half_width=0.1).ceiling(2.0)


def test_a_dense_net_cannot_see_an_input_of_the_last_step():
    """Why the shortest 2-sequence has length 4: the input enters one unit, the answer is read from another."""
    net = Dense(5)
    theta = np.append(net.initial([np.random.default_rng(0)])[:, 0], net.constants)
    last_differs = TwoSequence(4, ((1, 1, -1), (1, 1, 1)), shortest=3, half_width=0.0)
    batch = last_differs.sample(200, 0)
    answers = net.outputs(theta, batch)
    for length, distinct in ((3, 1), (4, 2)):
        assert len(set(answers[batch.lengths == length])) == distinct


def test_quiet_inputs_and_symbols():
    assert [(q.input.tolist(), q.periods) for q in Parity(5).quiet_inputs] == [([1.0], (1, 2)), ([-1.0], (1,))]
    assert [q.input.tolist() for q in TwoSequence(5).quiet_inputs] == [[0.0]]
    assert [q.input.tolist() for q in Latch(5, L=1).quiet_inputs] == [[0.0] * 3]
    assert Parity(5).symbols == (0.0,)
    assert TwoSequence(5).symbols == TwoSequence(5, ((1, -1), (1, 1))).symbols == (-0.5, 0.5)
    assert len(TwoSequence(5, "rand").symbols) == len(TwoSequence(5, ((0.3, 0.1), (0, 0))).symbols) == 7


REFUSED = {
    "T below L": (lambda: Latch(2), "at least the number of trained inputs, 3"),
    "std and variance": (lambda: Latch(9, std=0.2, variance=0.2), "contradict each other"),
    "negative std": (lambda: Latch(9, std=-0.1), "`std` must not be negative"),
    "negative variance": (lambda: Latch(9, variance=-0.1), "`variance` must not be negative"),
    "no inputs": (lambda: Latch(9, L=0), "`L` must be at least 1"),
    "T too short": (lambda: TwoSequence(3), r"at least the shortest length, 4 \(`shortest`\); got 3"),
    "shortest below N": (lambda: TwoSequence(9, informative=5, shortest=4), "`shortest` must be at least 5"),
    "unknown prototypes": (lambda: TwoSequence(9, "bit"), "one of bits, rand, sep, const, alt, same"),
    "equal prototypes": (lambda: TwoSequence(9, ((1, 1), (1, 1))), "two different sequences"),
    "three prototypes": (lambda: TwoSequence(9, ((1, 1), (1, 0), (0, 0))), "two different sequences"),
    "N twice": (lambda: TwoSequence(9, ((1, 1), (1, 0)), 3), "leave it out"),
    "same of one step": (lambda: TwoSequence(9, "same", 1), "at least 2"),
    "infinite noise": (lambda: TwoSequence(9, half_width=np.inf), "`half_width` must be finite"),
    "rounding": (lambda: Parity(9, shortest="round"), "'ceil' or 'floor'"),
    "fractional T": (lambda: Parity(2.5), "`T` must be an integer"),
    "no length": (lambda: Parity(0), "`T` must be at least 1"),
    "no sequences": (lambda: Parity(5).sample(0, 1), "`n` must be at least 1"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_settings_are_refused(case):
    make, message = REFUSED[case]
    with pytest.raises(InvalidInput, match=message):
        make()
