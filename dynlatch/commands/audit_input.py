"""The sequences, targets and cost of `dynlatch audit`, from files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from cyclopts import Parameter

from dynlatch.commands.system import numbers
from dynlatch.errors import UnreadableFile
from dynlatch.reading import quiet, reading


class Ask(NamedTuple):
    """Which layer of a file, and the arguments of `analysis.audit`."""

    layer: str | None
    nonlinearity: str
    arguments: dict[str, Any]


@Parameter(name="*")
@dataclass(frozen=True)
class Data:
    """What the network is run on.

    Parameters
    ----------
    inputs
        Input sequences, a .npy file of shape (T, m) or (T, sequences, m), of any size. Sampled unit pulses by default.
    lengths
        Steps of each sequence of padded inputs, a .npy file of whole numbers.
    targets
        What the outputs should be, a .npy file: one a sequence, or one a step, of which the last counts.
    cost
        Of the last step: "squared error", or "cross-entropy" for targets that are class numbers.
    batch_first
        Inputs (and targets) come as (sequences, T, ...).
    """

    inputs: str | None = None
    lengths: str | None = None
    targets: str | None = None
    cost: Literal["squared error", "cross-entropy"] | None = None
    batch_first: Annotated[bool, Parameter(negative="")] = False

    def ask(self, *, context: str | None, layer: str | None, nonlinearity: str, rng: int) -> Ask:
        """The arguments of the audit, with the files read as far as they must be."""
        arguments = {
            "inputs": _array(self.inputs),
            "lengths": _array(self.lengths),
            "targets": _array(self.targets),
            "cost": self.cost,
            "context": None if context is None else numbers("--context", context),
            "batch_first": self.batch_first,
            "rng": rng,
        }
        return Ask(layer, nonlinearity, arguments)


def _array(path: str | None) -> Any:
    """The array of a .npy file, mapped and not read: it may be larger than the memory."""
    if path is None:
        return None
    with reading(Path(path), "a .npy file of numbers"), quiet():
        with open(path, "rb") as file:
            several = file.read(2) == b"PK"  # an archive: NumPy would leave a damaged one open
        if several:
            raise UnreadableFile(f"{path!r} holds several arrays; save each alone with numpy.save.")
        return np.load(path, mmap_mode="r", allow_pickle=False)
