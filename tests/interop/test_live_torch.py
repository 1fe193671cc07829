"""`GradientAudit` in a PyTorch training loop."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dynlatch import analysis, from_torch

torch = pytest.importorskip("torch")


class Net(torch.nn.Module):
    def __init__(self, kind="GRU"):
        super().__init__()
        self.encoder = getattr(torch.nn, kind)(2, 6)
        self.readout = torch.nn.Linear(6, 1)

    def forward(self, inputs):
        return self.readout(self.encoder(inputs)[0][-1])


def trained(watch, kind="GRU", steps=9):
    torch.manual_seed(0)
    model = Net(kind)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(steps):
        inputs = torch.randn(12, 8, 2, generator=torch.Generator().manual_seed(step))
        loss = torch.nn.functional.mse_loss(model(inputs), inputs[0, :, :1])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if watch is not None:
            watch(model)
    return model, optimizer


@pytest.mark.parametrize("kind", ["GRU", "LSTM", "RNN"])
def test_it_sees_the_model_and_leaves_it_alone(tmp_path, kind):
    probe = torch.randn(12, 8, 2, generator=torch.Generator().manual_seed(99))
    watch = analysis.GradientAudit(every=4, inputs=probe, targets=probe[0, :, :1], path=tmp_path / "audit.jsonl", at_most=1e9)
    model, _ = trained(watch, kind)
    assert [report.name for report in watch.audits] == ["step 1", "step 4", "step 8"]
    assert watch.failures == {}
    assert "squared error of the network's own readout" in watch.audits[0].cost
    # The same training without it gives the same bits.
    alone, _ = trained(None, kind)
    for one, other in zip(model.parameters(), alone.parameters(), strict=True):
        assert torch.equal(one, other)
    assert model.training
    report = analysis.GradientAudit(every=1, inputs=probe, at_most=1e9)(model)
    network = from_torch(model)
    decay = analysis.gradient_decay(network, np.zeros(network.dim), probe[:, :4].numpy().astype(float))
    np.testing.assert_allclose(report.along_inputs.log_norms, decay.log_norms, atol=1e-10)
    assert len(analysis.film_strip(tmp_path / "audit.jsonl").frames) == 3


def test_weights_that_are_not_finite_leave_a_reason(tmp_path):
    watch = analysis.GradientAudit(every=1, path=tmp_path / "audit.jsonl", at_most=1e9)
    model = Net()
    assert watch(model) is not None
    with torch.no_grad():
        model.encoder.weight_hh_l0[0, 0] = float("nan")
    assert watch(model) is None
    assert "weight_hh" in watch.failures[2]
    film = analysis.film_strip(tmp_path / "audit.jsonl")
    assert [bool(frame.failure) for frame in film.frames] == [False, True]


def test_the_example_runs(tmp_path):
    script = Path(__file__).parents[2] / "examples" / "use_05_audit_while_training.py"
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path), "40"],
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "error", "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert "of the loop" in done.stdout
    assert (tmp_path / "film.html").stat().st_size > 10_000
    assert len((tmp_path / "audit.jsonl").read_text().splitlines()) == 1
