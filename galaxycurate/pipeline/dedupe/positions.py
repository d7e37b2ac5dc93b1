"""Pixels against positions: which pictures are not what their id says."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from galaxycurate.core.geometry import separation
from galaxycurate.core.placing import Placing
from galaxycurate.curation.groups import groups
from galaxycurate.curation.keep import blamed
from galaxycurate.curation.pairs import Matches, Pairs
from galaxycurate.pipeline.dedupe.kept import Kept
from galaxycurate.pipeline.dedupe.rows import in_rows, joined, no_matches, take

SURE_TIERS = ("pixels", "noise")
"""What no other piece of sky can have: where these disagree with positions, a picture is wrong."""

MOST_PLACES = 16
"""A picture at more places than this, an error tile, is compared with others at so many."""


@dataclass(frozen=True)
class WrongImages:
    """Pairs whose pixels disagree with their positions, and who is to blame.

    Parameters
    ----------
    pairs : Matches
    expected : ndarray of float64, shape (len(pairs), 3)
        Where the positions put the second picture on the first, dx and dy [pixel], and how far
        that is from where it was found [arcsec].
    is_wrong : ndarray of bool, shape (n,)
        Images of those pairs that nothing vouches for.
    vouched : ndarray of bool, shape (n,)
        Images whose position another picture's pixels confirm.
    """

    pairs: Matches
    expected: np.ndarray
    is_wrong: np.ndarray
    vouched: np.ndarray


def wrong_images(kept: Kept, sizes: np.ndarray, matches: Matches, files: Pairs) -> WrongImages:
    """Compare what pixels tell with what positions tell.

    Of pictures that are alike only one was compared with others; here it speaks for all of them,
    at every place where one of them should be.

    Parameters
    ----------
    kept : Kept
    sizes : ndarray of int64, shape (n, 2)
        Width and height of each picture [pixel], 0 where unknown.
    matches : Matches
    files : Pairs
        Of one file, each with the first of its kind.

    Returns
    -------
    WrongImages
    """
    is_pixels = matches.tier == "pixels"
    same = Pairs(*(v[is_pixels] for v in (matches.first, matches.second, matches.amount)))
    places = _Places(kept, sizes, groups(len(kept), [same, files]))
    told = _Told.of(kept, sizes, places.spread(take(matches, ~is_pixels)))
    agreeing = take(told.matches, told.agrees & _apart(kept, told.matches))
    vouched = np.zeros(len(kept), bool)
    vouched[agreeing.first] = vouched[agreeing.second] = True
    hubs, alike = places.twins(vouched)
    twins = _Told.of(kept, sizes, alike)
    rest = _Told.of(kept, sizes, _by_one_that_disagrees(hubs, twins))
    wrong = joined([take(t.matches, ~t.agrees) for t in (told, twins, rest)])
    expected = np.concatenate([t.expected[~t.agrees] for t in (told, twins, rest)])
    sure = np.isin(wrong.tier, SURE_TIERS)
    is_wrong = blamed(
        len(kept), (wrong.first[sure], wrong.second[sure]), (agreeing.first, agreeing.second)
    )
    return places.told_of_all(WrongImages(wrong, expected, is_wrong, vouched))


class _Places:
    """Every place of each picture, by the first image that is there."""

    def __init__(self, kept: Kept, sizes: np.ndarray, picture: np.ndarray):
        self.sizes = sizes
        known = np.isfinite(kept.ra + kept.dec + kept.pixscale) & (sizes.min(axis=1) > 0)
        rows = np.flatnonzero(known)
        where = np.stack([picture, kept.ra, kept.dec, kept.pixscale])[:, rows]
        _, first, number = np.unique(where, axis=1, return_index=True, return_inverse=True)
        self.rows = rows[first]
        """An image at each place, those of one picture together."""
        self.speaker = np.arange(len(kept))
        self.speaker[rows] = self.rows[number.ravel()]
        self.picture = picture
        n = int(picture.max(initial=-1)) + 1
        self.starts = np.searchsorted(picture[self.rows], np.arange(n + 1))

    def spread(self, matches: Matches) -> Matches:
        """The matches of each picture at all of its places."""
        i, j = self.picture[matches.first], self.picture[matches.second]
        n_i, n_j = (np.minimum(np.diff(self.starts), MOST_PLACES)[k] for k in (i, j))
        times = n_i * n_j
        of = np.repeat(np.arange(len(matches)), times)
        nth = np.arange(of.size) - np.repeat(np.cumsum(times) - times, times)
        first = self.rows[self.starts[i][of] + nth // n_j[of]]
        second = self.rows[self.starts[j][of] + nth % n_j[of]]
        return in_rows(take(matches, of), first, second, self.sizes)

    def twins(self, vouched: np.ndarray) -> tuple[np.ndarray, Matches]:
        """Each picture at one of its places, its hub, if possible one that is vouched for, with it
        at all the others; the hub of each pair, and the pairs.
        """
        pairs = []
        for k in np.flatnonzero(np.diff(self.starts) > 1):
            rows = self.rows[self.starts[k] : self.starts[k + 1]]
            hub = int(vouched[rows].argmax())
            pairs += [(int(rows[hub]), int(row)) for row in np.delete(rows, hub)]
        both = np.array(pairs, np.int64).reshape(-1, 2)
        return both[:, 0], _alike(both)

    def told_of_all(self, found: WrongImages) -> WrongImages:
        """What was found of the image that speaks for others at its place told of these, too."""
        is_wrong = found.is_wrong[self.speaker]
        pair_of: dict[int, int] = {}
        for k, both in enumerate(zip(found.pairs.first, found.pairs.second, strict=True)):
            for row in both:
                pair_of.setdefault(int(row), k)
        silent = np.flatnonzero(is_wrong & (self.speaker != np.arange(is_wrong.size)))
        pairs = np.array([pair_of[int(row)] for row in self.speaker[silent]], np.int64)
        more = take(found.pairs, pairs)
        speaks_first = more.first == self.speaker[silent]
        first = np.where(speaks_first, silent, more.first)
        second = np.where(speaks_first, more.second, silent)
        return WrongImages(
            joined([found.pairs, in_rows(more, first, second, self.sizes)]),
            np.concatenate([found.expected, found.expected[pairs]]),
            is_wrong,
            found.vouched[self.speaker],
        )


@dataclass(frozen=True)
class _Told:
    """Matches with what positions tell of them."""

    matches: Matches
    expected: np.ndarray
    agrees: np.ndarray

    @classmethod
    def of(cls, kept: Kept, sizes: np.ndarray, matches: Matches) -> _Told:
        if not len(matches):
            return cls(no_matches(), np.empty((0, 3)), np.empty(0, bool))
        from galaxycurate.curation.pixels.agreement import against_wcs

        told = against_wcs(matches, kept.ra, kept.dec, kept.pixscale, *sizes.T)
        return cls(matches, np.stack([told.dx, told.dy, told.off_arcsec], axis=1), told.agrees)


def _by_one_that_disagrees(hubs: np.ndarray, twins: _Told) -> Matches:
    """Places at which a picture may be beside its hub, with one at which it then cannot be."""
    others = np.where(twins.matches.first == hubs, twins.matches.second, twins.matches.first)
    told = list(zip(hubs.tolist(), others.tolist(), twins.agrees.tolist(), strict=True))
    far = {hub: other for hub, other, agrees in told if not agrees}
    more = [(far[hub], other) for hub, other, agrees in told if agrees and hub in far]
    return _alike(np.array(more, np.int64).reshape(-1, 2))


def _alike(pairs: np.ndarray) -> Matches:
    """Pairs of pictures that are alike to the pixel."""
    pairs = np.sort(pairs, axis=1)
    n = len(pairs)
    nought, one = np.zeros(n), np.ones(n)
    return Matches(
        pairs[:, 0], pairs[:, 1], one, nought, nought, np.zeros(n, np.int8), one, one, nought,
        np.full(n, "pixels"),
    )  # fmt: skip


def _apart(kept: Kept, matches: Matches) -> np.ndarray:
    """Whether the two positions differ by more than both may err."""
    from galaxycurate.curation.pixels.agreement import PIXEL_ERROR, POSITION_ERROR, SIGMAS

    i, j = matches.first, matches.second
    error = SIGMAS * np.hypot(PIXEL_ERROR["resized"] * kept.pixscale[i], POSITION_ERROR)
    return separation(kept.ra[i], kept.dec[i], kept.ra[j], kept.dec[j]) > error


def expected_placings(kept: Kept, sizes: np.ndarray, pairs: Pairs) -> list[Placing | None]:
    """How the second picture of each pair lies on the first by their positions, None where these
    or the pictures' sizes are unknown.
    """
    from galaxycurate.curation.pixels.agreement import against_wcs

    scale = kept.pixscale[pairs.second] / kept.pixscale[pairs.first]
    alike = _alike(np.stack([pairs.first, pairs.second], axis=1))
    as_matches = replace(alike, scale=scale)
    told = against_wcs(as_matches, kept.ra, kept.dec, kept.pixscale, *sizes.T)
    has_size = sizes.min(axis=1) > 0
    known = np.isfinite(told.dx + told.dy + scale) & has_size[pairs.first] & has_size[pairs.second]
    columns = zip(known, told.dx.tolist(), told.dy.tolist(), scale.tolist(), strict=True)
    return [Placing(dx, dy, 0, s) if is_known else None for is_known, dx, dy, s in columns]
