"""Simulated scans: cutouts that follow each other so closely that all of them hang together."""

import numpy as np

from galaxycurate.curation.groups import groups
from galaxycurate.curation.sky.footprints import overlapping
from galaxycurate.curation.split.divide import Scene

WIDTH = 101.376


def scan(n, *, ra=150.0, dec=20.0, step=0.5, seed=0, classes=("spiral", "elliptical", "none")):
    """About n half-overlapping cutouts on a square of the sky."""
    rng = np.random.default_rng(seed)
    side, d = int(np.sqrt(n)), step * np.radians(WIDTH / 3600)
    row, column = np.divmod(np.arange(side * side), side)
    x, y = (d * (k - side / 2) + rng.normal(0, d / 20, k.size) for k in (column, row))
    middle = np.radians(dec)  # from the plane that touches the sky there
    away = np.cos(middle) - y * np.sin(middle)
    ras = (ra + np.degrees(np.arctan2(x, away))) % 360
    decs = np.degrees(np.arctan2(np.sin(middle) + y * np.cos(middle), np.hypot(x, away)))
    return scene(ras, decs, rng.choice(classes, row.size))


def scene(ra, dec, label, *, firm=None, picture=None, pairs=None, group=None):
    """Cutouts of one width, grouped by the sky that they share."""
    n = len(ra)
    width = np.full(n, WIDTH)
    pairs = overlapping(ra, dec, width) if pairs is None else pairs
    return Scene(
        label=np.asarray(label), group=groups(n, [pairs]) if group is None else group,
        firm=np.arange(n) if firm is None else firm,
        picture=np.arange(n) if picture is None else picture,
        pairs=pairs, ra=np.asarray(ra, float), dec=np.asarray(dec, float), width_arcsec=width,
    )  # fmt: skip


def leaking(made, pairs):
    """Pairs across parts whose both ends stay."""
    one, other = made.place[pairs.first], made.place[pairs.second]
    return int(((one != other) & (one >= 0) & (other >= 0)).sum())
