import numpy as np
import pytest

from galaxycurate.core.geometry import separation
from galaxycurate.curation.pairs import Pairs
from galaxycurate.curation.split.tiles import sky_tiles, strips


@pytest.mark.parametrize("size", [0.5, 3.0, 17.0])
def test_tiles_are_about_as_wide_as_asked_everywhere(size):
    rng = np.random.default_rng(1)
    ra, dec = rng.uniform(0, 360, 40_000), np.degrees(np.arcsin(rng.uniform(-1, 1, 40_000)))
    tile = sky_tiles(ra, dec, size)
    area = 41253 / np.unique(sky_tiles(*everywhere(), size)).size
    assert area == pytest.approx(size**2, rel=0.2)
    for one in np.unique(tile)[::200]:
        mine = tile == one
        apart = separation(ra[mine][0], dec[mine][0], ra[mine], dec[mine]) / 3600
        assert apart.max() < 2.2 * size


def everywhere():
    """A fine grid, denser than the finest tiles."""
    dec = np.arange(-89.95, 90, 0.1)
    ra = np.arange(0.05, 360, 0.1)
    return (a.ravel() for a in np.meshgrid(ra, dec))


def test_ra_0_is_no_place_of_its_own():
    """Tiles end there, but none is a sliver, and 360 is 0."""
    ra = np.array([359.9999, 360.0, 0.0, 0.0001])
    west, *east = sky_tiles(ra, np.full(4, 40.0), 1.0)
    assert len(set(east)) == 1
    assert west != east[0]


def test_poles_have_tiles():
    assert len(set(sky_tiles(np.arange(0, 360, 10.0), np.full(36, 90.0), 30.0))) == 3
    assert len(set(sky_tiles(np.zeros(3), np.array([-90, 0, 90.0]), 30.0))) == 3


def test_a_chain_without_positions_is_cut_once_between_neighbouring_pieces():
    n = 1000
    shuffled = np.random.default_rng(0).permutation(n)
    first, second = shuffled[:-1], shuffled[1:]
    pairs = Pairs(np.minimum(first, second), np.maximum(first, second), np.ones(n - 1))
    piece = strips(n, pairs, 10)
    assert np.bincount(piece).tolist() == [100] * 10
    assert (piece[pairs.first] != piece[pairs.second]).sum() == 9
