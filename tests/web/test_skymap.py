from __future__ import annotations

import numpy as np

from galaxycurate.pipeline.report.shown import SkyPoints
from galaxycurate.web import skymap


def sky(ra, dec) -> SkyPoints:
    n = len(ra)
    return SkyPoints(np.array(ra), np.array(dec), np.full(n, 101.4), np.full(n, "spiral", object))


def test_a_wide_survey_of_many_positions_is_drawn_as_a_density_with_its_scale():
    rng = np.random.default_rng(0)
    ra, dec = rng.uniform(100, 250, 4000), rng.uniform(0, 60, 4000)
    assert "cutouts per square degree" in skymap.sky_map(sky(ra, dec))
    assert "cutouts per square degree" not in skymap.sky_map(sky(ra[:100], dec[:100]))


def test_the_densest_field_of_a_wide_survey_is_shown_beside_it():
    rng = np.random.default_rng(0)
    ra = np.concatenate([rng.uniform(0, 360, 200), rng.uniform(359.5, 360.5, 300) % 360])
    dec = np.concatenate([rng.uniform(-60, 60, 200), rng.uniform(20.0, 21.0, 300)])
    field = skymap.densest_field(sky(ra, dec))
    assert 150 < len(field) < 330
    assert skymap.zoomed_map(field) is not None
    assert skymap.densest_field(sky([10.0, 200.0], [5.0, 40.0])) is None


def test_a_field_across_ra_zero_is_one_field():
    assert skymap.zoomed_map(sky([359.9, 0.1], [1.0, 1.2])) is not None


def test_a_survey_wider_than_ten_degrees_has_no_zoom():
    assert skymap.zoomed_map(sky([10.0, 30.0], [1.0, 1.2])) is None


def test_a_field_at_the_pole_has_no_zoom():
    assert skymap.zoomed_map(sky([10.0, 200.0], [89.5, 89.8])) is None


def test_many_positions_are_drawn_as_pixels():
    rng = np.random.default_rng(0)
    svg = skymap.sky_map(sky(rng.uniform(0, 360, 20_000), rng.uniform(-60, 60, 20_000)))
    assert len(svg) < 500_000


def test_the_galactic_plane_passes_the_galactic_centre():
    ra, dec = skymap._galactic_plane()
    near = np.hypot((ra - 266.405) * np.cos(np.radians(28.936)), dec + 28.936)
    assert near.min() < 0.6
