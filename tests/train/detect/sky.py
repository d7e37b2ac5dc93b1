"""A small simulated field: round galaxies and stars of known place, in three bands with a WCS."""

from __future__ import annotations

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

PIXSCALE = 0.396
RMS = {"g": 0.016, "r": 0.022, "i": 0.034}
SHIFT = {"g": (3.4, -2.2), "r": (0.0, 0.0), "i": (-1.7, 4.6)}  # of a band's pixels, as in SDSS
STAR_SIGMA = 1.4
COLUMNS = "ra,dec,type,petroRad_r,modelMag_r"


def wcs(shape, band="r", ra=150.0):
    made = WCS(naxis=2)
    made.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    made.wcs.crval = [ra, 2.0]
    made.wcs.crpix = np.array([shape[1] / 2, shape[0] / 2]) + SHIFT[band]
    turn, side = np.radians(25.0), PIXSCALE / 3600
    made.wcs.cd = side * np.array([[-np.cos(turn), np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return made


def objects(shape, rng, n=24, apart=34.0):
    """x, y, is a galaxy, sigma [pixel], flux in r [nanomaggy]: places keep apart."""
    places = []
    while len(places) < n:
        place = rng.uniform(12, np.array(shape[::-1]) - 12)
        if all(np.hypot(*(place - other)) > apart for other in places):
            places.append(place)
    galaxy = np.arange(n) % 2 == 0
    sigma = np.where(galaxy, rng.uniform(3.0, 4.5, n), STAR_SIGMA)
    flux = np.where(galaxy, rng.uniform(8, 30, n), rng.uniform(10, 24, n))
    flux[1] = 90.0  # a bright star: what is well exposed is told by the brightest pixel
    return np.array(places), galaxy, sigma, flux


def write(folder, name="007001-1-0011", shape=(224, 288), seed=0, put=None, nan=None, at=150.0):
    """Frames of a field and a table of what is on it; returns the objects."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    put = put or objects(shape, rng)
    ra, dec = wcs(shape, ra=at).all_pix2world(*put[0].T, 0)
    for band in "gri":
        x, y = wcs(shape, band, at).all_world2pix(ra, dec, 0)
        light = rng.normal(0, RMS[band], shape).astype(np.float32)
        rows, columns = np.indices(shape)
        for k in range(len(x)):
            r2 = (columns - x[k]) ** 2 + (rows - y[k]) ** 2
            s2 = put[2][k] ** 2
            light += (put[3][k] / (2 * np.pi * s2) * np.exp(-0.5 * r2 / s2)).astype(np.float32)
        if nan is not None and band == "r":
            light[nan] = np.nan
        header = wcs(shape, band, at).to_header()
        header["BUNIT"], header["FILTER"], header["SIMULATD"] = "nanomaggy", band, True
        path = folder / f"frame-{band}-{name}.fits"
        fits.writeto(path, light, header, overwrite=True)
    mag = 22.5 - 2.5 * np.log10(put[3])
    radius = np.where(put[1], 2.2 * put[2] * PIXSCALE, 0.0)
    kind = np.where(put[1], 3, 6)
    rows = zip(ra, dec, kind, radius, mag, strict=True)
    lines = [COLUMNS, *(",".join(f"{value:.8f}" for value in row) for row in rows)]
    (folder / f"PhotoObjAll-{name}.csv").write_text("\n".join(lines) + "\n")
    return put
