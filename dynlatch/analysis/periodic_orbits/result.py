"""What `periodic_orbits` returns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.fixed_points.result import Completeness
from dynlatch.analysis.outcomes import Stability
from dynlatch.results import Result
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SENTENCES = {
    Completeness.PROVED: "These are all the orbits of this period, by proof.",
    Completeness.CHECKSUM_PASSED: "The indices of all points whose period divides this one sum to +1, as they must for a "
    "bounded map; orbits of opposite index could still be missing.",
    Completeness.CHECKSUM_FAILED: "The indices of all points whose period divides this one do not sum to +1, as they must for "
    "a bounded map: some are missing.",
    Completeness.NO_CHECKSUM: "The search came to rest; no checksum exists, because the map is not known to be bounded or only "
    "a part of its box was searched.",
    Completeness.BUDGET: "The search was cut short by its budget: there may be more.",
    Completeness.CLUSTER: "At least one orbit is degenerate (a multiplier is 1 to rounding) or lies on a kink of the map.",
}


@dataclass(frozen=True, eq=False)
class PeriodicOrbit:
    """One orbit of a result: `points` (p, n) in the order in which the map visits them."""

    points: Array
    multipliers: NDArray[np.complex128]
    residual: float
    error: float
    stability: Stability
    symmetric: bool
    pointwise_radii: Array

    @property
    def point(self) -> Array:
        """The lexicographically smallest point."""
        return np.asarray(self.points[0])

    @property
    def period(self) -> int:
        return len(self.points)

    @property
    def spectral_radius(self) -> float:
        """Largest modulus of a multiplier; the orbit attracts if it is below 1."""
        return float(np.abs(self.multipliers).max())

    @property
    def definition_2_reading(self) -> bool:
        """Definition 2 of the 1993 paper read point by point, `rho(M'(x)) < 1` at every x of the orbit: no criterion.

        It neither implies that the orbit attracts nor follows from it (period 2 and more, dimension 2 and more). The
        last 2-cycle of the network below has 0.48 and 0.87 at its points and a multiplier of 26: violently unstable. What
        decides is `spectral_radius`, the one of (M^p)'.

        Examples
        --------
        >>> import dynlatch as dl
        >>> from dynlatch import analysis
        >>> net = dl.AdditiveNetwork([[-0.5, -5.3], [-5.4, 0.9]], [1.2, -0.2])
        >>> orbits = analysis.periodic_orbits(net, 2)
        >>> [(orbit.definition_2_reading, str(orbit.stability), round(orbit.spectral_radius, 4)) for orbit in orbits]
        [(True, 'attracting', 0.0), (True, 'saddle', 25.7873), (True, 'saddle', 26.1607)]
        """
        return bool(np.all(self.pointwise_radii < 1.0))


@dataclass(frozen=True, eq=False)
class PeriodicOrbits(Result):
    """Orbits of one prime period, each once, sorted lexicographically.

    Attributes
    ----------
    points : ndarray, shape (k, p, n)
        In the order of the map, from the lexicographically smallest point of each orbit on.
    multipliers : complex ndarray, shape (k, n)
        Eigenvalues of the Jacobian of M^p, the same at every point of the orbit, by falling modulus.
    residuals : ndarray, shape (k,)
        Largest component of |M(x_j) - x_{j+1}|.
    errors : ndarray, shape (k,)
        Bound on the distance to the true orbit (largest component): to first order, from residual, rounding and the inverse
        of the multiple-shooting matrix; by proof where `completeness` is "proved".
    stability : object ndarray of Stability, shape (k,)
    symmetric : bool ndarray, shape (k,)
        For an odd map: whether -x is on the orbit with x, half a period later. Other orbits come in pairs.
    index : int ndarray, shape (k,)
        sign det(I - (M^p)'); 0 at a degenerate orbit.
    pointwise_radii : ndarray, shape (k, p)
        Spectral radius of M' at each single point; see `PeriodicOrbit.definition_2_reading` for what it does not say.
    period : int
    index_sum : int
        Over all points of which the period divides this one: +1 for a bounded map, if none is degenerate.
    completeness : Completeness
    estimated_missing : float
        Chao's lower estimate of the number of orbits that the search did not meet.
    unresolved : ndarray, shape (m, 2, n)
        Boxes [lo, hi] in which a proof could not decide; other orbits may have a point there.
    coordinates : str
        What the state is.
    """

    points: Array
    multipliers: NDArray[np.complex128]
    residuals: Array
    errors: Array
    stability: NDArray[np.object_]
    symmetric: NDArray[np.bool_]
    index: NDArray[np.int64]
    pointwise_radii: Array
    period: int
    index_sum: int
    completeness: Completeness
    estimated_missing: float
    unresolved: Array
    coordinates: str

    @property
    def attractors(self) -> PeriodicOrbits:
        """The attracting ones."""
        return self.select(self.stability == Stability.ATTRACTING)

    def select(self, rows: Any) -> PeriodicOrbits:
        """The orbits given by a mask, indices or a slice. `index_sum` stays that of the whole list."""
        return replace(
            self,
            points=self.points[rows],
            multipliers=self.multipliers[rows],
            residuals=self.residuals[rows],
            errors=self.errors[rows],
            stability=self.stability[rows],
            symmetric=self.symmetric[rows],
            index=self.index[rows],
            pointwise_radii=self.pointwise_radii[rows],
        )

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, i: int) -> PeriodicOrbit:
        return PeriodicOrbit(
            self.points[i],
            self.multipliers[i],
            float(self.residuals[i]),
            float(self.errors[i]),
            self.stability[i],
            bool(self.symmetric[i]),
            self.pointwise_radii[i],
        )

    def __iter__(self) -> Iterator[PeriodicOrbit]:
        return (self[i] for i in range(len(self)))

    def summary(self) -> str:
        count = Counter(str(s) for s in self.stability)
        kinds = ", ".join(f"{n} {word}" for word, n in sorted(count.items())) or "none"
        lines = [
            f"{len(self)} orbit{'s' * (len(self) != 1)} of prime period {self.period} in {self.coordinates}: {kinds}",
            f"{self.completeness}: {SENTENCES[self.completeness]} Index sum {self.index_sum:+d}; "
            f"estimated unseen {self.estimated_missing:.1f}.",
        ]
        if len(self.unresolved):
            lines.append(f"{len(self.unresolved)} boxes could not be decided.")
        lines.append(
            f"{'':>4} {'stability':<11} {'|multiplier|':>12} {'symmetric':>9} {'residual':>9} {'error':>9}  first point"
        )
        for i, orbit in enumerate(self):
            shown = np.array2string(orbit.point, precision=4, suppress_small=True, threshold=6, edgeitems=2, max_line_width=60)
            lines.append(
                f"{i:>4} {orbit.stability:<11} {orbit.spectral_radius:>12.6g} {'yes' if orbit.symmetric else 'no':>9} "
                f"{orbit.residual:>9.1e} {orbit.error:>9.1e}  {shown}"
            )
        return "\n".join(lines)

    def plot(self, ax: Axes | None = None) -> Axes:
        from dynlatch.analysis.plots.periodic_orbits import plot_periodic_orbits

        return plot_periodic_orbits(self, ax=ax)
