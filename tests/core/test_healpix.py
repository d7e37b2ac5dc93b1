import numpy as np
import pytest

from galaxycurate.core.geometry import separation
from galaxycurate.core.healpix import cells, centres, farthest_arcsec, rim

RNG = np.random.default_rng(3)
RA, DEC = RNG.uniform(0, 360, 200_000), np.rad2deg(np.arcsin(RNG.uniform(-1, 1, 200_000)))


def test_cells_have_equal_area():
    counts = np.bincount(cells(RA, DEC, order=2), minlength=192)
    assert len(counts) == 192
    expected = len(RA) / 192
    assert np.abs(counts - expected).max() < 5 * np.sqrt(expected)


def test_a_cell_lies_in_the_coarser_cell_of_its_number():
    assert np.array_equal(cells(RA, DEC, order=8) >> 2 * 5, cells(RA, DEC, order=3))


def test_a_cell_is_small():
    one = cells(RA, DEC, order=3)
    for cell in range(0, 768, 60):
        mine = one == cell
        x = np.cos(np.deg2rad(RA[mine])) * np.cos(np.deg2rad(DEC[mine]))
        y = np.sin(np.deg2rad(RA[mine])) * np.cos(np.deg2rad(DEC[mine]))
        z = np.sin(np.deg2rad(DEC[mine]))
        middle = np.array([x.mean(), y.mean(), z.mean()])
        cosine = (middle @ [x, y, z]) / np.linalg.norm(middle)
        assert np.rad2deg(np.arccos(cosine.min())) < 8  # 7.3 deg is the side


@pytest.mark.parametrize(
    ("ra", "dec", "order", "cell"),
    [
        (0, 90, 0, 0),
        (359.9, -90, 0, 11),
        (45, 60, 0, 0),
        (0, 0, 0, 4),
        (195, 27, 8, 166049),
        (10.68, -41.27, 8, 567645),
    ],
)
def test_cells_are_those_of_other_implementations(ra, dec, order, cell):
    """Compared once with astropy-healpix: the same for 300,000 positions at five orders."""
    assert cells([ra], [dec], order=order)[0] == cell


@pytest.mark.parametrize("order", range(7))
def test_a_cells_middle_lies_in_it_and_no_point_is_farther_than_said(order):
    every = np.arange(12 * 4**order)
    ra, dec = centres(every, order=order)
    assert np.array_equal(cells(ra, dec, order=order), every)
    mine = cells(RA, DEC, order=order)
    farthest = separation(RA, DEC, ra[mine], dec[mine]).max()
    assert 0.9 * farthest_arcsec(order) < farthest <= farthest_arcsec(order)


def test_a_rim_is_the_edge_of_a_cell():
    assert sorted(rim(5, deeper=1).tolist()) == [20, 21, 22, 23]
    inner = set(range(16)) - {3, 6, 9, 12}
    assert set(rim(0, deeper=2).tolist()) == inner
    assert len(rim(3, deeper=4)) == 60
