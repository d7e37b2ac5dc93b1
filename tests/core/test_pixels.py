import numpy as np
import pytest
from PIL import Image

from galaxycurate.core import pixels
from galaxycurate.core.outcome import Reason


def read(path):
    return np.asarray(Image.open(path).convert("RGB"))


def noise(side=256, seed=0):
    return np.random.default_rng(seed).integers(1, 40, (side, side, 3), np.uint8)


def test_a_noisy_sky_is_no_flaw():
    assert pixels.flaw(noise()) is None


def test_a_constant_image_is_blank():
    reason, detail = pixels.flaw(np.full((64, 64, 3), 7, np.uint8))
    assert reason is Reason.BLANK
    assert detail == "every pixel is 7 to 7"


def test_a_third_without_sky_is_partly_covered():
    image = noise()
    image[:88] = 0  # 5 of 16 rows of blocks
    reason, detail = pixels.flaw(image)
    assert reason is Reason.PARTIAL
    assert detail == "31% of the 16x16 blocks are exact zero"


def test_single_zero_pixels_do_not_count():
    image = noise()
    image[np.random.default_rng(1).random((256, 256)) < 0.4] = 0
    assert pixels.zero_block_fraction(image) == 0
    assert pixels.flaw(image) is None


def test_the_real_error_tile_and_the_real_partial_tile_are_told_apart(shared_data):
    folder = shared_data / "sdss" / "recorded" / "imgcutout"
    error = read(folder / "error_getFrames_587729387686002878.jpeg")
    partial = read(folder / "partial_587731514224672910.jpeg")
    assert pixels.flaw(error)[0] is Reason.ERROR_TILE
    assert pixels.flaw(partial)[0] is Reason.PARTIAL
    assert pixels.zero_block_fraction(error) == pytest.approx(0.738, abs=0.002)
    assert pixels.zero_block_fraction(partial) == pytest.approx(0.345, abs=0.002)


def test_every_other_recorded_cutout_passes(shared_data):
    folder = shared_data / "sdss" / "recorded" / "imgcutout"
    good = sorted(folder.glob("dr1*"))
    assert len(good) == 11
    for path in good:
        assert pixels.zero_block_fraction(read(path)) == 0, path.name
        assert pixels.flaw(read(path)) is None, path.name
