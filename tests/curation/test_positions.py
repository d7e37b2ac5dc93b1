"""Repeated positions: the real list of Galaxy10, and the places where a sphere is no plane."""

import csv

import numpy as np
import pytest

from galaxycurate.core.geometry import from_plane
from galaxycurate.curation.positions import close_pairs
from galaxycurate.errors import InputError


def test_the_real_list_of_galaxy10_holds_59_pairs_and_all_are_exact(shared_data):
    with (shared_data / "gz_tables" / "Galaxy10_coord.csv").open() as file:
        rows = [(float(row["RA"]), float(row["DEC"])) for row in csv.DictReader(file)]
    ra, dec = np.array(rows).T
    i, j, apart = close_pairs(ra, dec)
    assert ra.size == 17_736
    assert i.size == 59
    assert (i < j).all()
    np.testing.assert_allclose(apart, 0, atol=1e-6)


def test_pairs_are_those_that_astropy_finds_among_all():
    from astropy.coordinates import SkyCoord

    rng = np.random.default_rng(3)
    ra, dec = 150 + rng.random(300) * 0.01, 20 + rng.random(300) * 0.01
    sky = SkyCoord(ra, dec, unit="deg")
    first, second = np.triu_indices(300, 1)
    apart = sky[first].separation(sky[second]).arcsec
    near = apart < 1.0
    i, j, ours = close_pairs(ra, dec)
    assert near.sum() > 10
    assert list(zip(i, j, strict=True)) == list(zip(first[near], second[near], strict=True))
    np.testing.assert_allclose(ours, apart[near], rtol=1e-6)


@pytest.mark.parametrize("centre", [(0.0, 0.0), (359.99999, 45.0), (10.0, 90.0), (200.0, -90.0)])
@pytest.mark.parametrize(("gap", "n"), [(0.99, 1), (1.01, 0)])
def test_one_arcsecond_is_one_everywhere(centre, gap, n):
    ra, dec = from_plane([-gap / 2, gap / 2], [0.0, 0.0], *centre)
    i, _, apart = close_pairs(ra, dec)
    assert i.size == n
    np.testing.assert_allclose(apart, gap, rtol=1e-6)


def test_the_distance_may_be_chosen():
    ra, dec = [10.0, 10.0], [0.0, 3 / 3600]
    assert close_pairs(ra, dec)[0].size == 0
    assert close_pairs(ra, dec, within_arcsec=3.5)[0].size == 1


def test_unknown_positions_are_near_nothing():
    nan = np.nan
    i, j, _ = close_pairs([1.0, nan, 1.0, nan], [2.0, nan, 2.0, 5.0])
    assert (i.tolist(), j.tolist()) == ([0], [2])
    assert close_pairs([], [])[0].size == 0


def test_a_column_of_zeros_is_refused_before_it_fills_the_memory():
    with pytest.raises(InputError, match='19,999,900,000 pairs of 200,000 positions are within 1"'):
        close_pairs(np.zeros(200_000), np.zeros(200_000))


def test_unknown_positions_among_many_known_ones_are_refused():
    rng = np.random.default_rng(1)
    ra, dec = rng.random(60_000) * 360, rng.random(60_000) * 60
    ra[:500] = dec[:500] = 0
    with pytest.raises(InputError, match=r"pairs of 60,000 positions are within 1\"") as told:
        close_pairs(ra, dec)
    assert "unknown positions written as 0" in told.value.hint
    ra[101:500] = rng.random(399) * 360
    dec[101:500] = 70
    assert close_pairs(ra, dec)[0].size >= 101 * 100 // 2
