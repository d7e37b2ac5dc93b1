"""Encoders: what Pillow, a stranger to them, reads back."""

import io
import sys

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from galaxycurate.core.encode import WRITERS, arrays, fits_cube, jpeg, png


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
    assert set(WRITERS) == {"png", "jpg", "npz"}


def test_an_archive_holds_what_it_was_given_and_equal_ones_are_equal(rgb):
    body = WRITERS["npz"](rgb)
    with np.load(io.BytesIO(body), allow_pickle=False) as held:
        assert np.array_equal(held["rgb"], rgb)
    assert body == WRITERS["npz"](rgb.copy())
    with np.load(io.BytesIO(arrays(a=[1.5], b="text"))) as held:
        assert (held["a"].tolist(), str(held["b"])) == ([1.5], "text")


def test_a_fits_cube_gives_pixels_and_cards_back():
    cube = np.random.default_rng(2).normal(size=(3, 5, 7)).astype(np.float32)
    body = fits_cube(cube[:, ::-1], {"BUNIT": "nanomaggy", "SIMULATE": True, "CRVAL1": 150.25})
    assert len(body) % 2880 == 0
    with fits.open(io.BytesIO(body)) as hdus:
        hdus.verify("exception")
        assert np.array_equal(hdus[0].data, cube[:, ::-1])
        header = hdus[0].header
    assert (header["BUNIT"], header["SIMULATE"], header["CRVAL1"]) == ("nanomaggy", True, 150.25)
    assert body == fits_cube(cube[:, ::-1], {k: header[k] for k in ("BUNIT", "SIMULATE", "CRVAL1")})
