import numpy as np
import pytest

from train.detect.picture import SCALES_IRG, drawn


def test_the_stretch_is_the_surveys():
    rng = np.random.default_rng(0)
    light = rng.uniform(0, 0.3, (3, 20, 30)).astype(np.float32)
    g, r, i = light
    scaled = [band * scale for band, scale in zip((i, r, g), SCALES_IRG, strict=True)]
    x = 2.25 * sum(scaled)
    whole = np.stack([255 * band * np.arcsinh(x) / x for band in scaled], axis=-1)
    fits_in = whole.max(axis=-1) < 255
    assert np.abs(drawn(light).astype(float) - whole)[fits_in].max() < 1.5


def test_pixels_without_a_value_are_black():
    light = np.full((3, 4, 4), 0.2, np.float32)
    light[1, 2, 3] = np.nan
    light[:, 0, 0] = np.nan
    assert drawn(light)[0, 0].tolist() == [0, 0, 0]
    assert np.isfinite(drawn(light)).all()


def test_real_frames_look_like_the_surveys_own_picture(shared_data, real_field):
    from PIL import Image

    mine = drawn(real_field.window(300, 812, 600, 1368)).astype(float)
    own = np.asarray(Image.open(shared_data / "sdss/irg/frame-irg-003918-3-0213.jpg"))[::-1]
    own = own[300:812, 600:1368].astype(float)
    bright = own.sum(axis=-1) > 150  # above the noise, where JPEG keeps what there was
    assert bright.sum() > 1000
    assert np.corrcoef(mine[bright].ravel(), own[bright].ravel())[0, 1] > 0.95
    assert abs(np.median(mine[bright] - own[bright])) < 6


@pytest.mark.parametrize("shape", [(3, 1, 1), (3, 5, 2)])
def test_windows_of_any_size_are_drawn(shape):
    assert drawn(np.zeros(shape, np.float32)).shape == (*shape[1:], 3)
