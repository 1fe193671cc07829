"""The words of the report: what each means, and links from the text to it.

A page explains its words twice: in a glossary at its end, and in a tip that a link to the glossary shows on hover and when the
keyboard reaches it. Both come from the one table below.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from markupsafe import Markup


class Entry(NamedTuple):
    """One word: what the glossary calls it, what it means, and how else sentences write it (lower case)."""

    title: str
    meaning: str
    spellings: tuple[str, ...] = ()


WORDS: Mapping[str, Entry] = {
    "memory-state": Entry(
        "Memory state",
        "A stable fixed point or cycle of the network under its resting input: left alone, the state stays there for ever and "
        "returns after a small push. What the network can hold for any length of time it holds in these.",
        ("memory states", "memory state"),
    ),
    "audit": Entry(
        "Audit",
        "One look at the network at one moment: its memory states, and how far its gradients reach.",
    ),
    "bits": Entry(
        "Bits",
        "log2 of the number of memory states: what the network can hold without end. What decays slowly is not counted.",
        ("bits",),
    ),
    "context": Entry(
        "Resting input",
        "The constant input under which memory states are taken: zero, unless the audit was given a context.",
        ("resting input", "context input"),
    ),
    "cycle": Entry(
        "Cycle",
        "A stable orbit that repeats after two steps or more. It remembers which cycle it is, and its own clock.",
        ("cycles", "cycle"),
    ),
    "fixed-point": Entry(
        "Fixed point",
        "A state that one step leaves where it is. It attracts if all its multipliers are below 1 in modulus; a saddle "
        "attracts along some directions and repels along others, and lies on the border between memory states.",
        ("fixed points", "fixed point"),
    ),
    "multiplier": Entry(
        "Multiplier",
        "An eigenvalue of the Jacobian of one step at a fixed point (of one round, for a cycle). Its modulus is the factor per "
        "step by which a perturbation along its direction, and the gradient with it, shrinks or grows.",
        ("multipliers", "multiplier"),
    ),
    "half-life": Entry(
        "Half-life",
        "Steps in which the gradient halves near a memory state in the long run: ln 2 / (-ln |largest multiplier|).",
        ("half-lives", "half-life"),
    ),
    "peak-growth": Entry(
        "Peak growth",
        "Largest norm of the gradient on its way at a memory state. Above 1 it grows before it vanishes, because the Jacobian "
        "is not normal: its directions are not at right angles.",
        ("peak growth",),
    ),
    "runs": Entry(
        "Runs ending here",
        "Share of the sequences that come to rest in this memory state once the input goes back to its resting value.",
    ),
    "readout": Entry(
        "Readout", "What the network's own output layer says while the state rests there, where that layer is known."
    ),
    "completeness": Entry(
        "Completeness",
        "How sure it is that no fixed point was missed: a proof, a checksum (the indices of all fixed points of a bounded map "
        "sum to +1), or a search that came to rest.",
    ),
    "index": Entry(
        "Index",
        "+1 or -1 for every fixed point that is not degenerate. Over all fixed points of a bounded map the indices sum to +1: "
        "a free check that some are missing.",
    ),
    "decay": Entry(
        "Gradient decay",
        "The norm of the derivative of the state at one time with respect to the state at an earlier time. Below 1 an error at "
        "the later time teaches less about the earlier one. Forward: from time 0 to t. Backward: from t to the last time T, "
        "which is what back-propagation multiplies.",
        ("gradient decay",),
    ),
    "rate": Entry(
        "Factor per step",
        "By what factor the norm of the gradient changes at each step in the long run, over the second half of the sequences.",
        ("factor per step",),
    ),
    "bound": Entry(
        "Upper bound",
        "What theory allows the gradient at most. The distance to the true curve is its slack: bounds by norms are often far "
        "off, because the weights of one step rarely amplify what those of the step before made large.",
        ("upper bounds", "upper bound"),
    ),
    "slack": Entry(
        "Slack",
        "How far a bound is above the truth, in decades (powers of ten): 3 means a thousand times too large.",
        ("slack",),
    ),
    "source": Entry("Source", "Where a bound comes from: the theorem or paper that proves it."),
    "condition": Entry(
        "Condition",
        "A condition from the literature under which gradients must vanish, or can explode: its value for these weights, the "
        "limit it is compared with, and what follows where it holds.",
    ),
    "standard-error": Entry(
        "Standard error",
        "How uncertain an average over the sequences still is; about twice as much is possible either way.",
    ),
    "split": Entry(
        "Split by delay",
        "The gradient of the cost at the last step, split by how many steps back each weight acted (eq. 5 of Bengio, Simard "
        "and Frasconi, 1994). The weights are shared over time, so the gradient is the sum of these terms.",
    ),
    "h50": Entry(
        "h_50 and h_95",
        "How many of the last steps carry 50 and 95 per cent of the gradient: of the sum of the norms of its terms by delay. "
        "What happened earlier than h_95 steps ago hardly teaches the network anything.",
        ("h_50", "h_95"),
    ),
    "signed-share": Entry(
        "Signed share",
        "Each delay's part of the total gradient, projected on it; over all delays the parts sum to 1. Terms that cancel each "
        "other have large norms and small shares.",
        ("signed share",),
    ),
    "cost": Entry("Cost", "The quantity whose gradient was split: its name says where it came from.", ()),
    "latched": Entry(
        "Latched",
        "The state is in the set Γ of a memory state, where every step shrinks differences: the memory is safe from small "
        "inputs, and the gradient vanishes. This is the dilemma of Bengio, Simard and Frasconi (1994).",
        ("latched", "latches", "latch"),
    ),
    "verdict": Entry(
        "Verdict",
        "One word for each time step of each sequence. Latched: in Γ of a memory state. Contracting: the step "
        "shrinks gradients elsewhere. Expanding: it can enlarge them. Neutral: an eigenvalue next to 1 carries them on "
        "(an integrator).",
        ("verdicts", "verdict"),
    ),
    "saturation": Entry(
        "Saturation",
        "How far a unit is driven into the flat part of its nonlinearity; a saturated unit passes no gradient on.",
        ("saturation", "saturated"),
    ),
    "exponent": Entry(
        "Lyapunov exponent",
        "Mean logarithmic growth per step along the sequences. Below 0: differences shrink by exp(exponent) per step. Above 0: "
        "chaos, and gradients explode.",
        ("lyapunov exponents", "lyapunov exponent", "exponents", "exponent"),
    ),
    "kaplan-yorke": Entry(
        "Kaplan-Yorke dimension", "How many dimensions the long-run states fill, estimated from the exponents.", ()
    ),
    "u-star": Entry(
        "Escape threshold u*",
        "The largest bound on the input under which no input sequence, however long, erases the memory state. The lower end of "
        "its bracket is proved; an input of the size of the upper end was found that does erase it.",
        ("escape thresholds", "escape threshold", "u*"),
    ),
    "principal": Entry(
        "Principal components",
        "The directions along which the states of the sequences differ most: a flat picture of a space of many dimensions. "
        "What looks close here can be far apart in the directions not drawn.",
        ("principal components",),
    ),
    "published": Entry("Published", "The value that the papers print, where it can be read and placed."),
    "agreement": Entry(
        "Agreement",
        "Ours is as near to the published value as the experiment asks; how near, its notes say. A lenient rule lets some "
        "values agree by chance, so the narrower counts stand beside it.",
    ),
    "interval": Entry(
        "95 % interval",
        "Made so that 95 of 100 such intervals hold the value that many more trials would give: Wilson's for rates, the "
        "bootstrap over trials for means. What is computed instead of sampled has none.",
    ),
    "trial": Entry("Trial", "One network, trained from random weights and sequences of its own."),
    "cell": Entry("Cell", "One setting: a rule on a task of one length, and its trials."),
    "call": Entry("Call", "One run of the command; where the first was interrupted, the next one went on with what was done."),
    "cause": Entry(
        "Cause",
        "What makes ours differ from the published value, found by varying what the papers leave open, or not explained.",
    ),
    "coordinates": Entry(
        "Coordinates",
        "What the numbers of a state are: the output h of the units, or their activation a before the nonlinearity. Norms "
        "differ between the two, multipliers and exponents do not.",
    ),
}

_SPELLINGS = {spelling: key for key, entry in WORDS.items() for spelling in entry.spellings}
_LONGEST_FIRST = sorted(_SPELLINGS, key=len, reverse=True)
_PATTERN = re.compile(r"(?<![\w-])(" + "|".join(map(re.escape, _LONGEST_FIRST)) + r")(?![\w-])", re.IGNORECASE)


def term(key: str, text: str | None = None) -> Markup:
    """A link to the entry `key`, reading `text`, with the meaning as a tip."""
    from markupsafe import Markup

    entry = WORDS[key]
    return Markup('<span class="t"><a href="#w-{}">{}</a><span class="tip" role="tooltip">{}</span></span>').format(
        key, entry.title if text is None else text, entry.meaning
    )


def explained(text: str) -> Markup:
    """`text` escaped, the first mention of every word of the glossary linked to it, what is between backticks set as code."""
    from markupsafe import Markup

    done: set[str] = set()
    pieces = text.split("`") if text.count("`") % 2 == 0 else [text]
    code = Markup("<code>{}</code>")
    return Markup("").join(
        code.format(piece) if i % 2 else Markup("").join(_linked(piece, done)) for i, piece in enumerate(pieces)
    )


def _linked(text: str, done: set[str]) -> Iterator[Markup]:
    from markupsafe import escape

    end = 0
    for found in _PATTERN.finditer(text):
        key = _SPELLINGS[found[0].lower()]
        if key not in done:
            done.add(key)
            yield escape(text[end : found.start()])
            yield term(key, found[0])
            end = found.end()
    yield escape(text[end:])
