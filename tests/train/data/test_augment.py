from __future__ import annotations

import numpy as np
import pytest
import torch

from train.data.augment import Draws, draw, warp_on_cpu, warp_on_device
from train.recipe.config import Augment

SIDE = 64


def dot(x: int, y: int) -> np.ndarray:
    image = np.zeros((1, SIDE, SIDE, 3), np.uint8)
    image[0, y, x] = 255
    return image


def one(angle_deg: float = 0.0, right: float = 0.0, down: float = 0.0, mirror: float = 1.0):
    return Draws(np.deg2rad([angle_deg]), np.array([[right, down]]), np.array([mirror]))


def place(image: np.ndarray) -> tuple[int, int]:
    y, x = np.unravel_index(image[0, :, :, 0].argmax(), (SIDE, SIDE))
    return int(x), int(y)


def on_device(image: np.ndarray, draws: Draws) -> np.ndarray:
    planes = torch.from_numpy(image).permute(0, 3, 1, 2).float()
    return warp_on_device(planes, draws).permute(0, 2, 3, 1).numpy()


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
    ],
)
def test_a_marked_pixel_goes_where_it_should(warp, draws, expected):
    assert place(warp(dot(40, 20), draws)) == expected


def test_cpu_and_device_agree():
    rng = np.random.default_rng(5)
    images = rng.integers(0, 256, (6, SIDE, SIDE, 3)).astype(np.float32)
    smooth = np.stack([_blurred(image) for image in images])
    draws = draw(6, Augment(flip=True), rng=rng)
    difference = np.abs(warp_on_cpu(smooth, draws).astype(float) - on_device(smooth, draws))
    # OpenCV interpolates on a grid of 1/32 pixel and rounds
    assert difference.max() <= 4
    assert np.median(difference) <= 1


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
    flipped = draw(4000, Augment(flip=True), rng=np.random.default_rng(0)).mirror
    assert abs(flipped.mean()) < 0.05


def _blurred(image: np.ndarray) -> np.ndarray:
    import cv2

    return cv2.GaussianBlur(image, (0, 0), 3).clip(0, 255).astype(np.uint8)
