"""Every pair of a dataset that shows the same thing, by what tells so: bytes, pixels, ids, sky."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from galaxycurate.core.outcome import VerdictKind
from galaxycurate.core.placing import Placing
from galaxycurate.core.progress import Progress, silent
from galaxycurate.curation.keep import Quality, blamed
from galaxycurate.curation.pairs import Matches, Pairs
from galaxycurate.errors import SettingError
from galaxycurate.pipeline.dedupe.kept import Kept

if TYPE_CHECKING:
    from galaxycurate.pipeline.dedupe.prints import Printed

ONE_CENTRE = 0.01
"""Pictures whose middles lie within this share of the side show one thing, not a drifted one."""

PIXEL_KINDS = (
    VerdictKind.SAME_PIXELS, VerdictKind.COPY, VerdictKind.DRIFT, VerdictKind.SAME_SKY,
)  # fmt: skip
SURE_TIERS = ("pixels", "noise")
"""What no other piece of sky can have: where these disagree with positions, a picture is wrong."""


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
    """

    matches: Matches
    sizes: np.ndarray
    quality: list[Quality]
    unreadable: Mapping[int, str] = field(default_factory=dict)
    read: int = 0

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
class Evidence:
    """All pairs by kind, and the pictures that are not what their id says.

    Parameters
    ----------
    pairs : dict of VerdictKind to Pairs
        Those that pixels tell of are `Matches`.
    wrong : Matches
        Pairs whose pixels disagree with their positions.
    expected : ndarray of float64, shape (len(wrong), 3)
        Where the positions put the second picture on the first, dx and dy [pixel], and how far
        that is from where it was found [arcsec].
    is_wrong : ndarray of bool, shape (n,)
        Images of those pairs that nothing vouches for.
    """

    pairs: dict[VerdictKind, Pairs]
    wrong: Matches
    expected: np.ndarray
    is_wrong: np.ndarray

    @property
    def all(self) -> list[Pairs]:
        """Every pair that a split must not tear apart."""
        return [*self.pairs.values(), self.wrong]

    @property
    def counts(self) -> Counter:
        """Pairs by kind."""
        found = {str(kind): len(pairs) for kind, pairs in self.pairs.items()}
        return Counter({**found, str(VerdictKind.WRONG_IMAGE): len(self.wrong)})


def unseen(kept: Kept) -> Seen:
    """What is known of the pictures when their pixels are not looked at."""
    sizes = np.array([[o.size_px, o.size_px] for o in kept.outcomes], np.int64).reshape(-1, 2)
    quality = [
        replace(one, pixels=w * h) for (w, h), one in zip(sizes.tolist(), _told(kept), strict=True)
    ]
    return Seen(no_matches(), sizes, quality)


def gather(kept: Kept, seen: Seen, *, min_overlap: float = 0.0) -> Evidence:
    """Put together what ids, positions, bytes and pixels tell.

    Parameters
    ----------
    kept : Kept
    seen : Seen
    min_overlap : float
        Footprints that share more than this fraction of the smaller belong together.

    Returns
    -------
    Evidence
    """
    pairs = dict(kept.evidence(min_overlap=min_overlap))
    matches = _without(seen.matches, pairs[VerdictKind.EXACT_FILE])
    kinds = _kinds(matches, seen.sizes)
    for kind in PIXEL_KINDS:
        pairs[kind] = take(matches, kinds == str(kind))
    wrong, expected, agreeing = _against_positions(kept, seen)
    sure = np.isin(wrong.tier, SURE_TIERS)
    is_wrong = blamed(
        len(kept),
        (wrong.first[sure], wrong.second[sure]),
        (agreeing.first, agreeing.second),
    )
    return Evidence(pairs, wrong, expected, is_wrong)


def take(matches: Matches, rows: np.ndarray) -> Matches:
    """Some of the pairs."""
    return Matches(**{f.name: getattr(matches, f.name)[rows] for f in fields(Matches)})


def no_matches() -> Matches:
    """No pairs at all."""
    ints, floats = np.empty(0, np.int64), np.empty(0)
    return Matches(
        ints, ints, floats, dx=floats, dy=floats, flip=np.empty(0, np.int8), scale=floats,
        score=floats, fdr=floats, tier=np.empty(0, "<U8"),
    )  # fmt: skip


def moved(matches: Matches, rows: np.ndarray) -> Matches:
    """The same pairs with other numbers for their rows, which rise."""
    return replace(matches, first=rows[matches.first], second=rows[matches.second])


def _without(matches: Matches, known: Pairs) -> Matches:
    """The matches but for pairs that are known to be one file."""
    if not len(known) or not len(matches):
        return matches
    n = int(max(matches.second.max(), known.second.max())) + 1
    one = np.arange(n)
    one[known.second] = known.first  # `same` links each row with the first of its key
    return take(matches, one[matches.first] != one[matches.second])


def _kinds(matches: Matches, sizes: np.ndarray) -> np.ndarray:
    """What each match is: the same pixels, a copy, part of one exposure, or of another one."""
    at_centre = _off_centre(matches, sizes) <= ONE_CENTRE
    is_copy = at_centre & (matches.tier != "sources")
    kinds = np.where(is_copy, str(VerdictKind.COPY), str(VerdictKind.DRIFT)).astype("<U32")
    kinds[matches.tier == "sources"] = str(VerdictKind.SAME_SKY)
    kinds[matches.tier == "pixels"] = str(VerdictKind.SAME_PIXELS)
    return kinds


def _off_centre(matches: Matches, sizes: np.ndarray) -> np.ndarray:
    """Distance of the two middles as a share of the first picture's side."""
    first, second = sizes[matches.first] - 1, sizes[matches.second] - 1
    second = np.where((matches.flip % 2 == 1)[:, None], second[:, ::-1], second)
    middle = matches.scale[:, None] * second / 2 + np.stack([matches.dx, matches.dy], 1)
    return np.hypot(*(middle - first / 2).T) / np.maximum(first.max(axis=1), 1)


def expected_placings(kept: Kept, seen: Seen, pairs: Pairs) -> list[Placing | None]:
    """How the second picture of each pair lies on the first by their positions, None where these
    or the pictures' sizes are unknown.
    """
    from galaxycurate.curation.pixels.agreement import against_wcs

    nought = np.zeros(len(pairs))
    scale = kept.pixscale[pairs.second] / kept.pixscale[pairs.first]
    as_matches = Matches(
        pairs.first, pairs.second, pairs.amount, dx=nought, dy=nought,
        flip=np.zeros(len(pairs), np.int8), scale=scale, score=nought, fdr=nought,
        tier=np.full(len(pairs), "noise"),
    )  # fmt: skip
    width, height = seen.sizes.T
    told = against_wcs(as_matches, kept.ra, kept.dec, kept.pixscale, width, height)
    known = np.isfinite(told.dx + told.dy + scale) & (seen.sizes.min(axis=1) > 0)[pairs.first]
    known &= (seen.sizes.min(axis=1) > 0)[pairs.second]
    columns = zip(known, told.dx.tolist(), told.dy.tolist(), scale.tolist(), strict=True)
    return [Placing(dx, dy, 0, s) if is_known else None for is_known, dx, dy, s in columns]


def _against_positions(kept: Kept, seen: Seen) -> tuple[Matches, np.ndarray, Matches]:
    """Matches that disagree with the positions, what those expect, and matches that agree."""
    matches = seen.matches
    placed = np.isfinite(kept.ra + kept.dec + kept.pixscale) & (seen.sizes.min(axis=1) > 0)
    matches = take(matches, placed[matches.first] & placed[matches.second])
    if not len(matches):
        return no_matches(), np.empty((0, 3)), no_matches()
    from galaxycurate.curation.pixels.agreement import against_wcs

    width, height = seen.sizes.T
    dx, dy, off_arcsec, agrees = against_wcs(
        matches, kept.ra, kept.dec, kept.pixscale, width, height
    )
    expected = np.stack([dx, dy, off_arcsec], axis=1)
    return take(matches, ~agrees), expected[~agrees], take(matches, agrees)


def look(
    kept: Kept, read, store, how: PixelSearch, *, memory_mb: int, progress: Progress = silent
) -> Seen:
    """Fingerprint the pictures of a dataset and find the pairs among them.

    Parameters
    ----------
    kept : Kept
    read : callable
        The bytes of an image by its path.
    store : PrintStore or None
        Where fingerprints are kept.
    how : PixelSearch
    memory_mb : int
        Memory that the search may take.
    progress : callable

    Returns
    -------
    Seen
    """
    from galaxycurate.curation.pixels.search import search
    from galaxycurate.pipeline.dedupe.prints import printed

    bodies = [(o.sha256 or o.path, _reader(read, o.path)) for o in kept.outcomes]
    made = printed(bodies, store, progress=progress)
    found = search(
        made.prints, flips=how.flips, resized=how.resized, memory_mb=memory_mb, progress=progress
    )
    found = take(found, (found.fdr <= how.max_fdr) | (found.tier == "pixels"))
    sizes = np.zeros((len(kept), 2), np.int64)
    sizes[made.rows, 0], sizes[made.rows, 1] = made.prints.width, made.prints.height
    quality = _told(kept)
    n_bytes = _least_bytes(made, [quality[row].n_bytes for row in made.rows.tolist()])
    for row, one, n in zip(made.rows.tolist(), made.quality, n_bytes, strict=True):
        quality[row] = replace(one, score=quality[row].score, n_bytes=n)
    unreadable = {
        row: made.unreadable[key] for row, (key, _) in enumerate(bodies) if key in made.unreadable
    }
    return Seen(moved(found, made.rows), sizes, quality, unreadable, made.read)


def _least_bytes(made: Printed, n_bytes: list[int]) -> list[int]:
    """The length of each file; files of the same pixels count as the shortest of them."""
    _, kind = np.unique(made.prints.pixels, return_inverse=True)
    least = np.full(len(n_bytes), np.iinfo(np.int64).max)
    np.minimum.at(least, kind.ravel(), np.array(n_bytes, np.int64))
    return least[kind.ravel()].tolist()


def _told(kept: Kept) -> list[Quality]:
    """What the ledger and the manifests tell of the quality of each picture."""
    return [
        Quality(n_bytes=outcome.n_bytes, score=score)
        for outcome, score in zip(kept.outcomes, kept.score.tolist(), strict=True)
    ]


def _reader(read, path: str):
    return lambda: read(path)
