from __future__ import annotations

import numpy as np
import pytest

from galaxycurate.curation.nuisances import NOMINAL, NUISANCES, OF_PIXELS, of_pixels
from tests import pictures


def sky(level=(40, 30, 20), noise=4.0, side=128, seed=0) -> np.ndarray:
    drawn = np.random.default_rng(seed).normal(level, noise, (side, side, 3))
    return np.clip(np.round(drawn), 0, 255).astype(np.uint8)


def test_all_that_is_promised_is_measured():
    assert set(of_pixels(sky())) == set(OF_PIXELS)
    names = [one.name for one in NUISANCES]
    assert len(names) == len(set(names))
    assert {*OF_PIXELS, *NOMINAL} <= set(names)


def test_level_and_noise_of_a_plain_sky_come_out():
    found = of_pixels(sky(noise=4.0))
    assert [found[f"back_{c}"] for c in ("red", "green", "blue")] == [40, 30, 20]
    assert found["back_noise"] == pytest.approx(4.0, rel=0.05)
    assert found["zero_pixels"] == found["saturated"] == 0


def test_a_galaxy_in_the_middle_does_not_change_what_is_said_of_the_sky():
    empty, full = sky(), sky()
    y, x = np.mgrid[:128, :128]
    full[np.hypot(x - 64, y - 64) < 40] = 255
    before, after = of_pixels(empty), of_pixels(full)
    for name in ("back_red", "back_green", "back_blue", "back_noise", "back_zero"):
        assert before[name] == after[name]
    assert after["saturated"] > 0.2


def test_a_smoother_picture_has_less_noise():
    sharp = pictures.sky(3)
    wide = sharp[:100, :100].repeat(2, axis=0).repeat(2, axis=1)  # every pixel twice
    assert of_pixels(wide)["back_noise"] < of_pixels(sharp)["back_noise"]


def test_zeros_count_at_the_border_and_in_blocks():
    black = sky()
    black[:, :32] = 0
    found = of_pixels(black)
    assert found["zero_blocks"] == pytest.approx(0.25)
    assert found["zero_pixels"] == pytest.approx(0.25)
    assert found["back_zero"] > 0.25


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (2, 3), (3, 200)])
def test_pictures_of_any_shape_are_measured(shape):
    found = of_pixels(np.full((*shape, 3), 7, np.uint8))
    assert found["back_red"] == 7
    assert all(np.isfinite(value) for value in found.values())
