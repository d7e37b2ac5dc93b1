"""Resampling: what it keeps (flux, places, sharpness), and what it must not make up."""

import numpy as np
import pytest

from galaxycurate.core.sampling import sample, samples_per_side


def blob(shape, col, row, sigma=1.6):
    y, x = np.mgrid[: shape[0], : shape[1]]
    return np.exp(-((x - col) ** 2 + (y - row) ** 2) / 2 / sigma**2).astype(np.float32)


def turned(angle_deg, step, of, to):
    """From a picture's pixels to the image's: about its middle, so many of them a step."""
    a = np.radians(angle_deg)
    turn = step * np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    out = np.eye(3)
    out[:2, :2] = turn
    out[:2, 2] = (np.array(of) - 1) / 2 - turn @ ((np.array(to) - 1) / 2)
    return out


def test_the_identity_changes_nothing():
    image = np.random.default_rng(1).normal(size=(50, 60)).astype(np.float32)
    assert np.abs(sample(image, np.eye(3), (50, 60)) - image).max() < 1e-5


def test_a_star_between_pixels_is_drawn_as_it_is():
    image = blob((61, 61), 30.0, 30.0)
    drawn = sample(image, turned(27.0, 0.7, (61, 61), (71, 71)), (71, 71))
    y, x = np.mgrid[:71, :71] - 35
    truth = np.exp(-((x * 0.7) ** 2 + (y * 0.7) ** 2) / 2 / 1.6**2)
    assert np.abs(drawn - truth).max() < 0.005  # bilinear: 0.06


@pytest.mark.parametrize("step", [0.5, 1.0, 1.4, 2.0, 3.3, 5.0])
def test_flux_is_conserved_at_any_scale(step):
    image = blob((241, 241), 118.3, 122.4)
    n = int(200 / step)
    drawn = sample(image, turned(31.0, step, (241, 241), (n, n)), (n, n), samples_per_side(step, 1))
    assert drawn.sum() * step**2 == pytest.approx(image.sum(), rel=0.005)


def test_a_whole_number_of_pixels_is_averaged_exactly():
    image = np.random.default_rng(2).normal(size=(60, 60)).astype(np.float32)
    drawn = sample(image, turned(0, 3, (60, 60), (20, 20)), (20, 20), 3)
    means = image.reshape(20, 3, 20, 3).mean(axis=(1, 3))
    assert np.abs(drawn - means).max() < 1e-5


def test_strips_make_no_difference(monkeypatch):
    image = np.random.default_rng(3).normal(size=(90, 90)).astype(np.float32)
    how = image, turned(10.0, 0.9, (90, 90), (64, 64)), (64, 64), 2
    whole = sample(*how)
    monkeypatch.setattr("galaxycurate.core.sampling._AT_ONCE", 700)
    assert np.array_equal(sample(*how), whole)


def test_beside_the_image_nothing_breaks():
    image = np.ones((20, 20), np.float32)
    far = np.array([[1.0, 0, 1e4], [0, 1.0, 1e4], [0, 0, 1.0]])
    assert not sample(image, far, (8, 8)).any()
    assert not sample(image, np.full((3, 3), -1.0), (8, 8)).any()


def test_native_scales_that_differ_in_the_fourth_digit_take_one_sample():
    assert samples_per_side(0.396127, 0.39598) == 1
    assert samples_per_side(0.1, 0.396) == 1
    assert samples_per_side(1.2, 0.396) == 3
