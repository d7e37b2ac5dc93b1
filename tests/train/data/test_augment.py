from __future__ import annotations

import colorsys

import cv2
import numpy as np
import pytest
import torch

from train.data import warp_cpu
from train.data.augment import CORNERS, GREY, Draws, draw, maps
from train.data.warp import numbers, warp_on_device
from train.data.warp_cpu import warp_on_cpu
from train.recipe.config import Augment

SIDE = 64
EVERYTHING = Augment(
    flip=True, scale=0.3, perspective=0.4, brightness=0.2, contrast=0.2, saturation=0.5, hue=0.1
)


def dot(x: int, y: int) -> np.ndarray:
    image = np.zeros((1, SIDE, SIDE, 3), np.uint8)
    image[0, y, x] = 255
    return image


def one(
    angle_deg: float = 0.0,
    right: float = 0.0,
    down: float = 0.0,
    mirror: float = 1.0,
    scale: float = 1.0,
    corners=0.0,
    colour=(1.0, 1.0, 1.0, 0.0),
) -> Draws:
    return Draws(
        angle=np.deg2rad([angle_deg]),
        shift=np.array([[right, down]]),
        mirror=np.array([mirror]),
        scale=np.array([scale]),
        corners=np.zeros((1, 4, 2)) + corners,
        colour=np.array([colour]),
    )


def place(image: np.ndarray) -> tuple[int, int]:
    y, x = np.unravel_index(image[0, :, :, 0].argmax(), (SIDE, SIDE))
    return int(x), int(y)


def on_device(image: np.ndarray, draws: Draws) -> np.ndarray:
    planes = torch.from_numpy(image).permute(0, 3, 1, 2).float()
    return warp_on_device(planes, *numbers(draws)).permute(0, 2, 3, 1).numpy()


@pytest.mark.parametrize("warp", [warp_on_cpu, on_device])
@pytest.mark.parametrize(
    ("draws", "expected"),
    [
        (one(), (40, 20)),
        (one(right=0.125), (48, 20)),
        (one(down=0.125), (40, 28)),
        # counter-clockwise about (31.5, 31.5): 8.5 right, 11.5 up becomes 11.5 left, 8.5 up
        (one(90), (20, 23)),
        (one(180), (23, 43)),
        (one(270), (43, 40)),
        (one(90, right=0.25, down=0.125), (36, 31)),
        (one(mirror=-1.0), (23, 20)),
        # mirrored first (8.5 left, 11.5 up), then turned: 11.5 left, 8.5 down
        (one(90, mirror=-1.0), (20, 40)),
        # all four corners half-way in: the image at half its size
        (one(scale=2.0, corners=0.5), (40, 20)),
    ],
)
def test_a_marked_pixel_goes_where_it_should(warp, draws, expected):
    assert place(warp(dot(40, 20), draws)) == expected


@pytest.mark.parametrize("warp", [warp_on_cpu, on_device])
def test_a_scale_of_two_doubles_the_distance_from_the_centre(warp):
    square = np.zeros((1, SIDE, SIDE, 3), np.uint8)
    square[0, 24:40, 24:40] = 200
    assert (warp(square, one(scale=2.0))[0, 17:47, 17:47] == 200).all()
    assert (warp(square, one(scale=2.0))[0, :15] == 0).all()


def test_the_corners_of_the_image_land_where_they_were_drawn():
    inwards = np.array([[0.1, 0.2], [0.3, 0.0], [0.25, 0.4], [0.0, 0.15]])
    ends = CORNERS * (1 - inwards)
    read = np.column_stack([ends, np.ones(4)]) @ maps(one(corners=inwards))[0].T
    assert read[:, :2] / read[:, 2:] == pytest.approx(CORNERS)


@pytest.mark.parametrize("recipe", [Augment(flip=True), EVERYTHING])
def test_cpu_and_device_agree(recipe):
    rng = np.random.default_rng(5)
    smooth = np.stack([_smooth(rng) for _ in range(6)])
    draws = draw(6, recipe, rng=rng)
    difference = np.abs(warp_on_cpu(smooth, draws).astype(float) - on_device(smooth, draws))
    # OpenCV interpolates on a grid of 1/32 pixel and rounds
    assert difference.max() <= 4
    assert np.median(difference) <= 1


def test_without_opencv_torch_does_the_same(monkeypatch):
    rng = np.random.default_rng(6)
    smooth = np.stack([_smooth(rng) for _ in range(4)])
    draws = draw(4, EVERYTHING, rng=rng)
    with_opencv = warp_on_cpu(smooth, draws).astype(int)
    monkeypatch.setattr(warp_cpu, "cv2", None)
    without = warp_on_cpu(smooth, draws)
    assert without.dtype == np.uint8
    assert np.abs(without - with_opencv).max() <= 4


@pytest.mark.parametrize("warp", [warp_on_cpu, on_device])
def test_each_colour_setting_does_what_its_name_says(warp):
    image = _smooth(np.random.default_rng(2))[None]
    grey = image.astype(float) @ GREY
    brighter = warp(image, one(colour=(1.2, 1.0, 1.0, 0.0)))
    assert brighter == pytest.approx((image * 1.2).clip(0, 255), abs=0.6)
    flat = warp(image, one(colour=(1.0, 0.0, 1.0, 0.0)))
    assert flat == pytest.approx(np.full(image.shape, grey.mean()), abs=0.6)
    colourless = warp(image, one(colour=(1.0, 1.0, 0.0, 0.0)))
    assert colourless == pytest.approx(np.repeat(grey[..., None], 3, -1), abs=0.6)


def test_hue_turns_red_towards_green_and_keeps_the_luminance():
    reddish = np.full((1, SIDE, SIDE, 3), (140, 100, 100), np.uint8)
    turned = on_device(reddish, one(colour=(1.0, 1.0, 1.0, 1 / 3)))[0, 0, 0]
    assert turned @ GREY == pytest.approx(np.array([140, 100, 100]) @ GREY, abs=0.1)
    hue = colorsys.rgb_to_hsv(*turned)[0]
    assert abs(abs(hue - 0.5) - 1 / 6) < 0.1  # green or blue: a third of the circle away
    back = on_device(reddish, one(colour=(1.0, 1.0, 1.0, 1.0)))[0, 0, 0]
    assert back == pytest.approx([140, 100, 100], abs=0.1)


def test_the_sky_has_no_flat_corners():
    sky = np.random.default_rng(1).integers(10, 40, (1, SIDE, SIDE, 3)).astype(np.uint8)
    turned = warp_on_cpu(sky, one(45, right=0.2))
    assert turned[0, :12, :12].std() > 0.5 * sky.std()
    assert turned.min() >= 10


def test_draws_stay_inside_the_recipe():
    draws = draw(4000, Augment(rotation_deg=90, shift=0.1), rng=np.random.default_rng(0))
    assert draws.angle.min() >= 0
    assert 1.5 < draws.angle.max() <= np.pi / 2
    assert 0.099 < np.abs(draws.shift).max() <= 0.1
    assert (draws.mirror == 1).all()
    assert (draws.scale == 1).all()
    assert not draws.bends
    assert not draws.tints


def test_every_setting_is_drawn_to_its_range():
    draws = draw(4000, EVERYTHING, rng=np.random.default_rng(0))
    assert abs(draws.mirror.mean()) < 0.05
    assert 1 / 1.3 <= draws.scale.min() < 0.78 < 1.29 < draws.scale.max() <= 1.3
    assert 0 <= draws.corners.min() < 0.01 < 0.39 < draws.corners.max() <= 0.4
    reach = np.abs(draws.colour - [1, 1, 1, 0]).max(0)
    assert reach == pytest.approx([0.2, 0.2, 0.5, 0.1], rel=0.01)
    assert draws[10:12].angle.tolist() == draws.angle[10:12].tolist()


def _smooth(rng: np.random.Generator) -> np.ndarray:
    image = cv2.GaussianBlur(rng.integers(0, 256, (SIDE, SIDE, 3)).astype(np.float32), (0, 0), 3)
    return (110 + 3 * (image - image.mean())).clip(20, 180).astype(np.uint8)


def test_the_mean_luminance_is_that_of_all_pixels():
    images = np.random.default_rng(0).integers(0, 256, (5, 9, 9, 3)).astype(np.uint8)
    np.testing.assert_allclose(warp_cpu._greys(images), images.mean((1, 2)) @ GREY, rtol=1e-12)
