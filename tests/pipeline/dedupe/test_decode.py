"""Any file to 8-bit colour, or words that say why not."""

import io
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import cv2
import numpy as np
import pytest
from PIL import Image

from galaxycurate.core import encode
from galaxycurate.pipeline.dedupe import decode as decoding
from galaxycurate.pipeline.dedupe.decode import Unreadable, decode
from tests.pictures import saved, sky

RGB = sky(1, 96)
GREY = RGB.mean(axis=2).astype(np.uint8)


@pytest.mark.parametrize(
    ("form", "mode"), [("PNG", "RGB"), ("PNG", "RGBA"), ("TIFF", "RGB"), ("BMP", "RGB")]
)
def test_what_loses_nothing_comes_back_to_the_pixel(form, mode):
    assert np.array_equal(decode(saved(RGB, form, mode)), RGB)


@pytest.mark.parametrize(
    ("form", "mode", "off"),
    [("JPEG", "RGB", 6), ("JPEG", "CMYK", 6), ("JPEG", "L", 25), ("PNG", "L", 25), ("PNG", "P", 25),
     ("PNG", "LA", 25), ("GIF", "P", 25), ("WEBP", "RGB", 10)],
)  # fmt: skip
def test_other_modes_come_back_near_enough(form, mode, off):
    made = decode(saved(RGB, form, mode))
    assert made.shape == RGB.shape
    assert made.dtype == np.uint8
    assert np.abs(made.astype(int) - RGB).mean() < off


@pytest.mark.parametrize("shift", [4, 8])
def test_16_bits_keep_the_highest_8(shift):
    full = GREY.copy()
    full[0, 0] = 255
    body = cv2.imencode(".png", full.astype(np.uint16) << shift)[1].tobytes()
    assert np.array_equal(decode(body)[..., 0], full)


def test_our_own_archives_and_cubes_are_read():
    assert np.array_equal(decode(encode.npz(RGB)), RGB)
    flux = np.random.default_rng(1).normal(0.1, 0.05, (3, 40, 60)).astype(np.float32)
    flux[:, 5, 7] = 50  # bright, near the upper left corner
    cards = {"BUNIT": "nanomaggy"}
    cube = decode(encode.fits_cube(flux[:, ::-1], cards))
    archive = decode(encode.arrays(flux=flux))
    assert np.array_equal(cube, archive)
    assert np.unravel_index(cube.sum(axis=2).argmax(), cube.shape[:2]) == (5, 7)


def test_fluxes_of_unknown_scale_are_stretched_and_gaps_filled():
    plane = np.random.default_rng(2).normal(1000, 20, (50, 50)).astype(np.float32)
    plane[20, 30], plane[:, :3] = 1e5, np.nan
    for array in (plane, plane[None]):
        rgb = decode(encode.fits_cube(array, {}))
        assert rgb[29, 30].min() >= 254
        assert 20 < rgb[:, 3:].mean() < 60
    with pytest.raises(Unreadable, match="no pixel has a value"):
        decode(encode.fits_cube(np.full((1, 9, 9), np.nan, np.float32), {}))


@pytest.mark.parametrize(
    ("body", "why"),
    [(b"", "empty"), (b"<html>busy</html>", "no picture but text: <html>busy</html>"),
     (b"\x01\x02 \xff\xfe\0\0\0\0", "no picture: it starts with 01 02 20 ff"),
     (saved(RGB)[:8] + saved(RGB)[40:], "a damaged PNG file"), (b"GIF89a\0", "a damaged GIF file"),
     (saved(RGB)[:900], "."), (saved(RGB, "JPEG")[:900], "."), (b"\xff\xd8\xff", "."),
     (b"PK\x03\x04 no", "."),
     (b"SIMPLE  = no", ".")],
)  # fmt: skip
def test_what_is_no_picture_says_so(body, why):
    with pytest.raises(Unreadable, match=why):
        decode(body)


def test_a_picture_of_too_many_pixels_is_not_decoded(monkeypatch):
    monkeypatch.setattr(decoding, "MAX_PIXELS", 9000)
    for body in (saved(RGB), saved(RGB, "JPEG"), encode.npz(RGB)):
        with pytest.raises(Unreadable, match=r"96 x 96 px is more than"):
            decode(body)


def test_one_pixel_is_a_picture():
    assert decode(saved(RGB[:1, :1])).shape == (1, 1, 3)


def test_pillows_own_limit_stays_as_it_was():
    before = Image.MAX_IMAGE_PIXELS
    decode(saved(RGB))
    assert before == Image.MAX_IMAGE_PIXELS
    with Image.open(io.BytesIO(saved(RGB))) as image:
        assert image.size == (96, 96)


def test_pillows_own_limit_stays_as_it_was_while_many_threads_decode():
    before = Image.MAX_IMAGE_PIXELS
    bodies = [saved(RGB[:8, :8]), b"no"] * 300
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(_shape, bodies))
    assert before == Image.MAX_IMAGE_PIXELS
    assert made == [(8, 8, 3), None] * 300


def _shape(body):
    with suppress(Unreadable):
        return decode(body).shape
