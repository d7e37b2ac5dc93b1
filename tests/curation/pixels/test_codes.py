"""Codes and marks turn with the picture."""

from __future__ import annotations

import numpy as np
import pytest

from galaxycurate.curation.pixels import codes, marks, turns
from galaxycurate.curation.pixels.fingerprint import fingerprint
from tests.curation.pixels import noisy


@pytest.fixture(scope="module")
def picture():
    return noisy.window(noisy.exposure(1), 50, 60)[:, :222].copy()


def test_patterns_are_at_right_angles_and_the_last_is_nought():
    patterns = codes.basis().patterns
    assert np.allclose(patterns @ patterns.T, np.diag(np.r_[np.ones(63), 0]), atol=1e-5)


@pytest.mark.parametrize("flip", range(8))
def test_turned_pictures_have_the_marks_and_codes_that_are_foretold(picture, flip):
    plain = fingerprint(picture).marks
    seen = fingerprint(turns.turned(picture, flip)).marks
    height, width = picture.shape[:2]
    for mark, code in zip(plain, codes.turned(plain["code"], flip), strict=True):
        x, y = turns.moved(
            mark["x"] / marks.UNIT, mark["y"] / marks.UNIT, float(width), float(height), flip
        )
        apart = np.hypot(seen["x"] / marks.UNIT - x, seen["y"] / marks.UNIT - y)
        assert apart.min() < 0.1
        assert codes.distance(code, seen["code"][apart.argmin()]) <= 1  # rounding


@pytest.mark.parametrize("flip", range(8))
def test_places_move_as_the_pixels_do(flip):
    picture = np.arange(35).reshape(5, 7)
    turned = turns.turned(picture, flip)
    for y, x in np.ndindex(picture.shape):
        u, v = turns.moved(float(x), float(y), 7.0, 5.0, flip)
        assert turned[int(v), int(u)] == picture[y, x]
        assert turns.moved_back(u, v, 7.0, 5.0, flip) == (x, y)
    assert (turns.turned(turned, turns.inverse(flip)) == picture).all()
    for then in range(8):
        one = turns.turned(picture, turns.COMPOSED[then, flip])
        assert (turns.turned(turned, then) == one).all()


def test_codes_of_different_patches_differ_in_half_their_bits():
    code = np.concatenate([fingerprint(noisy.window(noisy.exposure(s), 9, 9)).marks["code"]
                           for s in range(4)])  # fmt: skip
    apart = np.bitwise_count(code[:, None] ^ code[None, :])[np.triu_indices(code.size, 1)]
    assert 30 < apart.mean() < 33
    assert 3.5 < apart.std() < 4.8


@pytest.mark.parametrize("shape", [(1, 1), (2, 300), (20, 20), (31, 40), (256, 256)])
def test_blank_and_tiny_pictures_have_no_marks(shape):
    for level in (0, 17, 255):
        assert not fingerprint(np.full((*shape, 3), level, np.uint8)).marks.size


def test_a_small_picture_has_marks():
    assert fingerprint(noisy.window(noisy.exposure(3), 20, 20, 64)).marks.size


def test_large_pictures_are_looked_at_reduced():
    assert marks.seen(1000, 400) == (1000, 400)
    assert marks.seen(10_000, 9_999) == (1000, 1000)
    assert marks.seen(2048, 1489) == (683, 496)
    large = np.random.default_rng(1).integers(0, 255, (1500, 2001, 3), dtype=np.uint8)
    found = fingerprint(large)
    assert (found.width, found.height) == (2001, 1500)
    assert 0 < found.marks["x"].max() / marks.UNIT < 667


def test_the_same_marks_are_kept_when_the_window_moves():
    sky = noisy.exposure(5)
    here, there = (fingerprint(noisy.window(sky, x, 30)).marks for x in (20, 80))
    x, y = here["x"] / marks.UNIT - 60, here["y"] / marks.UNIT
    inside = x > codes.REACH + 2
    apart = np.hypot(x[inside, None] - there["x"] / 64, y[inside, None] - there["y"] / 64).min(1)
    assert np.mean(apart < 0.5) > 0.85
