"""HDF5 files of Keras: every array by its path, sizes and links looked at before anything is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np

from dynlatch.errors import MissingExtra, UnreadableFile
from dynlatch.interop.arrays import widened
from dynlatch.reading import check_inflation


def read_hdf5(path: Path, source: Path | IO[bytes], wanted: Callable[[str], bool]) -> dict[str, np.ndarray[Any, Any]]:
    """The arrays whose path (`layers/gru/cell/vars/0`) is `wanted`, from a file or from the bytes of one inside an archive.

    Soft and external links are not followed: an array that lies in another file is no part of this one. Attributes are
    not read: the library may search for ever for those of a damaged file.
    """
    h5py = _h5py()
    datasets: dict[str, Any] = {}

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and wanted(name):
            datasets[name] = item

    with h5py.File(source, "r") as file:
        _refuse_legacy(path, file)
        file.visititems(visit)
        for name, dataset in datasets.items():
            _check_dataset(path, name, dataset)
        check_inflation(path, sum(item.nbytes for item in datasets.values()), sum(map(_stored, datasets.values())))
        return {name: _array(path, name, dataset) for name, dataset in datasets.items()}


def _refuse_legacy(path: Path, file: Any) -> None:
    if "layer_names" in file.attrs or "model_weights" in file:
        raise UnreadableFile(
            f"{str(path)!r} is in the layout of Keras 2; load it in Keras 3 and save it with model.save('net.keras')."
        )


def _check_dataset(path: Path, name: str, dataset: Any) -> None:
    if dataset.is_virtual or dataset.external:
        raise UnreadableFile(f"{str(path)!r}: {name!r} lies in another file; only arrays inside the file are read.")
    if dataset.shape is None or dataset.dtype.kind not in "fiubcV" or dataset.dtype.names or dataset.dtype.subdtype:
        raise UnreadableFile(f"{str(path)!r}: {name!r} holds {dataset.dtype}, not plain numbers.")


def _stored(dataset: Any) -> int:
    return int(dataset.id.get_storage_size())


def _array(path: Path, name: str, dataset: Any) -> np.ndarray[Any, Any]:
    if dataset.dtype.kind != "V":
        return np.asarray(dataset[()])
    if dataset.dtype.itemsize != 2:  # two bytes of no known type are what Keras makes of bfloat16
        raise UnreadableFile(f"{str(path)!r}: {name!r} holds numbers of an unknown type ({dataset.dtype}).")
    return widened(np.asarray(dataset[()]).view("<u2"))


def _h5py() -> Any:
    try:
        import h5py
    except ImportError:
        raise MissingExtra("reading Keras files needs h5py: pip install 'dynlatch[models]'.") from None
    return h5py
