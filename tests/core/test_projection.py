"""Tangent planes against astropy's WCS."""

import numpy as np
import pytest
from astropy.wcs import WCS

from galaxycurate.core.geometry import unit_vectors
from galaxycurate.core.projection import Grid, pixscale_of, project, projection

FRAME = dict(
    CRPIX1=1025.0, CRPIX2=745.0, CRVAL1=283.374014639, CRVAL2=-1.37214849064,
    CD1_1=5.01157637334e-05, CD1_2=9.79182576120e-05, CD2_1=9.79480598328e-05,
    CD2_2=-5.00976990890e-05,
)  # fmt: skip


def wcs_of(cards):
    made = WCS(naxis=2)
    made.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    made.wcs.crpix = cards["CRPIX1"], cards["CRPIX2"]
    made.wcs.crval = cards["CRVAL1"], cards["CRVAL2"]
    made.wcs.cd = [[cards["CD1_1"], cards["CD1_2"]], [cards["CD2_1"], cards["CD2_2"]]]
    return made


@pytest.mark.parametrize("rows_up", [True, False])
@pytest.mark.parametrize("ra", [283.4, 0.001])
@pytest.mark.parametrize("dec", [-1.3, 89.9])
def test_pixels_of_a_picture_lie_where_its_cards_say(ra, dec, rows_up):
    grid = Grid(ra, dec, 0.5, 100, 61)
    cols, rows = np.array([0.0, 50.0, 99.0]), np.array([0.0, 60.0])
    at = np.einsum("ij,jkl->ikl", grid.to_sky, [*np.meshgrid(cols, rows), np.ones((2, 3))])
    at /= np.linalg.norm(at, axis=0)
    stored = 60 - rows if rows_up else rows
    told = wcs_of(grid.cards(rows_up=rows_up)).pixel_to_world_values(*np.meshgrid(cols, stored))
    step = np.radians(0.5 / 3600)
    assert np.abs(at - np.moveaxis(unit_vectors(*told), -1, 0)).max() < 1e-4 * step


def test_a_frames_pixels_are_those_of_its_wcs():
    grid = Grid(283.41, -1.4, 0.396127, 200, 200)
    rows, cols = np.arange(0, 200, 66.0), np.arange(0, 200, 50.0)
    x, y = project(projection(FRAME) @ grid.to_sky, rows, cols)
    sky = wcs_of(grid.cards(rows_up=False)).pixel_to_world_values(*np.meshgrid(cols, rows))
    told = wcs_of(FRAME).world_to_pixel_values(*sky)
    np.testing.assert_allclose([x, y], told, atol=1e-6)


def test_what_is_behind_the_plane_has_no_pixel():
    x, y = project(
        projection(FRAME) @ Grid(103.0, 1.0, 0.4, 4, 4).to_sky, np.arange(4), np.arange(4)
    )
    assert np.isnan(x).all()
    assert np.isnan(y).all()


def test_the_scale_of_a_frame_is_the_root_of_its_pixels_area():
    assert pixscale_of(FRAME) == pytest.approx(0.396026, abs=1e-6)
