"""Cutouts against the rows of a catalogue: what should be seen in each, and where.

A galaxy is a disc of its radius (`galaxycurate.curation.vacancy.galaxy_radius`). Positions are
pixels from the middle of a north-up cutout, to the right and down: east is to the left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from galaxycurate.core.geometry import chord, to_plane, unit_vectors
from galaxycurate.core.outcome import VerdictKind

NEAR_LIMIT_MAG = 0.3
"""So far beyond the limit a galaxy is still borderline: magnitudes of SDSS at r = 20 scatter by
0.05, and by more from one release to the next."""

COMPARABLE_MAG = 1.0
"""A second galaxy is of comparable light up to so much fainter than the first: 40 % of it."""

OFF_CENTRE = 0.1
"""Of the cutout's side: a galaxy further than this from the middle is not centred."""

ONE_OBJECT_ARCSEC = 1.5
"""Detections of one type closer than this are one object, seen by several runs or fields."""

_SAMPLES = 7


@dataclass(frozen=True)
class Listed:
    """Objects of a catalogue.

    Parameters
    ----------
    objid : ndarray of int64, shape (n,)
    ra, dec : ndarray of float64, shape (n,)
        ICRS [deg].
    mag_r : ndarray of float64, shape (n,)
        NaN where it was not measured.
    radius_arcsec : ndarray of float64, shape (n,)
        Of galaxies the reach of their light; 0 for stars.
    galaxy : ndarray of bool, shape (n,)
        Others are stars.
    doubt : ndarray of str, shape (n,)
        Why the row may be no object of its own, empty where it surely is one.
    """

    objid: np.ndarray
    ra: np.ndarray
    dec: np.ndarray
    mag_r: np.ndarray
    radius_arcsec: np.ndarray
    galaxy: np.ndarray
    doubt: np.ndarray

    def __len__(self) -> int:
        return self.objid.size

    def take(self, rows: np.ndarray) -> Listed:
        """Some of them."""
        return Listed(**{name: values[rows] for name, values in vars(self).items()})

    @classmethod
    def none(cls) -> Listed:
        """A catalogue without objects."""
        empty = np.empty(0)
        return cls(np.empty(0, np.int64), empty, empty, empty, empty, np.empty(0, bool),
                   np.empty(0, "<U1"))  # fmt: skip


@dataclass(frozen=True)
class Found:
    """What a catalogue says of one cutout.

    Parameters
    ----------
    kind : VerdictKind
    why : str
        In words.
    row : int
        Of the object among the listed ones; -1 where none is meant.
    dx, dy : float
        Its place [pixel].
    radius_px : float
        Its reach.
    """

    kind: VerdictKind
    why: str = ""
    row: int = -1
    dx: float = 0.0
    dy: float = 0.0
    radius_px: float = 0.0


@dataclass(frozen=True)
class Placed:
    """Listed objects as they lie on a cutout: rows, places and radii [pixel]."""

    rows: np.ndarray
    dx: np.ndarray
    dy: np.ndarray
    radius_px: np.ndarray

    def found(self, kind: VerdictKind, k: int, why: str) -> Found:
        """A finding about the k-th of them."""
        place = (float(v[k]) for v in (self.dx, self.dy, self.radius_px))
        return Found(kind, why, int(self.rows[k]), *place)


class Sky:
    """Listed objects, to be found by position.

    Parameters
    ----------
    listed : Listed
    """

    def __init__(self, listed: Listed):
        from scipy.spatial import cKDTree

        self.listed = listed
        vectors = unit_vectors(listed.ra, listed.dec).reshape(-1, 3)
        widest = float(listed.radius_arcsec.max(initial=0.0))
        large = np.flatnonzero(listed.radius_arcsec > _LARGE_ARCSEC)
        self._trees = [(cKDTree(vectors), np.arange(len(listed)), _LARGE_ARCSEC)]
        if large.size:  # a few giants do not make every search as wide as theirs
            self._trees.append((cKDTree(vectors[large]), large, widest))

    def near(
        self, ra: float, dec: float, width_arcsec: float, pixscale: float, margin_arcsec: float
    ) -> Placed:
        """The objects whose discs, or the margin around them, may touch a cutout."""
        centre = unit_vectors(ra, dec).ravel()
        half = width_arcsec / 2
        rows = np.unique(np.concatenate([
            of[tree.query_ball_point(centre, chord(half * np.sqrt(2) + margin_arcsec + reach))]
            for tree, of, reach in self._trees
        ]).astype(np.int64))  # fmt: skip
        xi, eta = to_plane(self.listed.ra[rows], self.listed.dec[rows], ra, dec)
        radius = self.listed.radius_arcsec[rows]
        gap = np.hypot(np.maximum(np.abs(xi) - half, 0), np.maximum(np.abs(eta) - half, 0))
        touches = gap - radius < margin_arcsec
        rows, xi, eta, radius = (v[touches] for v in (rows, xi, eta, radius))
        return Placed(rows, -xi / pixscale, -eta / pixscale, radius / pixscale)


_LARGE_ARCSEC = 20.0


def merged(listed: Listed) -> Listed:
    """Each object once: of its detections the one without doubt, then the brightest.

    Parameters
    ----------
    listed : Listed

    Returns
    -------
    Listed
        With the largest radius that any of its detections gave it.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    if len(listed) < 2:
        return listed
    vectors = unit_vectors(listed.ra, listed.dec)
    # stars and galaxies are kept apart by a step to another shell
    vectors = np.column_stack([vectors, np.where(listed.galaxy, 1.0, 0.0)])
    pairs = cKDTree(vectors).query_pairs(float(chord(ONE_OBJECT_ARCSEC)), output_type="ndarray")
    n = len(listed)
    links = coo_matrix((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    _, thing = connected_components(links, directed=False)
    mag = np.where(np.isfinite(listed.mag_r), listed.mag_r, 99.0)
    order = np.lexsort((listed.objid, mag, listed.doubt != "", thing))
    first = order[np.r_[True, np.diff(thing[order]) > 0]]
    widest = np.zeros(thing.max() + 1)
    sure = listed.doubt == ""
    has_sure = np.zeros(widest.size, bool)
    has_sure[thing[sure]] = True
    counts = sure | ~has_sure[thing]  # a doubtful detection does not widen a sure one
    np.maximum.at(widest, thing[counts], listed.radius_arcsec[counts])
    kept = listed.take(first)
    return Listed(**{**vars(kept), "radius_arcsec": widest[thing[first]]})


def of_negative(
    placed: Placed,
    listed: Listed,
    width_px: float,
    *,
    limit_mag_r: float,
    margin_px: float,
) -> Found:
    """What a catalogue says of a cutout that should hold no galaxy.

    Parameters
    ----------
    placed : Placed
        The objects around it.
    listed : Listed
    width_px : float
        Its side.
    limit_mag_r : float
        It should hold no galaxy brighter than this.
    margin_px : float
        Sky that should be free around it.

    Returns
    -------
    Found
        Contaminated (the disc of a galaxy to the limit reaches in), borderline (it lies within the
        margin, or is a little fainter than the limit, or its row is doubtful), or clean. Of several
        the brightest is named.
    """
    mag, doubt = listed.mag_r[placed.rows], listed.doubt[placed.rows]
    gap = clearance_px(placed, width_px)
    galaxy, unmeasured = listed.galaxy[placed.rows], ~np.isfinite(mag)
    inside, bright = gap < 0, unmeasured | (mag < limit_mag_r)
    sure = galaxy & inside & bright & ~unmeasured & (doubt == "")
    nearly = galaxy & (
        (inside & (unmeasured | (mag < limit_mag_r + NEAR_LIMIT_MAG)))
        | (bright & (gap < margin_px))
    )
    k = _brightest(mag, sure)
    if k is not None:
        in_it = max(abs(placed.dx[k]), abs(placed.dy[k])) < width_px / 2
        reach = "lies in it" if in_it else "reaches in from outside"
        return placed.found(VerdictKind.CONTAMINATED, k, f"a galaxy of r = {mag[k]:.2f} {reach}")
    k = _brightest(mag, nearly)
    if k is None:
        return Found(VerdictKind.CLEAN)
    reasons = [
        text
        for text, holds in (
            (f"r = {mag[k]:.2f}, near the limit of {limit_mag_r:g}", mag[k] >= limit_mag_r),
            ("its magnitude was not measured", unmeasured[k]),
            (f"its light ends {gap[k]:.0f} px outside", gap[k] >= 0),
            (doubt[k], doubt[k]),
        )
        if holds
    ]
    return placed.found(VerdictKind.BORDERLINE, k, "a galaxy is listed: " + ", ".join(reasons))


def of_positive(
    placed: Placed, listed: Listed, width_px: float, *, own_id: int = 0, own_mag: float = np.nan
) -> list[Found]:
    """What a catalogue says of a cutout that should show one galaxy in its middle.

    Parameters
    ----------
    placed : Placed
    listed : Listed
    width_px : float
    own_id : int
        The galaxy's objID; 0 where unknown: then the galaxy nearest to the middle is meant.
    own_mag : float
        Its magnitude where the catalogue has none.

    Returns
    -------
    list of Found
        Empty where there is nothing to say against it.
    """
    rows = placed.rows
    galaxy, mag, sure = listed.galaxy[rows], listed.mag_r[rows], listed.doubt[rows] == ""
    away = np.hypot(placed.dx, placed.dy)
    own = _own(listed.objid[rows] == own_id if own_id else None, galaxy, away, width_px)
    found: list[Found] = []
    radius = 0.0
    own_x = own_y = 0.0
    if own is not None:
        own_mag = mag[own] if np.isfinite(mag[own]) else own_mag
        radius, own_x, own_y = (float(v[own]) for v in (placed.radius_px, placed.dx, placed.dy))
        if away[own] > OFF_CENTRE * width_px:
            why = f"the galaxy lies {away[own]:.0f} px from the middle"
            found.append(placed.found(VerdictKind.OFF_CENTRE, own, why))
        if max(abs(own_x), abs(own_y)) + radius > width_px / 2:
            why = f"the galaxy's radius of {radius:.0f} px reaches beyond the border"
            found.append(placed.found(VerdictKind.CUT, own, why))
    else:
        found.append(Found(VerdictKind.BORDERLINE, "no galaxy is listed in its middle"))
    if not np.isfinite(own_mag):
        return found
    apart = np.hypot(placed.dx - own_x, placed.dy - own_y)
    inside = (np.abs(placed.dx) < width_px / 2) & (np.abs(placed.dy) < width_px / 2)
    others = inside & sure & (mag < own_mag + COMPARABLE_MAG)
    if own is not None:
        others[own] = False
    seconds = others & galaxy & (apart > np.maximum(0.5 * radius, 2.0))
    k = _brightest(mag, seconds)
    if k is not None:
        why = f"a second galaxy, of r = {mag[k]:.2f} beside r = {own_mag:.2f}"
        found.append(placed.found(VerdictKind.SECOND_GALAXY, k, why))
    k = _brightest(mag, others & ~galaxy & (apart < radius))
    if k is not None:
        found.append(
            placed.found(VerdictKind.STAR_OVER, k, f"a star of r = {mag[k]:.2f} lies on the galaxy")
        )
    return found


def clearance_px(placed: Placed, width_px: float) -> np.ndarray:
    """How far the disc of each object stays from a cutout's edge [pixel]; negative inside."""
    return np.hypot(*_beyond(placed, width_px)) - np.maximum(placed.radius_px, 1e-9)


def at(placed: Placed, dx: float, dy: float, *, within_px: float) -> int | None:
    """Which object best explains light at a place; None where none is near.

    Parameters
    ----------
    placed : Placed
    dx, dy : float
        [pixel]
    within_px : float
        So far from its middle, or half of its radius, an object explains light.

    Returns
    -------
    int or None
        Its number among the placed.
    """
    away = np.hypot(placed.dx - dx, placed.dy - dy)
    score = away / np.maximum(within_px, 0.5 * placed.radius_px)
    if not away.size or score.min() > 1:
        return None
    return int(score.argmin())


def sample_points(ra: float, dec: float, width_arcsec: float) -> tuple[np.ndarray, np.ndarray]:
    """Positions spread evenly over a cutout, its corners among them [deg]."""
    from galaxycurate.core.geometry import from_plane

    line = np.linspace(-width_arcsec / 2, width_arcsec / 2, _SAMPLES)
    xi, eta = (grid.ravel() for grid in np.meshgrid(line, line))
    return from_plane(xi, eta, ra, dec)


def _beyond(placed: Placed, width_px: float) -> tuple[np.ndarray, np.ndarray]:
    """How far the middle of each lies beyond the cutout, along both axes [pixel]."""
    half = width_px / 2
    return np.maximum(np.abs(placed.dx) - half, 0), np.maximum(np.abs(placed.dy) - half, 0)


def _brightest(mag: np.ndarray, which: np.ndarray) -> int | None:
    rows = np.flatnonzero(which)
    if not rows.size:
        return None
    return int(rows[np.argmin(np.where(np.isfinite(mag[rows]), mag[rows], -99.0))])


def _own(known: np.ndarray | None, galaxy: np.ndarray, away: np.ndarray, width_px: float):
    """The galaxy that a cutout is of: by its id, else the one nearest to the middle."""
    if known is not None and known.any():
        return int(np.argmax(known))
    near = np.flatnonzero(galaxy & (away < OFF_CENTRE * width_px))
    return int(near[np.argmin(away[near])]) if near.size else None
