from __future__ import annotations

from functools import partial

import cv2
import numpy as np
import pytest
import torch

from train.data.augment import draw
from train.data.feed import Feed, changed
from train.data.statistics import channel_statistics
from train.data.warp import numbers
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


EVERYTHING = Augment(flip=True, scale=0.2, perspective=0.2, brightness=0.1, hue=0.05)


def test_an_epoch_is_the_same_kept_on_the_device_streamed_to_it_and_mapped_on_the_cpu():
    smooth = np.stack([cv2.GaussianBlur(image, (0, 0), 3) for image in IMAGES])
    rng = np.random.default_rng(1)
    rows, draws = rng.integers(0, 12, (3, 4)), draw(12, EVERYTHING, rng=rng)
    feed = Feed(smooth, np.zeros(3), np.ones(3), torch.device("cpu"))
    mapped = list(feed.epoch(rows, draws))
    feed.maps_here = True
    streamed = list(feed.epoch(rows, draws))
    feed.resident = feed._upload()
    kept = list(feed.epoch(rows, draws))
    assert len(mapped) == len(streamed) == len(kept) == 3
    for a, b, c in zip(mapped, streamed, kept, strict=True):
        assert torch.equal(b, c)
        assert (a - b).abs().max() <= 4
        assert a.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_a_stream_of_pinned_batches_equals_resident_images():
    device = torch.device("cuda")
    feed = Feed(IMAGES, np.zeros(3), np.ones(3), device)
    rng = np.random.default_rng(1)
    rows, draws = rng.integers(0, 12, (20, 4)), draw(80, EVERYTHING, rng=rng)
    kept = list(feed.epoch(rows, draws))
    feed.resident = None
    for one, other in zip(kept, feed.epoch(rows, draws), strict=True):
        assert torch.equal(one, other)


def test_a_gpus_batches_come_in_the_precision_of_autocast_and_a_cpus_in_float32():
    mean, std, cpu = np.full(3, 90.0), np.full(3, 40.0), torch.device("cpu")
    assert Feed(IMAGES, mean, std, cpu, torch.bfloat16).plain(np.arange(3)).dtype == torch.float32
    rng = np.random.default_rng(1)
    theta, colour, bends = numbers(draw(12, EVERYTHING, rng=rng))
    raw = torch.from_numpy(IMAGES).permute(0, 3, 1, 2)
    scale, shift = torch.full((1, 3, 1, 1), 0.025), torch.full((1, 3, 1, 1), -2.25)
    fine = changed(raw, theta, colour, bends, scale, shift, torch.float32)
    short = changed(raw, theta, colour, bends, scale, shift, torch.bfloat16)
    assert torch.equal(short, fine.to(torch.bfloat16))
    assert short.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("augment", [Augment(), EVERYTHING])
def test_a_gpus_changes_are_one_graph_to_the_compiler(augment, monkeypatch):
    whole = partial(torch.compile, backend="aot_eager", fullgraph=True)
    monkeypatch.setattr(torch, "compile", whole)
    feed = Feed(IMAGES, np.full(3, 90.0), np.full(3, 40.0), torch.device("cpu"))
    feed.maps_here = True
    rows, draws = np.arange(12).reshape(2, 6), draw(12, augment, rng=np.random.default_rng(1))
    plain = list(feed.epoch(rows, draws))
    feed.compile()
    for one, other in zip(plain, feed.epoch(rows, draws), strict=True):
        assert torch.allclose(one, other, atol=1e-5)
