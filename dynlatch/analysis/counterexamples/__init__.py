"""Systems in which the statements of the papers, read literally, fail: each is data, and verifies itself.

`verify()` computes every number anew, `proof()` what SymPy proves of it. Most are found in one page of algebra once one knows
where to look: norms against eigenvalues, sup against max, a ball against a segment, one step against all steps.
"""

from dynlatch.analysis.counterexamples.alternating import ALTERNATING as ALTERNATING
from dynlatch.analysis.counterexamples.chaos import CHAOS as CHAOS
from dynlatch.analysis.counterexamples.definitions import COMES_CLOSE as COMES_CLOSE
from dynlatch.analysis.counterexamples.definitions import INVARIANCE as INVARIANCE
from dynlatch.analysis.counterexamples.definitions import SIGN as SIGN
from dynlatch.analysis.counterexamples.limits import FOOTNOTE as FOOTNOTE
from dynlatch.analysis.counterexamples.limits import PROJECTION as PROJECTION
from dynlatch.analysis.counterexamples.limits import SZLENK as SZLENK
from dynlatch.analysis.counterexamples.planar import CYCLE as CYCLE
from dynlatch.analysis.counterexamples.planar import NORM as NORM
from dynlatch.analysis.counterexamples.planar import PRODUCT as PRODUCT
from dynlatch.analysis.counterexamples.record import Counterexample as Counterexample
from dynlatch.analysis.counterexamples.record import Verification as Verification
from dynlatch.analysis.counterexamples.tube import TUBE as TUBE
from dynlatch.analysis.counterexamples.units import CONTRACTION as CONTRACTION
from dynlatch.analysis.counterexamples.units import GROWTH as GROWTH
from dynlatch.analysis.counterexamples.units import HARMONIC as HARMONIC
from dynlatch.analysis.theorems.statements import statement
from dynlatch.errors import InvalidInput

COUNTEREXAMPLES: tuple[Counterexample, ...] = (
    CYCLE,
    CHAOS,
    COMES_CLOSE,
    SIGN,
    INVARIANCE,
    NORM,
    GROWTH,
    CONTRACTION,
    TUBE,
    ALTERNATING,
    HARMONIC,
    PRODUCT,
    SZLENK,
    PROJECTION,
    FOOTNOTE,
)


def named(name: str) -> Counterexample:
    """The counterexample of that name.

    Raises
    ------
    InvalidInput
        If there is none; the message lists them all.

    Examples
    --------
    >>> from dynlatch.analysis import counterexamples
    >>> counterexamples.named("harmonic").verify().holds
    True
    """
    for example in COUNTEREXAMPLES:
        if example.name == name.strip().lower():
            return example
    names = ", ".join(example.name for example in COUNTEREXAMPLES)
    raise InvalidInput(f"there is no counterexample {name!r}: choose one of {names}.")


def against(key: int | str) -> tuple[Counterexample, ...]:
    """The counterexamples to a statement as it is written; none where it is right.

    Examples
    --------
    >>> from dynlatch.analysis import counterexamples
    >>> [example.name for example in counterexamples.against(3)]
    ['tube']
    """
    wanted = statement(key).key
    return tuple(example for example in COUNTEREXAMPLES if wanted in example.about)
