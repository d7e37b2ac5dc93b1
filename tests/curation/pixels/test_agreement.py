"""Pixels are held against coordinates: the right sky agrees, another one does not."""

import numpy as np
import pytest

from galaxycurate.core.projection import Grid, tangent_basis
from galaxycurate.curation.pairs import Matches, Pairs
from galaxycurate.curation.pixels.agreement import against_wcs, doubted
from galaxycurate.curation.pixels.fingerprint import fingerprint
from galaxycurate.curation.pixels.prints import Prints
from tests.curation.pixels.exposures import Sky, picture

STEP = 0.396


def _matches(dx, dy, *, flip=0, scale=1.0, tier="noise") -> Matches:
    n = np.size(dx)
    columns = [np.broadcast_to(np.asarray(v, float), n).copy() for v in (dx, dy)]
    return Matches(
        np.zeros(n, np.int64), np.arange(1, n + 1), np.ones(n), *columns,
        np.full(n, flip, np.int8), np.full(n, scale), np.full(n, 99.0), np.zeros(n),
        np.full(n, tier),
    )  # fmt: skip


def _sky_of(grid: Grid, col: float, row: float) -> tuple[float, float]:
    x, y, z = grid.to_sky @ (col, row, 1.0)
    return np.degrees(np.arctan2(y, x)) % 360, np.degrees(np.arctan2(z, np.hypot(x, y)))


@pytest.mark.parametrize("place", [(180.0, 0.0), (0.001, 62.0), (33.0, -89.9), (120.0, 35.0)])
def test_the_expected_shift_is_that_of_the_tangent_plane(place):
    grid = Grid(*place, STEP, 256, 240)
    centre = _sky_of(grid, 127.5 + 40.0, 119.5 - 25.0)
    ra, dec = np.array([place[0], centre[0]]), np.array([place[1], centre[1]])
    told = against_wcs(
        _matches([40.0], [-25.0]), ra, dec, np.full(2, STEP), np.full(2, 256), np.full(2, 240)
    )
    np.testing.assert_allclose((told.dx[0], told.dy[0]), (40.0, -25.0), atol=1e-6)
    assert told.off_arcsec[0] < 1e-5
    assert told.agrees[0]
    assert abs(tangent_basis(*place)[2] @ tangent_basis(*centre)[2]) <= 1


def test_pictures_of_other_size_scale_and_turn_agree_where_their_centres_do():
    ra, dec = np.full(2, 150.0), np.full(2, 20.0)
    step, width, height = np.array([STEP, STEP / 1.25]), np.array([256, 320]), np.array([256, 300])
    scale = 0.8
    for flip, (w, h) in ((0, (320, 300)), (3, (300, 320)), (6, (320, 300))):
        dx, dy = 127.5 - scale * (w - 1) / 2, 127.5 - scale * (h - 1) / 2
        match = _matches([dx], [dy], flip=flip, scale=scale, tier="resized")
        assert against_wcs(match, ra, dec, step, width, height).off_arcsec[0] < 1e-6
    wrong = _matches([dx], [dy], flip=flip, scale=1.0, tier="resized")
    assert not against_wcs(wrong, ra, dec, step, width, height).agrees[0]


def test_a_match_elsewhere_or_of_another_sky_disagrees_by_its_distance():
    ra, dec = np.array([150.0, 150.0, 151.0, 330.0]), np.array([20.0, 20.0, 20.0, -20.0])
    told = against_wcs(
        _matches([30.0, 0.0, 0.0], [0.0, 0.0, 0.0]), ra, dec,
        np.full(4, STEP), np.full(4, 256), np.full(4, 256),
    )  # fmt: skip
    assert not told.agrees.any()
    np.testing.assert_allclose(told.off_arcsec[0], 30 * STEP)
    np.testing.assert_allclose(told.off_arcsec[1], 3600 * np.cos(np.radians(20)), rtol=1e-3)
    assert np.isinf(told.off_arcsec[2])


def test_unknown_coordinates_contradict_nothing():
    told = against_wcs(
        _matches([30.0, 5.0], [0.0, 0.0]), np.array([150.0, np.nan, 150.0]), np.full(3, 20.0),
        np.array([STEP, STEP, 0.0]), np.full(3, 256), np.full(3, 256),
    )  # fmt: skip
    assert told.agrees.all()
    assert np.isnan(told.off_arcsec).all()


@pytest.fixture(scope="module")
def exposures() -> tuple[Prints, np.ndarray, np.ndarray]:
    """Rows 2k and 2k + 1 share 64 % of a sky; with their coordinates."""
    dx, dy = 60.0, -40.0
    made = []
    for k in range(12):
        sky = Sky(k, 80)
        made.append(fingerprint(picture(sky.exposure(1), 80.0, 80.0)))
        made.append(fingerprint(picture(sky.exposure(2), 80.0 + dx, 80.0 + dy)))
    there = _sky_of(Grid(150.0, 20.0, STEP, 256, 256), 127.5 + dx, 127.5 + dy)
    return Prints.of(made), np.tile([150.0, there[0]], 12), np.tile([20.0, there[1]], 12)


RIGHT = Pairs(np.arange(0, 24, 2), np.arange(1, 24, 2), np.full(12, 0.6))
WRONG = Pairs(np.arange(0, 22, 2), np.arange(3, 24, 2), np.full(11, 0.6))


def test_footprints_that_should_share_stars_and_do_not_are_doubted(exposures):
    prints, ra, dec = exposures
    step = np.full(24, STEP)
    assert not doubted(prints, RIGHT, ra, dec, step).any()
    assert doubted(prints, WRONG, ra, dec, step).mean() > 0.8
    assert not doubted(prints, WRONG, ra, dec, np.where(ra > 149, 0.0, step)).any()
    assert not doubted(prints, Pairs.none(), ra, dec, step).size


@pytest.mark.parametrize("off_arcsec", [0.7, 1.5, 1.9])
def test_positions_within_their_errors_are_not_doubted(exposures, off_arcsec):
    prints, ra, dec = exposures
    for angle in np.arange(0, 2 * np.pi, np.pi / 4):
        moved = np.where(np.arange(24) % 2, off_arcsec / 3600, 0.0)
        east = ra + moved * np.sin(angle) / np.cos(np.radians(dec))
        north = dec + moved * np.cos(angle)
        assert not doubted(prints, RIGHT, east, north, np.full(24, STEP)).any()
    assert doubted(prints, WRONG, east, north, np.full(24, STEP)).mean() > 0.8
