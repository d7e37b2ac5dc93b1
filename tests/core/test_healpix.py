import numpy as np
import pytest

from galaxycurate.core.healpix import cells

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
