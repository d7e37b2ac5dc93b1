"""The plan of the simulated survey: which strips are scanned, and how they are cut into fields."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from galaxycurate.core.geometry import from_munu, to_plane
from galaxycurate.errors import SettingError

PIXSCALE = 0.396
"""arcsec/pixel of the frames (SDSS DR10, imaging basics)."""

FRAME_ROWS, FRAME_COLUMNS = 1489, 2048
STEP = 1361
"""Rows from one field to the next: the 128 rows more are the next frame's too."""

BORDER = 64
"""The catalogued field leaves out this much of its frame at each edge [pixel]."""

INCL = 25.0
"""Inclination [deg] of stripe 20: incl = 2.5 (stripe - 10)."""

STRIPE, RERUN, FIRST_FIELD = 20, 301, 11
RUN_A, RUN_B = 7001, 7002
MU_START = (
    140.0  # [deg]; far from the apex of the great circle, so that fields are turned on the sky
)
CAMCOL_STEP = 25.17 / 60  # [deg] across the scan from one camera column to the next
ROW_S = 35.82 / STEP  # a drift scan's clock [s]: 35.82 s a field

MIN_FIELDS, MAX_FIELDS = 2, 60


@dataclass(frozen=True)
class Strip:
    """One camera column of one run: a single long image, cut into frames.

    Strip pixels are ``colc`` (across) and ``rowc`` (along the scan), counted from the corner of the
    first pixel, as SDSS counts them within a frame.

    Parameters
    ----------
    run, camcol, n_fields : int
    start_row : float
        Where its first row lies, in rows of run A.
    fwhm : float
        Seeing in r [arcsec].
    mjd : float
        When the scan began.
    failed : int or None
        Field whose reduction failed: no frame, no objects.
    poor : int or None
        Field taken through clouds: a low score.
    """

    run: int
    camcol: int
    n_fields: int
    start_row: float
    fwhm: float
    mjd: float
    failed: int | None = None
    poor: int | None = None

    @property
    def rows(self) -> int:
        """Length of the strip's image [pixel]."""
        return self.n_fields * STEP + 2 * BORDER

    @property
    def fields(self) -> range:
        """Field numbers."""
        return range(FIRST_FIELD, FIRST_FIELD + self.n_fields)

    @property
    def repeats(self) -> bool:
        """Whether another run saw the same sky before, and is the primary imaging there."""
        return self.run != RUN_A

    def first_row(self, field: int) -> int:
        """The strip's row that is the first of a frame."""
        return (field - FIRST_FIELD) * STEP

    def to_munu(self, colc, rowc) -> tuple[np.ndarray, np.ndarray]:
        """Strip pixels to scan coordinates mu, nu [deg]."""
        mu = MU_START + (np.asarray(rowc, float) + self.start_row) * PIXSCALE / 3600
        nu = self._nu0 + (np.asarray(colc, float) - FRAME_COLUMNS / 2) * PIXSCALE / 3600
        return mu, nu

    def to_pixel(self, mu, nu) -> tuple[np.ndarray, np.ndarray]:
        """Scan coordinates mu, nu [deg] to strip pixels colc, rowc."""
        rowc = (np.asarray(mu, float) - MU_START) * 3600 / PIXSCALE - self.start_row
        colc = (np.asarray(nu, float) - self._nu0) * 3600 / PIXSCALE + FRAME_COLUMNS / 2
        return colc, rowc

    def to_sky(self, colc, rowc) -> tuple[np.ndarray, np.ndarray]:
        """Strip pixels to ICRS [deg]."""
        return from_munu(*self.to_munu(colc, rowc), INCL)

    def mjd_of(self, field: int) -> float:
        """When a field's first row was read."""
        return self.mjd + self.first_row(field) * ROW_S / 86400

    @property
    def _nu0(self) -> float:
        return (self.camcol - 3.5) * CAMCOL_STEP


def plan(fields: int) -> tuple[Strip, ...]:
    """Two camcols of run A, and run B over the first of them, half a field further on.

    Parameters
    ----------
    fields : int
        Of each camcol of run A; run B has two fewer, at least one.

    Returns
    -------
    tuple of Strip

    Raises
    ------
    SettingError
        Fewer than 2 fields, or more than 60.
    """
    if not MIN_FIELDS <= fields <= MAX_FIELDS:
        raise SettingError(
            f"a simulated sky of {fields} fields a camcol is not to be had",
            hint=f"{MIN_FIELDS} to {MAX_FIELDS}; the default of 6 takes about a minute",
        )
    half_a_field = STEP / 2 + 0.37  # no whole pixel: run B samples the sky anew
    return (
        Strip(RUN_A, 1, fields, 0.0, 1.30, 53700.30),
        Strip(RUN_A, 2, fields, 0.0, 1.25, 53700.30,
              failed=FIRST_FIELD + (fields - 1) // 2, poor=FIRST_FIELD + fields - 1),
        Strip(RUN_B, 1, max(1, fields - 2), half_a_field, 1.48, 53731.26),
    )  # fmt: skip


def frame_wcs(strip: Strip, field: int) -> dict[str, float | str]:
    """The TAN projection of a frame.

    Parameters
    ----------
    strip : Strip
    field : int

    Returns
    -------
    dict
        FITS cards. Over a frame the tangent plane and the scan differ by less than 0.03 pixel.
    """
    colc, rowc = FRAME_COLUMNS / 2, strip.first_row(field) + FRAME_ROWS / 2
    ra0, dec0 = strip.to_sky(colc, rowc)
    arm = FRAME_ROWS / 2
    (x_left, y_left), (x_right, y_right), (x_low, y_low), (x_high, y_high) = (
        to_plane(*strip.to_sky(colc + dx, rowc + dy), ra0, dec0)
        for dx, dy in ((-arm, 0), (arm, 0), (0, -arm), (0, arm))
    )
    per_pixel = 1 / (2 * arm * 3600)
    return {
        "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CUNIT1": "deg", "CUNIT2": "deg",
        "RADESYS": "ICRS",
        "CRPIX1": FRAME_COLUMNS / 2 + 0.5, "CRPIX2": FRAME_ROWS / 2 + 0.5,
        "CRVAL1": float(ra0), "CRVAL2": float(dec0),
        "CD1_1": float((x_right - x_left) * per_pixel),
        "CD1_2": float((x_high - x_low) * per_pixel),
        "CD2_1": float((y_right - y_left) * per_pixel),
        "CD2_2": float((y_high - y_low) * per_pixel),
    }  # fmt: skip
