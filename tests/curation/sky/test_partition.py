import numpy as np
import pytest

from galaxycurate.core.healpix import cells
from galaxycurate.curation.pairs import Pairs
from galaxycurate.curation.sky.footprints import Footprints
from galaxycurate.curation.sky.partition import neighbours, parted
from tests.curation.sky.skies import everywhere


def by_parts(footprints, most_rows, min_overlap=0.0):
    parts = parted(footprints, most_rows=most_rows)
    found = []
    for part, others in zip(parts, neighbours([p.place for p in parts]), strict=True):
        lent = [parts[other].lend(part.place) for other in others]
        found.append(part.pairs(lent, min_overlap=min_overlap))
    first, second, amount = (
        np.concatenate([getattr(p, n) for p in found]) for n in ("first", "second", "amount")
    )
    order = np.lexsort((second, first))
    return parts, Pairs(first[order], second[order], amount[order])


def assert_alike(one, other):
    assert (one.first == other.first).all()
    assert (one.second == other.second).all()
    assert (one.amount == other.amount).all()  # bit by bit


@pytest.mark.parametrize("place", everywhere(1, np.random.default_rng(0)))
def test_parts_find_together_what_one_search_finds(place):
    rng = np.random.default_rng(11)
    ra, dec = everywhere(4000, rng)[place]
    f = Footprints(ra, dec, rng.uniform(50, 200, 4000), None, rng.uniform(0, 90, 4000))
    parts, found = by_parts(f, most_rows=200)
    assert len(parts) > 1
    whole = f.overlapping()
    assert len(whole) > 0
    assert_alike(found, whole)


def test_wide_cutouts_reach_over_many_parts():
    rng = np.random.default_rng(12)
    ra, dec = rng.uniform(0, 360, 200), np.degrees(np.arcsin(rng.uniform(-1, 1, 200)))
    f = Footprints(ra, dec, np.where(rng.random(200) < 0.1, 30 * 3600.0, 600.0))
    parts, found = by_parts(f, most_rows=8)
    assert len(parts) > 20
    assert_alike(found, f.overlapping())


def test_rows_along_the_edges_of_cells_are_lent():
    """Pairs that straddle the meridians, the equator and the corners where cells meet."""
    ra, dec = np.meshgrid(np.arange(0, 360, 22.5), [-89.99, -41.81, -0.001, 0, 41.81, 60, 89.99])
    step = 40 / 3600
    ra, dec = (np.concatenate([v.ravel() + d for d in (-step, step)]) for v in (ra, dec))
    f = Footprints(ra % 360, np.clip(dec, -90, 90), 160.0)
    for most in (3, 10, 100):
        assert_alike(by_parts(f, most_rows=most)[1], f.overlapping())


def test_a_crowd_is_linked_by_the_same_star():
    ra, dec = everywhere(500, np.random.default_rng(13))["RA 0"]
    ra, dec = np.append(ra, np.zeros(2000)), np.append(dec, np.full(2000, 0.1))
    mixed = np.random.default_rng(14).permutation(2500)
    f = Footprints(ra[mixed], dec[mixed], 101.4)
    found = by_parts(f, most_rows=100)[1]
    assert_alike(found, f.overlapping())
    assert len(found) < 20_000


def test_a_crowd_that_is_scattered_over_an_edge_is_led_by_the_same():
    rng = np.random.default_rng(17)
    ra, dec = everywhere(500, rng)["RA 0"]
    ra = np.append(ra, rng.normal(0, 1e-4, 1500)) % 360
    dec = np.append(dec, rng.normal(0, 1e-4, 1500))
    mixed = rng.permutation(2000)
    f = Footprints(ra[mixed], dec[mixed], 101.4)
    parts, found = by_parts(f, most_rows=100)
    assert len({p.cell for p in parts if len(p.rows) > 100}) > 1
    assert_alike(found, f.overlapping())
    assert len(found) < 1500 * 1500 / 4


def test_each_row_is_in_the_part_of_its_cell_and_unknown_ones_are_in_none():
    ra, dec = everywhere(1000, np.random.default_rng(15))["sphere"]
    ra[7] = np.nan
    parts = parted(Footprints(ra, dec, 60.0), most_rows=50)
    rows = np.sort(np.concatenate([p.rows for p in parts]))
    assert rows.tolist() == [row for row in range(1000) if row != 7]
    for part in parts:
        assert part.rows.size <= 50
        assert (cells(ra[part.rows], dec[part.rows], order=part.order) == part.cell).all()


def test_little_is_lent():
    """A tenth of the rows, where parts are fifty times as wide as what reaches over their edges."""
    rng = np.random.default_rng(16)
    ra, dec = rng.uniform(0, 360, 200_000), np.degrees(np.arcsin(rng.uniform(-1, 1, 200_000)))
    parts = parted(Footprints(ra, dec, 101.4), most_rows=1500)
    around = neighbours([p.place for p in parts])
    some = range(0, len(parts), 17)
    lent = sum(parts[o].lend(parts[k].place).rows.size for k in some for o in around[k])
    assert lent < 0.25 * sum(parts[k].rows.size for k in some)


def test_no_rows_make_no_parts():
    assert parted(Footprints([], [], 60.0), most_rows=5) == []
    assert neighbours([]) == []
