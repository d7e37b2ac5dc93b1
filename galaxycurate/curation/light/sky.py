"""The rows of a catalogue as they lie on cutouts: each object once, in pixels.

A galaxy is a disc of its radius (`galaxycurate.curation.vacancy.galaxy_radius`). Positions are
pixels from the middle of a north-up cutout, to the right and down: east is to the left.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from galaxycurate.core.geometry import chord, from_plane, to_plane, unit_vectors
from galaxycurate.core.outcome import VerdictKind

ONE_OBJECT_ARCSEC = 1.5
"""Detections of one type closer than this are one object, seen by several runs or fields."""

MUCH_BRIGHTER_MAG = 1.0
"""Light so much brighter than what is listed is something else."""

FAMILY = "a parent or family member only"
"""The doubt of a row of mode 3."""

_SAMPLES = 7
_LARGE_ARCSEC = 20.0


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
    doubted : bool
        It would contaminate if its row were sure: it does when its light is seen, too.
    """

    kind: VerdictKind
    why: str = ""
    row: int = -1
    dx: float = 0.0
    dy: float = 0.0
    radius_px: float = 0.0
    doubted: bool = False


@dataclass(frozen=True)
class Placed:
    """Listed objects as they lie on a cutout: rows, places and radii [pixel]."""

    rows: np.ndarray
    dx: np.ndarray
    dy: np.ndarray
    radius_px: np.ndarray

    def found(self, kind: VerdictKind, k: int, why: str) -> Found:
        """A finding about the k-th of them."""
        dx, dy, radius_px = (float(v[k]) for v in (self.dx, self.dy, self.radius_px))
        return Found(kind, why, int(self.rows[k]), dx, dy, radius_px)


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


def merged(listed: Listed) -> Listed:
    """Each object once: of its detections the one without doubt, then the brightest.

    Detections of one object lie around that one, so that objects in a row stay what they are. A
    doubtful detection that is much brighter than it stands for itself: one of the two is wrong. Not
    so a parent, which is brighter than its children by its nature.

    Parameters
    ----------
    listed : Listed

    Returns
    -------
    Listed
        With the largest radius that any of its detections gave it; a doubtful one widens no sure
        one.
    """
    if len(listed) < 2:
        return listed
    mag = np.where(np.isfinite(listed.mag_r), listed.mag_r, 99.0)
    sure = listed.doubt == ""
    stands = ~sure & (listed.doubt != FAMILY)
    rank = np.argsort(np.lexsort((listed.objid, mag, ~sure)))
    near = _within_one_object(listed)
    is_own = np.ones(len(listed), bool)
    radius = listed.radius_arcsec.copy()
    for k in sorted(near, key=rank.__getitem__):
        if not is_own[k]:
            continue
        for j in near[k]:
            brighter = stands[j] and mag[j] < mag[k] - MUCH_BRIGHTER_MAG
            if is_own[j] and rank[j] > rank[k] and not brighter:
                is_own[j] = False
                if sure[j] or not sure[k]:
                    radius[k] = max(radius[k], radius[j])
    return Listed(**{**vars(listed), "radius_arcsec": radius}).take(np.flatnonzero(is_own))


def _within_one_object(listed: Listed) -> dict[int, list[int]]:
    """The rows that have others of their type near, with those."""
    from scipy.spatial import cKDTree

    vectors = unit_vectors(listed.ra, listed.dec)
    # stars and galaxies are kept apart by a step to another shell
    vectors = np.column_stack([vectors, np.where(listed.galaxy, 1.0, 0.0)])
    pairs = cKDTree(vectors).query_pairs(float(chord(ONE_OBJECT_ARCSEC)), output_type="ndarray")
    near: dict[int, list[int]] = defaultdict(list)
    for a, b in pairs.tolist():
        near[a].append(b)
        near[b].append(a)
    return near


def sample_points(ra: float, dec: float, width_arcsec: float) -> tuple[np.ndarray, np.ndarray]:
    """Positions spread evenly over a cutout, its corners among them [deg]."""
    line = np.linspace(-width_arcsec / 2, width_arcsec / 2, _SAMPLES)
    xi, eta = (grid.ravel() for grid in np.meshgrid(line, line))
    return from_plane(xi, eta, ra, dec)
