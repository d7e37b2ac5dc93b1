import csv

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord

from galaxycurate.core import geometry as geo

WIDTH = 101.4


def test_the_reach_of_a_cutout_is_its_diagonal():
    assert geo.field_of_view(0.396127, 256) == pytest.approx(101.4, abs=0.01)
    assert geo.reach(101.4) == pytest.approx(143.4, abs=0.01)


def test_separation_agrees_with_astropy_from_pole_to_pole():
    rng = np.random.default_rng(0)
    ra, dec = rng.uniform(0, 360, (2, 500)), np.degrees(np.arcsin(rng.uniform(-1, 1, (2, 500))))
    ours = geo.separation(ra[0], dec[0], ra[1], dec[1])
    a, b = (SkyCoord(ra[k] * u.deg, dec[k] * u.deg) for k in (0, 1))
    assert ours == pytest.approx(a.separation(b).arcsec, rel=1e-9)


@pytest.mark.parametrize("dec0", [0.0, 60.0, -89.99, 90.0])
def test_the_tangent_plane_and_back(dec0):
    rng = np.random.default_rng(1)
    xi, eta = rng.uniform(-300, 300, (2, 100))
    ra, dec = geo.from_plane(xi, eta, 359.99, dec0)
    back = geo.to_plane(ra, dec, 359.99, dec0)
    assert back[0] == pytest.approx(xi, abs=1e-6)
    assert back[1] == pytest.approx(eta, abs=1e-6)


def test_scan_coordinates_and_back():
    mu, nu = np.meshgrid(np.linspace(0, 359, 30), np.linspace(-1.2, 1.2, 5))
    ra, dec = geo.from_munu(mu, nu, 40.0)
    back = geo.to_munu(ra, dec, 40.0)
    assert ((back[0] >= 0) & (back[0] < 360)).all()
    assert (back[0] - mu + 180) % 360 - 180 == pytest.approx(np.zeros_like(mu), abs=1e-9)
    assert back[1] == pytest.approx(nu, abs=1e-9)


def test_real_objects_lie_where_their_rows_and_columns_say(shared_data):
    """Row and column of 981 objects against mu and nu from the field's centre alone."""
    catalogs = shared_data / "sdss" / "catalogs"
    with (catalogs / "Field_run3900_camcol6.csv").open() as file:
        field = next(r for r in csv.DictReader(file) if r["field"] == "269")
    value = {k: float(v) for k, v in field.items()}
    mid = [(value[f"{a}Start"] + value[f"{a}End"]) / 2 for a in ("mu", "nu")]
    incl, node = geo.scan_circle(value["ra"], value["dec"], *mid)
    assert node == geo.SURVEY_NODE
    with (catalogs / "PhotoObjAll_run3900_camcol6_field269.csv").open() as file:
        table = list(csv.DictReader(file))
    col = {n: np.array([float(r[n]) for r in table]) for n in ("ra", "dec", "rowc", "colc")}
    mu, nu = geo.to_munu(col["ra"], col["dec"], incl)
    row = (mu - value["muStart"]) * 3600 / 0.396 + 64
    column = (nu - value["nuStart"]) * 3600 / 0.396 + 64
    assert np.abs(row - col["rowc"]).max() < 4  # pixels of 0.396 arcsec; measured: 3.1, constant
    assert np.abs(column - col["colc"]).max() < 4
    assert np.std(row - col["rowc"]) < 0.2


@pytest.mark.parametrize("node", [95.0, 98.62877, 310.0])
@pytest.mark.parametrize("incl", [0.0, 27.19175, 95.0, -20.0])
def test_the_circle_of_a_scan_follows_from_one_position(incl, node):
    """SEGUE's runs cross the equator elsewhere: with the survey's node corners would lie off."""
    mu, nu = np.array([283.40, 283.55, 283.40, 283.55]), np.array([0.84, 0.84, 1.05, 1.05])
    centre = [float(v) for v in geo.from_munu(283.475, 0.945, incl, node)]
    found = geo.scan_circle(*centre, 283.475, 0.945)
    corners = np.array(geo.from_munu(mu, nu, *found)).T
    truth = np.array(geo.from_munu(mu, nu, incl, node)).T
    apart = geo.separation(*corners.T, *truth.T)
    assert apart.max() < 0.1  # arcsec


@pytest.mark.parametrize(("ra", "dec"), [(10.0, 0.0), (0.0, 0.0), (200.0, 75.0), (0.0, -45.0)])
def test_half_shifted_cutouts_share_half(ra, dec):
    east = WIDTH / 2 / 3600 / np.cos(np.radians(dec))
    shared = geo.overlap_fraction([ra], [dec], WIDTH, [(ra + east) % 360], [dec], WIDTH)
    assert shared[0] == pytest.approx(0.5, abs=2e-3)


def test_diagonal_neighbours_overlap_beyond_their_side():
    """At 130 arcsec along the diagonal two 101.4-arcsec squares still share sky."""
    step = 130 / np.sqrt(2) / 3600
    shared = geo.overlap_fraction([10.0], [0.0], WIDTH, [10 + step], [step], WIDTH)
    expected = (1 - 130 / np.sqrt(2) / WIDTH) ** 2
    assert shared[0] == pytest.approx(expected, rel=1e-3)
    apart = geo.overlap_fraction([10.0], [0.0], WIDTH, [10 + 103 / 3600], [0.0], WIDTH)
    assert apart[0] == 0


def test_overlap_at_the_pole_is_that_of_turned_squares():
    """Around the pole, north of one cutout is another direction for the other."""
    same = geo.overlap_fraction([0.0], [90.0], WIDTH, [45.0], [90.0], WIDTH)
    assert same[0] == pytest.approx(2 * (np.sqrt(2) - 1), rel=1e-4)  # a square and itself by 45 deg


def test_overlap_agrees_with_counting_points():
    rng = np.random.default_rng(5)
    ra, dec = 150 + rng.uniform(-0.03, 0.03, 40), 40 + rng.uniform(-0.03, 0.03, 40)
    widths = rng.uniform(60, 160, 40)
    shared = geo.overlap_fraction(np.full(40, 150.0), np.full(40, 40.0), WIDTH, ra, dec, widths)
    x, y = rng.uniform(-WIDTH / 2, WIDTH / 2, (2, 40_000))
    point_ra, point_dec = geo.from_plane(x, y, 150.0, 40.0)
    for k in range(40):
        xi, eta = geo.to_plane(point_ra, point_dec, ra[k], dec[k])
        inside = (np.abs(xi) < widths[k] / 2) & (np.abs(eta) < widths[k] / 2)
        area = inside.mean() * WIDTH**2 / min(WIDTH, widths[k]) ** 2
        assert shared[k] == pytest.approx(area, abs=0.02)


def test_iau_names_are_truncated_not_rounded():
    assert geo.iau_name(164.4211, -39.12269) == "J105741.06-390721.6"
    assert geo.iau_name(359.999999, 0.0) == "J235959.99+000000.0"
    assert geo.iau_name(360 - 1e-12, 0.0) == "J000000.00+000000.0"
    assert geo.iau_name(0.0, 89.99999) == "J000000.00+895959.9"


def test_a_chord_is_the_distance_of_unit_vectors_and_arc_its_inverse():
    apart = np.array([1e-3, 1.0, 143.4, 3600.0, 180 * 3600.0])
    a, b = geo.unit_vectors(0 * apart, 0 * apart), geo.unit_vectors(apart / 3600, 0 * apart)
    assert geo.chord(apart) == pytest.approx(np.linalg.norm(a - b, axis=1), rel=1e-6)
    assert geo.arc(geo.chord(apart)) == pytest.approx(apart)
