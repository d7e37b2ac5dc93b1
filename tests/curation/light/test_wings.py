from itertools import pairwise

import numpy as np

from galaxycurate.curation.light.detect import detect
from galaxycurate.curation.light.features import NAMES, measure
from galaxycurate.curation.light.flux import planes
from galaxycurate.curation.light.wings import RADII
from tests.curation.light.scenes import FWHM_PX, Scene, moffat

FALLS = [f"wing_{r}" for r in RADII[2:]]
SURE = [f"wing_sigma_{r}" for r in RADII[1:]]


def told(scene: Scene, names: list[str], x: float = 128, y: float = 128) -> np.ndarray:
    """Features of the source at a place."""
    light = planes(scene.rgb, flux=scene.flux)
    found = detect(light)
    features = measure(light, found, 0.396)
    k = int(np.hypot(found.table["x"] - x, found.table["y"] - y).argmin())
    return features[k, [NAMES.index(name) for name in names]]


def test_the_wings_of_a_saturated_star_fall_as_those_of_the_point_spread():
    off = np.arange(-30, 31)
    light, radius = moffat(off, off[:, None]), np.hypot(off, off[:, None]) / FWHM_PX
    heights = [light[(radius >= a) & (radius < b)].mean() for a, b in pairwise(RADII)]
    star = told(Scene().field_stars(8).star(128, 128, 13.0), FALLS)
    np.testing.assert_allclose(star[1:], np.diff(np.log10(heights))[1:], atol=0.15)


def test_the_light_of_a_galaxy_with_a_saturated_core_falls_off_more_slowly():
    star = told(Scene().field_stars(8).star(128, 128, 13.0), FALLS + SURE)
    galaxy = told(Scene().field_stars(8).galaxy(128, 128, 14.0, 5.0), FALLS + SURE)
    assert (galaxy[1:3] > star[1:3] + 0.2).all()
    assert (galaxy[5:] > star[5:]).all()


def test_wings_of_another_colour_than_the_core_are_told():
    plain = Scene().field_stars(8).star(128, 128, 15, gr=0.5)
    both = Scene().field_stars(8).star(128, 128, 16, gr=0.2).galaxy(128, 128, 15.5, 5, gr=1.3)
    assert abs(told(plain, ["wing_redder"])[0]) < 0.05
    assert told(both, ["wing_redder"])[0] > 0.1


def test_of_a_crowd_only_the_brightest_show_wings():
    scene = Scene()
    rng = np.random.default_rng(5)
    for x, y in rng.uniform(5, 250, (220, 2)):
        scene.star(x, y, rng.uniform(15, 18))
    light = planes(scene.rgb, flux=scene.flux)
    found = detect(light)
    assert len(found) > 90
    sure = measure(light, found, 0.396)[:, [NAMES.index(name) for name in SURE]]
    assert (sure[:64].max(axis=1) > -1).mean() > 0.9
    assert (sure[64:] == -1).all()
