"""What a task, an architecture and a learning rule must offer. They meet only through these protocols.

To add a rule, write one frozen dataclass with `refuses`, `init` and `update`; to add a task, one with `sample`; to add an
architecture, one with `initial`, `network` and `cell`. Everything else of the training layer then works with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from dynlatch.maps import Map
from dynlatch.validation import Array

if TYPE_CHECKING:
    from dynlatch.lanes.show import Criterion, Lanes, Noise, Work

# Arrays that a rule keeps between calls; the last axis of every one is the lane.
State: TypeAlias = tuple[NDArray[Any], ...]


class QuietInput(NamedTuple):
    """A constant input under which portraits of a task's networks are drawn, and the periods of the attractors to expect."""

    input: Array  # (m,)
    periods: tuple[int, ...] = (1,)


@dataclass(frozen=True, eq=False)
class Sequences:
    """Labelled sequences of one trial.

    Attributes
    ----------
    inputs : ndarray, shape (T, n, m)
        Time first; zero after the end of a sequence.
    lengths : ndarray of int, shape (n,)
    targets : ndarray, shape (n,)
        The class, -1 or +1; all 0 where there are no classes.
    desired : ndarray, shape (T, n, k), optional
        Targets of the k outputs at any step, NaN where nothing is asked: row t for the outputs that have read row t of the
        inputs. None where the class is asked, at the end.
    """

    inputs: Array
    lengths: NDArray[np.int64]
    targets: Array
    desired: Array | None = None


@runtime_checkable
class Task(Protocol):
    """A problem that a bit must be stored for.

    1. `T` is the longest length, `input_dim` the number of inputs m.
    2. `concrete(rng)` is the task of one trial, with what is drawn once (prototypes) drawn; a task without such is its own.
    3. `sample(n, rng)` draws n labelled sequences, noise included; `training_set(n, rng)` those that a trial is trained on,
       to which `noise` (lanes.show.Noise) is added at every presentation where noise is fresh.
    4. `criterion` says when an answer is right; `streak(n)` how many right answers in a row end a trial of n sequences.
    5. `quiet_inputs` are the constant inputs under which portraits are drawn.
    6. Where numbers are asked at steps (`Sequences.desired`), the criterion has a `tolerance` or an `among`, and `output_dim`
       is the number of outputs that are asked, 1 for a task without it.
    """

    @property
    def T(self) -> int: ...
    @property
    def input_dim(self) -> int: ...
    @property
    def criterion(self) -> Criterion: ...
    @property
    def noise(self) -> Noise: ...
    @property
    def quiet_inputs(self) -> tuple[QuietInput, ...]: ...
    def streak(self, n: int) -> int: ...
    def concrete(self, rng: np.random.Generator) -> Task: ...
    def sample(self, n: int, rng: np.random.Generator) -> Sequences: ...
    def training_set(self, n: int, rng: np.random.Generator) -> Sequences: ...


@runtime_checkable
class Architecture(Protocol):
    """A shape without weights.

    1. `initial(streams)` draws the trained parameters of one trial a stream: theta (P, L), one column a trial.
    2. `network(column)` is the frozen map with those parameters: what the monitor, the analysis and the user receive.
    3. `cell()` is the compiled form, a NamedTuple of `dynlatch.lanes`; `constants` (F,) its untrained weights.
    4. `outputs(theta, sequences)` are the answers (n,) of one network, a column of theta with the constants (P + F,), each
       at the end of its sequence, or, of sequences with `desired`, the k outputs after every step (T, n, k);
       `column(network)` (P,) are the parameters of a map made by `network`.
    """

    @property
    def input_dim(self) -> int: ...
    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def constants(self) -> Array: ...
    def initial(self, streams: Sequence[np.random.Generator]) -> Array: ...
    def network(self, column: Array) -> Map: ...
    def cell(self) -> Any: ...
    def outputs(self, theta: Array, sequences: Sequences) -> Array: ...
    def column(self, network: Map) -> Array: ...


@dataclass(frozen=True, eq=False)
class Show:
    """What a rule sees of the data: the compiled lanes, and the room its kernels work in."""

    lanes: Lanes
    work: Work


@runtime_checkable
class Rule(Protocol):
    """A learning rule with frozen settings.

    1. `refuses(model, task)` is None, or one sentence that says why the rule cannot train this model, and what fits.
    2. `init(model, theta, show, streams)` gives the arrays that the rule keeps between calls, lanes on the last axis.
    3. `update(model, theta, state, show)` trains in place until every lane sleeps: learned, at the budget, or at the pause.
       It sees data only through the functions of `lanes.show`, which count. Where it stops does not change what it computes.
    """

    def refuses(self, model: Architecture, task: Task) -> str | None: ...
    def init(self, model: Architecture, theta: Array, show: Show, streams: Sequence[np.random.SeedSequence]) -> State: ...
    def update(self, model: Architecture, theta: Array, state: State, show: Show) -> None: ...
