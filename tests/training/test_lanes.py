"""What the compiled kernels are made of: tanh, random numbers, packs of lanes, steps, the cache."""

import importlib.util
import shutil
from pathlib import Path

import numpy as np
import pytest

from dynlatch import lanes
from dynlatch.errors import InvalidInput
from dynlatch.lanes import random
from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.descent import descend
from dynlatch.lanes.packs import LINE, WIDTH, aligned, begins, load, pack, padded, store, zeros
from dynlatch.lanes.units import EXPONENTIAL, LINEAR, LOGISTIC, RELU, TANH, THRESHOLD, exponential, respond, slope, tanh
from dynlatch.lanes.wiring import Connection, backward, forward, gradient, wire


@kernel
def tanh_of(x, y):
    for lane in begins(x.shape[1]):
        store(y, (0, lane), tanh(load(x, (0, lane), pack())))


def test_tanh_is_right_to_four_units_in_the_last_place():
    rng = np.random.default_rng(0)
    many = [rng.choice([-1, 1], 200_000) * 10.0 ** rng.uniform(-300, 2, 200_000), rng.uniform(-20, 20, 200_000)]
    x = padded(np.concatenate([*many, rng.uniform(-1, 1, 200_000), np.arange(-60, 61) * np.log(2) / 4])[None])
    y = np.empty_like(x)
    tanh_of(x, y)
    expected = np.tanh(x)
    assert np.all(np.abs(y - expected) <= 4 * np.spacing(np.abs(expected)))
    assert np.all(np.abs(y) <= 1)
    alone = np.array([tanh(value) for value in x[0, ::997]])
    assert np.array_equal(y[0, ::997], alone)


def test_tanh_at_the_ends():
    x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, -1e-310, 1e308])
    found = np.array([tanh(value) for value in x])
    np.testing.assert_array_equal(found, [0.0, -0.0, 1.0, -1.0, np.nan, 5e-324, -1e-310, 1.0])
    assert np.signbit(found[1])


@pytest.mark.parametrize(
    ("kind", "function", "derivative"),
    [
        (TANH, np.tanh, lambda x: 1 - x**2),
        (LINEAR, lambda a: a, lambda x: 1.0),
        (LOGISTIC, lambda a: 1 / (1 + np.exp(-a)), lambda x: x * (1 - x)),
        (THRESHOLD, lambda a: 1.0 if a >= 0 else -1.0, lambda x: 0.0),
        (RELU, lambda a: max(a, 0.0), lambda x: float(x > 0)),
        (EXPONENTIAL, np.exp, lambda x: x),
    ],
)
@pytest.mark.parametrize("a", [-30.0, -1.3, 0.0, -0.0, 0.4, 5.0])
def test_units(kind, function, derivative, a):
    x = respond(kind, a)
    assert x == pytest.approx(function(a), rel=1e-14, abs=1e-14)
    assert slope(kind, x) == pytest.approx(derivative(x), rel=1e-14, abs=1e-14)


def test_exp_is_right_to_four_units_in_the_last_place():
    x = np.concatenate([np.random.default_rng(0).uniform(-745, 709.7, 3000), np.arange(-60, 61) * np.log(2) / 4, [1e-300, 0]])
    y, expected = np.array([exponential(value) for value in x]), np.exp(x)
    assert np.all(np.abs(y - expected) <= 4 * np.spacing(expected))
    ends = np.array([exponential(value) for value in (np.inf, -np.inf, np.nan, 710.0, -746.0)])
    np.testing.assert_array_equal(ends, [np.inf, 0.0, np.nan, np.inf, 0.0])


def test_random_numbers_are_those_of_numpy():
    seeds = np.random.SeedSequence(7).spawn(3)
    state = random.states(seeds)
    drawn = np.array([[random.uniform(state, lane) for _ in range(50)] for lane in (2, 0, 1)])
    expected = [np.random.Generator(np.random.SFC64(seeds[lane])).random(50) for lane in (2, 0, 1)]
    assert np.array_equal(drawn, expected)


def test_integers_and_normal_numbers():
    state = random.states(np.random.SeedSequence(8).spawn(1))
    integers = np.array([random.integer(state, 0, 5) for _ in range(2000)])
    assert np.all(np.abs(np.bincount(integers, minlength=5) - 400) < 90)  # 5 standard deviations
    normal = np.array([random.normal(state, 0) for _ in range(4000)])
    assert abs(normal.mean()) < 5 / 4000**0.5
    assert abs(normal.var() - 1) < 5 * (2 / 4000) ** 0.5


def test_lanes_come_in_whole_packs():
    with pytest.raises(ValueError, match="whole packs"):
        tanh_of(np.zeros((1, WIDTH + 1)), np.zeros((1, WIDTH + 1)))
    given = np.arange(6.0).reshape(2, 3)
    assert padded(given).shape == (2, WIDTH)
    assert np.array_equal(padded(given)[:, :3], given)
    assert not padded(given)[:, 3:].any()
    assert padded(np.zeros((2, WIDTH))).shape == (2, WIDTH)


def test_a_lane_has_the_same_bits_in_whatever_pack():
    rng, n, T, L = np.random.default_rng(3), 3, 12, 2 * WIDTH + 5
    made = [Connection(i, j, 3 * i + j, int(rng.integers(1, 4))) for i in range(n) for j in range(n)]
    made += [Connection(1, 0, 4, 2, 2, 1), Connection(2, 1, 8, 0, 1, 0)]
    net = wire([*made, Connection(0, 3, 9, 0)], kinds=[TANH, LOGISTIC, LINEAR], inputs=1, output=2, trained=9)
    theta, u, e = rng.uniform(-0.5, 0.5, (10, L)), rng.uniform(-1, 1, (T + 1, L)), rng.uniform(-1, 1, (T + 1, n, L))
    results = []
    for chosen in (np.arange(L), [1], [L - 1, 0], np.r_[4 : 4 + WIDTH]):
        s, a = (padded(np.zeros((T + 1, rows, len(chosen)))) for rows in (n + 2, n))
        s[:, n], d, w = padded(u[:, chosen]), padded(e[..., chosen]), padded(theta[:, chosen])
        g = np.empty_like(w)
        forward(net, w, T, s, a)
        backward(net, w, T, s, d)
        gradient(net, T, s, d, g)
        results.append((chosen, *(array[..., : len(chosen)] for array in (s, a, d, g))))
    for chosen, *arrays in results[1:]:
        for whole, part in zip(results[0][1:], arrays, strict=True):
            assert np.array_equal(whole[..., chosen], part)


def test_a_step():
    theta, change = np.array([[1.0, 1.0, 49.0, 3.0], [7.0] * 4]), np.array([[0.2, 0.2, 0.2, 0.2], [0.0] * 4])
    direction, live = np.array([[1.0, 1.0, -1e9, np.nan], [1.0] * 4]), np.array([1.0, 0.0, 1.0, 1.0])
    descend(theta, change, direction, 0.1, 0.5, 1, live)
    np.testing.assert_allclose(theta[0], [1.0, 1.0, 50.0, 3.0])  # 0.5 * 0.2 - 0.1 = 0; asleep; at the limit; no number
    np.testing.assert_allclose(change[0], [0.0, 0.2, 100.0, 0.0], atol=1e-17)
    assert np.all(theta[1] == 7.0)


@pytest.mark.parametrize(
    "connection",
    [
        *(Connection(0, 5, 0), Connection(2, 0, 0), Connection(0, 0, 0, 0), Connection(0, 1, 0, 0), Connection(0, 1, 0, -1)),
        *(Connection(0, 0, 0, 1, 5), Connection(0, 0, 0, 1, 0, 0), Connection(0, 0, 0, 1, 1, 0), Connection(0, 0, 0, 1, 0, -1)),
        Connection(0, 0, 0, 0, 1, 1),
    ],
)
def test_impossible_wirings(connection):
    with pytest.raises(InvalidInput):
        wire([connection], kinds=[TANH, TANH], inputs=2, output=1, trained=1)


@pytest.mark.parametrize("output", [2, -1, (), (0, 0), (0, 2)])
def test_impossible_outputs(output):
    with pytest.raises(InvalidInput, match="`output` must be"):
        wire([Connection(0, 0, 0)], kinds=[TANH, TANH], inputs=2, output=output, trained=1)


def test_the_cache_is_renewed_when_any_kernel_of_the_package_changes(tmp_path):
    copy = tmp_path / "lanes"
    shutil.copytree(Path(lanes.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    spec = importlib.util.spec_from_file_location("compiling_copy", copy / "compiling.py")
    compiling = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(compiling)
    before = compiling._folder()
    compiling._folder.cache_clear()
    assert compiling._folder() == before
    (copy / "units.py").write_text((copy / "units.py").read_text() + "# edited\n")
    compiling._folder.cache_clear()
    assert compiling._folder() != before


OF_ALL_KINDS = (
    np.arange(12.0),
    np.arange(12).reshape(3, 4).T,
    np.zeros((3, 0, 4)),
    np.ones((2, 3), dtype=bool),
    np.arange(20, dtype=np.uint64)[1::3],
)


@pytest.mark.parametrize("array", OF_ALL_KINDS)
def test_aligned_arrays_begin_a_line_and_are_the_same(array):
    found = aligned(array)
    assert found.ctypes.data % LINE == 0 or not array.size, "where nothing is has no place"
    assert found.flags.c_contiguous
    assert found.flags.writeable
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)
    assert aligned(found) is found or not array.size
    assert zeros(*array.shape, dtype=array.dtype).shape == array.shape
