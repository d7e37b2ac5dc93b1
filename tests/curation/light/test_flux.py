import numpy as np
import pytest

from galaxycurate.core.colour import SCALES_IRG
from galaxycurate.curation.light.flux import mag_r, planes
from tests.curation.light.scenes import Scene


def test_the_stretch_is_undone_where_light_is_seen_and_unclipped():
    scene = Scene().star(128, 128, 17.5)
    light = planes(scene.rgb, scheme="sdss")
    irg = scene.flux[::-1] * np.array(SCALES_IRG)[:, None, None]
    core = (slice(None), slice(126, 131), slice(126, 131))
    np.testing.assert_allclose(light.bands[core], irg[core], rtol=0.06)
    assert light.calibrated == "scheme"


def test_fluxes_are_taken_as_they_are():
    scene = Scene()
    light = planes(scene.rgb, flux=scene.flux)
    np.testing.assert_allclose(light.bands[1], scene.flux[1] * SCALES_IRG[1], rtol=1e-6)
    assert light.calibrated == "flux"


def test_an_unknown_stretch_gives_no_magnitudes():
    assert planes(Scene().rgb).calibrated == ""


@pytest.mark.parametrize("value", [0, 255])
def test_flat_pictures_have_finite_light(value):
    light = planes(np.full((30, 40, 3), value, np.uint8))
    assert np.isfinite(light.bands).all()
    assert light.shape == (30, 40)


def test_magnitudes_are_those_of_nanomaggies():
    assert mag_r(10 * SCALES_IRG[1]) == pytest.approx(20.0)
    assert mag_r(-1.0) == 0.0
