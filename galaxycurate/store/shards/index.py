"""Where each image of a million lies: a sorted table of hashes, 36 bytes an image."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

PLACE = np.dtype([("key", "<u8"), ("more", "<u4"), ("n_bytes", "<u4"), ("offset", "<u8")])
"""96 bits of a path's hash (two of a million paths meet with a chance of 1e-17), and where its
bytes lie in a shard; 4 GB is the largest image."""

_HEAD = 8
_GONE = 0xFFFFFFFF
"""The length that says: what lies at this offset is gone."""

_ROW = np.dtype([*((name, PLACE[name]) for name in PLACE.names or ()), ("shard", "<u4")])
_FOLD = 16_384
"""New places are looked up in a dict until there are so many, then sorted into the table."""

Found = tuple[int, int, int]
"""Shard, offset [bytes], length [bytes]."""


def hashed(relative: str) -> tuple[int, int]:
    """The key of a path: 64 and 32 bits."""
    digest = hashlib.blake2b(relative.encode(), digest_size=12).digest()
    return int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little")


class Index:
    """Where the images of all shards lie."""

    def __init__(self) -> None:
        self._set(np.empty(0, _ROW))
        self._new: dict[tuple[int, int], Found | None] = {}

    def __len__(self) -> int:
        return len(self._table) + len(self._new)

    def find(self, relative: str) -> Found | None:
        """Where an image lies; None where there is none."""
        key = hashed(relative)
        if key in self._new:
            return self._new[key]
        at = int(np.searchsorted(self._keys, np.uint64(key[0])))
        while at < len(self._keys) and int(self._keys[at]) == key[0]:
            row = self._table[at]
            if int(row["more"]) == key[1]:
                return int(row["shard"]), int(row["offset"]), int(row["n_bytes"])
            at += 1
        return None

    def put(self, relative: str, found: Found | None) -> None:
        """An image lies there now, or no longer anywhere."""
        self._new[hashed(relative)] = found
        if len(self._new) >= _FOLD:
            self._fold()

    def load(self, shards: Mapping[int, np.ndarray]) -> np.ndarray:
        """Begin anew with the places of whole shards, the one that counts most first.

        Parameters
        ----------
        shards : mapping of int to ndarray of PLACE

        Returns
        -------
        ndarray, shape (n,)
            ``shard`` and ``offset`` of those that lie in one before, too, and do not count.
        """
        table = np.concatenate([np.empty(0, _ROW), *(_rows(n, p) for n, p in shards.items())])
        table = table[np.lexsort([table["more"], table["key"]])]  # keeps the order of equals
        again = np.zeros(len(table), bool)
        again[1:] = (table["key"][1:] == table["key"][:-1]) & (
            table["more"][1:] == table["more"][:-1]
        )
        self._set(table[~again])
        self._new.clear()
        return table[again]

    def _fold(self) -> None:
        rows = np.array(
            [(*key, place[2], place[1], place[0]) for key, place in self._new.items() if place],
            _ROW,
        )
        changed = np.array([key[0] for key in self._new], np.uint64)
        more = np.array([key[1] for key in self._new], np.uint32)
        table = np.concatenate([self._without(changed, more), rows])
        self._set(table[np.argsort(table["key"], kind="stable")])
        self._new.clear()

    def _set(self, table: np.ndarray) -> None:
        """Keys lie together, too: a search in one column of a table would copy it."""
        self._table, self._keys = table, np.ascontiguousarray(table["key"])

    def _without(self, changed: np.ndarray, more: np.ndarray) -> np.ndarray:
        table, order = self._table, np.argsort(changed)
        changed, more = changed[order], more[order]
        at = np.minimum(np.searchsorted(changed, table["key"]), len(changed) - 1)
        return table[(changed[at] != table["key"]) | (more[at] != table["more"])]


def _rows(shard: int, places: np.ndarray) -> np.ndarray:
    rows = np.empty(len(places), _ROW)
    for name in PLACE.names or ():
        rows[name] = places[name]
    rows["shard"] = shard
    return rows


def save_places(path: Path, length: int, places: np.ndarray) -> None:
    """Write the index of a shard, for the tar file of that length [bytes]."""
    path.parent.mkdir(exist_ok=True)
    part = path.with_suffix(".part")
    part.write_bytes(length.to_bytes(_HEAD, "little") + places.astype(PLACE).tobytes())
    part.replace(path)


def load_places(path: Path, length: int) -> tuple[np.ndarray, int] | None:
    """The living images of a shard and how many are gone.

    None where the index is lost, or is of another tar file.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    if len(raw) < _HEAD or int.from_bytes(raw[:_HEAD], "little") != length:
        return None
    places = np.frombuffer(raw[_HEAD : _whole(len(raw))], PLACE)
    is_burial = places["n_bytes"] == _GONE
    living = ~is_burial & ~np.isin(places["offset"], places["offset"][is_burial])
    return places[living], int((~is_burial & ~living).sum())


def bury(path: Path, offsets: Sequence[int]) -> None:
    """Note at the end of a shard's index that images are gone; a kill cannot tear what is there."""
    lines = np.zeros(len(offsets), PLACE)
    lines["offset"], lines["n_bytes"] = offsets, _GONE
    with path.open("r+b") as file:
        file.truncate(_whole(file.seek(0, 2)))
        file.seek(0, 2)
        file.write(lines.tobytes())


def _whole(length: int) -> int:
    """The length without a line that a kill tore."""
    return _HEAD + (length - _HEAD) // PLACE.itemsize * PLACE.itemsize
