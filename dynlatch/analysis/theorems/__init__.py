"""The statements of the papers, as written and as corrected, checked on a system."""

from dynlatch.analysis.theorems.claims import Claim as Claim
from dynlatch.analysis.theorems.curves import Curve as Curve
from dynlatch.analysis.theorems.curves import Curves as Curves
from dynlatch.analysis.theorems.result import TheoremCheck as TheoremCheck
from dynlatch.analysis.theorems.result import TheoremOutcome as TheoremOutcome
from dynlatch.analysis.theorems.statements import STATEMENTS as STATEMENTS
from dynlatch.analysis.theorems.statements import Statement as Statement
from dynlatch.analysis.theorems.statements import statement as statement
from dynlatch.analysis.theorems.verb import check_theorem as check_theorem
