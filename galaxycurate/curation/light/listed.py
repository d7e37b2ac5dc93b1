"""What a catalogue holds against a cutout: a galaxy in a negative, a stranger beside a positive."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from galaxycurate.core.outcome import VerdictKind
from galaxycurate.curation.light.sky import MUCH_BRIGHTER_MAG, Found, Listed, Placed
from galaxycurate.curation.vacancy import galaxy_radius

NEAR_LIMIT_MAG = 0.3
"""So far beyond the limit a galaxy is still borderline: magnitudes of SDSS at r = 20 scatter by
0.05, and by more from one release to the next."""

COMPARABLE_MAG = 1.0
"""A second galaxy is of comparable light up to so much fainter than the first: 40 % of it."""

OFF_CENTRE = 0.1
"""Of the cutout's side: a galaxy further than this from the middle is not centred."""

AT_PX = 6.0
"""So near to each other light and a listed object are one thing [pixel]."""

_MIDDLE = 0.125  # of the side, as pixels are judged
_UNSEEN_MAG = 30.0


def of_negative(
    placed: Placed,
    listed: Listed,
    width_px: float,
    *,
    limit_mag_r: float,
    margin_px: float,
) -> list[Found]:
    """What a catalogue holds against a cutout that should show no galaxy.

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
    list of Found
        Each galaxy that contaminates it (to the limit, and its disc reaches in) or may (it lies
        within the margin, or is a little fainter than the limit, or its row is doubtful): the worst
        first, of equals the brightest. Empty where nothing is listed.
    """
    mag, doubt = listed.mag_r[placed.rows], listed.doubt[placed.rows]
    gap = clearance_px(placed, width_px)
    galaxy, unmeasured = listed.galaxy[placed.rows], ~np.isfinite(mag)
    inside, bright = gap < 0, unmeasured | (mag < limit_mag_r)
    doubted = galaxy & inside & bright & (unmeasured | (doubt != ""))
    sure = galaxy & inside & bright & ~doubted
    nearly = galaxy & (
        (inside & (mag < limit_mag_r + NEAR_LIMIT_MAG)) | (bright & (gap < margin_px))
    )
    brightness = np.where(unmeasured, -99.0, mag)
    found = []
    suspects = np.flatnonzero(sure | nearly | doubted)
    for k in suspects[np.lexsort((brightness[suspects], ~sure[suspects]))]:
        if sure[k]:
            within = max(abs(placed.dx[k]), abs(placed.dy[k])) < width_px / 2
            why = f"a galaxy of r = {mag[k]:.2f} "
            why += "lies in it" if within else "reaches in from outside"
            found.append(placed.found(VerdictKind.CONTAMINATED, k, why))
        else:
            why = ", ".join(_doubts(mag[k], limit_mag_r, gap[k], str(doubt[k])))
            one = placed.found(VerdictKind.BORDERLINE, k, f"a galaxy is listed: {why}")
            found.append(replace(one, doubted=bool(doubted[k])))
    return found


def _doubts(mag: float, limit_mag_r: float, gap_px: float, doubt: str) -> Iterator[str]:
    """Why a listed galaxy only may contaminate."""
    if mag >= limit_mag_r:
        yield f"r = {mag:.2f}, near the limit of {limit_mag_r:g}"
    if not np.isfinite(mag):
        yield "its magnitude was not measured"
    if gap_px >= 0:
        yield f"its light ends {gap_px:.0f} px outside"
    if doubt:
        yield doubt


def of_positive(
    placed: Placed, listed: Listed, width_px: float, *, own_id: int = 0, own_mag: float = np.nan
) -> list[Found]:
    """What a catalogue says of a cutout that should show one galaxy in its middle.

    Parameters
    ----------
    placed : Placed
    listed : Listed
    width_px : float
        Its side.
    own_id : int
        The galaxy's objID; 0 where unknown: then that in the middle which is bright and near.
    own_mag : float
        Its magnitude where the catalogue has none.

    Returns
    -------
    list of Found
        Empty where there is nothing to say against it.
    """
    own = _own(placed, listed, width_px, own_id)
    mag = listed.mag_r[placed.rows]
    if own is None:
        found = [Found(VerdictKind.BORDERLINE, "no galaxy is listed in its middle")]
    else:
        found = list(_misplaced(placed, own, width_px))
        own_mag = mag[own] if np.isfinite(mag[own]) else own_mag
    if np.isfinite(own_mag):
        found += _company(placed, listed, width_px, own, float(own_mag))
    return found


def _misplaced(placed: Placed, own: int, width_px: float) -> Iterator[Found]:
    """Whether the galaxy lies off the middle, or over the border."""
    dx, dy, radius = (float(v[own]) for v in (placed.dx, placed.dy, placed.radius_px))
    away = float(np.hypot(dx, dy))
    if away > OFF_CENTRE * width_px:
        why = f"the galaxy lies {away:.0f} px from the middle"
        yield placed.found(VerdictKind.OFF_CENTRE, own, why)
    if max(abs(dx), abs(dy)) + radius > width_px / 2:
        why = f"the galaxy's radius of {radius:.0f} px reaches beyond the border"
        yield placed.found(VerdictKind.CUT, own, why)


def _company(
    placed: Placed, listed: Listed, width_px: float, own: int | None, own_mag: float
) -> Iterator[Found]:
    """The brightest galaxy beside it, and the brightest star on it, of comparable light."""
    rows = placed.rows
    galaxy, mag = listed.galaxy[rows], listed.mag_r[rows]
    own_x, own_y, radius = (
        (0.0, 0.0, 0.0) if own is None
        else (placed.dx[own], placed.dy[own], placed.radius_px[own])
    )  # fmt: skip
    apart = np.hypot(placed.dx - own_x, placed.dy - own_y)
    others = (np.abs(placed.dx) < width_px / 2) & (np.abs(placed.dy) < width_px / 2)
    others &= (listed.doubt[rows] == "") & (mag < own_mag + COMPARABLE_MAG)
    if own is not None:
        others[own] = False
    k = _brightest(mag, others & galaxy & (apart > np.maximum(0.5 * radius, 2.0)))
    if k is not None:
        why = f"a second galaxy, of r = {mag[k]:.2f} beside r = {own_mag:.2f}"
        yield placed.found(VerdictKind.SECOND_GALAXY, k, why)
    k = _brightest(mag, others & ~galaxy & (apart < radius))
    if k is not None:
        why = f"a star of r = {mag[k]:.2f} lies on the galaxy"
        yield placed.found(VerdictKind.STAR_OVER, k, why)


def clearance_px(placed: Placed, width_px: float) -> np.ndarray:
    """How far the disc of each object stays from a cutout's edge [pixel]; negative inside."""
    return np.hypot(*_beyond(placed, width_px)) - np.maximum(placed.radius_px, 1e-9)


def explains(
    placed: Placed, listed: Listed, dx: float, dy: float, *, mag_r: float, pixscale: float,
    limit_mag_r: float,
) -> int | None:  # fmt: skip
    """Which star, or galaxy beyond the limit, best explains light at a place.

    Parameters
    ----------
    placed : Placed
    listed : Listed
    dx, dy : float
        [pixel]
    mag_r : float
        Of the light [mag], 0 where unknown. What is listed much fainter, or without a magnitude,
        explains nothing.
    pixscale : float
        [arcsec/pixel]
    limit_mag_r : float

    Returns
    -------
    int or None
        Its number among the placed.
    """
    mag, galaxy = listed.mag_r[placed.rows], listed.galaxy[placed.rows]
    widest_px = galaxy_radius(np.full(mag.size, np.nan), mag) / pixscale  # as bright ones reach
    reach = np.maximum(AT_PX, np.minimum(0.5 * placed.radius_px, widest_px))
    may = np.isfinite(mag) & (~galaxy | (mag >= limit_mag_r))
    if mag_r:
        may &= mag < mag_r + MUCH_BRIGHTER_MAG
    score = np.where(may, np.hypot(placed.dx - dx, placed.dy - dy) / reach, np.inf)
    return int(score.argmin()) if score.size and score.min() <= 1 else None


def _beyond(placed: Placed, width_px: float) -> tuple[np.ndarray, np.ndarray]:
    """How far the middle of each lies beyond the cutout, along both axes [pixel]."""
    half = width_px / 2
    return np.maximum(np.abs(placed.dx) - half, 0), np.maximum(np.abs(placed.dy) - half, 0)


def _brightest(mag: np.ndarray, which: np.ndarray) -> int | None:
    rows = np.flatnonzero(which)
    if not rows.size:
        return None
    return int(rows[np.argmin(np.where(np.isfinite(mag[rows]), mag[rows], -99.0))])


def _own(placed: Placed, listed: Listed, width_px: float, own_id: int) -> int | None:
    """The galaxy that a cutout is of: by its id, else by light and distance from the middle."""
    known = np.flatnonzero((listed.objid[placed.rows] == own_id) & (own_id != 0))
    if known.size:
        return int(known[0])
    away = np.hypot(placed.dx, placed.dy) / width_px
    near = np.flatnonzero(listed.galaxy[placed.rows] & (away < OFF_CENTRE))
    if not near.size:
        return None
    rows = placed.rows[near]
    faintness = 0.4 * np.log(10) * np.nan_to_num(listed.mag_r[rows], nan=_UNSEEN_MAG)
    unlike = faintness + (away[near] / _MIDDLE) ** 2
    return int(near[np.lexsort((unlike, listed.doubt[rows] != ""))[0]])
