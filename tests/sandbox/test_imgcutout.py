"""Parameters and pictures of ImgCutout."""

import io

import numpy as np
import pytest
from PIL import Image

from galaxycurate.core.outcome import Reason
from galaxycurate.core.pixels import flaw
from galaxycurate.errors import InputError
from galaxycurate.sandbox import imgcutout
from galaxycurate.sandbox.imgcutout import CutoutRequest, parse
from galaxycurate.sandbox.sky import Sky
from tests.sandbox import tiny


@pytest.fixture(scope="module")
def sky(tiny_sky):
    return Sky.open(tiny_sky)


def opened(body):
    return np.asarray(Image.open(io.BytesIO(body)))


def test_defaults_are_the_services():
    assert parse({"ra": "150", "dec": "2"}) == CutoutRequest(150, 2, 0.396127, 128, 128, "")


@pytest.mark.parametrize(
    ("given", "got"),
    [
        ({"width": "10", "height": "9999"}, (64, 2048, 0.396127)),
        ({"scale": "0.001"}, (128, 128, 0.015)),
        ({"scale": "9999"}, (128, 128, 2400)),
        ({"width": "100.7", "scale": ""}, (100, 128, 0.396127)),
    ],
)
def test_sizes_and_scale_are_clamped_without_a_word(given, got):
    request = parse({"ra": "1", "dec": "1"} | given)
    assert (request.width, request.height, request.scale) == got


@pytest.mark.parametrize(
    ("ra", "dec", "position"),
    [
        ("15:18:09.1", "+42:45:48", (229.5379166, 42.7633333)),
        ("0:00:01", "-0:30:00", (15 / 3600, -0.5)),
        ("-10", "2", (350, 2)),
        ("370", "2", (10, 2)),
        ("10", "91", (190, 89)),
    ],
)
def test_positions_are_read_and_wrapped(ra, dec, position):
    request = parse({"ra": ra, "dec": dec})
    assert (request.ra, request.dec) == pytest.approx(position, abs=1e-6)


@pytest.mark.parametrize(
    "params",
    [{}, {"ra": "1"}, {"ra": "x", "dec": "1"}, {"ra": "nan", "dec": "1"},
     {"ra": "1", "dec": "1", "scale": "big"}, {"ra": "1", "dec": "1", "width": "inf"}],
)  # fmt: skip
def test_missing_and_unreadable_parameters_are_refused(params):
    with pytest.raises(InputError, match="parameter"):
        parse(params)


def test_a_cutout_is_a_jpeg_of_the_asked_size(sky):
    status, _, body = imgcutout.picture(CutoutRequest(150, 2, width=200, height=100), sky)
    assert status == 200
    assert opened(body).shape == (100, 200, 3)
    with Image.open(io.BytesIO(body)) as image:
        assert image.quantization[0][:5] == [8, 6, 5, 8, 12]  # as recorded
        assert image.info["comment"] == b"simulated sky, not SDSS"


def test_a_real_sky_is_not_called_simulated(tmp_path):
    real = Sky.open(tiny.make(tmp_path / "real", kind="real", fields=(11,)))
    body = imgcutout.picture(CutoutRequest(150, 2), real)[2]
    assert b"simulated" not in body


def test_outside_the_footprint_is_404_with_a_picture(sky):
    status, reason, body = imgcutout.picture(CutoutRequest(10, 2, width=256, height=256), sky)
    assert (status, reason) == (404, imgcutout.OUTSIDE)
    assert opened(body).shape == (256, 256, 3)


def test_a_damaged_frame_is_500_with_a_picture(tmp_path):
    folder = tiny.make(tmp_path / "sky", fields=(11,))
    frame = folder / "frames" / "frame-g-000094-1-0011.fits"
    frame.write_bytes(b"SIMPLE  = nothing")
    status, reason, body = imgcutout.picture(CutoutRequest(150, 2), Sky.open(folder))
    assert (status, reason) == (500, imgcutout.FAILED)
    assert opened(body).shape == (128, 128, 3)


def test_error_tiles_are_told_from_the_sky(sky):
    request = CutoutRequest(150, 2, width=256, height=256)
    assert flaw(opened(imgcutout.error_tile(request, sky)))[0] is Reason.ERROR_TILE
    small = CutoutRequest(150, 2, width=128, height=128)
    assert flaw(opened(imgcutout.picture(small, sky)[2])) is None


def test_options_change_the_pixels(sky):
    plain, inverted, marked = (
        opened(imgcutout.picture(CutoutRequest(150, 2, opt=opt), sky)[2]).astype(int)
        for opt in ("", "I", "GL")
    )
    assert np.abs(255 - plain - inverted).mean() < 3
    assert np.abs(marked - plain).max() > 100
    assert (
        opened(imgcutout.picture(CutoutRequest(150, 2, opt="SP"), sky)[2]).tolist()
        == plain.tolist()
    )
