"""The checks of a manifest's rows at the door: eight bytes a row are held, however many rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from galaxycurate.errors import InputError
from galaxycurate.store.formats import numbers_of

if TYPE_CHECKING:
    import pyarrow as pa

_RANGES = {"ra": (0.0, 360.0), "dec": (-90.0, 90.0)}


def check_rows(batches: Sequence[pa.RecordBatch], where: str) -> None:
    """Refuse rows that no manifest may hold.

    Parameters
    ----------
    batches : sequence of pyarrow.RecordBatch
        With label, name, ra and dec.
    where : str
        Their source, for messages.

    Raises
    ------
    InputError
        Two rows with one name and label, a position that is none.
    """
    check_names(batches, where)
    for batch in batches:
        check_positions(batch, where)


def check_positions(batch: pa.RecordBatch, where: str) -> None:
    """Refuse a position outside the sphere; unknown ones pass."""
    for name, (low, high) in _RANGES.items():
        values = numbers_of(batch.column(name))
        wrong = values[(values < low) | (values > high)]
        if wrong.size:
            raise InputError(f"{where}: {name} = {wrong[0]} is outside {low:g} to {high:g} degrees")


def check_names(batches: Sequence[pa.RecordBatch], where: str) -> None:
    """Refuse two rows with one name and label.

    Rows are compared by a hash of 64 bits; those whose hashes meet are compared by their texts.
    """
    parts = [hashes(*_keys(batch)) for batch in batches]
    suspects = set(repeated(np.concatenate(parts)).tolist()) if parts else set()
    if not suspects:
        return
    seen: set[tuple[str, str]] = set()
    for batch, part in zip(batches, parts, strict=True):
        for label, name, number in zip(*_keys(batch), part.tolist(), strict=True):
            if (label, name) in seen:
                raise twice(where, label, name)
            if number in suspects:
                seen.add((label, name))


def twice(where: str, label: str, name: str) -> InputError:
    """The error for two rows with one name and label."""
    return InputError(
        f"{where}: {name} stands twice with label {label}",
        hint="each cutout needs a name of its own",
    )


def hashes(*columns: Sequence[str]) -> np.ndarray:
    """One number for the texts of each row; shape (n,), int64, good within this process."""
    rows = zip(*columns, strict=True)
    return np.fromiter(map(hash, rows), np.int64, len(columns[0]))


def repeated(numbers: np.ndarray) -> np.ndarray:
    """The numbers that occur more than once."""
    ordered = np.sort(numbers)
    return np.unique(ordered[1:][ordered[1:] == ordered[:-1]])


def _keys(batch: pa.RecordBatch) -> tuple[list, list]:
    return batch.column("label").to_pylist(), batch.column("name").to_pylist()
