"""Fingerprints compared with one another, those that were compared before not again.

A stored match keeps the false-discovery rate of the search that found it, which is a property of
that search: the first one compared all pictures there were, a later one the new with all. Each is
an estimate for the pairs of its own search, so that a bound on all of them bounds the false ones
among all pairs together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

import galaxycurate
from galaxycurate.core.progress import Progress, silent
from galaxycurate.curation.pairs import Matches
from galaxycurate.curation.pixels.prints import Prints
from galaxycurate.pipeline.dedupe.rows import (
    NAMES,
    columns,
    in_order,
    joined,
    no_matches,
    renumbered,
    take,
)
from galaxycurate.store.matches import MatchStore
from galaxycurate.store.prints import PrintStore

HUB = 16
"""Beside a picture of so many matches others are compared with it alone: when it goes, all are
compared again.
"""

Search = Callable[..., Matches]


def match_store(prints: PrintStore, **options: object) -> MatchStore:
    """Where the matches of a search with these options lie: beside the fingerprints."""
    from galaxycurate.curation.pixels import fingerprint, search

    versions = {
        "fingerprint": fingerprint.VERSION, "search": search.VERSION, "columns": NAMES,
        "program": galaxycurate.__version__,
    }  # fmt: skip
    return MatchStore(Path(prints.folder), versions, options, read_only=prints.read_only)


def compared(
    prints: Prints, store: MatchStore | None, search: Search, *, progress: Progress = silent
) -> tuple[Matches, int]:
    """All pairs of pictures that show the same sky, as a search of all of them at once finds them.

    Parameters
    ----------
    prints : Prints
    store : MatchStore or None
        Of this very search, its version and options; None compares all and keeps nothing.
    search : callable
        Takes prints, ``new`` and ``progress``.
    progress : callable

    Returns
    -------
    Matches
        Sorted by rows.
    int
        Pictures that were compared now, with one another and with those compared before.
    """
    from galaxycurate.curation.pixels.search import identical

    same, once = identical(prints)
    digests = prints.pixels[once]
    held = store.read() if store is not None else None
    known, stored = _known(digests.tolist(), held, hub=HUB)
    rows = np.concatenate([known, np.setdiff1d(np.arange(once.size), known)])
    n_new = rows.size - known.size
    if n_new:
        now = search(prints.take(once[rows]), new=known.size, progress=progress)
        stored = in_order(joined([stored, now]), by="second")
    if store is not None and (n_new or held is None or known.size < held[0].size):
        store.write(digests[rows], columns(stored))
    sizes = np.stack([prints.width, prints.height], axis=1)
    return in_order(joined([same, renumbered(stored, once[rows], sizes)])), n_new


def remembered(prints: Prints, store: MatchStore) -> tuple[Matches, np.ndarray]:
    """What searches with any options found before among some pictures.

    Parameters
    ----------
    prints : Prints
    store : MatchStore

    Returns
    -------
    Matches
        With pictures that are alike, sorted by rows; each pair once.
    ndarray of bool, shape (len(prints),)
        Pictures that were compared.
    """
    from galaxycurate.curation.pixels.search import identical

    same, once = identical(prints)
    digests = prints.pixels[once].tolist()
    sizes = np.stack([prints.width, prints.height], axis=1)
    found, seen = [same], np.zeros(len(prints), bool)
    own = store.read()
    for held in [*([own] if own is not None else []), *store.read_others()]:
        rows, stored = _known(digests, held, hub=np.inf)
        seen[once[rows]] = True
        found.append(renumbered(stored, once[rows], sizes))
    seen[same.second] = seen[same.first]
    return once_each(found), seen


def once_each(many: Sequence[Matches]) -> Matches:
    """Several lots, sorted by rows; of a pair that is in more than one the first counts."""
    whole = in_order(joined(many))
    again = (np.diff(whole.first) == 0) & (np.diff(whole.second) == 0)
    return take(whole, np.concatenate([[True], ~again])[: len(whole)])


def _known(digests: list[bytes], held: tuple | None, *, hub: float) -> tuple[np.ndarray, Matches]:
    """Pictures that were compared before, in the order of then, and their matches counted in it."""
    none = np.empty(0, np.int64), no_matches()
    if held is None:
        return none
    row_of = {digest: row for row, digest in enumerate(digests)}
    rows = np.array([row_of.get(digest, -1) for digest in held[0].tolist()], np.int64)
    there = rows >= 0
    matches = Matches(**held[1])
    partners = np.bincount(np.concatenate([matches.first, matches.second]), minlength=rows.size)
    if (partners[~there] >= hub).any():
        return none
    left = take(matches, there[matches.first] & there[matches.second])
    number = np.cumsum(there) - 1
    return rows[there], Matches(
        **columns(left) | {"first": number[left.first], "second": number[left.second]}
    )
