import hashlib
import io
import tracemalloc
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from galaxycurate.core.outcome import Reason
from galaxycurate.core.pixels import flaw
from galaxycurate.imagery.check import (
    MAX_SIDE_PX,
    check,
    check_file,
    examine,
    is_surely_sky,
    look,
    pixels,
)
from tests.imagery.cutouts import error_tile, jpeg, picture


def encoded(rgb, form, mode="RGB"):
    out = io.BytesIO()
    Image.fromarray(rgb).convert(mode).save(out, form)
    return out.getvalue()


@pytest.fixture(scope="module")
def rgb():
    return np.random.default_rng(1).integers(20, 200, (96, 96, 3), dtype=np.uint8)


def test_a_good_cutout_has_no_flaw():
    assert check(picture(1.0, 128), 128) is None


@pytest.mark.parametrize(("form", "mode"), [("PNG", "RGB"), ("JPEG", "L"), ("JPEG", "CMYK")])
def test_other_encodings_are_read(rgb, form, mode):
    assert check(encoded(rgb, form, mode), 96) is None


def test_another_size_is_named_with_the_one_asked_for():
    assert check(picture(1.0, 64), 128) == (Reason.WRONG_SIZE, "64 x 64 px instead of 128 x 128")


@pytest.mark.parametrize("part", [0.02, 0.1, 0.5, 0.9, 0.999])
def test_a_jpeg_that_ends_early_is_truncated(part):
    body = picture(1.0, 128)
    assert check(body[: int(len(body) * part)], 128)[0] is Reason.TRUNCATED


def test_a_png_that_ends_early_is_truncated(rgb):
    body = encoded(rgb, "PNG")
    assert check(body[: len(body) // 2], 96)[0] is Reason.TRUNCATED


def test_an_overwritten_middle_is_noticed():
    body = picture(1.0, 128)
    middle = len(body) // 2
    assert check(body[:middle] + b"\x5a" * 512 + body[middle + 512 :], 128) is not None


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "empty"),
        (b"<html>\n<body>Server busy", "text: <html> <body>Server busy"),
        (b'{"Error": "bad"}', 'text: {"Error": "bad"}'),
        (b"\x00\x01\x02\x03\x04\x05\x06\x07\x08", "starts with 00 01 02 03 04 05 06 07"),
    ],
)
def test_what_is_no_image_says_what_it_is(body, detail):
    assert check(body, 128) == (Reason.NOT_IMAGE, detail)


def test_blank_error_and_partly_covered_tiles_are_told_apart():
    partly = np.array(Image.open(io.BytesIO(picture(2.0, 128))))
    partly[:48] = 0
    assert check(jpeg(np.zeros((128, 128, 3), np.uint8)), 128)[0] is Reason.BLANK
    assert check(error_tile(128), 128)[0] is Reason.ERROR_TILE
    assert check(jpeg(partly), 128)[0] is Reason.PARTIAL


def test_a_file_of_any_size_is_examined(tmp_path):
    body = picture(3.0, 100)
    (tmp_path / "a.jpg").write_bytes(body)
    checked = check_file(tmp_path / "a.jpg")
    assert (checked.width, checked.height, checked.flaw) == (100, 100, None)
    assert checked.sha256 == hashlib.sha256(body).hexdigest()
    assert checked.n_bytes == len(body)


def test_a_giant_is_not_decoded():
    body = encoded(np.zeros((8, MAX_SIDE_PX + 8), np.uint8), "JPEG", "L")
    assert examine(body).flaw[0] is Reason.WRONG_SIZE


def test_recorded_replies_of_imgcutout(shared_data):
    flaws = {
        path.name: check_file(path).flaw for path in shared_data.glob("sdss/recorded/imgcutout/*")
    }
    bad = {name: flaw[0] for name, flaw in flaws.items() if flaw}
    assert len(flaws) == 13
    assert bad == {
        "error_getFrames_587729387686002878.jpeg": Reason.ERROR_TILE,
        "partial_587731514224672910.jpeg": Reason.PARTIAL,
    }


def test_one_of_the_real_galaxy_zoo_images_is_partly_covered(shared_data):
    paths = sorted((shared_data / "images/gz1_dr7").iterdir())
    with ThreadPoolExecutor(2) as pool:
        checks = pool.map(check_file, paths)
    bad = {p.stem: seen.flaw[0] for p, seen in zip(paths, checks, strict=True) if seen.flaw}
    assert len(paths) == 3985
    assert bad == {"587731514224672910": Reason.PARTIAL}


def test_a_picture_is_decoded_whole_where_its_pixels_are_wanted():
    body = picture(1.0, 128)
    checked, rgb = look(body, 128)
    assert checked == examine(body, 128)
    assert np.array_equal(rgb, pixels(body))
    assert look(b"<html>", 128)[1] is None


@pytest.mark.parametrize(
    ("form", "mode", "said"),
    [("PNG", "RGB", "PNG (RGB)"), ("GIF", "L", "GIF (P)"), ("JPEG", "CMYK", "JPEG (CMYK)")],
)
def test_what_would_be_kept_under_a_wrong_name_is_no_jpeg(rgb, form, mode, said):
    body = encoded(rgb, form, mode)
    assert examine(body, 96, is_jpeg=True).flaw == (Reason.NOT_IMAGE, f"{said} instead of JPEG")
    assert examine(body, 96).flaw is None


def test_a_giant_png_is_told_by_its_head():
    out = io.BytesIO()
    Image.new("RGB", (9400, 9400)).save(out, "PNG")
    tracemalloc.start()
    assert check(out.getvalue(), 128)[0] is Reason.WRONG_SIZE
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()


def test_a_bomb_is_told_by_its_head():
    out = io.BytesIO()
    Image.new("1", (16_000, 16_000)).save(out, "PNG")
    assert examine(out.getvalue()).flaw[0] is Reason.WRONG_SIZE


def test_postscript_starts_no_other_program():
    body = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 96 96\n%%EndComments\nshowpage\n"
    assert check(body, 96)[0] is Reason.NOT_IMAGE


def test_two_threads_leave_the_warnings_of_the_process_alone(rgb):
    bodies = [encoded(rgb, "PNG"), b"<html>busy", encoded(rgb, "PNG")[:500]]
    before = list(warnings.filters)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda body: check(body, 96), bodies * 100))
    assert warnings.filters == before


def judged_whole(body, size):
    """The verdict of the whole picture, without the short cut."""
    try:
        return flaw(pixels(body))
    except Exception as bad:
        return bad.args[:2]


def sparse(rng, size=128):
    """Noise, of which whole blocks are black, others nearly so, in a share near the limit."""
    rgb = rng.integers(rng.integers(0, 30), rng.integers(40, 200), (size, size, 3), dtype=np.uint8)
    share = rng.choice([0.0, 0.03, 0.1])
    blocks = rng.choice(3, (size // 16, size // 16), p=[share, share, 1 - 2 * share])
    cells = np.kron(blocks, np.ones((16, 16), int))[..., None]
    return np.where(cells == 0, 0, np.where(cells == 1, np.minimum(rgb, 2), rgb)).astype(np.uint8)


@pytest.mark.parametrize("size", [16, 40, 100, 128])
def test_the_short_cut_never_contradicts_the_whole_picture(size):
    rng = np.random.default_rng(7)
    n_sure, n_flawed = 0, 0
    for _ in range(150):
        rgb = sparse(rng)[:size, :size]
        quality = int(rng.integers(30, 98))
        out = io.BytesIO()
        Image.fromarray(rgb).save(out, "JPEG", quality=quality, subsampling=int(rng.integers(3)))
        body = out.getvalue()
        whole, is_sure = judged_whole(body, size), is_surely_sky(body, size, size)
        assert not (is_sure and whole), (size, quality, whole)
        assert check(body, size) == whole
        n_sure, n_flawed = n_sure + is_sure, n_flawed + (whole is not None)
    assert n_flawed > 5
    assert size == 16 or n_sure > 20


@pytest.mark.parametrize("spread", range(9))
def test_a_nearly_blank_picture_is_never_sure(spread):
    rng = np.random.default_rng(spread)
    for low in (0, 1, 30, 126, 250, 255 - spread):
        rgb = np.minimum(255, low + rng.integers(0, spread + 1, (64, 64, 3))).astype(np.uint8)
        body = encoded(rgb, "JPEG")
        assert check(body, 64) == judged_whole(body, 64)


def test_every_cut_or_overwritten_body_is_caught():
    rng = np.random.default_rng(3)
    for n in range(150):
        body = picture(float(n), 128)
        end = int(rng.integers(20, len(body) - 2))
        assert check(body[:end], 128)[0] is Reason.TRUNCATED
        start = int(rng.integers(700, len(body) - 600))
        broken = body[:start] + b"\x5a" * 512 + body[start + 512 :]
        assert check(broken, 128) is not None, (n, start)


def test_the_short_cut_agrees_with_the_whole_on_real_cutouts(shared_data):
    paths = sorted((shared_data / "images/gz1_dr7").iterdir())[::10]
    n_sure = 0
    for path in paths:
        seen = check_file(path)
        body = path.read_bytes()
        assert seen.flaw == judged_whole(body, seen.width)
        n_sure += is_surely_sky(body, seen.width, seen.height)
    assert n_sure > 0.9 * len(paths)
