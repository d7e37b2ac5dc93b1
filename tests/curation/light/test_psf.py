import numpy as np
import pytest

from galaxycurate.curation.light.psf import PRIOR_R50_ARCSEC, stellar_radius


def told(radius, snr=60.0):
    radius = np.asarray(radius, float)
    return stellar_radius(radius, np.full(radius.size, snr), np.ones(radius.size, bool), 0.396)


def test_without_stars_the_prior_stands():
    radius, scatter = told([])
    assert radius == pytest.approx(np.hypot(PRIOR_R50_ARCSEC / 0.396, 0.6), rel=0.02)
    assert scatter > 0.12


@pytest.mark.parametrize("true", [1.8, 2.2, 2.8])
def test_stars_tell_the_radius_though_galaxies_stand_beside(true):
    rng = np.random.default_rng(2)
    stars = true * np.exp(rng.normal(0, 0.03, 6))
    galaxies = true * rng.uniform(1.3, 4, 6)
    radius, scatter = told(np.r_[stars, galaxies])
    assert radius == pytest.approx(true, rel=0.05)
    assert scatter < 0.05


def test_galaxies_alone_do_not_pass_for_stars():
    radius, _ = told([4.5, 5.5, 7.0])
    assert radius < 3.0


def test_coarser_pixels_expect_smaller_stars():
    empty = np.empty(0)
    fine, _ = stellar_radius(empty, empty, empty.astype(bool), 0.2)
    coarse, _ = stellar_radius(empty, empty, empty.astype(bool), 0.8)
    assert fine > 2 * coarse
