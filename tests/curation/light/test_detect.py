import numpy as np

from galaxycurate.curation.light.detect import detect
from galaxycurate.curation.light.features import NAMES, measure
from galaxycurate.curation.light.flux import planes
from tests.curation.light.scenes import Scene


def test_sources_stand_where_they_were_put_the_brightest_first():
    scene = Scene().star(60.3, 80.7, 18).star(200, 40, 16.5).star(120, 200, 19.5)
    found = detect(planes(scene.rgb))
    places = np.c_[found.table["x"], found.table["y"]][:3]
    np.testing.assert_allclose(places, [[200, 40], [60.3, 80.7], [120, 200]], atol=0.4)
    assert found.segments[40, 200] == 1


def test_pure_noise_has_hardly_a_source():
    assert len(detect(planes(Scene(seed=4).rgb))) <= 3


def test_static_runs_out_of_no_memory():
    noise = np.random.default_rng(0).integers(0, 256, (400, 400, 3)).astype(np.uint8)
    detect(planes(noise))


def test_features_are_finite_for_everything_that_is_found():
    scene = Scene().field_stars().galaxy(1, 120, 17, 6).star(255, 255, 15).star(3, 3, 11)
    light = planes(scene.rgb)
    found = detect(light)
    features = measure(light, found, 0.396)
    assert features.shape == (len(found), len(NAMES))
    assert np.isfinite(features).all()


def test_no_source_has_no_features():
    light = planes(np.full((64, 64, 3), 7, np.uint8))
    assert measure(light, detect(light), 0.396).shape == (0, len(NAMES))


def test_galaxies_are_wider_than_the_stars_of_their_own_picture():
    scene = Scene().field_stars(8).galaxy(128, 128, 18.5, 4.0)
    light = planes(scene.rgb)
    found = detect(light)
    features = measure(light, found, 0.396)
    galaxy = np.hypot(found.table["x"] - 128, found.table["y"] - 128) < 3
    wide = features[:, NAMES.index("fit_1.6")]
    stars = ~galaxy & (features[:, NAMES.index("log_snr")] > 1.5)
    assert wide[galaxy].min() > 1.02 > np.median(wide[stars])


def test_turned_pictures_have_the_same_features():
    scene = Scene().field_stars(6).galaxy(100, 140, 18, 4.0)
    told = []
    for turns in (0, 1):
        light = planes(np.ascontiguousarray(np.rot90(scene.rgb, turns)))
        found = detect(light)
        told.append(measure(light, found, 0.396)[0])
    np.testing.assert_allclose(told[0][:3], told[1][:3], atol=0.03)


def test_a_saturated_star_is_no_wider_than_the_others():
    scene = Scene().field_stars(8).star(128, 128, 13.0)
    light = planes(scene.rgb)
    found = detect(light)
    features = measure(light, found, 0.396)
    star = np.hypot(found.table["x"] - 128, found.table["y"] - 128) < 2
    assert features[star, NAMES.index("peak")].min() == 255
    assert np.abs(features[star, NAMES.index("width")]).max() < 0.12


def test_light_at_the_border_tells_the_wing_of_a_star_from_that_of_a_galaxy():
    told = []
    for scene in (Scene().star(-4, 128, 15.5), Scene().galaxy(-4, 128, 16.5, 7.0)):
        light = planes(scene.field_stars(8).rgb)
        found = detect(light)
        near = np.hypot(found.table["x"], found.table["y"] - 128) < 6
        features = measure(light, found, 0.396)[near]
        told.append(features[:, NAMES.index("border_better_moffat_2.4")].max())
    assert told[0] < 0 < 10 < told[1]
