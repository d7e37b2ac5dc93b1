"""In which order a review shows its entries, and which of them twice."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from galaxycurate.pipeline.review.entry import Entry

AFTER = 30
"""A picture comes back for a second look after about so many others."""


def shuffled(entries: Sequence[Entry], seed: int) -> list[Entry]:
    """The entries in a random order that the seed decides."""
    order = np.random.default_rng([seed, *b"review"]).permutation(len(entries))
    return [entries[k] for k in order]


def with_second_looks(entries: Sequence[Entry], share: float, seed: int) -> list[Entry]:
    """Some entries once more, later in the queue.

    Parameters
    ----------
    entries : sequence of Entry
    share : float
        0 to 1.
    seed : int
        The same seed chooses the same ones.

    Returns
    -------
    list of Entry
        A second look comes after about `AFTER` others, at the end where there are fewer.
    """
    rng = np.random.default_rng([seed, *b"second look"])
    draw, late = rng.random(len(entries)), rng.integers(AFTER // 2, AFTER * 3 // 2, len(entries))
    placed = [(float(k), entry) for k, entry in enumerate(entries)]
    placed += [
        (k + late[k] + 0.5, replace(entry, again=True))
        for k, entry in enumerate(entries)
        if draw[k] < share
    ]
    return [entry for _, entry in sorted(placed, key=lambda both: both[0])]


def in_own_order(entries: Sequence[Entry], reviewer: str) -> list[Entry]:
    """The entries in an order that the reviewer's name decides, whatever is left out: two who share
    a queue would else meet at every picture of it.

    Parameters
    ----------
    entries : sequence of Entry
    reviewer : str

    Returns
    -------
    list of Entry
    """

    def place(entry: Entry) -> bytes:
        words = "\0".join((reviewer, entry.path, entry.partner))
        return hashlib.blake2b(words.encode(errors="surrogateescape"), digest_size=12).digest()

    return sorted(entries, key=place)
