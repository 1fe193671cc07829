"""`GradientAudit`: audits of a network while it is being trained."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from dynlatch.analysis.audit.cost import Cost, cost_of
from dynlatch.analysis.audit.film import AuditFilm, film_strip
from dynlatch.analysis.audit.frames import logged_trajectories
from dynlatch.analysis.audit.glance import glance
from dynlatch.analysis.audit.result import Audit
from dynlatch.analysis.audit.sequences import Sequences, sequences_of
from dynlatch.analysis.fixed_points import FixedPoints
from dynlatch.analysis.report.data import as_dict
from dynlatch.errors import InvalidInput
from dynlatch.interop import from_torch
from dynlatch.maps import Parametric
from dynlatch.networks import LatchNeuron
from dynlatch.randomness import Rng, generator
from dynlatch.validation import count, positive_number

FAILURE = "dynlatch.audit-failure/1"
KEPT = 500  # audits that are kept in memory; of more, every second one is let go


@dataclass(eq=False)
class GradientAudit:
    """Audits a network every so many steps of its training: call it once a step with the model.

    Each audit is a cheap subset of `audit`: fixed points followed from the last ones, the decay of the gradient and its split
    by delay along a few sequences. It draws no random numbers but its own and changes nothing of the model. It never raises
    into the training loop: a network that cannot be audited (weights that are not finite, states that overflow, no recurrent
    layer) leaves the reason in the place of the audit.

    Parameters
    ----------
    every : int
        Steps of training from one audit to the next.
    inputs, targets, cost, lengths, batch_first
        As in `audit`; without inputs, sampled pulses.
    path : path-like, optional
        File to which every audit is appended as one line of JSON: what `Audit.to_dict` gives, with the "step" of training
        and some "trajectories". Lines are written whole, at once; `film_strip(path)` reads them.
    layer, nonlinearity
        As in `dynlatch.from_torch`.
    at_most : float
        Largest share of the loop's time that audits may take: one that would take more is put off. 0.05 is 5 %.
    rng : int, Generator or None
        For sampled inputs.

    Attributes
    ----------
    step : int
        Calls so far.
    audits : list of Audit
        What was found, each named by its step.
    failures : dict of int to str
        Steps at which there was no audit, and why.
    spent : float
        Seconds that the audits took.

    Raises
    ------
    InvalidInput
        If `every` or `at_most` is not positive. Inputs are checked at the first call, when the network is known.

    Examples
    --------
    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> watch = analysis.GradientAudit(every=10)
    >>> for step in range(1, 21):
    ...     network = dl.LatchNeuron(0.1 * step)  # in PyTorch: the model, after optimizer.step()
    ...     report = watch(network)
    >>> [len(report.memory_states) for report in watch.audits][0]
    1
    """

    every: int = 100
    inputs: Any = field(default=None, kw_only=True, repr=False)
    targets: Any = field(default=None, kw_only=True, repr=False)
    cost: Any = field(default=None, kw_only=True)
    lengths: Any = field(default=None, kw_only=True, repr=False)
    batch_first: bool = field(default=False, kw_only=True)
    path: str | os.PathLike[str] | None = field(default=None, kw_only=True)
    layer: str | None = field(default=None, kw_only=True)
    nonlinearity: Any = field(default=None, kw_only=True)
    at_most: float = field(default=0.05, kw_only=True)
    rng: Rng = field(default=0, kw_only=True, repr=False)

    step: int = field(default=0, init=False)
    audits: list[Audit] = field(default_factory=list, init=False, repr=False)
    failures: dict[int, str] = field(default_factory=dict, init=False, repr=False)
    spent: float = field(default=0.0, init=False)
    _began: float = field(default=0.0, init=False, repr=False)
    _longest: float = field(default=0.0, init=False, repr=False)
    _due: bool = field(default=True, init=False, repr=False)
    _data: tuple[int, Sequences] | None = field(default=None, init=False, repr=False)
    _last: FixedPoints | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self.every = count("every", self.every, least=1)
        self.at_most = positive_number("at_most", self.at_most)
        _load()

    def __call__(self, model: Any) -> Audit | None:
        """One step of training is done; the audit of this step, where one was made."""
        now = time.perf_counter()
        if self.step == 0:
            self._began = now
        self.step += 1
        self._due = self._due or self.step % self.every == 0
        if not self._due or not self._affordable(now):
            return None
        self._due = False
        try:
            return self._audited(model)
        finally:
            took = time.perf_counter() - now
            self.spent += took
            self._longest = max(0.5 * self._longest, took)

    @property
    def share(self) -> float:
        """Share of the time since the first call that audits took."""
        return self.spent / max(time.perf_counter() - self._began, 1e-9) if self.step else 0.0

    def film(self) -> AuditFilm:
        """The audits so far as a film strip; of a run without any, an error as from `film_strip`."""
        return film_strip(self.audits)

    def _affordable(self, now: float) -> bool:
        """Whether one more audit, as long as the last ones, keeps to the share; the first is made in any case."""
        return self.step == 1 or self.spent + self._longest <= self.at_most * (now - self._began)

    def _audited(self, model: Any) -> Audit | None:
        # Whatever is wrong with the network or the disk, the training goes on; an interrupt from the keyboard does get through.
        try:
            with np.errstate(all="ignore"):
                report = self._look(model)
            self._keep(report)
            self._write({"step": self.step, **as_dict(report), "trajectories": logged_trajectories(report)})
        except Exception as error:
            self._fail(" ".join(str(error).split()) or type(error).__name__)
            return None
        return report

    def _look(self, model: Any) -> Audit:
        network = (
            model if isinstance(model, Parametric) else from_torch(model, layer=self.layer, nonlinearity=self.nonlinearity)
        )
        if not isinstance(network, Parametric):
            raise InvalidInput(f"a {type(network).__name__} has no parameters that could be audited.")
        sequences, cost = self._prepared(network)
        return glance(network, sequences, cost, self._last, self.step)

    def _prepared(self, network: Parametric) -> tuple[Sequences, Cost]:
        """Sequences, checked once, and the cost through this network's readout."""
        if self._data is None or self._data[0] != network.input_dim:
            zero = np.zeros(network.input_dim)
            read = sequences_of(network.input_dim, self.inputs, self.lengths, zero, generator(self.rng), self.batch_first)
            self._data = network.input_dim, read
        sequences = self._data[1]
        return sequences, cost_of(network, sequences, self.targets, self.cost, batch_first=self.batch_first)

    def _keep(self, report: Audit) -> None:
        self._last = report.fixed_points
        self.audits.append(report)
        if len(self.audits) > KEPT:
            del self.audits[1::2]

    def _fail(self, reason: str) -> None:
        self.failures[self.step] = reason
        try:
            self._write({"step": self.step, "schema": FAILURE, "name": f"step {self.step}", "failure": reason})
        except OSError:
            return

    def _write(self, line: dict[str, Any]) -> None:
        """Append one line with one call, so that an interrupt or a crash leaves whole lines."""
        if self.path is None:
            return
        text = json.dumps(line, allow_nan=False) + "\n"
        handle = os.open(Path(self.path), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(handle, text.encode("utf-8", "backslashreplace"))
        finally:
            os.close(handle)


def _load() -> None:
    """Load what an audit needs, by one of a single unit: before the loop, not in its first step."""
    network = LatchNeuron(2.0)
    sequences = sequences_of(1, None, None, np.zeros(1), generator(0), False)
    as_dict(glance(network, sequences, cost_of(network, sequences, None, None, batch_first=False), None, 0))
