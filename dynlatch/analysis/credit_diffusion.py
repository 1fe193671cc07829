"""Diffusion of credit in Markov models: how fast a product of transition matrices forgets where it began.

Bengio and Frasconi (1995), "Diffusion of credit in Markovian models": with `P_t = A_t ... A_1`, columns distributions, credit
is carried back by differences of columns. Two coefficients, in [0, 1] and submultiplicative, tell how much of them is left:

    Dobrushin   tau_1(P) = 1/2 max over j, k of sum_i |P_ij - P_ik|
    Birkhoff    tau_B(P) = tanh(D / 4),   D = max over j, k, i, l of ln (P_ij P_lk / (P_ik P_lj))   (1 where a column has a zero
                           that another has not)

Both are 0 if and only if all columns are the same: the state at the start is forgotten. Nothing diffuses if all entries are
0 or 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InvalidInput
from dynlatch.networks import StateNetwork, SubnetNetwork
from dynlatch.networks.stochastic import dobrushin
from dynlatch.results import Result
from dynlatch.validation import Array, count, inputs_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ENTRIES = 10**7  # numbers at a time
SMALL = 1e-8  # log1p(x) = x below, to half the digits and better


@dataclass(frozen=True, eq=False)
class CreditDiffusion(Result):
    """What is left of differences in the first state, after each step of each run.

    Attributes
    ----------
    log_dobrushin, log_birkhoff : ndarray, shape (T, ...)
        Natural logarithms of tau_1 and tau_B of the product of the first t matrices; 0 is "nothing was lost", -inf "all".
    log_bound : ndarray, shape (T, ...)
        The sum of the single steps' log tau_1: an upper bound on `log_dobrushin` (proved; it is submultiplicative).
    lossless : bool
        Whether every matrix that was used has entries 0 and 1 only.
    """

    log_dobrushin: Array
    log_birkhoff: Array
    log_bound: Array
    lossless: bool

    @property
    def rate(self) -> Array:
        """Mean log tau_1 a step, shape (...)."""
        return np.asarray(self.log_dobrushin[-1] / len(self.log_dobrushin))

    @property
    def half_life(self) -> Array:
        """Steps in which tau_1 halves at that rate, shape (...); inf where nothing is lost."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(0.5) / np.minimum(self.rate, -0.0))

    def summary(self) -> str:
        T, runs = len(self.log_dobrushin), self.log_dobrushin[-1].size
        head = f"credit of {runs} run{'s' * (runs != 1)} of {T} step{'s' * (T != 1)}"
        if self.lossless:
            return f"{head}: nothing diffuses, every transition is certain"
        last, cone = np.median(self.log_dobrushin[-1]), np.median(self.log_birkhoff[-1])
        return (
            f"{head} (medians)\n"
            f"  Dobrushin's tau_1 = {_power(last)}, half-life {np.median(self.half_life):.3g} steps\n"
            f"  Birkhoff's tau_B = {_power(cone)}\n"
            f"  product of the steps' tau_1 (upper bound, proved) = {_power(np.median(self.log_bound[-1]))}"
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Both coefficients in decades against time."""
        from dynlatch.analysis.plots.credit_diffusion import plot_credit_diffusion

        return plot_credit_diffusion(self, ax)


def credit_diffusion(network: StateNetwork | SubnetNetwork, inputs: Any = None, *, steps: int | None = None) -> CreditDiffusion:
    """Ergodicity coefficients of the products of a state network's transition matrices along input sequences.

    They are worked out from differences of columns, rescaled at every step, so that there is no floor at the precision of
    numbers: 1e-200 is as exact as 0.5.

    Parameters
    ----------
    network : StateNetwork or SubnetNetwork
        A hidden Markov model without input is a `StateNetwork` with a single table and no thresholds.
    inputs : array_like, shape (T, ..., m), optional
        They choose the matrix of each step; zero by default.
    steps : int, optional
        T, where no inputs are given.

    Returns
    -------
    CreditDiffusion

    Raises
    ------
    InvalidInput
        If neither or both of `inputs` and `steps` are given, or the network is no state network.

    Examples
    --------
    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> chain = dl.StateNetwork([[[0.9, 0.2], [0.1, 0.8]]], thresholds=[])
    >>> float(analysis.credit_diffusion(chain, steps=1000).rate.round(6))  # ln .7: |det| of a chain of two states
    -0.356675
    """
    if not isinstance(network, (StateNetwork, SubnetNetwork)):
        raise InvalidInput(f"{type(network).__name__} has no transition matrices: use `gradient_decay`.")
    if (inputs is None) == (steps is None):
        raise InvalidInput("give either `inputs` or `steps`.")
    shown = np.zeros((count("steps", steps, least=1), network.input_dim)) if inputs is None else inputs_of(network, inputs)
    T, *batch = shown.shape[:-1]
    # A run at a time: the matrices of all may be more than memory holds.
    runs = [_coefficients(network.matrix(run)) for run in shown.reshape(T, -1, network.input_dim).swapaxes(0, 1)]
    logs = zip(*(run[:3] for run in runs), strict=True)
    product, birkhoff, bound = (np.stack(log, axis=-1).reshape(T, *batch) for log in logs)
    return CreditDiffusion(product, birkhoff, bound, all(run.lossless for run in runs))


class Run(NamedTuple):
    """One run: log tau_1 and log tau_B after each step, the bound, and whether all entries are 0 or 1."""

    log_dobrushin: Array
    log_birkhoff: Array
    log_bound: Array
    lossless: bool


def _coefficients(matrices: Array) -> Run:
    """Those of a run of matrices (T, S, S)."""
    S = matrices.shape[1]
    with np.errstate(divide="ignore"):
        single = [np.log(dobrushin(part)) for part in np.array_split(matrices, 1 + matrices.size * S // ENTRIES)]
    bound, lossless = np.cumsum(np.concatenate(single)), bool(np.isin(matrices, (0.0, 1.0)).all())
    one, other = np.triu_indices(S, 1)
    P, D, log = np.eye(S), np.eye(S)[:, one] - np.eye(S)[:, other], 0.0
    found = np.full((2, len(matrices)), -np.inf)
    for t, A in enumerate(matrices):
        P, D = A @ P, A @ D
        # Differences sum to zero; what rounding adds to the sum would not decay with them.
        D = np.where(np.abs(D.sum(0)) > 0.0, D - D.sum(0) * (np.abs(D) / np.maximum(np.abs(D).sum(0), 1e-300)), D)
        size = float(np.abs(D).sum(0).max(initial=0.0))  # of one state there are no differences
        if size == 0.0:
            break
        D, log = D / size, log + np.log(size)
        found[:, t] = log - np.log(2.0), _log_birkhoff(P, D, log, one, other)
    return Run(found[0], found[1], bound, lossless)


def _log_birkhoff(P: Array, D: Array, log: float, one: NDArray[np.intp], other: NDArray[np.intp]) -> float:
    """ln tanh(d / 4) of the projective diameter d, from columns P and their differences exp(log) D."""
    zero = P == 0.0
    if (zero[:, one] != zero[:, other]).any():
        return 0.0
    kept = ~zero[:, other]
    ratio = np.divide(D, P[:, other], out=np.zeros_like(D), where=kept)
    widest = np.abs(ratio).max()
    if log + np.log(widest) < np.log(SMALL):  # ln(1 + x) is x
        spread = float((np.where(kept, ratio, -np.inf).max(0) - np.where(kept, ratio, np.inf).min(0)).max())
        return log + float(np.log(spread / 4.0))
    logs = np.log(np.where(zero, 1.0, P))
    apart = logs[:, one] - logs[:, other]
    spread = float((np.where(kept, apart, -np.inf).max(0) - np.where(kept, apart, np.inf).min(0)).max())
    if spread < 1e-3:  # the logarithms have lost digits that the differences have not
        apart = np.log1p(np.exp(log) * ratio)
        spread = float((np.where(kept, apart, -np.inf).max(0) - np.where(kept, apart, np.inf).min(0)).max())
    return float(np.log(np.tanh(spread / 4.0)))


def _power(log: float) -> str:
    """exp(log), also where that is no number."""
    decades = log / np.log(10.0)
    return f"10^{decades:.1f}" if -np.inf < decades < -4.0 else f"{np.exp(log):.4g}"
