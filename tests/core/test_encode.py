"""Encoders: what Pillow, a stranger to them, reads back."""

import io
import sys

import numpy as np
import pytest
from PIL import Image

from galaxycurate.core.encode import WRITERS, jpeg, png


@pytest.fixture(params=[(256, 256), (69, 69), (3, 5), (1, 1), (300, 1)])
def rgb(request):
    return np.random.default_rng(1).integers(0, 256, (*request.param, 3), np.uint8)


def test_a_png_gives_every_pixel_back(rgb):
    body = png(rgb)
    Image.open(io.BytesIO(body)).verify()  # the checksums
    assert (np.asarray(Image.open(io.BytesIO(body))) == rgb).all()


def test_a_png_of_a_part_of_an_array_is_that_part(rgb):
    part = rgb[::2, ::-1]
    assert (np.asarray(Image.open(io.BytesIO(png(part)))) == part).all()


def test_without_isal_the_pixels_are_the_same(rgb, monkeypatch):
    monkeypatch.setitem(sys.modules, "isal", None)
    assert (np.asarray(Image.open(io.BytesIO(png(rgb)))) == rgb).all()


def test_a_jpeg_is_near_the_pixels_of_a_smooth_picture():
    y, x = np.mgrid[:64, :64]
    smooth = np.stack([200 * np.exp(-((x - 32) ** 2 + (y - 32) ** 2) / s) for s in (200, 300, 400)])
    rgb = smooth.transpose(1, 2, 0).astype(np.uint8)
    back = np.asarray(Image.open(io.BytesIO(jpeg(rgb)))).astype(int)
    assert np.abs(back - rgb).mean() < 1.5


def test_the_writers_are_named_by_their_endings():
    assert set(WRITERS) == {"png", "jpg"}
