from __future__ import annotations

import numpy as np
import pytest

from train.judge.colour import colour_check, colour_index, grey, in_another_colour

CLASSES = ("elliptical", "spiral")
SKY = 20


def galaxies(n: int = 60, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Simulated: round ellipticals, redder on the whole; long spirals, bluer on the whole."""
    rng = np.random.default_rng(seed)
    truth = np.arange(n) % 2
    y, x = np.mgrid[:32, :32] - 15.5
    index = np.where(truth == 0, 0.6, -0.6) + rng.normal(0, 0.5, n)
    images = []
    for label, one in zip(truth, index, strict=True):
        long, short = ((6.0, 6.0), (11.0, 3.0))[label]
        glow = 100 * np.exp(-0.5 * ((x / long) ** 2 + (y / short) ** 2))
        tint = 10 ** (np.array([0.2, 0.0, -0.2]) * one)
        images.append(SKY + glow[..., None] * tint + rng.normal(0, 1, (32, 32, 3)))
    return np.clip(images, 0, 255).astype(np.uint8), truth


def by_colour(images: np.ndarray) -> np.ndarray:
    """A network that knows nothing but colour."""
    red = 1 / (1 + np.exp(-8 * colour_index(images)))
    return np.stack([red, 1 - red], 1)


def by_shape(images: np.ndarray) -> np.ndarray:
    """A network that knows nothing but shape: is there light above and below the centre?"""
    light = images.astype(float).sum(3) - 3 * SKY
    high = light[:, 8:11, 14:18].mean((1, 2)) / light[:, 14:18, 14:18].mean((1, 2))
    tall = 1 / (1 + np.exp(-60 * (high - 0.25)))
    return np.stack([tall, 1 - tall], 1)


def checked(network) -> dict:
    images, truth = galaxies()
    return colour_check(images, truth, network(images), CLASSES, network)


def test_the_index_is_that_of_the_light_above_the_sky():
    images = np.full((2, 32, 32, 3), SKY, np.uint8)
    images[0, 8:24, 8:24] += np.array([100, 50, 10], np.uint8)
    images[1, 8:24, 8:24] += np.array([10, 50, 100], np.uint8)
    assert colour_index(images) == pytest.approx([2.5, -2.5])


def test_without_colour_all_images_have_one():
    flat = grey(galaxies()[0])
    assert np.ptp(colour_index(flat)) < 0.1
    assert flat.astype(float).mean() == pytest.approx(galaxies()[0].astype(float).mean(), rel=0.02)


def test_another_class_s_colour_changes_places_and_keeps_the_light():
    images, truth = galaxies()
    before, painted = colour_index(images), in_another_colour(images, truth)
    after = colour_index(painted)
    assert before[truth == 0].mean() > 0.3 > -0.3 > before[truth == 1].mean()
    assert after[truth == 0].mean() == pytest.approx(before[truth == 1].mean(), abs=0.15)
    light = np.array([0.299, 0.587, 0.114])
    centre = slice(12, 20)
    assert (painted[:, centre, centre] @ light).mean() == pytest.approx(
        (images[:, centre, centre] @ light).mean(), rel=0.1
    )


def test_a_network_of_colour_is_found_out():
    found = checked(by_colour)
    assert found["accuracy"]["plain"] > 0.8
    assert found["accuracy"]["grey"] < 0.65
    assert found["accuracy"]["other"] < 0.3
    assert found["classes"]["elliptical"]["auc"] > 0.8
    assert found["classes"]["elliptical"]["follows"] > 0.9
    assert found["classes"]["spiral"]["follows"] < -0.9
    assert (
        "elliptical is the redder" in found["verdict"] or "spiral is the bluer" in found["verdict"]
    )
    assert "falls without colour from" in found["verdict"]


def test_a_network_of_shape_is_cleared():
    found = checked(by_shape)
    assert found["accuracy"]["plain"] > 0.9
    assert found["accuracy"]["other"] > found["accuracy"]["plain"] - 0.1
    assert abs(found["classes"]["spiral"]["follows"]) < 0.5
    assert "does not fall beyond chance without colour" in found["verdict"]
    assert "does not fall beyond chance in the colour of another class" in found["verdict"]


def test_black_images_and_a_single_class_have_a_verdict():
    images = np.zeros((4, 16, 16, 3), np.uint8)
    answers = np.full((4, 2), 0.5)
    found = colour_check(images, np.zeros(4, np.int64), answers, CLASSES, lambda some: answers)
    assert found["classes"]["elliptical"]["auc"] is None
    assert found["classes"]["spiral"] == {"n": 0, "index": None, "auc": None, "follows": None}
    assert found["verdict"].startswith("The accuracy does not fall")


def test_classes_of_the_same_colours_are_not_told_apart_by_it():
    images = galaxies()[0]
    truth = np.arange(len(images)) // 2 % 2  # as many red as blue ones in each
    found = colour_check(images, truth, by_shape(images), CLASSES, by_shape)
    assert found["verdict"].startswith("Colour alone does not tell the classes apart.")
