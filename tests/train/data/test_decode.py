from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image

from galaxycurate.errors import InputError
from train.data.decode import Window, decode, fit_square


def ramp(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    return np.stack([255 * x / width, 255 * y / height, 0 * x + 90], -1).astype(np.uint8)


@pytest.mark.parametrize("size", [(423, 423), (300, 200), (200, 300), (90, 90)])
@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_every_shape_becomes_the_centre_square(tmp_path, size, suffix):
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(ramp(*size)).save(path, quality=95)
    image = decode(path)
    assert image.shape == (128, 128, 3)
    assert image.dtype == np.uint8
    # the middle of the picture stays in the middle, in RGB order
    assert image[62:66, 62:66].mean((0, 1)) == pytest.approx([127, 127, 90], abs=3)


def test_the_scaled_decode_differs_little_from_the_full_one(tmp_path):
    path = tmp_path / "a.jpg"
    image = cv2.GaussianBlur(
        np.random.default_rng(0).integers(0, 256, (424, 424, 3)).astype(np.float32), (0, 0), 6
    )
    image = (128 + 8 * (image - image.mean())).clip(0, 255).astype(np.uint8)
    Image.fromarray(image).save(path, quality=95)
    full = fit_square(np.asarray(Image.open(path)), Window(128))
    assert np.abs(decode(path).astype(int) - full).mean() < 1.5


def test_zoom_keeps_the_central_part():
    image = np.zeros((200, 200, 3), np.uint8)
    image[50:150, 50:150] = 200
    assert (fit_square(image, Window(64, zoom=2.0)) == 200).all()
    assert (fit_square(image, Window(64))[0] == 0).all()


def test_grey_and_transparent_images_become_rgb(tmp_path):
    Image.fromarray(ramp(64, 64)).convert("L").save(tmp_path / "grey.jpg")
    Image.fromarray(ramp(64, 64)).convert("RGBA").save(tmp_path / "alpha.png")
    for name in ("grey.jpg", "alpha.png"):
        assert decode(tmp_path / name, Window(32)).shape == (32, 32, 3)


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bits_of_grey_keep_their_shades(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    grey = np.linspace(0, 65535, 64 * 64).reshape(64, 64).astype(np.uint16)
    assert cv2.imwrite(str(path), grey)
    assert (decode(path, Window(64)) == (grey >> 8)[..., None]).all()


@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_numbers_without_a_white_are_refused(tmp_path, dtype):
    Image.fromarray(np.ones((8, 8), dtype)).save(tmp_path / "a.tif")
    with pytest.raises(InputError, match="32-bit numbers: their white is unknown"):
        decode(tmp_path / "a.tif")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b"<html>busy</html>", "not an image"),
        (b"\xff\xd8\xff\xe0 and no more", "a broken JPEG"),
        (b"\x89PNG\r\n\x1a\n and no more", "not an image|a broken image"),
    ],
)
def test_a_broken_file_gives_its_reason(tmp_path, content, reason):
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    with pytest.raises(InputError, match=reason):
        decode(path)


def test_a_truncated_jpeg_is_refused(tmp_path):
    path = tmp_path / "a.jpg"
    Image.fromarray(ramp(200, 200)).save(path)
    path.write_bytes(path.read_bytes()[:1500])
    with pytest.raises(InputError, match="a broken JPEG"):
        decode(path)


def test_real_images_decode(shared_data):
    paths = sorted((shared_data / "images" / "gz1_dr7").glob("*.jpeg"))[:20]
    assert all(decode(path).std() > 1 for path in paths)
