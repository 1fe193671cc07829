"""Train the two networks of `examples/data`: a GRU and a tanh network that remember three bits.

Needs the torch extra (`pip install 'dynlatch[torch]'`). One network a run, on one CPU core, two to four minutes each:

    python examples/train_flipflop.py gru
    python examples/train_flipflop.py rnn

The task (Sussillo and Barak, Neural Computation 25, 2013): three channels carry rare pulses of +1 or -1, and each
output holds the sign of the last pulse on its channel. Three bits take eight attractors.
"""

# %% Settings. Every number that shaped the shipped files is here.
from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

import dynlatch as dl

DATA = Path(__file__).resolve().parent / "data"
BITS = 3
Network = dl.GRU | dl.ElmanNetwork


@dataclass(frozen=True)
class Settings:
    """What one network is trained with."""

    kind: str
    hidden: int
    seed: int
    steps: int = 2500
    batch: int = 64
    length: int = 100
    learning_rate: float = 5e-3
    state_noise: float = 0.1
    weight_decay: float = 1e-4


SETTINGS = {
    "gru": Settings("GRU", hidden=24, seed=1),
    "rnn": Settings("RNN", hidden=48, seed=1),
}


# %% The task.
def pulses(length: int, batch: int, rate: np.ndarray | float, rng: np.random.Generator) -> np.ndarray:
    """Inputs (T, batch, 3): pulses of random sign with probability `rate`, and surely one in the first ten steps."""
    shape = (length, batch, BITS)
    signs = rng.choice([-1.0, 1.0], size=shape)
    fires = rng.random(shape) < np.reshape(rate, (1, -1, 1))
    first = rng.integers(0, 10, size=(1, batch, BITS))
    return np.where(fires | (np.arange(length)[:, None, None] == first), signs, 0.0)


def last_signs(inputs: np.ndarray) -> np.ndarray:
    """Targets (T, batch, 3): the sign of the last pulse of the channel; 0 before the first."""
    held = np.zeros_like(inputs)
    for t in range(len(inputs)):
        held[t] = np.where(inputs[t] != 0, inputs[t], held[t - 1] if t else 0.0)
    return held


# %% Training. Rare pulses make the gaps long; the noise in the state makes each memory a proper well, not a slow drift.
class Net(torch.nn.Module):
    """One recurrent layer `rnn` and a linear `readout`: the names under which the weights are saved."""

    def __init__(self, kind: str, hidden: int) -> None:
        super().__init__()
        self.rnn = getattr(torch.nn, kind)(BITS, hidden)
        self.readout = torch.nn.Linear(hidden, BITS)

    def noisy(self, inputs: torch.Tensor, h: torch.Tensor, noise: float) -> torch.Tensor:
        """Outputs (T, batch, 3) with Gaussian noise added to the state after every step."""
        weights = [self.rnn.weight_ih_l0, self.rnn.weight_hh_l0, self.rnn.bias_ih_l0, self.rnn.bias_hh_l0]
        cell = torch.gru_cell if isinstance(self.rnn, torch.nn.GRU) else torch.rnn_tanh_cell
        states = []
        for x in inputs:
            h = cell(x, h, *weights)
            h = h + noise * torch.randn_like(h)
            states.append(h)
        return self.readout(torch.stack(states))


def start_states(batch: int, hidden: int) -> torch.Tensor:
    """Half of the sequences start at rest, half anywhere: no corner of the state space is left untrained."""
    h = 2.0 * torch.rand(batch, hidden) - 1.0
    h[: batch // 2] = 0.0
    return h


def train(settings: Settings) -> Net:
    """Adam on the squared error of every remembered bit, the learning rate falling to zero along a cosine."""
    torch.manual_seed(settings.seed)
    torch.set_num_threads(1)
    rng = np.random.default_rng(settings.seed)
    net = Net(settings.kind, settings.hidden)
    optimizer = torch.optim.AdamW(net.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, settings.steps)
    for step in range(settings.steps):
        rate = np.exp(rng.uniform(np.log(0.005), np.log(0.2), size=settings.batch))
        inputs = pulses(settings.length, settings.batch, rate, rng)
        target = torch.tensor(last_signs(inputs), dtype=torch.float32)
        h = start_states(settings.batch, settings.hidden)
        output = net.noisy(torch.tensor(inputs, dtype=torch.float32), h, settings.state_noise)
        loss = ((output - target) ** 2)[target != 0].mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 250 == 0 or step == settings.steps - 1:
            print(f"step {step:5d}  loss {loss.item():.4f}", flush=True)
    return net


# %% Checks, with dynlatch alone, in float64: what is shipped is what is measured.
def accuracy(network: Network, inputs: np.ndarray) -> float:
    """Fraction of right signs, over all steps from the first pulse of each channel on, from the state zero."""
    states = dl.trajectory(network, np.zeros((inputs.shape[1], network.dim)), inputs)
    target = last_signs(inputs)
    return float((np.sign(network.readout(states[1:])) == target)[target != 0].mean())


def resting_states(network: Network, starts: int, rng: np.random.Generator, steps: int = 6000) -> np.ndarray:
    """Where quiet runs from many states end: uniform in the cube, at its corners, and near its centre."""
    a = rng.uniform(-1, 1, size=(starts, network.dim))
    a[: starts // 3] = np.sign(a[: starts // 3])
    a[starts // 3 : starts // 2] *= 0.1
    for _ in range(steps):
        a = network.step(a)
    return a


def polish(network: Network, a: np.ndarray) -> np.ndarray:
    """Five Newton steps on `step(a) - a = 0`."""
    for _ in range(5):
        a = a - np.linalg.solve(network.jacobian(a) - np.eye(network.dim), (network.step(a) - a)[..., None])[..., 0]
    return a


def eight_memories(network: Network, rng: np.random.Generator) -> np.ndarray:
    """Spectral radii of the attractors; an error unless they are eight fixed points, one a pattern of three bits."""
    ends = resting_states(network, 3000, rng)
    moved = np.abs(network.step(ends) - ends).max()
    assert moved < 1e-10, f"some runs have not come to rest: the last step is {moved:.2g}"
    points = polish(network, ends)
    assert np.abs(points - ends).max() < 1e-6, "Newton's method left a resting state"
    distinct = points[np.unique(points.round(6), axis=0, return_index=True)[1]]
    patterns = np.unique(np.sign(network.readout(distinct)), axis=0)
    assert len(distinct) == len(patterns) == 2**BITS, f"{len(distinct)} attractors hold {len(patterns)} patterns"
    radii = np.abs(np.linalg.eigvals(network.jacobian(distinct))).max(axis=-1)
    assert radii.max() <= 0.97, f"a memory has spectral radius {radii.max():.4f}: too slow"
    return radii


def report(network: Network) -> None:
    """Print what `examples/data/README.md` states."""
    rng = np.random.default_rng(2013)
    for rate in (0.05, 0.01):
        print(f"accuracy at T = 500, pulse rate {rate}: {accuracy(network, pulses(500, 400, rate, rng)):.5%}")
    radii = eight_memories(network, rng)
    print(f"eight attracting fixed points, one a pattern; spectral radii {radii.min():.4f} to {radii.max():.4f}")


# %% One run.
def main() -> None:
    parser = argparse.ArgumentParser(description="Train one of the networks of examples/data.")
    parser.add_argument("net", choices=sorted(SETTINGS))
    parser.add_argument("--seed", type=int, help="another seed than the shipped one; then nothing is written")
    arguments = parser.parse_args()
    settings = SETTINGS[arguments.net]
    if arguments.seed is not None:
        settings = replace(settings, seed=arguments.seed)
    began = time.perf_counter()
    net = train(settings)
    print(f"trained in {time.perf_counter() - began:.0f} s")
    report(dl.from_torch(net))
    if arguments.seed is None:
        save_file(net.state_dict(), DATA / f"flipflop_{arguments.net}.safetensors")
        inputs = pulses(100, 16, 0.05, np.random.default_rng(0))
        np.save(DATA / "flipflop_inputs.npy", inputs.astype(np.float32))


if __name__ == "__main__":
    main()
