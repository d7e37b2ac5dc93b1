from __future__ import annotations

import numpy as np
import pytest
import torch

from train.data.augment import draw
from train.data.feed import Feed, channel_statistics
from train.recipe.config import Augment

IMAGES = np.random.default_rng(0).integers(0, 200, (12, 16, 16, 3)).astype(np.uint8)


def test_statistics_are_those_of_the_chosen_rows():
    rows = np.array([1, 4, 7])
    mean, std = channel_statistics(IMAGES, rows)
    assert mean == pytest.approx(IMAGES[rows].mean((0, 1, 2)), rel=1e-5)
    assert std == pytest.approx(IMAGES[rows].std((0, 1, 2)), rel=1e-5)


def test_a_black_set_has_no_zero_deviation():
    _, std = channel_statistics(np.zeros((2, 4, 4, 3), np.uint8), np.arange(2))
    assert std.tolist() == [1, 1, 1]


def test_batches_are_normalised_and_channels_last():
    feed = Feed(IMAGES, *channel_statistics(IMAGES, np.arange(12)), torch.device("cpu"))
    batch = feed.plain(np.arange(12))
    assert batch.shape == (12, 3, 16, 16)
    assert batch.is_contiguous(memory_format=torch.channels_last)
    assert batch.mean((0, 2, 3)).numpy() == pytest.approx(np.zeros(3), abs=1e-4)
    assert batch.std((0, 2, 3)).numpy() == pytest.approx(np.ones(3), abs=1e-2)


def test_no_map_is_the_plain_image():
    feed = Feed(IMAGES, np.zeros(3), np.ones(3), torch.device("cpu"))
    still = draw(3, Augment(rotation_deg=0, shift=0), rng=np.random.default_rng(0))
    rows = np.array([2, 0, 5])
    assert torch.equal(feed.augmented(rows, still), feed.plain(rows))


def test_images_kept_on_the_device_give_the_same_batches():
    feed = Feed(IMAGES, np.full(3, 90.0), np.full(3, 40.0), torch.device("cpu"))
    rows = np.array([3, 3, 11])
    plain = feed.plain(rows)
    feed.resident = feed._upload()
    assert torch.equal(feed.plain(rows), plain)
