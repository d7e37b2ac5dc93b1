"""From a drawn picture back to light: planes that grow with flux, and magnitudes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from galaxycurate.core.colour import NONLINEARITY, SCALES_IRG

ZEROPOINT = 22.5
"""Magnitude of one nanomaggy."""

SDSS_SCHEME = "sdss"
"""Pictures drawn by `galaxycurate.core.colour.lupton_irg`, as the survey's field JPEGs are."""

_STEPS = 256.0


@dataclass(frozen=True)
class Planes:
    """The light of a picture.

    Parameters
    ----------
    bands : ndarray of float32, shape (3, h, w)
        Red, green and blue (i, r and g of the survey), linear in flux. In `unit` where that is
        known, else the picture's own scale.
    luminance : ndarray of float32, shape (h, w)
        Mean of the bands.
    sharp : ndarray of float32, shape (h, w)
        The same from the luma of a JPEG alone, whose colours are stored at half resolution.
    peak : ndarray of uint8, shape (h, w)
        The brightest channel as drawn: 255 is saturated.
    calibrated : {'flux', 'scheme', ''}
        Where magnitudes come from: measured fluxes, an inverted stretch, or nowhere.
    """

    bands: np.ndarray
    luminance: np.ndarray
    sharp: np.ndarray
    peak: np.ndarray
    calibrated: str = ""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.luminance.shape[0], self.luminance.shape[1]


def planes(rgb, *, flux=None, scheme: str | None = None) -> Planes:
    """Undo the stretch of a picture, or take its fluxes where there are any.

    Parameters
    ----------
    rgb : ndarray of uint8, shape (h, w, 3)
    flux : ndarray of float32, shape (3, h, w), optional
        g, r, i [nanomaggy], y as in the picture.
    scheme : {'sdss'}, optional
        How the picture was drawn, where that is known. The same stretch is undone where it is not,
        for shapes need flux that adds up, but no magnitude follows.

    Returns
    -------
    Planes
    """
    red, green, blue = (np.ascontiguousarray(rgb[..., k]) for k in range(3))
    peak = np.maximum(np.maximum(red, green), blue)
    if flux is not None:
        irg = np.asarray(flux, np.float32)[::-1]
        bands = np.nan_to_num(irg) * np.array(SCALES_IRG, np.float32)[:, None, None]
        luminance = (bands[0] + bands[1] + bands[2]) / 3
        return Planes(bands, luminance, luminance, peak, "flux")
    total = red.astype(np.int16) + green + blue
    bands = np.stack([red, green, blue]) * _GAIN[total * _FINER]
    fine = np.float32(3 * _FINER)
    luma = fine * (np.float32(0.299) * red + np.float32(0.587) * green + np.float32(0.114) * blue)
    sharp = luma * _GAIN[(luma + np.float32(0.5)).astype(np.int16)] / fine
    calibrated = "scheme" if scheme == SDSS_SCHEME else ""
    return Planes(bands, (bands[0] + bands[1] + bands[2]) / 3, sharp, peak, calibrated)


def _gain(total):
    """What a drawn sum of three channels is multiplied by to become flux."""
    x = total * (NONLINEARITY / (_STEPS - 1))
    return np.where(x > 1e-3, np.sinh(x) / np.maximum(x, 1e-3), 1) / (_STEPS - 1)


_FINER = 4  # steps of the table to one of a sum
_GAIN = _gain(np.arange(3 * 255 * _FINER + 2) / _FINER).astype(np.float32)


def mag_r(green_flux: float) -> float:
    """Magnitude of a flux summed over the green plane.

    Parameters
    ----------
    green_flux : float
        Of calibrated planes.

    Returns
    -------
    float
        [mag], 0 where there is no light.
    """
    nanomaggies = green_flux / SCALES_IRG[1]
    return float(ZEROPOINT - 2.5 * np.log10(nanomaggies)) if nanomaggies > 0 else 0.0
