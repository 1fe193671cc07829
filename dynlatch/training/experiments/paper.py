"""The published cells of Tables 1 to 4: Bengio and Frasconi (1993), NIPS 6, pp. 75-82.

Averages over 20 or more trials. Error in per cent; presentations are sequences shown until the task was learned or the budget
used up. Tables 1 and 2 are complete. The parity tables have a header of seven lengths and rows of three to six values: which
value belongs to which length is read from their order, and where that is a guess, the values have no place.
"""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """One method: its values in the order of print, and the lengths they belong to.

    Attributes
    ----------
    error, presentations : tuple of float
    lengths : tuple of int or None
        None where a value's length is not recoverable.
    certainty : str
    candidates : tuple of int
        The lengths that such values, in their order, may belong to.
    guess : tuple of int
        Where such values are usually put, and the others. Nothing is judged by it; it is only counted apart.
    """

    error: tuple[float, ...]
    presentations: tuple[float, ...]
    lengths: tuple[int | None, ...]
    certainty: str
    candidates: tuple[int, ...] = ()
    guess: tuple[int, ...] = ()

    def values(self, quantity: str) -> tuple[float, ...]:
        """The values of "error" or "presentations"."""
        return self.error if quantity == "error" else self.presentations

    @property
    def lost(self) -> tuple[int, ...]:
        """Which of the values have no place."""
        return tuple(k for k, T in enumerate(self.lengths) if T is None)

    @property
    def run_at(self) -> tuple[int, ...]:
        """Every length that a value belongs to, or may belong to."""
        return tuple(sorted({T for T in self.lengths if T is not None} | set(self.candidates)))


TWO_SEQUENCE = (5, 10, 20, 50, 100)
PARITY = (3, 5, 10, 20, 50, 100, 500)
CERTAIN = "certain"
UNPUBLISHED = Row((), (), (), "not in the paper")

BACK_PROPAGATION = "back-propagation"
PSEUDO_NEWTON = "pseudo-Newton"
TIME_WEIGHTED = "time-weighted pseudo-Newton"
MULTIGRID = "multigrid"
DISCRETE = "discrete error propagation"
ANNEALING = "simulated annealing"
EM = "EM"

TABLES_1_2 = {
    BACK_PROPAGATION: Row((58, 56, 43, 53, 50), (2.9e3, 3.0e3, 2.9e3, 3.0e3, 2.8e3), TWO_SEQUENCE, CERTAIN),
    PSEUDO_NEWTON: Row((2, 3, 10, 25, 29), (5.1e2, 1.1e3, 1.9e3, 2.6e3, 2.5e3), TWO_SEQUENCE, CERTAIN),
    TIME_WEIGHTED: Row((0, 0, 9, 34, 14), (5.4e2, 4.3e2, 2.4e3, 2.9e3, 2.7e3), TWO_SEQUENCE, CERTAIN),
    MULTIGRID: Row((2, 6, 1, 3, 6), (4.1e3, 5.8e3, 2.5e3, 3.9e3, 6.4e3), TWO_SEQUENCE, CERTAIN),
    DISCRETE: Row((6, 16, 29, 23, 22), (6.6e2, 1.3e3, 2.1e3, 2.1e3, 2.1e3), TWO_SEQUENCE, CERTAIN),
    ANNEALING: Row((6, 0, 7, 4, 11), (2.0e5, 3.9e4, 8.2e4, 7.7e4, 4.3e4), TWO_SEQUENCE, CERTAIN),
    EM: Row((0, 0, 0, 0, 0), (3.2e3, 4.0e3, 2.9e3, 3.2e3, 2.9e3), TWO_SEQUENCE, CERTAIN),
}

TABLES_3_4 = {
    BACK_PROPAGATION: Row((2, 20, 41, 38, 43), (3.6e3, 5.5e3, 8.7e3, 1.6e4, 1.1e4), PARITY[:5], "likely"),
    PSEUDO_NEWTON: Row((3, 25, 41, 44, 40, 47), (2.5e2, 8.9e3, 8.9e3, 7.7e4, 1.1e4, 1.1e5), PARITY[:6], "likely"),
    TIME_WEIGHTED: Row((26, 39, 43, 44), (4.5e4, 7.0e4, 3.4e4, 8.1e4), PARITY[1:5], "probable"),
    MULTIGRID: Row((15, 44, 45), (4.2e3, 1.5e4, 3.1e4), (None,) * 3, "lengths not recoverable", PARITY[:5], (3, 5, 10)),
    DISCRETE: Row((0, 0, 0, 5), (5.0e3, 7.9e3, 1.5e4, 5.4e4), PARITY[1:5], "T = 50 certain, others likely"),
    ANNEALING: Row(
        (3, 10, 0), (5.1e5, 1.2e6, 8.1e5), (None, None, 50), "T = 50 certain, others not recoverable", PARITY[:4], (5, 20, 50)
    ),
    EM: Row((0, 6, 0, 14, 0, 12), (2.3e3, 1.5e3, 1.3e3, 3.2e3, 2.6e3, 3.4e3), PARITY[1:], "T = 500 certain, others likely"),
}
