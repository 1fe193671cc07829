"""`audit`: what a trained network remembers, where its gradients go, and why, in one call."""

from __future__ import annotations

from typing import Any

from dynlatch.analysis.audit.result import Audit
from dynlatch.analysis.audit.setup import prepare
from dynlatch.analysis.audit.work import ESSENTIAL, STAGES, Work
from dynlatch.maps import SmoothMap
from dynlatch.progress import stages
from dynlatch.randomness import Rng


def audit(
    network: SmoothMap,
    inputs: Any = None,
    *,
    targets: Any = None,
    cost: Any = None,
    lengths: Any = None,
    context: Any = None,
    batch_first: bool = False,
    name: str = "network",
    rng: Rng = 0,
    progress: bool = False,
) -> Audit:
    """Where the gradients of a trained network go, and why: memory states, horizons, verdicts, and findings in plain words.

    What does not fit the size of the network or of the data is left out, and `left_out` says so: an audit takes seconds to
    a minute.

    Parameters
    ----------
    network : SmoothMap
        A network of the core, one loaded by `dynlatch.load_network`, or any map with derivatives (then what concerns
        weights is left out).
    inputs : array_like, optional
        Sequences to follow the network along, from the zero state: one (T, m), several (T, sequences, m), or a list of
        (T_i, m) of unequal lengths. Arrays are read in pieces, never copied whole: `numpy.load(..., mmap_mode="r")` works
        for any size. Sampled unit pulses by default.
    targets : array_like, optional
        What the outputs should be: one a sequence, or one a step, of which the last counts. Numbers (..., q) for
        "squared error" and a cost of your own, class numbers for "cross-entropy".
    cost : {"squared error", "cross-entropy"} or callable, optional
        Of the last step's outputs, those of the network's own readout where it has one. A function gets outputs (S, q) and
        targets (S, ...) and returns (values (S,), gradient by the outputs (S, q)). "squared error" by default; without
        targets half the sum of the squared outputs.
    lengths : array_like, shape (sequences,), optional
        Steps of each sequence of a padded array.
    context : array_like, shape (m,), optional
        Constant input under which the memory states are taken, that of a network at rest; zero by default.
    batch_first : bool
        Whether `inputs` (and `targets`) come as (sequences, T, m), PyTorch's other order.
    name : str
        What the network is called in the report.
    rng : int, Generator or None
        For the searches and the sampled inputs; 0 by default, so that an audit can be repeated.
    progress : bool
        Show the stages on stderr.

    Returns
    -------
    Audit

    Raises
    ------
    InvalidInput
        If inputs, targets or context do not fit the network, are empty or not finite, or a run leaves the finite numbers.

    Examples
    --------
    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> report = analysis.audit(dl.LatchNeuron(2.0))
    >>> len(report.memory_states), report.bits, report.memories[0].threshold.lower.__round__(6)
    (2, 1.0, 0.53284)
    """
    setup = prepare(network, inputs, targets, cost, lengths, context, batch_first=batch_first, name=name, rng=rng)
    work = Work(setup)
    with stages(len(STAGES) + 2, shown=progress) as enter:
        for stage in STAGES:
            stage(work, enter)
    return work.record()


def audit_until_interrupted(
    network: SmoothMap, inputs: Any = None, *, progress: bool = False, **arguments: Any
) -> tuple[Audit, bool]:
    """As `audit`, but an interrupt (Ctrl-C) ends it with what is known by then, if that is enough; whether one came.

    For programs in which nothing goes on after it: in a training loop an interrupt is not the audit's to keep.
    """
    work = Work(prepare(network, inputs, **arguments))
    done = 0
    try:
        with stages(len(STAGES) + 2, shown=progress) as enter:
            for stage in STAGES:
                stage(work, enter)
                done += 1
    except KeyboardInterrupt:
        if done < ESSENTIAL:
            raise
        work.leave_out("Everything that comes after it in an audit: it was interrupted.")
    return work.record(), done < len(STAGES)
