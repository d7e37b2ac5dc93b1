"""Found galaxies against a list: how many of the listed were found, how many of the found listed.

Completeness counts listed galaxies brighter than a limit that have a found one within a few
pixels; precision counts found ones, however bright, that lie on a listed galaxy of any brightness.
What lies on a listed star is told apart from what no list knows: the list may be incomplete.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from train.detect import classical
from train.detect.fields import Field
from train.detect.found import MATCH_PX, ZERO_POINT, Found
from train.detect.listing import Listing

_APERTURE_PX, _RING_PX = 4.0, (8.0, 14.0)  # of listed galaxies that share a source
_ISOPHOTAL, _WITHOUT = 1.05, 1.15  # all the light, to that of the isophote or aperture


@dataclass(frozen=True)
class Score:
    """How well a field's galaxies were found at a threshold of the score.

    Attributes
    ----------
    limit_r, threshold : float
    listed, hit : int
        Listed galaxies brighter than the limit; those of them that were found.
    told, right, on_star, unlisted : int
        Found; of these: on a listed galaxy, on a listed star, on neither.
    """

    limit_r: float
    threshold: float
    listed: int
    hit: int
    told: int
    right: int
    on_star: int
    unlisted: int

    @property
    def completeness(self) -> float:
        """Share of the listed that was found; NaN where none is listed."""
        return self.hit / self.listed if self.listed else float("nan")

    @property
    def precision(self) -> float:
        """Share of the found that is listed; NaN where none was found."""
        return self.right / self.told if self.told else float("nan")

    def as_dict(self) -> dict[str, float | None]:
        """The counts and shares, for JSON; a share of nothing is None."""
        shares = {"completeness": self.completeness, "precision": self.precision}
        told = {
            name: None if np.isnan(value) else round(value, 4) for name, value in shares.items()
        }
        return {**asdict(self), **told}


def judged(
    found: Found,
    listed: Listing,
    mag_r: np.ndarray,
    *,
    limit_r: float,
    threshold: float,
    told_to_r: float = np.inf,
) -> Score:
    """Count.

    Parameters
    ----------
    found : Found
    listed : Listing
    mag_r : ndarray, shape (len(listed),)
        Of the listed; see `listed_magnitudes`.
    limit_r, threshold : float
    told_to_r : float
        Found ones fainter than this are left out of the precision (but may complete the list).

    Returns
    -------
    Score
    """
    told = found.where(found.score >= threshold)
    galaxies = listed.xy[listed.galaxy]
    bright = mag_r[listed.galaxy] < limit_r
    hit = one_to_one(galaxies, told.xy) & bright
    shown = told.where(told.mag_r < told_to_r) if np.isfinite(told_to_r) else told
    right = one_to_one(shown.xy, galaxies)
    star = ~right & (gap(shown.xy, listed.xy[~listed.galaxy]) < MATCH_PX)
    return Score(
        limit_r, threshold, int(bright.sum()), int(hit.sum()), len(shown), int(right.sum()),
        int(star.sum()), int((~right & ~star).sum()),
    )  # fmt: skip


def listed_magnitudes(field: Field, listed: Listing) -> np.ndarray:
    """r of listed positions: the table's own, else measured in the r frame.

    A position that has an isophote for itself gets its light; one that shares it with another
    listed object, the light of an aperture above the surroundings.

    Returns
    -------
    ndarray of float64, shape (len(listed),)
    """
    missing = ~np.isfinite(listed.mag_r)
    if not missing.any():
        return listed.mag_r
    seen = classical.sources(field.planes["r"].window(0, field.shape[0], 0, field.shape[1]))
    height, width = field.shape
    column = np.clip(np.rint(listed.xy[:, 0]).astype(int), 0, width - 1)
    row = np.clip(np.rint(listed.xy[:, 1]).astype(int), 0, height - 1)
    owner = seen.segments[row, column]
    sharing = np.bincount(owner, minlength=len(seen.table) + 1)
    own = seen.table[np.maximum(owner - 1, 0)]
    offset = np.hypot(own["x"] - listed.xy[:, 0], own["y"] - listed.xy[:, 1])
    alone = (owner > 0) & (offset < 3) & (sharing[owner] == 1)
    light = np.where(alone, own["flux"] * _ISOPHOTAL, _aperture(seen, listed.xy))
    with np.errstate(invalid="ignore", divide="ignore"):
        measured = ZERO_POINT - 2.5 * np.log10(np.maximum(light, 1e-3))
    return np.where(missing, measured, listed.mag_r)


def one_to_one(places: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Which places have another of their own within `MATCH_PX`, the nearest pairs first."""
    from scipy.spatial import cKDTree

    taken, matched = set(), np.zeros(len(places), bool)
    if not len(places) or not len(others):
        return matched
    near = cKDTree(places).sparse_distance_matrix(cKDTree(others), MATCH_PX, output_type="ndarray")
    for pair in near[np.argsort(near["v"], kind="stable")]:
        if not matched[pair["i"]] and pair["j"] not in taken:
            matched[pair["i"]] = True
            taken.add(pair["j"])
    return matched


def gap(places: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Distance from each place to the nearest of the others [pixel]; infinity: none."""
    from scipy.spatial import cKDTree

    if not len(places) or not len(others):
        return np.full(len(places), np.inf)
    return cKDTree(others).query(places)[0]


def _aperture(seen, xy: np.ndarray) -> np.ndarray:
    import sep

    flux, _, _ = sep.sum_circle(
        seen.flux, xy[:, 0], xy[:, 1], _APERTURE_PX, bkgann=_RING_PX, subpix=3
    )
    return flux * _WITHOUT
