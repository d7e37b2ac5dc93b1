"""What is in the simulated sky: one row of truth for each star and galaxy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from galaxycurate.core.geometry import from_munu
from galaxycurate.sandbox.simulated.survey import (
    BORDER,
    FRAME_COLUMNS,
    INCL,
    PIXSCALE,
    STEP,
    Strip,
)

STAR, FAINT = "star", "faint"
ELLIPTICAL, SPIRAL, EDGE_ON, AMBIGUOUS, MERGER = (
    "elliptical", "spiral", "edge_on", "ambiguous", "merger",
)  # fmt: skip
COMPANION = "companion"
ZOO_KINDS = (ELLIPTICAL, SPIRAL, EDGE_ON, AMBIGUOUS, MERGER)
_ZOO_SHARES = (0.425, 0.335, 0.09, 0.12, 0.03)

STAR_LIMIT, FAINT_LIMIT = 22.5, 23.6
"""Faintest magnitudes in r; galaxies beyond the catalogue's limit make the sky uneven."""

CATALOGUE_LIMIT = 22.5
_STAR_SLOPE, _GALAXY_SLOPE = 0.18, 0.44
"""dlogN/dm; 57 galaxies of r < 20 and 406 of r < 22.5 on field 3900-6-269, 210 stars of r < 22."""

ZOO_BRIGHT, ZOO_FAINT = 14.5, 17.7
REAL_ZOO_PER_DEG2 = 92.0
"""Galaxies of r < 17.77 (Strauss et al. 2002, AJ 124, 1810)."""

HALO_STAR_MAG, HALO_STAR_CAMCOL = 9.0, 2
HALO_STAR_PLACE = (0.62 * FRAME_COLUMNS, 0.35 * STEP)  # colc, rowc: in the first field
_HALO_APART_PX = 320.0
_APART_PX = 165.0  # cutouts of 128 pixels around two bright galaxies hardly share sky...
_PAIR_SHARE, _PAIR_PX = 0.06, (60.0, 110.0)  # ...but for a few pairs, as real ones do
_STAR_APART_PX = 100.0
_RIM_PX = 100.0  # beyond a real strip lies the next one; here a cutout at the rim would be black


@dataclass(frozen=True)
class Density:
    """Objects a field (of the catalogued 1920 x 1361 pixels for the Galaxy Zoo sample).

    Parameters
    ----------
    stars : float
        To r = 22.
    faint : float
        Galaxies of r = 17.7 to 22.5.
    zoo : float
        Galaxies of r = 14.5 to 17.7.
    """

    stars: float = 250.0
    faint: float = 500.0
    zoo: float = 44.0

    @property
    def zoo_excess(self) -> float:
        """How much denser the bright galaxies are than in the real sky."""
        area = STEP * (FRAME_COLUMNS - 2 * BORDER) * (PIXSCALE / 3600) ** 2
        return self.zoo / (REAL_ZOO_PER_DEG2 * area)


def populate(strips: tuple[Strip, ...], density: Density, seed: int) -> pd.DataFrame:
    """Draw the sky under a survey.

    Parameters
    ----------
    strips : tuple of Strip
        The strips that do not repeat another one's sky are filled; the others look at the same.
    density : Density
    seed : int

    Returns
    -------
    pandas.DataFrame
        One row an object: ``thingId``, ``kind``, ``camcol``, ``mu``, ``nu``, ``ra``, ``dec``
        [deg], ``mag_g``, ``mag_r``, ``mag_i``, and of galaxies the shape as `profiles` takes it.
    """
    parts = []
    for strip in strips:
        if not strip.repeats:
            rng = np.random.default_rng([seed, strip.camcol])
            objects = _strip_objects(strip, density, rng)
            objects["mu"], objects["nu"] = strip.to_munu(objects.pop("colc"), objects.pop("rowc"))
            parts.append(objects.assign(camcol=strip.camcol))
    truth = pd.concat(parts, ignore_index=True)
    truth["bar"] = truth["bar"].eq(True)  # stars have none, nor a handedness
    truth["handed"] = truth["handed"].fillna(0).astype(np.int64)
    truth["ra"], truth["dec"] = from_munu(truth["mu"].to_numpy(), truth["nu"].to_numpy(), INCL)
    truth.insert(0, "thingId", np.arange(1, len(truth) + 1, dtype=np.int64))
    truth["seed"] = np.random.default_rng([seed, 0]).integers(0, 2**31, len(truth))
    return truth


def _strip_objects(strip: Strip, density: Density, rng: np.random.Generator) -> pd.DataFrame:
    scale = strip.rows * FRAME_COLUMNS / (STEP * (FRAME_COLUMNS - 2 * BORDER))
    bright = _zoo_galaxies(strip, round(density.zoo * strip.n_fields), rng)
    faint = _faint_galaxies(strip, density.faint * scale, rng)
    stars = _stars(strip, density.stars * scale, bright, rng)
    return pd.concat([bright, faint, stars], ignore_index=True)


def _magnitudes(n: int, bright: float, faint: float, slope: float, rng) -> np.ndarray:
    """Magnitudes whose counts grow as 10**(slope m)."""
    low, high = 10 ** (slope * bright), 10 ** (slope * faint)
    return np.log10(rng.uniform(low, high, n)) / slope


def _anywhere(n: int, strip: Strip, rng) -> dict[str, np.ndarray]:
    return {"colc": rng.uniform(0, FRAME_COLUMNS, n), "rowc": rng.uniform(0, strip.rows, n)}


def _stars(strip: Strip, to_22: float, bright: pd.DataFrame, rng) -> pd.DataFrame:
    n = rng.poisson(to_22 * 10 ** (_STAR_SLOPE * (STAR_LIMIT - 22.0)))
    mag = _magnitudes(n, 13.0, STAR_LIMIT, _STAR_SLOPE, rng)
    dwarfs = rng.random(n) < 0.065 * (mag - 13.0)  # red dwarfs are faint
    gr = np.where(dwarfs, rng.normal(1.38, 0.08, n), rng.gamma(9.0, 0.06, n))
    ri = np.where(dwarfs, rng.uniform(0.6, 1.6, n), 0.36 * gr - 0.03 + rng.normal(0, 0.03, n))
    table = pd.DataFrame({"kind": STAR, **_anywhere(n, strip, rng), **_bands(mag, gr, ri)})
    if strip.camcol == HALO_STAR_CAMCOL:
        colc, rowc = HALO_STAR_PLACE
        halo = _bands(HALO_STAR_MAG, 0.5, 0.2)
        table = pd.concat(
            [table, pd.DataFrame([{"kind": STAR, "colc": colc, "rowc": rowc, **halo}])]
        )
    if not len(bright):
        return table.reset_index(drop=True)
    # a bright star on top of a galaxy would make a poor example of it
    distance, _ = cKDTree(bright[["colc", "rowc"]]).query(table[["colc", "rowc"]])
    reach = _STAR_APART_PX * 10 ** (-0.1 * np.clip(table["mag_r"] - 14.5, -5, 0))
    return table[(table["mag_r"] > 17.0) | (distance > reach)].reset_index(drop=True)


def _faint_galaxies(strip: Strip, to_22_5: float, rng) -> pd.DataFrame:
    n = rng.poisson(to_22_5 * 10 ** (_GALAXY_SLOPE * (FAINT_LIMIT - CATALOGUE_LIMIT)))
    mag = _magnitudes(n, ZOO_FAINT, FAINT_LIMIT, _GALAXY_SLOPE, rng)
    red = rng.random(n) < 0.6 - 0.08 * (mag - ZOO_FAINT)
    gr = np.where(red, rng.normal(1.15, 0.22, n), rng.normal(0.62, 0.22, n))
    size = 1.15 * 10 ** (-0.08 * (mag - 20.0)) * 10 ** rng.normal(0, 0.15, n)
    shape = {
        "re": np.clip(size, 0.3, 5.0),
        "axis_ratio": rng.uniform(0.35, 1.0, n),
        "angle": rng.uniform(0, 180, n),
        "sersic": np.where(red, 4.0, 1.0),
    }
    colours = _bands(mag, gr, 0.42 * gr + rng.normal(0, 0.05, n))
    return pd.DataFrame({"kind": FAINT, **_anywhere(n, strip, rng), **colours, **shape})


def _zoo_galaxies(strip: Strip, n: int, rng) -> pd.DataFrame:
    """The Galaxy Zoo sample: bright galaxies of known kind, mostly apart from each other."""
    places = _spread_places(strip, n, rng)
    n = len(places)
    kind = rng.permutation(np.repeat(ZOO_KINDS, _shares_of(n)))
    mag = _magnitudes(n, ZOO_BRIGHT, ZOO_FAINT, 0.3, rng)
    smooth = np.isin(kind, (ELLIPTICAL,))
    table = pd.DataFrame({"kind": kind, "colc": places[:, 0], "rowc": places[:, 1]})
    size = 2.2 * 10 ** (-0.14 * (mag - 17.0)) * 10 ** rng.normal(0, 0.08, n)
    table["re"] = np.clip(size * np.where(smooth, 1.25, 1.55), 1.9, 9.5)
    table["axis_ratio"] = _axis_ratios(kind, rng)
    table["angle"] = rng.uniform(0, 180, n)
    table["sersic"] = np.where(smooth, rng.choice([2.5, 4.0], n, p=[0.3, 0.7]), 1.0)
    table["bulge"] = _by_kind(kind, rng, {
        SPIRAL: (0.06, 0.28), EDGE_ON: (0.08, 0.3), AMBIGUOUS: (0.3, 0.55), MERGER: (0.15, 0.4),
    })  # fmt: skip
    table["arms"] = _by_kind(kind, rng, {
        SPIRAL: (0.45, 0.85), AMBIGUOUS: (0.05, 0.3), MERGER: (0.4, 0.8),
    })  # fmt: skip
    table["pitch"] = np.where(kind == MERGER, rng.uniform(28, 40, n), rng.uniform(12, 26, n))
    table["handed"] = rng.choice([-1, 1], n)
    table["bar"] = (kind == SPIRAL) & (rng.random(n) < 0.3)
    disc_gr = np.where(kind == EDGE_ON, 0.2, 0.0) + rng.normal(0.46, 0.12, n)
    gr = np.where(smooth, rng.normal(0.86, 0.12, n), _mixed(table["bulge"], disc_gr, 0.86))
    table = table.assign(**_bands(mag, gr, 0.42 * gr + 0.03 + rng.normal(0, 0.02, n)))
    return pd.concat([table, _companions(table[kind == MERGER], rng)], ignore_index=True)


def _shares_of(n: int) -> list[int]:
    counts = [int(share * n) for share in _ZOO_SHARES]
    counts[0] += n - sum(counts)
    return counts


def _axis_ratios(kind: np.ndarray, rng) -> np.ndarray:
    """Discs are thin circles seen at random inclinations; ellipticals are round to E5."""
    n = kind.size
    cos_i = rng.uniform(0.32, 1.0, n)
    disc = np.sqrt(cos_i**2 * (1 - 0.2**2) + 0.2**2)
    ratio = np.where(kind == ELLIPTICAL, np.clip(rng.normal(0.8, 0.14, n), 0.48, 1.0), disc)
    return np.where(kind == EDGE_ON, rng.uniform(0.11, 0.2, n), ratio)


def _by_kind(kind: np.ndarray, rng, ranges: dict[str, tuple[float, float]]) -> np.ndarray:
    low, high = (np.array([ranges.get(k, (0.0, 0.0))[end] for k in kind]) for end in (0, 1))
    return rng.uniform(low, high)


def _mixed(bulge, disc_gr, bulge_gr: float):
    """g-r of a red bulge and a disc, from the bulge's share of the light in r."""
    return 2.5 * np.log10(
        1 / (bulge * 10 ** (-0.4 * bulge_gr) + (1 - bulge) * 10 ** (-0.4 * disc_gr))
    )


def _companions(mergers: pd.DataFrame, rng) -> pd.DataFrame:
    """The second nucleus of each merger, a few arcsec away."""
    n = len(mergers)
    angle, distance = rng.uniform(0, 2 * np.pi, n), rng.uniform(14.0, 24.0, n)
    fainter = rng.uniform(0.3, 1.2, n)
    second = mergers.assign(
        kind=COMPANION, colc=mergers["colc"] + distance * np.cos(angle),
        rowc=mergers["rowc"] + distance * np.sin(angle), re=0.6 * mergers["re"],
        sersic=2.5, axis_ratio=rng.uniform(0.6, 1.0, n), bulge=0.0, arms=0.0, bar=False,
    )  # fmt: skip
    for band in "gri":
        second[f"mag_{band}"] += fainter
    return second


def _spread_places(strip: Strip, n: int, rng) -> np.ndarray:
    """Places that keep apart, by trial; then a few are moved next to another one."""
    low = np.full(2, _RIM_PX)
    high = np.array([FRAME_COLUMNS, strip.rows]) - _RIM_PX
    places = np.empty((0, 2))
    trials = rng.uniform(low, high, (60 * n, 2))
    if strip.camcol == HALO_STAR_CAMCOL:
        trials = trials[np.hypot(*(trials - HALO_STAR_PLACE).T) > _HALO_APART_PX]
    for trial in trials:
        if len(places) == n:
            break
        if not len(places) or np.hypot(*(places - trial).T).min() > _APART_PX:
            places = np.vstack([places, trial])
    for k in rng.choice(len(places), int(_PAIR_SHARE * len(places)), replace=False):
        angle, distance = rng.uniform(0, 2 * np.pi), rng.uniform(*_PAIR_PX)
        beside = places[k - 1] + distance * np.array([np.cos(angle), np.sin(angle)])
        if (beside > low).all() and (beside < high).all():
            places[k] = beside
    return places


def _bands(mag_r, gr, ri) -> dict[str, np.ndarray]:
    return {"mag_g": mag_r + gr, "mag_r": mag_r, "mag_i": mag_r - ri}
