"""What a detector tells of a field, and the table it becomes."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

import numpy as np

from train.detect.fields import Field

if TYPE_CHECKING:
    from astropy.table import Table

ZERO_POINT = 22.5  # magnitudes of nanomaggies
MATCH_PX = 5.0  # what is nearer than this is the same light
_GAP_PX, _RING_PX = 3.0, 8.0  # of the ring around a box where its sky is measured


@dataclass(frozen=True)
class Found:
    """Galaxies of a field, best first.

    Attributes
    ----------
    boxes : ndarray of float64, shape (n, 4)
        x0, y0, x1, y1 in pixels of r; the middle of the first pixel is (0, 0).
    score : ndarray of float64, shape (n,)
        0 to 1.
    mag_r : ndarray of float64, shape (n,)
        Light within the box's circle above its surroundings [mag]; NaN where that is none.
    name : ndarray of str, shape (n,)
        Class of each; ``galaxy`` unless a classifier was asked.
    p_class : ndarray of float64, shape (n,)
        That class's probability; NaN where no classifier was asked.
    sep_score : ndarray of float64, shape (n,)
        How sure sep is that the light there is wider than a star, 0 to 1; NaN where it was not
        asked, or sees nothing.
    """

    boxes: np.ndarray
    score: np.ndarray
    mag_r: np.ndarray
    name: np.ndarray = field(default=None)
    p_class: np.ndarray = field(default=None)
    sep_score: np.ndarray = field(default=None)

    def __post_init__(self):
        for name, value in (("name", "galaxy"), ("p_class", np.nan), ("sep_score", np.nan)):
            if getattr(self, name) is None:
                object.__setattr__(self, name, np.full(len(self.boxes), value))

    def __len__(self) -> int:
        return len(self.boxes)

    @property
    def xy(self) -> np.ndarray:
        """Middles of the boxes, shape (n, 2)."""
        return (self.boxes[:, :2] + self.boxes[:, 2:]) / 2

    def where(self, rows) -> Found:
        """Some of them, by mask or by number."""
        return Found(*(getattr(self, one.name)[rows] for one in fields(self)))


def magnitudes(light: np.ndarray, boxes: np.ndarray, origin=(0, 0)) -> np.ndarray:
    """r of boxes.

    Parameters
    ----------
    light : ndarray of float32, shape (h, w)
        r of a window [nanomaggy].
    boxes : ndarray, shape (n, 4)
        In pixels of the field.
    origin : (int, int)
        x and y of the window's first pixel.

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    import sep

    x, y = ((boxes[:, :2] + boxes[:, 2:]) / 2 - np.asarray(origin)).T
    radius = np.maximum((boxes[:, 2:] - boxes[:, :2]).mean(axis=1) / 2, 1.0)
    ring = (radius + _GAP_PX, radius + _GAP_PX + _RING_PX)
    bad = ~np.isfinite(light)
    flux, _, _ = sep.sum_circle(
        np.where(bad, 0, light).astype(np.float32), x, y, radius, mask=bad, bkgann=ring, subpix=3
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(flux > 0, ZERO_POINT - 2.5 * np.log10(flux), np.nan)


def as_table(found: Found, of: Field, *, method: str) -> Table:
    """The table that is written: a row a galaxy, best first.

    `petroRad_r` is half of the box, as `boxes_around` draws it: the table can teach a detector.

    Parameters
    ----------
    found : Found
    of : Field
    method : str
        Who found them; goes into the header.

    Returns
    -------
    astropy.table.Table
        field, ra, dec, x, y, class, p_class, score, sep_score, mag_r, petroRad_r, type, x0, y0,
        x1, y1.
    """
    from astropy.table import Column, Table

    x, y = found.xy.T
    ra, dec = of.sky(x, y)
    side = (found.boxes[:, 2:] - found.boxes[:, :2]).mean(axis=1)
    table = Table(meta={"method": method, "pixels": "of r, from 0 at the middle of the first"})
    table["field"] = np.full(len(found), of.name)
    for name, values, unit, form in (
        ("ra", ra, "deg", ".7f"), ("dec", dec, "deg", ".7f"),
        ("x", x, "pixel", ".2f"), ("y", y, "pixel", ".2f"),
        ("class", found.name, None, None), ("p_class", found.p_class, None, ".4f"),
        ("score", found.score, None, ".4f"), ("sep_score", found.sep_score, None, ".4f"),
        ("mag_r", found.mag_r, "mag", ".3f"),
        ("petroRad_r", side / 2 * of.pixscale, "arcsec", ".3f"),
        ("type", np.full(len(found), 3), None, None),
        *((edge, found.boxes[:, k], "pixel", ".2f")
          for k, edge in enumerate(("x0", "y0", "x1", "y1"))),
    ):  # fmt: skip
        table[name] = Column(values, unit=unit, format=form)
    return table
