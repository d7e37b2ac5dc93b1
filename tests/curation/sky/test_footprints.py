import numpy as np
import pytest

from galaxycurate.core.geometry import from_plane, to_plane, unit_vectors
from galaxycurate.curation.groups import groups
from galaxycurate.curation.sky.footprints import Footprints, overlapping
from galaxycurate.errors import InputError
from tests.curation.sky.skies import as_set, box, everywhere

WIDTH = 101.4


def corners(f, row):
    """Of a footprint on its own plane, then on the sky."""
    w, h = f.width_arcsec[row] / 2, f.height_arcsec[row] / 2
    turn = np.radians(f.rotation_deg[row])
    x, y = np.array([-w, w, w, -w]), np.array([-h, -h, h, h])
    xi, eta = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    return from_plane(xi, eta, f.ra[row], f.dec[row])


def by_shapely(f, a, b):
    """What two rows share, in the gnomonic plane of the smaller one (of the lower, if alike)."""
    from shapely.geometry import Polygon

    size = f.width_arcsec * f.height_arcsec
    if size[b] < size[a]:
        a, b = b, a
    mine, other = (
        Polygon(np.stack(to_plane(*corners(f, row), f.ra[a], f.dec[a]), axis=1)) for row in (a, b)
    )
    return mine.intersection(other).area / mine.area


def varied(ra, dec, rng):
    n = ra.size
    return Footprints(ra, dec, rng.uniform(40, 160, n), rng.uniform(40, 160, n),
                      rng.uniform(0, 360, n))  # fmt: skip


@pytest.mark.parametrize("place", everywhere(1, np.random.default_rng(0)))
def test_pairs_and_areas_are_those_of_every_pair_clipped_by_shapely(place):
    pytest.importorskip("shapely")
    rng = np.random.default_rng(7)
    n = 90
    ra, dec = everywhere(n, rng)[place] if place != "sphere" else box(n, 100, -30, 0.3, rng)
    f = varied(ra, dec, rng)
    found = f.overlapping()
    amount = dict(zip(as_set_in_order(found), found.amount.tolist(), strict=True))
    shared = {}
    for i, j in zip(*np.triu_indices(n, 1), strict=True):
        if (unit_vectors(ra[i], dec[i]) @ unit_vectors(ra[j], dec[j])) > np.cos(np.radians(0.07)):
            area = by_shapely(f, i, j)
            if area > 1e-9:
                shared[int(i), int(j)] = area
    assert amount.keys() == shared.keys()
    assert len(shared) > 20
    assert max(abs(amount[pair] - shared[pair]) for pair in shared) < 1e-9


def as_set_in_order(found):
    pairs = list(zip(found.first.tolist(), found.second.tolist(), strict=True))
    assert pairs == sorted(as_set(found.first, found.second))
    return pairs


@pytest.mark.parametrize("width_deg", [1.0, 10.0, 39.0])
def test_cutouts_of_degrees_are_clipped_where_tangent_planes_differ(width_deg):
    pytest.importorskip("shapely")
    rng = np.random.default_rng(8)
    width = width_deg * 3600
    ra, dec = box(12, 0.0, 70.0, width_deg * 1.5, rng)
    f = Footprints(ra, dec, width, 0.7 * width, rng.uniform(0, 90, 12))
    i, j = np.triu_indices(12, 1)
    expected = [by_shapely(f, a, b) for a, b in zip(i, j, strict=True)]
    assert f.shared_fraction(i, j) == pytest.approx(np.array(expected), abs=1e-9)
    assert len(f.overlapping()) == np.sum(np.array(expected) > 1e-9)


def test_every_pair_by_itself_finds_what_the_sweep_finds_of_sizes_from_seconds_to_degrees():
    rng = np.random.default_rng(9)
    for place, (ra, dec) in everywhere(250, rng).items():
        f = Footprints(ra, dec, np.exp(rng.uniform(np.log(2), np.log(5000), 250)),
                       np.exp(rng.uniform(np.log(2), np.log(5000), 250)),
                       rng.uniform(-180, 180, 250))  # fmt: skip
        i, j = np.triu_indices(250, 1)
        amount = f.shared_fraction(i, j)
        meets = amount > 1e-9
        found = f.overlapping()
        assert as_set(found.first, found.second) == as_set(i[meets], j[meets]), place
        assert (found.amount == amount[meets]).all(), place


def test_the_reach_is_the_angle_to_the_corners():
    f = Footprints([0.0, 0.0], [0.0, 0.0], [101.376, 7200.0])
    half = np.radians(1.0)
    assert f.reach_arcsec[0] == pytest.approx(143.368 / 2, abs=1e-3)
    assert f.reach_arcsec[1] == pytest.approx(np.degrees(np.arctan(np.sqrt(2) * half)) * 3600)
    assert f.reach_arcsec[1] < np.sqrt(2) * 3600  # a plane is larger than the sky it shows


def test_a_search_to_the_side_would_miss_pairs_that_reach_finds():
    from galaxycurate.core.geometry import separation

    ra, dec = box(2000, 0.0, 0.0, 0.6, np.random.default_rng(4))
    found = overlapping(ra, dec, WIDTH)
    far = separation(ra[found.first], dec[found.first], ra[found.second], dec[found.second]) > WIDTH
    assert 0.10 < far.mean() < 0.25  # 15 % expected of points at random


def test_a_turned_square_meets_what_it_missed_north_up():
    east = [10.0, 10 + 110 / 3600]
    assert len(overlapping(east, [0.0, 0.0], WIDTH)) == 0
    turned = overlapping(east, [0.0, 0.0], WIDTH, rotation_deg=[0.0, 45.0])
    depth = WIDTH / 2 + WIDTH / np.sqrt(2) - 110  # of the corner, a right angle
    assert turned.amount[0] == pytest.approx(depth**2 / WIDTH**2, rel=1e-4)


def test_a_rotation_is_counted_from_north_to_east():
    """A tall cutout whose top leans east meets a small one in the north-east."""
    north_east = from_plane(60.0, 60.0, 10.0, 40.0)
    ra, dec = [10.0, float(north_east[0])], [40.0, float(north_east[1])]

    def shared(angle):
        return overlapping(ra, dec, [20.0, 10.0], height_arcsec=[200.0, 10.0],
                           rotation_deg=[angle, 0.0]).amount  # fmt: skip

    assert shared(45.0).tolist() == pytest.approx([1.0])
    assert shared(-45.0).size == 0


def test_one_wide_cutout_among_small_ones_holds_them_all():
    ra, dec = box(3000, 150.0, 20.0, 0.9, np.random.default_rng(2))
    width = np.where(np.arange(3000) == 1234, 7200.0, 5.0)
    ra[1234], dec[1234] = 150.0, 20.0
    found = overlapping(ra, dec, width)
    wide = (found.first == 1234) | (found.second == 1234)
    assert wide.sum() == 2999
    assert found.amount[wide] == pytest.approx(1, abs=1e-12)


def test_rows_without_a_footprint_take_no_part():
    found = overlapping([np.nan, 10, 10, 10, 10], np.zeros(5), [9, 9, 9, np.nan, 0.0])
    assert (found.first.tolist(), found.second.tolist()) == ([1], [2])
    for n in (0, 1):
        assert len(overlapping(np.zeros(n), np.zeros(n), WIDTH)) == 0
    assert np.isnan(Footprints([0, np.nan], [0, 0], 9.0).shared_fraction([0], [1])).all()


def test_a_least_overlap_is_kept_to():
    ra = 10 + np.array([0, 20, 90]) / 3600
    assert len(overlapping(ra, np.zeros(3), WIDTH)) == 3
    half = overlapping(ra, np.zeros(3), WIDTH, min_overlap=0.5)
    assert (half.first.tolist(), half.second.tolist()) == ([0], [1])
    assert half.amount[0] == pytest.approx(1 - 20 / WIDTH, rel=1e-6)


def test_ten_thousand_twins_make_a_star_and_one_group():
    ra, dec = np.full(10_003, 180.0), np.full(10_003, 10.0)
    ra[-3:] += np.array([30, 80, 500]) / 3600
    found = overlapping(ra, dec, WIDTH)
    assert len(found) == 9_999 + 3  # the star, its first with two neighbours, and these
    assert np.bincount(groups(ra.size, [found])).tolist() == [10_002, 1]
    turned = overlapping(ra, dec, WIDTH, rotation_deg=np.repeat([0.0, 10.0], [10_002, 1]))
    assert np.bincount(groups(ra.size, [turned])).tolist() == [10_002, 1]


def test_shared_area_is_that_of_the_sky():
    """A square of w radians holds 4 arcsin(t^2 / (1 + t^2)) steradians, t = w / 2."""
    f = Footprints([10.0, 10.0, 200.0], [30.0, 30.0, 0.0], [WIDTH, 2 * WIDTH, 39 * 3600.0])
    t = np.radians(f.width_arcsec / 7200)
    whole = 4 * np.arcsin(t**2 / (1 + t**2)) * np.degrees(3600) ** 2
    same = np.arange(3)
    assert f.shared_arcsec2(same, same) == pytest.approx(whole, rel=1e-12)
    assert f.shared_arcsec2([0], [1])[0] == pytest.approx(whole[0], rel=1e-12)
    assert f.shared_arcsec2([0], [2])[0] == 0


def test_sizes_that_are_no_cutouts_are_refused():
    with pytest.raises(InputError, match="50 degrees wide"):
        Footprints([0.0], [0.0], 50 * 3600)
    with pytest.raises(InputError, match="differ in length"):
        Footprints([0.0, 1.0], [0.0, 1.0], [1.0, 2.0, 3.0])


def test_a_crowd_that_is_scattered_by_less_than_an_arcsec_is_not_quadratic():
    rng = np.random.default_rng(9)
    ra, dec = 10 + rng.normal(0, 1e-4, 4000), 20 + rng.normal(0, 1e-4, 4000)
    ra[-3:], dec[-3:] = 10 + np.array([80, -80, 400]) / 3600, 20
    found = overlapping(ra, dec, WIDTH)
    assert len(found) < 4000 * 4000 / 2 / 4
    assert np.bincount(groups(ra.size, [found])).tolist() == [3999, 1]
    amount = dict(zip(zip(found.first, found.second, strict=True), found.amount, strict=True))
    f = Footprints(ra, dec, WIDTH)
    rows = np.arange(3997)
    for other in (3997, 3998):  # all that is in no crowd is compared with all of the crowd
        shared = f.shared_fraction(rows, np.full(3997, other))
        assert [amount.get((row, other), 0.0) for row in rows] == pytest.approx(shared, abs=1e-12)


def test_many_in_one_cell_of_unlike_sizes_are_no_crowd():
    rng = np.random.default_rng(10)
    n = 60
    ra, dec = 10 + rng.normal(0, 1e-5, n), rng.normal(0, 1e-5, n)
    assert len(overlapping(ra, dec, rng.uniform(50, 200, n))) == n * (n - 1) // 2
    turned = overlapping(ra, dec, WIDTH, rotation_deg=rng.uniform(0, 90, n))
    assert len(turned) == n * (n - 1) // 2
