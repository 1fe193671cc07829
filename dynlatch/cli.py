"""The command line: a composition root that loads a command only when it is called.

Exit status: 0 done; 1 a check that the command makes failed; 2 bad input, in one line; 130 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError

from dynlatch import __version__
from dynlatch.errors import DynlatchError

LONGEST_LINE = 1500  # characters

app = App(
    name="dynlatch",
    version=__version__,
    help="Dynamical-systems analysis of recurrent networks.",
    help_format="plaintext",
    suppress_keyboard_interrupt=False,
)
app.command("dynlatch.commands.audit:audit", name="audit", help="Where the gradients of a trained net go, and why.")
app.command("dynlatch.commands.escape:escape", name="escape", help="Escape threshold u* of every memory state.")
app.command(
    "dynlatch.commands.fixed_points:fixed_points", name="fixed-points", help="Fixed points, and how complete the list is."
)
app.command("dynlatch.commands.portrait:portrait", name="portrait", help="Basins, manifolds and attractors in one picture.")
app.command("dynlatch.commands.merge:merge", name="merge", help="Join the stores of the shards of a sweep.")
app.command(
    "dynlatch.commands.reproduce:reproduce", name="reproduce", help="The papers' tables and figures, ours beside theirs."
)
app.command("dynlatch.commands.theorem:theorem", name="theorem", help="A statement of the papers, checked or refuted.")
app.command("dynlatch.commands.train:train", name="train", help="Train by a rule of the papers, and watch where the runs go.")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit with its status."""
    try:
        status = app(arguments, exit_on_error=False, print_error=False)
    except (CycloptsError, DynlatchError) as error:
        sys.stderr.write(f"dynlatch: {one_line(error)}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.stderr.write("dynlatch: interrupted; nothing was written.\n")
        sys.exit(130)
    sys.exit(status if isinstance(status, int) else 0)


def one_line(error: Exception) -> str:
    """What went wrong, in a line that ends: some errors repeat what was typed."""
    sentence = " ".join(str(error).split())
    return sentence if len(sentence) <= LONGEST_LINE else f"{sentence[:LONGEST_LINE]} ..."


if __name__ == "__main__":
    main()
