"""Every pair of a dataset that shows the same thing, by what tells so: bytes, pixels, ids, sky."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from galaxycurate.core.outcome import VerdictKind
from galaxycurate.curation.pairs import Matches, Pairs
from galaxycurate.pipeline.dedupe.denied import denied
from galaxycurate.pipeline.dedupe.kept import Kept
from galaxycurate.pipeline.dedupe.positions import wrong_images
from galaxycurate.pipeline.dedupe.rows import among, take
from galaxycurate.pipeline.dedupe.seen import Seen

ONE_CENTRE = 0.01
"""Pictures whose middles lie within this share of the side show one thing, not a drifted one."""

PIXEL_KINDS = (
    VerdictKind.SAME_PIXELS, VerdictKind.COPY, VerdictKind.DRIFT, VerdictKind.SAME_SKY,
)  # fmt: skip
SHARED = (VerdictKind.DRIFT, VerdictKind.SAME_SKY)
"""What pixels tell of positions: where these tell otherwise, a pair is called so instead."""


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
    denied : Pairs
        Pairs that share sky by their positions, but not its stars.
    is_wrong : ndarray of bool, shape (n,)
        Images of both that nothing vouches for.
    """

    pairs: dict[VerdictKind, Pairs]
    wrong: Matches
    expected: np.ndarray
    denied: Pairs
    is_wrong: np.ndarray

    @property
    def all(self) -> list[Pairs]:
        """Every pair that a split must not tear apart."""
        return [*self.pairs.values(), self.wrong]


def gather(kept: Kept, seen: Seen, *, min_overlap: float = 0.0, dask: str = "") -> Evidence:
    """Put together what ids, positions, bytes and pixels tell.

    Parameters
    ----------
    kept : Kept
    seen : Seen
    min_overlap : float
        Footprints that share more than this fraction of the smaller belong together.
    dask : str
        Who searches these: a Dask scheduler, ``local``, or by default nobody else.

    Returns
    -------
    Evidence
    """
    pairs = dict(kept.evidence(min_overlap=min_overlap, dask=dask))
    files = pairs[VerdictKind.EXACT_FILE]
    wrong = wrong_images(kept, seen.sizes, seen.matches, files)
    matches = _without(seen.matches, files)
    kinds = _kinds(matches, seen.sizes)
    kinds[np.isin(kinds, SHARED) & among(matches, wrong.pairs)] = str(VerdictKind.WRONG_IMAGE)
    for kind in PIXEL_KINDS:
        pairs[kind] = take(matches, kinds == str(kind))
    silent = denied(kept, seen, pairs[VerdictKind.OVERLAP], wrong)
    is_wrong = wrong.is_wrong | silent.is_wrong
    return Evidence(pairs, wrong.pairs, wrong.expected, silent.pairs, is_wrong)


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
