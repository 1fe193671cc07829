"""What an audit found, in sentences, most consequential first.

A rule is a function of the audit and its facts that gives a finding, or None where it has nothing to say. What can be done
about it is what the papers measured: Bengio, Simard and Frasconi (1994) for the trade-off and the algorithms that need no
long gradients, Hochreiter et al. (2001) for the remedies by architecture, Pascanu, Mikolov and Bengio (2013) and Mikhaeil,
Monfared and Durstewitz (2022) for gradients that explode.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dynlatch.analysis.audit.finding import Finding
from dynlatch.analysis.report.facts import facts_of
from dynlatch.analysis.report.gradient_rules import GRADIENT_RULES
from dynlatch.analysis.report.input_rules import INPUT_RULES
from dynlatch.analysis.report.memory_rules import MEMORY_RULES

if TYPE_CHECKING:
    from dynlatch.analysis.audit.result import Audit

RULES = (*GRADIENT_RULES, *MEMORY_RULES, *INPUT_RULES)


def findings(report: Audit) -> tuple[Finding, ...]:
    """The findings of `report`, each with its evidence, ranked by effect."""
    facts = facts_of(report)
    found = [finding for rule in RULES if (finding := rule(report, facts)) is not None]
    return tuple(sorted(found, key=lambda finding: -finding.effect))
