"""The statements of the papers as they are written, and as they are true.

Numbering of Bengio, Frasconi and Simard (1993), ICNN. The NIPS paper of 1993 numbers its two Theorem 1 and, for Theorem 4,
Theorem 2; the paper of 1994 has the same six definitions and four theorems.
"""

from __future__ import annotations

from dataclasses import dataclass

from dynlatch.errors import InvalidInput

ICNN = "Bengio, Frasconi and Simard (1993), ICNN, section III"


@dataclass(frozen=True)
class Statement:
    """One statement.

    Attributes
    ----------
    key : str
        Its name for `check_theorem` and `dynlatch theorem`.
    title : str
    literal : str
        As written.
    corrected : str
        As it is true, and as dynlatch checks it. Empty where the literal statement is right.
    sketch : str
        Why.
    source : str
    """

    key: str
    title: str
    literal: str
    corrected: str
    sketch: str
    source: str = ICNN

    def summary(self) -> str:
        lines = [f"{self.title} ({self.source})", f"  as written: {self.literal}"]
        if self.corrected:
            lines.append(f"  corrected:  {self.corrected}")
        return "\n".join([*lines, f"  because:    {self.sketch}"])


STATEMENTS: tuple[Statement, ...] = (
    Statement(
        "1",
        "Theorem 1, expansion",
        "If |M'(z)| > 1 for all z in an open ball around x, some y in the ball has |M(x) - M(y)| > |x - y|.",
        "|M'(x)| > 1 at x alone is enough. It says that some direction expands for one step; nothing about later steps.",
        "With v the direction that M'(x) stretches most, |M(x + s v) - M(x)| = s |M'(x)| + o(s) > s for small s.",
    ),
    Statement(
        "2",
        "Theorem 2, contraction",
        "If |M'(x)| < 1 for all x of a convex set D, then M is contracting on D (Definition 6, one alpha < 1 for all pairs).",
        "If |M'| <= alpha < 1 on the convex set D, then M is contracting on D with alpha. |M'| < 1 is enough on a compact D.",
        "Mean value theorem on the segment from x to y, which lies in D; on a compact D a continuous |M'| has a maximum.",
    ),
    Statement(
        "3",
        "Theorem 3, the ball",
        "If |u_t| < b and |M'| < lambda < 1 on the ball of radius b around a_t, for all t, then a_t stays within "
        "b / (1 - lambda) of the autonomous trajectory; that ball meets X as t grows.",
        "Let a_t^s run under s u_t. If |M'(a_t^s)| <= lambda < 1 for all s in [0, 1] and all t, the distance is at most "
        "b (1 - lambda^t) / (1 - lambda).",
        "d/ds of the recursion: |da_t^s/ds| <= lambda |da_{t-1}^s/ds| + b, a geometric series. The proof in the paper needs "
        "lambda on the segment between both trajectories, which may be longer than b.",
    ),
    Statement(
        "4",
        "Theorem 4, the gradient vanishes",
        "If the inputs keep the network robustly latched to X (a_t in Gamma(X), Definition 5), then da_t/da_0 -> 0.",
        "If a_t stays in a compact set on which |M'| <= lambda < 1 in one fixed norm |v|_P, then "
        "|da_t/da_0| <= sqrt(cond P) lambda^t.",
        "Norms are submultiplicative. Eigenvalues are not (two matrices of spectral radius 0 may have a product of radius 4), "
        "and factors below 1 whose distance to 1 is summable have a positive product.",
    ),
    Statement(
        "lemma1",
        "Lemma 1, X in Gamma(X) in beta(X)",
        "For a hyperbolic attractor X, X is a subset of Gamma(X), and Gamma(X) of beta(X).",
        "True for a fixed point with Gamma by eigenvalues, or by a norm adapted to X. False for cycles by the eigenvalues of "
        "single steps, and in the Euclidean norm even for fixed points.",
        "At a fixed point (M^l)' = J^l, of radius rho(J)^l < 1; the P of J'PJ < P gives a norm in which |J| < 1.",
    ),
    Statement(
        "definition1",
        "Definition 1, invariant set",
        "A set E is invariant under M if E = M(E).",
        "",
        "A definition. Fixed points and cycles are the finite ones in which every point comes back.",
    ),
    Statement(
        "definition2",
        "Definition 2, hyperbolic attractor",
        "An invariant X such that all eigenvalues of M'(a) are below 1 in modulus for every a in X.",
        "A cycle of period p attracts if the spectral radius of (M^p)' is below 1. ('Hyperbolic' elsewhere means no eigenvalue "
        "on the unit circle.)",
        "The radius of a product is not bounded by those of its factors. In one norm below 1, X cannot be chaotic.",
    ),
    Statement(
        "definition3",
        "Definition 3, basin beta(X)",
        "The points a such that for every eps there are l and x in X with |M^l(a) - x| < eps.",
        "The points a with dist(M^l(a), X) -> 0. The same where X is asymptotically stable.",
        "As written the orbit must come close, not stay close. What comes close enough to a linearly stable X stays.",
    ),
    Statement(
        "definition4",
        "Definition 4, reduced attracting set Gamma(X)",
        "The y in beta(X) such that for every l >= 1 all eigenvalues of (M^l)'(y) are less than 1.",
        "Less than 1 in modulus; and |M'(M^k y)| < 1 at every step k in one norm adapted to X, for Theorem 4 to hold.",
        "stepwise norm => norm of the product => spectral radius => in the basin; only the stepwise set is invariant under M.",
    ),
    Statement(
        "definition5",
        "Definition 5, robustly latched",
        "Robustly latched to X at t_0 if a_{t_0} is in Gamma(X); it remains so as long as the inputs keep a_t in Gamma(X).",
        "With Gamma by the norm of each step. Inputs up to u*_Gamma keep the state there for certain (`gamma_threshold`).",
        "Gamma by eigenvalues is not invariant: with no input at all, a state may be latched at t_0 and not at t_0 + 1.",
    ),
    Statement(
        "definition6",
        "Definition 6, contracting on D",
        "M is contracting on D if some alpha < 1 has |M(x) - M(y)| <= alpha |x - y| for all x, y in D.",
        "",
        "A definition; it depends on the norm. A linearly stable fixed point has a norm and a ball in which it holds.",
    ),
    Statement(
        "equation5",
        "Equation 5, the weight gradient forgets",
        "In dC_t/dW, a sum over tau <= t of (dC_t/da_t)(da_t/da_tau)(da_tau/dW), terms with tau << t become very small against "
        "those near t, where the network is latched.",
        "",
        "|da_t/da_tau| <= sqrt(cond P) lambda^(t - tau) where Theorem 4 holds; da_tau/dW of one step stays bounded.",
    ),
    Statement(
        "projection",
        "Section C, a projection is latched",
        "If z = P a is latched and y = R a the rest, da_t/da_0 -> R+ (dy_t/dy_0) R.",
        "da_t/da_0 -> R+ dy_t/da_0 = R+ (dy_t/dy_0 R + dy_t/dz_0 P).",
        "Latching of z gives P da_t/da_0 -> 0 and nothing else; y may remember z_0, as an integrator does.",
    ),
    Statement(
        "footnote2",
        "Footnote 2, additive inputs",
        "A system a_t = N(a_{t-1}, u_{t-1}) becomes one with additive inputs by n more state variables y_t = u_t.",
        "It does, with as many variables as there are inputs. Eigenvalues stay; norms do not: weigh y in the norm, or "
        "|M'| >= |dN/du| and Theorems 2 to 4 have no hypothesis left.",
        "The Jacobian is [[N_a, N_u], [0, 0]]; in |(a, g y)| its norm tends to |N_a| as g grows.",
    ),
)


def statement(key: int | str) -> Statement:
    """The statement of that name.

    Raises
    ------
    InvalidInput
        If there is none; the message lists them all.

    Examples
    --------
    >>> from dynlatch.analysis.theorems import statement
    >>> statement(4).title
    'Theorem 4, the gradient vanishes'
    """
    wanted = str(key).lower().replace(" ", "").replace("-", "").removeprefix("theorem")
    for candidate in STATEMENTS:
        if candidate.key == wanted:
            return candidate
    names = ", ".join(candidate.key for candidate in STATEMENTS)
    raise InvalidInput(f"there is no statement {str(key)!r}: choose one of {names}.")
