"""Sources are where the light is, once each, in eight bytes."""

import cv2
import numpy as np

from galaxycurate.curation.pixels import sources
from tests.curation.pixels.exposures import Sky, picture


def _detect(rgb: np.ndarray) -> np.ndarray:
    grey = (rgb @ np.float32([0.299, 0.587, 0.114])).astype(np.float32)
    return sources.detect(rgb, grey)


def _places(found: np.ndarray) -> np.ndarray:
    return np.stack([found["x"], found["y"]], 1) / sources.PER_PIXEL


def test_bright_stars_are_found_to_a_quarter_of_a_pixel():
    sky = Sky(3, 150)
    found = _places(_detect(picture(sky.exposure(1), 50.0, 60.0)))
    inside = ((sky.places > (58, 68)) & (sky.places < (298, 308))).all(1)
    alone = np.sort(np.hypot(*(sky.places[:, None] - sky.places).T), 0)[1] > 10
    bright = inside & alone & (sky.peaks > 40)
    off = np.hypot(*(sky.places[bright, None] - (50, 60) - found).T).min(0)
    assert bright.sum() >= 4
    assert off.max() < 0.25


def test_pure_noise_has_no_sources():
    noise = np.random.default_rng(1).normal(8, 3, (256, 256, 3))
    assert _detect(np.clip(noise, 0, 255).astype(np.uint8)).size <= 1


def test_a_saturated_star_is_one_source():
    y, x = np.mgrid[:256, :256]
    disc = np.where(np.hypot(x - 120.3, y - 99.6) < 11, 255, 5).astype(np.uint8)
    found = _detect(np.repeat(disc[..., None], 3, 2))
    assert found.size == 1
    np.testing.assert_allclose(_places(found)[0], (120.3, 99.6), atol=0.8)


def test_padding_and_what_lies_beside_it_are_no_sources():
    """A frame, a gap in the coverage, a slanted edge; the stars far from them stay."""
    whole = picture(Sky(9, 200).exposure(1), 50.0, 60.0)
    y, x = np.mgrid[:256, :256]
    for level, gone in (
        (255, (np.minimum(x, y) < 16) | (np.maximum(x, y) > 239)),
        (0, x > 180),
        (0, x + 0.6 * y > 300),
    ):
        cut = whole.copy()
        cut[gone] = level
        before, after = _places(_detect(whole)), _places(_detect(cut))
        reach = cv2.distanceTransform((~gone).astype(np.uint8), cv2.DIST_L2, 5)
        deep = reach[tuple(np.rint(after[:, ::-1]).astype(int).T)]
        assert deep.min() > 9
        far = reach[tuple(np.rint(before[:, ::-1]).astype(int).T)] > 24
        off = np.hypot(*(before[far][:12, None] - after).T).min(0)
        assert far.sum() >= 6
        assert off.max() < 0.5


def test_brightest_first_and_at_most_the_number_kept():
    found = _detect(picture(Sky(9, 400).exposure(1), 50.0, 60.0))
    assert found.size == sources.MOST
    assert (np.diff(found["brightness"].astype(int)) <= 0).all()
    assert found.nbytes <= 300


def test_colour_is_red_over_blue():
    rgb = np.full((64, 64, 3), 5, np.uint8)
    rgb[19:22, 19:22], rgb[43:46, 43:46] = (200, 120, 60), (60, 120, 200)
    found = _detect(rgb)
    red, blue = found[np.argsort(found["x"])]
    assert red["colour"] > 150
    assert blue["colour"] < 106


def test_tiny_and_blank_pictures_have_none():
    for shape in ((1, 1, 3), (8, 300, 3), (256, 256, 3)):
        assert _detect(np.zeros(shape, np.uint8)).size == 0
