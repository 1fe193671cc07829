"""Everything the linearisation says of a fixed point or cycle: multipliers, norms, non-normality, an adapted norm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.attractor import polish
from dynlatch.analysis.contraction import adapted_metrics
from dynlatch.analysis.nonnormality import departure, kreiss_constant, power_norms
from dynlatch.analysis.outcomes import Stability, classify
from dynlatch.analysis.structure import at_kink
from dynlatch.errors import InvalidInput, NotAttracting
from dynlatch.linalg import matrix_norm, spectra
from dynlatch.maps import Map, coordinates, require_smooth
from dynlatch.results import Result
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NORMS: tuple[tuple[str, float | str], ...] = (("1", 1), ("2", 2), ("inf", np.inf), ("fro", "fro"))
SLOWNESS = 0.5  # the adapted norm is that of rate rho + 0.5 (1 - rho): half-way between the fastest there is and none


@dataclass(frozen=True, eq=False)
class LocalStability(Result):
    """Linear stability of a fixed point or cycle. J is the Jacobian of M^p at the first point, p the period.

    Attributes
    ----------
    points : ndarray, shape (p, n)
        The orbit, polished.
    jacobian : ndarray, shape (n, n)
    eigenvalues : complex ndarray, shape (n,)
        Multipliers, by falling modulus: the same at every point of a cycle and in all coordinates.
    stability : Stability
    norms : dict
        Of J: operator norms "1", "2", "inf", and "fro". They depend on the coordinates.
    departure : float
        Henrici's departure from normality, `sqrt(|J|_F^2 - sum |lambda|^2)`.
    kreiss : float
        Lower estimate of the Kreiss constant `sup_{|z|>1} (|z| - 1) |(z - J)^-1|_2`: some power of J is at least that large.
        Infinite if a multiplier lies outside the unit circle.
    kreiss_at : complex or None
        Where it is attained; None in the limit of large |z| (then it is 1) or where it is infinite.
    exponents, log_powers : ndarrays, shape (m,)
        Exponents k from 0, and ln |J^k|_2: all until one is below 0, if J decays (sparse beyond 256).
    factors : ndarray, shape (p, n, n), or None
        S_j of an adapted norm `|S_j v|_2` in which every step around the orbit contracts; None unless attracting.
    adapted_rate : float
        Largest `|S_{j+1} M'(x_j) S_j^-1|_2`, below 1; NaN without a norm.
    coordinates : str
        What the state, and so every norm, is about.
    """

    points: Array
    jacobian: Array
    eigenvalues: NDArray[np.complex128]
    stability: Stability
    norms: dict[str, float]
    departure: float
    kreiss: float
    kreiss_at: complex | None
    exponents: NDArray[np.int64]
    log_powers: Array
    factors: Array | None
    adapted_rate: float
    coordinates: str

    @property
    def period(self) -> int:
        """Number of points p."""
        return len(self.points)

    @property
    def spectral_radius(self) -> float:
        """Largest modulus of a multiplier."""
        return float(np.abs(self.eigenvalues).max())

    @property
    def unstable_dimension(self) -> int:
        """Number of multipliers outside the unit circle."""
        return int((np.abs(self.eigenvalues) > 1.0).sum())

    @property
    def transient_growth(self) -> float:
        """`max_k |J^k|_2`: how much a small disturbance can grow before it dies; infinite if some never do."""
        if self.unstable_dimension:
            return np.inf
        return float(np.exp(self.log_powers.max()))

    @property
    def transient_peak(self) -> int:
        """The k of `transient_growth`, in applications of M^p; 0 if disturbances only shrink."""
        return int(self.exponents[np.argmax(self.log_powers)])

    @property
    def adapted_condition(self) -> float:
        """Largest condition number of the factors: a small disturbance never grows by more than that."""
        return np.nan if self.factors is None else float(np.linalg.cond(self.factors).max())

    def summary(self) -> str:
        what = "fixed point" if self.period == 1 else f"cycle of period {self.period}"
        shown = np.array2string(self.points[0], precision=5, suppress_small=True, threshold=6, edgeitems=3)
        norm = ", ".join(f"{value:.6g} ({name})" for name, value in self.norms.items())
        lines = [
            f"{self.stability} {what} at {shown} ({self.coordinates})",
            f"  {self.stability.sentence}",
            f"  spectral radius {self.spectral_radius:.12g}, unstable dimension {self.unstable_dimension}",
            f"  multipliers: {_multipliers(self.eigenvalues)}",
            f"  norms of the Jacobian{'' if self.period == 1 else f' of M^{self.period}'} in these coordinates: {norm}",
            f"  departure from normality {self.departure:.6g} ({self.departure / max(self.norms['fro'], 1e-300):.1%} of the "
            "Frobenius norm)",
        ]
        return "\n".join([*lines, *self._transient()])

    def _transient(self) -> list[str]:
        if self.unstable_dimension:
            return ["  powers of the Jacobian grow without bound"]
        lines = [f"  Kreiss constant at least {self.kreiss:.6g}"]
        if self.transient_peak:
            lines.append(f"  a small disturbance can grow {self.transient_growth:.6g}-fold, after {self.transient_peak} rounds")
        else:
            lines.append("  small disturbances shrink from the first round on in the 2-norm")
        if self.factors is not None:
            lines.append(
                f"  adapted norm |S v|: contracts by {self.adapted_rate:.6g} or better at every step, condition number "
                f"{self.adapted_condition:.4g}"
            )
        return lines

    def plot(self, ax: Axes | None = None) -> Axes:
        """Multipliers in the complex plane with the unit circle and pseudospectra; beside them |J^k| against k."""
        from dynlatch.analysis.plots.local_stability import plot_local_stability

        return plot_local_stability(self, ax=ax)


def stability(map: Map, point_or_cycle: Any) -> LocalStability:
    """Linear stability of a fixed point or cycle, whatever its kind: what grows, what decays, and how much on the way.

    Parameters
    ----------
    map : SmoothMap
    point_or_cycle : array_like, shape (n,) or (p, n), or a member of a result
        A fixed point, or the points of a cycle in their order; polished by Newton's method.

    Returns
    -------
    LocalStability

    Raises
    ------
    InvalidInput
        If there is no fixed point or cycle near, or it lies on a kink of the map.
    NotSmooth
        If the map has no derivatives.

    Notes
    -----
    The spectral radius decides in the long run and is the same in all coordinates; the norms say what one step does and are
    not. `|J|_2 > 1 > rho` is no contradiction: such a matrix is not normal. The adapted norm, from the discrete Lyapunov
    equation `P = I + J^T P J / q^2`, contracts all the same.

    References
    ----------
    .. [1] Henrici, P. (1962), Bounds for iterates, inverses, spectral variation and fields of values of non-normal matrices.
       Numer. Math. 4.
    .. [2] Trefethen, L. N. and Embree, M. (2005), Spectra and Pseudospectra. Princeton.

    Examples
    --------
    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> net = dl.AdditiveNetwork([[0.5, 10.0], [0.0, 0.5]])
    >>> at_zero = analysis.stability(net, [0.0, 0.0])
    >>> str(at_zero.stability), at_zero.spectral_radius, round(at_zero.norms["2"], 3), round(at_zero.transient_growth, 3)
    ('attracting', 0.5, 10.025, 10.025)
    """
    smooth = require_smooth(map, "stability")
    orbit = polish(smooth, point_or_cycle, "stability").points
    if at_kink(map, orbit).any():
        raise InvalidInput("the orbit touches a kink of the activation (ReLU at 0), where the map has no derivative.")
    jacobians = smooth.jacobian(orbit)
    J = np.linalg.multi_dot(jacobians[::-1]) if len(orbit) > 1 else jacobians[0]
    norms = {name: float(matrix_norm(J, norm)) for name, norm in NORMS}
    eigenvalues = spectra(J)
    word = classify(eigenvalues[None], np.array([norms["fro"]]))[0]
    factors, rate = _adapted(jacobians, eigenvalues) if word == Stability.ATTRACTING else (None, np.nan)
    kreiss, where = kreiss_constant(J)
    powers = power_norms(J)
    return LocalStability(
        points=orbit,
        jacobian=J,
        eigenvalues=eigenvalues,
        stability=word,
        norms=norms,
        departure=departure(J),
        kreiss=kreiss,
        kreiss_at=where,
        exponents=powers.exponents,
        log_powers=powers.log_norms,
        factors=factors,
        adapted_rate=rate,
        coordinates=coordinates(map),
    )


def _adapted(jacobians: Array, eigenvalues: NDArray[np.complex128]) -> tuple[Array | None, float]:
    """Factors of an adapted norm and the rate it attains; none where rounding hides the contraction."""
    rho = float(np.abs(eigenvalues).max()) ** (1.0 / len(jacobians))
    try:
        factors = adapted_metrics(jacobians, rho + SLOWNESS * (1.0 - rho))
    except (NotAttracting, np.linalg.LinAlgError):
        return None, np.nan
    rate = float(matrix_norm(np.roll(factors, -1, axis=0) @ jacobians @ np.linalg.inv(factors)).max())
    return (factors, rate) if rate < 1.0 else (None, np.nan)


def _multipliers(values: NDArray[np.complex128], most: int = 6) -> str:
    words: list[str] = []
    for value in values:
        if value.imag < 0 and words:
            continue  # the conjugate stands before it
        if value.imag:
            words.append(f"{value.real:.6g} +- {value.imag:.6g}i (modulus {abs(value):.6g})")
        else:
            words.append(f"{value.real:.6g}")
    return ", ".join(words[:most]) + (f", ... ({len(values)} in all)" if len(words) > most else "")
