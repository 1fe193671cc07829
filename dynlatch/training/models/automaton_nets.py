"""Nets that begin as an automaton: its rules are inserted as weights, which training may then change.

States are coded one-hot by units at -1 and +1, an input below 0 is symbol 0 and above it symbol 1; H is the strength.

First order (after Frasconi, Gori, Maggini and Soda 1995): a unit for every state j and symbol k is the "and" of both, and a
state the "or" of the pairs that lead to it. Second order (Omlin and Giles 1996): `a_i = b_i + sum W_ijk S_j I_k` with logistic
S, `W_ijk = H` where state j under symbol k leads to i, `W_jjk = -H` where it leads elsewhere, `b_i = -H / 2`. Here in tanh
units, S = (1 + h) / 2, and for one input, `I_1 = (1 + u) / 2` and `I_0 = (1 - u) / 2`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from dynlatch.errors import InvalidInput
from dynlatch.training.automata import PARITY, Automaton
from dynlatch.training.models.blueprint import ONE, Blueprint, Drawn, Link, Unit, answering, biased, blueprint, every, full
from dynlatch.validation import Array, positive_number

SIGNS = -1.0, 1.0  # of the input, for symbols 0 and 1
ANSWER = "y[0]"


@dataclass(frozen=True)
class FirstOrderAutomaton(Drawn):
    """`z_jk(t) = tanh(H (h_j(t-1) + s_k u(t) - 1))`, `h_i(t) = tanh(H (sum z_jk + n_i - 1))` over the n_i pairs that lead to i.

    Parameters
    ----------
    automaton : Automaton
        Of two symbols.
    strength : float
        H.

    Raises
    ------
    InvalidInput
        If there are not two symbols, or H is not positive.

    Examples
    --------
    >>> from dynlatch.training.models import FirstOrderAutomaton
    >>> len(FirstOrderAutomaton().names)
    20
    """

    automaton: Automaton = field(default=PARITY)
    strength: float = 4.0
    radius: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        _check(self.automaton, self.strength)

    def draw(self) -> Blueprint:
        machine, H = self.automaton, self.strength
        h, z = every("h", machine.states), [f"z[{j},{k}]" for j in range(machine.states) for k in range(2)]
        links, given = [], {}
        for name, (j, k) in zip(z, _pairs(machine), strict=True):
            terms = {h[j]: (H, 1), "u[0]": (H * SIGNS[k], 0), ONE: (-H, 0)}
            for source, (weight, delay) in terms.items():
                links.append(Link(name, source, f"{name}<{source}", delay))
                given[f"{name}<{source}"] = weight
        for i, name in enumerate(h):
            links, given = _or(links, given, name, [z[2 * j + k] for j, k in _pairs(machine) if machine.after[j][k] == i], H)
        links, given = _or(links, given, ANSWER, [h[i] for i in machine.accepting], H)
        units = [*(Unit(name) for name in z), *_states(machine, h), Unit(ANSWER)]
        return blueprint(units, links, inputs=1, answers=(ANSWER,), given=given)


@dataclass(frozen=True)
class SecondOrderAutomaton(Drawn):
    """The second-order net of Omlin and Giles; the answer is the "or" of the accepting states.

    Parameters
    ----------
    automaton : Automaton
        Of two symbols.
    strength : float
        H.

    Raises
    ------
    InvalidInput
        If there are not two symbols, or H is not positive.

    Examples
    --------
    >>> from dynlatch.training.models import SecondOrderAutomaton
    >>> len(SecondOrderAutomaton().names)
    15
    """

    automaton: Automaton = field(default=PARITY)
    strength: float = 16.0
    radius: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        _check(self.automaton, self.strength)

    def draw(self) -> Blueprint:
        machine, n = self.automaton, self.automaton.states
        h = every("h", n)
        gated = [Link(h[i], h[j], f"W[{i},{j},0]", 1, gate="u[0]") for i in range(n) for j in range(n)]
        links = [*gated, *full(h, h, "W", delay=1), *full(h, ("u[0]",), "B"), *biased(h, "b"), *answering((ANSWER,), h)]
        units = [*_states(machine, h), Unit(ANSWER)]
        return blueprint(units, links, inputs=1, answers=(ANSWER,), given=self._rules())

    def _rules(self) -> dict[str, float]:
        """The weights of tanh units: half the total input of logistic ones."""
        n, W = self.automaton.states, self.strength * _transitions(self.automaton)
        level, slope = (W[..., 1] + W[..., 0]) / 8.0, (W[..., 1] - W[..., 0]) / 8.0  # without the input, and by its size
        given = {f"W[{i},{j}]": level[i, j] for i in range(n) for j in range(n)}
        given |= {f"W[{i},{j},0]": slope[i, j] for i in range(n) for j in range(n)}
        given |= {f"B[{i},0]": slope[i].sum() for i in range(n)}
        given |= {f"b[{i}]": level[i].sum() - self.strength / 4.0 for i in range(n)}
        accepting = np.isin(np.arange(n), self.automaton.accepting)
        given |= {f"V[0,{i}]": float(accepting[i]) * self.strength / 4.0 for i in range(n)}
        return given | {"c[0]": (accepting.sum() - 1.0) * self.strength / 4.0}


def _transitions(machine: Automaton) -> Array:
    """+1 at [i, j, k] where state j under symbol k leads to i, -1 at [j, j, k] where it leads elsewhere."""
    n = machine.states
    W = np.zeros((n, n, 2))
    for j, k in _pairs(machine):
        W[j, j, k] = -1.0
        W[machine.after[j][k], j, k] = 1.0
    return W


def _pairs(machine: Automaton) -> list[tuple[int, int]]:
    """Every state and symbol."""
    return [(j, k) for j in range(machine.states) for k in range(2)]


def _states(machine: Automaton, names: tuple[str, ...]) -> list[Unit]:
    """The start state at +1, the others at -1."""
    return [Unit(name, "tanh", 1.0 if i == machine.start else -1.0) for i, name in enumerate(names)]


def _or(
    links: list[Link], given: dict[str, float], target: str, sources: list[str], H: float
) -> tuple[list[Link], dict[str, float]]:
    """`H (sum of the sources + n - 1)`: near H if one of n is +1, at most near -H if none is."""
    added = dict.fromkeys(sources, H) | {ONE: H * (len(sources) - 1.0)}
    own = [Link(target, source, f"{target}<{source}") for source in added]
    return [*links, *own], given | {f"{target}<{source}": weight for source, weight in added.items()}


def _check(machine: Automaton, strength: float) -> None:
    positive_number("strength", strength)
    if machine.symbols != 2:
        raise InvalidInput(f"one input tells two symbols apart; the automaton has {machine.symbols}.")
