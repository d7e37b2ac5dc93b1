"""What the pixels of a dataset's images tell: their fingerprints, and the matches among them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from galaxycurate.core.placing import Placing
from galaxycurate.core.progress import Progress, silent
from galaxycurate.curation.keep import Quality
from galaxycurate.curation.pairs import Matches
from galaxycurate.errors import SettingError
from galaxycurate.pipeline.dedupe.cores import cores
from galaxycurate.pipeline.dedupe.kept import Kept
from galaxycurate.pipeline.dedupe.rows import moved, take

if TYPE_CHECKING:
    from galaxycurate.curation.pixels.prints import Prints
    from galaxycurate.pipeline.dedupe.prints import Printed, Spread


@dataclass(frozen=True)
class PixelSearch:
    """How pixels are compared.

    Parameters
    ----------
    flips : bool
        Also turned by quarters and mirrored.
    resized : bool
        Also at other pixel scales.
    max_fdr : float
        A pair counts when the estimated share of false ones among those as sure is at most this.
    register : bool
        Measure shifts to fractions of a pixel, which reads the found pictures again.
    """

    flips: bool = True
    resized: bool = True
    max_fdr: float = 0.001
    register: bool = False

    def __post_init__(self):
        """Refuse a rate that is none."""
        if not 0 < self.max_fdr <= 1:
            raise SettingError(
                f"max-fdr = {self.max_fdr:g} is outside 0 to 1",
                hint="0.001 lets one pair in a thousand be false",
            )


@dataclass(frozen=True)
class Seen:
    """What pixels told of the images of a dataset.

    Parameters
    ----------
    matches : Matches
        Rows are those of the dataset's images; only pairs that count.
    sizes : ndarray of int64, shape (n, 2)
        Width and height of each picture [pixel], 0 where it is unreadable.
    quality : list of Quality
        Of each.
    unreadable : dict of int to str
        Why no picture can be made of a row's file.
    read : int
        How many files were decoded; the other fingerprints were stored.
    compared : int
        How many pictures were compared with all; the matches of the others were stored.
    known : int
        Images whose pixels were compared, now or earlier.
    unsure : int
        Pairs that were found, but are less sure than asked for.
    prints : Prints or None
        The fingerprints, of those that have one.
    rows : ndarray of int64, shape (len(prints),)
        Which images these are, in order.
    """

    matches: Matches
    sizes: np.ndarray
    quality: list[Quality]
    unreadable: Mapping[int, str] = field(default_factory=dict)
    read: int = 0
    compared: int = 0
    known: int = 0
    unsure: int = 0
    prints: Prints | None = field(default=None, repr=False)
    rows: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def rates(self) -> dict[str, float]:
        """Estimated share of false pairs among those found, by tier."""
        tiers = np.unique(self.matches.tier).tolist()
        return {t: float(self.matches.fdr[self.matches.tier == t].max()) for t in tiers}

    def placing(self, k: int) -> Placing:
        """How the second picture of a match lies on the first."""
        m = self.matches
        return Placing(float(m.dx[k]), float(m.dy[k]), int(m.flip[k]), float(m.scale[k]))


@dataclass(frozen=True)
class Means:
    """What a look at pictures may use: memory [MB], and a cluster that looks at the files."""

    memory_mb: int
    afar: Spread | None = None


def look(
    kept: Kept, read, store, how: PixelSearch, *, means: Means, progress: Progress = silent
) -> Seen:
    """Fingerprint the pictures of a dataset and find the pairs among them.

    What wider searches found among them before goes on counting.

    Parameters
    ----------
    kept : Kept
    read : callable
        The bytes of an image by its path; one that pickle can send to other processes lets these
        share the work.
    store : PrintStore or None
        Where fingerprints and matches are kept.
    how : PixelSearch
    means : Means
    progress : callable

    Returns
    -------
    Seen
    """
    from galaxycurate.curation.pixels.search import MAX_FDR, search
    from galaxycurate.pipeline.dedupe.compared import compared, match_store, once_each, remembered
    from galaxycurate.pipeline.dedupe.prints import printed

    workers = cores(means.memory_mb)
    made = printed(_bodies(kept, read), store, workers=workers, afar=means.afar, progress=progress)
    max_fdr = max(how.max_fdr, MAX_FDR)
    options = {"flips": how.flips, "resized": how.resized, "max_fdr": max_fdr}
    matches = match_store(store, **options) if store is not None else None
    found, n_compared = compared(
        made.prints, matches,
        partial(
            search, flips=how.flips, resized=how.resized, memory_mb=means.memory_mb,
            max_fdr=max_fdr,
        ),
        progress=progress,
    )  # fmt: skip
    if matches is not None:
        found = once_each([found, remembered(made.prints, matches)[0]])
    return _seen(kept, made, found, how.max_fdr, len(made.rows), n_compared)


def recall(kept: Kept, store, max_fdr: float) -> Seen:
    """What is known of the pictures of a dataset from earlier; no file is read.

    Parameters
    ----------
    kept : Kept
    store : PrintStore
    max_fdr : float
        As sure as the pairs must be.

    Returns
    -------
    Seen
    """
    from galaxycurate.pipeline.dedupe.compared import match_store, remembered
    from galaxycurate.pipeline.dedupe.prints import printed

    made = printed(_bodies(kept, None), store, only_stored=True)
    found, was_compared = remembered(made.prints, match_store(store))
    return _seen(kept, made, found, max_fdr, int(was_compared.sum()))


def _bodies(kept: Kept, read) -> list:
    return [(o.sha256 or o.path, partial(read or _nothing, o.path)) for o in kept.outcomes]


def _nothing(path: str) -> bytes:
    raise FileNotFoundError(path)


def _seen(
    kept: Kept, made: Printed, matches: Matches, max_fdr: float, known: int, n_compared: int = 0
) -> Seen:
    """What fingerprints and the matches among them tell of the images of a dataset."""
    sure = (matches.fdr <= max_fdr) | (matches.tier == "pixels")
    found = take(matches, sure)
    sizes = _sizes(kept)
    sizes[made.rows, 0], sizes[made.rows, 1] = made.prints.width, made.prints.height
    quality = _told(kept)
    n_bytes = _least_bytes(made, [quality[row].n_bytes for row in made.rows.tolist()])
    flaws = [made.unreadable.get(o.sha256 or o.path) for o in kept.outcomes]
    unreadable = {row: why for row, why in enumerate(flaws) if why is not None}
    for row in unreadable:
        sizes[row] = 0
        quality[row] = replace(quality[row], is_seen=False)
    siblings = Counter((one.form, one.pixels) for one in made.quality)
    turned = _turned(found, len(made.rows))
    for k, (row, one) in enumerate(zip(made.rows.tolist(), made.quality, strict=True)):
        quality[row] = replace(
            one, score=quality[row].score, n_bytes=n_bytes[k], is_turned=bool(turned[k]),
            siblings=siblings[one.form, one.pixels],
        )  # fmt: skip
    return Seen(
        moved(found, made.rows), sizes, quality, unreadable, made.read, n_compared, known,
        int((~sure).sum()), made.prints, made.rows,
    )  # fmt: skip


def _turned(matches: Matches, n: int) -> np.ndarray:
    """Pictures that lie turned or mirrored on more others than they lie upright on."""
    votes = np.where(matches.flip != 0, 1, -1)
    told = np.zeros(n, np.int64)
    for rows in (matches.first, matches.second):
        np.add.at(told, rows, votes)
    return told > 0


def _least_bytes(made: Printed, n_bytes: list[int]) -> list[int]:
    """The length of each file; files of the same pixels count as the shortest of them."""
    _, kind = np.unique(made.prints.pixels, return_inverse=True)
    least = np.full(len(n_bytes), np.iinfo(np.int64).max)
    np.minimum.at(least, kind.ravel(), np.array(n_bytes, np.int64))
    return least[kind.ravel()].tolist()


def _told(kept: Kept) -> list[Quality]:
    """What the ledger and the manifests tell of the quality of each picture."""
    return [
        Quality(
            n_bytes=outcome.n_bytes, score=score,
            pixels=outcome.size_px * (outcome.height_px or outcome.size_px),
        )
        for outcome, score in zip(kept.outcomes, kept.score.tolist(), strict=True)
    ]  # fmt: skip


def _sizes(kept: Kept) -> np.ndarray:
    """Width and height of each picture, as the ledger has them [pixel]."""
    sides = [(o.size_px, o.height_px or o.size_px) for o in kept.outcomes]
    return np.array(sides, np.int64).reshape(-1, 2)
