import numpy as np
import pytest

from galaxycurate.curation.light.psf import prior_fwhm, stellar_width


def told(width, error=0.02):
    width = np.asarray(width, float)
    return stellar_width(width, np.full(width.size, error), np.ones(width.size, bool), 0.396)


def test_without_stars_the_prior_stands():
    width, scatter = told([])
    assert width == pytest.approx(prior_fwhm(0.396), rel=0.02)
    assert scatter > 0.12


@pytest.mark.parametrize("true", [2.8, 3.4, 4.2])
def test_stars_tell_the_width_though_galaxies_stand_beside(true):
    rng = np.random.default_rng(2)
    stars = true * np.exp(rng.normal(0, 0.03, 6))
    galaxies = true * rng.uniform(1.3, 4, 6)
    width, scatter = told(np.r_[stars, galaxies])
    assert width == pytest.approx(true, rel=0.05)
    assert scatter < 0.05


def test_galaxies_alone_do_not_pass_for_stars():
    width, _ = told([6.5, 8.0, 11.0])
    assert width < 4.4


def test_coarser_pixels_expect_smaller_stars():
    empty = np.empty(0)
    fine, _ = stellar_width(empty, empty, empty.astype(bool), 0.2)
    coarse, _ = stellar_width(empty, empty, empty.astype(bool), 0.8)
    assert fine > 1.8 * coarse
