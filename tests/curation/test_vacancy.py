import csv

import numpy as np
import pytest

from galaxycurate.core.geometry import from_plane, overlap_fraction, separation, to_plane
from galaxycurate.curation import vacancy

WIDTH = 101.4
AREA = vacancy.FieldArea(164.42116886693333, 39.12268875917162,
                         (169.0981574485694, 169.24785870717264),
                         (0.8358807483168798, 1.0470799627055418))  # fmt: skip


def test_clearance_is_measured_from_the_edge_to_the_disc():
    gal_ra, gal_dec = from_plane([80.0, 0.0, 60.0], [0.0, 55.0, 60.0], 180.0, 0.0)
    one = [
        vacancy.clearance(
            np.array([180.0]), np.array([0.0]), 100.0, (gal_ra[[k]], gal_dec[[k]], [r])
        )[0]
        for k, r in ((0, 10.0), (1, 8.0), (2, 4.0))
    ]
    assert one == pytest.approx([20.0, -3.0, np.hypot(10, 10) - 4], abs=1e-3)


def test_without_galaxies_the_clearance_is_infinite():
    assert np.isinf(vacancy.clearance(np.array([0.0]), np.array([0.0]), 100.0, ([], [], []))[0])


def test_a_radius_that_was_not_measured_is_guessed_from_the_magnitude():
    found = vacancy.galaxy_radius([-9999.0, np.nan, 12.5, 4000.0], [13.0, np.nan, 18.0, 18.0])
    assert found == pytest.approx([75.4, 3.0, 12.5, 300.0], abs=0.1)


def test_a_field_across_the_start_of_the_scan_has_room():
    area = vacancy.FieldArea(0.0, 0.0, (359.93, 0.08), (-0.1, 0.1))
    ra, dec = area.centres(WIDTH, 71.7, np.random.default_rng(1))
    assert ra.size > 1000
    assert area.holds(ra, dec, 71.6).all()
    assert area.radius_arcsec < 600


def test_candidates_lie_inside_the_field_and_repeat_by_seed():
    ra, dec = AREA.centres(WIDTH, 71.7, np.random.default_rng(1))
    again = AREA.centres(WIDTH, 71.7, np.random.default_rng(1))
    assert (ra == again[0]).all()
    assert (dec == again[1]).all()
    assert ra.size > 1400
    assert AREA.holds(ra, dec, 71.6).all()
    assert not AREA.holds(ra, dec, 150.0).all()


def test_a_field_smaller_than_a_cutout_has_no_candidates():
    assert AREA.centres(2000.0, 1414.0, np.random.default_rng(1))[0].size == 0


def test_chosen_cutouts_share_no_sky_even_near_the_pole():
    rng = np.random.default_rng(3)
    for dec0 in (0.0, 60.0, 89.5):
        ra, dec = from_plane(*rng.uniform(-600, 600, (2, 3000)), 10.0, dec0)
        rows = vacancy.pick_apart(ra, dec, WIDTH, ([], []), at_most=50)
        assert rows.size > 20
        i, j = np.triu_indices(rows.size, 1)
        a, b = rows[i], rows[j]
        assert overlap_fraction(ra[a], dec[a], WIDTH, ra[b], dec[b], WIDTH).max() == 0


def test_cutouts_that_exist_are_kept_clear_of():
    ra, dec = from_plane([0.0, 90.0, 110.0], [0.0, 0.0, 0.0], 10.0, 20.0)
    taken = (np.array([ra[0]]), np.array([dec[0]]))
    assert vacancy.pick_apart(ra, dec, WIDTH, taken, at_most=9).tolist() == [2]


def test_the_first_clear_candidates_are_those_that_the_slow_way_finds():
    rng = np.random.default_rng(5)
    ra, dec = AREA.centres(WIDTH, 71.7, rng)
    discs = (rng.choice(ra, 60), rng.choice(dec, 60), rng.uniform(2, 12, 60))
    taken = (ra[:1] + 0.01, dec[:1])
    rows, clear = vacancy.first_clear(ra, dec, WIDTH, discs, taken, margin_arcsec=5.0, at_most=6)
    slow = vacancy.clearance(ra, dec, WIDTH, discs)
    free = np.flatnonzero(slow >= 5)
    chosen = free[vacancy.pick_apart(ra[free], dec[free], WIDTH, taken, at_most=6)]
    assert rows.tolist() == chosen.tolist()
    assert clear == pytest.approx(slow[chosen])


@pytest.mark.parametrize("dec0", [0.0, 60.0, 89.95])
def test_clearance_by_unit_vectors_is_that_on_the_tangent_plane(dec0):
    rng = np.random.default_rng(8)
    ra, dec = from_plane(*rng.uniform(-400, 400, (2, 300)), 359.99, dec0)
    gal_ra, gal_dec = from_plane(*rng.uniform(-600, 600, (2, 40)), 359.99, dec0)
    radius = rng.uniform(0, 30, 40)
    xi, eta = to_plane(gal_ra, gal_dec, ra[:, None], dec[:, None])
    dx, dy = (np.maximum(np.abs(v) - WIDTH / 2, 0) for v in (xi, eta))
    plain = (np.hypot(dx, dy) - radius).min(axis=1)
    assert vacancy.clearance(ra, dec, WIDTH, (gal_ra, gal_dec, radius)) == pytest.approx(plain)


def test_a_disc_on_the_other_side_of_the_sky_does_not_matter():
    far = (np.array([0.0]), np.array([0.0]), np.array([300.0]))
    assert vacancy.clearance(np.array([180.0]), np.array([0.0]), WIDTH, far)[0] > 1e6


def test_the_halo_of_a_star_shrinks_with_its_magnitude():
    """BOSS: 0.0802 B^2 - 1.86 B + 11.625 arcmin, 6.2 < B < 11.5."""
    radius = vacancy.star_radius([3.0, 6.2, 8.0, 11.5, 14.0])
    assert radius == pytest.approx([190.6, 190.6, 112.7, 50.5, 16.0], abs=0.3)


def test_a_real_field_has_room_to_20_mag_but_none_for_every_galaxy(shared_data):
    """SDSS.md: a random window is free of r < 20 with probability 0.38, of all galaxies with 0."""
    path = shared_data / "sdss" / "catalogs" / "PhotoObjAll_run3900_camcol6_field269.csv"
    with path.open() as file:
        table = [r for r in csv.DictReader(file) if r["type"] == "3"]
    ra, dec, mag, radius = (
        np.array([float(r[n]) for r in table]) for n in ("ra", "dec", "modelMag_r", "petroRad_r")
    )
    centres = AREA.centres(WIDTH, 71.7, np.random.default_rng(0))
    point = np.zeros(mag.size)
    bright = mag < 20
    free = vacancy.clearance(*centres, WIDTH, (ra[bright], dec[bright], point[bright])) > 0
    assert free.mean() == pytest.approx(0.38, abs=0.06)
    assert not (vacancy.clearance(*centres, WIDTH, (ra, dec, point)) > 0).any()
    discs = (ra[bright], dec[bright], vacancy.galaxy_radius(radius[bright], mag[bright]))
    clear = vacancy.clearance(*centres, WIDTH, discs)
    chosen = vacancy.pick_apart(*(c[clear > 5] for c in centres), WIDTH, ([], []), at_most=20)
    assert 3 <= chosen.size <= 20
    for k in chosen:
        at = [c[clear > 5][k] for c in centres]
        assert separation(ra[bright], dec[bright], *at).min() > WIDTH / 2 + 5
