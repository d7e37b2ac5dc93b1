"""Frames under the addresses of the Science Archive Server."""

import bz2
import io

import numpy as np
import pytest
import requests
from astropy.io import fits
from PIL import Image

from galaxycurate.imagery.engine.engine import fetch
from galaxycurate.imagery.job import Job, Limits
from galaxycurate.imagery.providers.frames import Frames as FramesProvider
from galaxycurate.sandbox.sas import Frames, ranged
from galaxycurate.sandbox.sky import Sky
from tests.imagery.frames.test_frames import Memory
from tests.sandbox import tiny

WHERE = dict(release="dr17", survey="eboss", run="94", camcol="1")


def read(frames, name, **other):
    return frames.read(**(WHERE | other), name=name)


@pytest.mark.parametrize("suffix", [".fits", ".fits.bz2", ".fits.fz", ".fits.gz"])
def test_a_frame_is_served_as_bzip2_however_it_is_kept(tmp_path, suffix):
    kept = tiny.make(tmp_path / "sky", suffix=suffix, fields=(11,))
    body, kind = read(Frames(Sky.open(kept)), "frame-r-000094-1-0011.fits.bz2")
    assert kind == "application/x-bzip2"
    with fits.open(io.BytesIO(bz2.decompress(body))) as hdus:
        assert hdus[0].header["RUN"] == 94
        flux = tiny.image(tiny.header(11, band_shift=2), 1, seed=111)
        assert np.abs(hdus[0].data - flux).max() < 0.01


def test_other_bands_runs_and_surveys_are_not_there(tiny_sky):
    frames = Frames(Sky.open(tiny_sky))
    assert read(frames, "frame-u-000094-1-0011.fits.bz2") is None
    assert read(frames, "frame-r-000094-1-0099.fits.bz2") is None
    assert read(frames, "frame-r-000094-1-0011.fits.bz2", run="95") is None
    assert read(frames, "frame-r-000094-1-0011.fits.bz2", survey="boss") is None
    assert read(frames, "frame-irg-000094-1-0099.jpg") is None


@pytest.mark.parametrize(
    ("release", "survey"),
    [("dr8", "boss"), ("dr13", "eboss"), ("dr18", "prior-surveys/sdss4-dr17-eboss")],
)
def test_each_release_has_its_survey(tiny_sky, release, survey):
    frames = Frames(Sky.open(tiny_sky))
    name = "frame-g-000094-1-0011.fits.bz2"
    assert read(frames, name, release=release, survey=survey) is not None


def test_the_rendered_jpeg_of_a_real_field_is_that_of_the_survey(tmp_path, shared_data):
    (tmp_path / "frames").mkdir()
    for band in "gri":
        name = f"frame-{band}-003918-3-0213.fits.bz2"
        (tmp_path / "frames" / name).symlink_to(shared_data / "sdss" / "frames" / name)
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "Field.csv").write_text("run,camcol,field\n3918,3,213\n")
    (tmp_path / "sky.toml").write_text('kind = "real"\n')
    frames, name = Frames(Sky.open(tmp_path)), "frame-irg-003918-3-0213.jpg"
    body, _ = read(frames, name, run="3918", camcol="3")
    ours = np.asarray(Image.open(io.BytesIO(body))).astype(int)
    theirs = np.asarray(Image.open(shared_data / "sdss" / "irg" / name)).astype(int)
    assert np.median(np.abs(ours - theirs)) <= 2


def test_the_jpeg_of_a_field_is_rendered_on_the_pixels_of_r_upside_down(tiny_sky):
    body, kind = read(Frames(Sky.open(tiny_sky)), "frame-irg-000094-1-0011.jpg")
    assert kind == "image/jpeg"
    picture = np.asarray(Image.open(io.BytesIO(body)))
    assert picture.shape == (*tiny.SHAPE, 3)
    row, col = np.unravel_index(picture[..., 0].argmax(), tiny.SHAPE)
    assert abs(tiny.SHAPE[0] - 1 - row - (120.5 - 2 - 1)) <= 1
    assert abs(col - (160.5 + 2 - 1)) <= 1


@pytest.mark.parametrize(
    ("wanted", "status", "part", "told"),
    [
        (slice(None, None, 1), 200, b"0123456789", None),
        (slice(0, 4, 1), 206, b"0123", "bytes 0-3/10"),
        (slice(7, 99, 1), 206, b"789", "bytes 7-9/10"),
        (slice(-2, None, 1), 206, b"89", "bytes 8-9/10"),
        (slice(10, 20, 1), 416, b"", "bytes */10"),
    ],
)
def test_a_part_of_a_file_can_be_asked_for(wanted, status, part, told):
    got = ranged(b"0123456789", wanted)
    assert got[:2] == (status, part)
    assert got[2].get("Content-Range") == told


@pytest.fixture(scope="module")
def url(tiny_sky):
    from tests.sandbox.test_server import start

    process, url = start(tiny_sky)
    yield url
    process.terminate()
    process.wait(20)


FRAME = "/sas/dr17/eboss/photoObj/frames/301/94/1/frame-r-000094-1-0011.fits.bz2"


def test_over_http_a_range_header_brings_a_part(url):
    whole = requests.get(url + FRAME, timeout=30)
    part = requests.get(url + FRAME, headers={"Range": "bytes=0-99"}, timeout=30)
    assert (whole.status_code, part.status_code) == (200, 206)
    assert part.content == whole.content[:100]
    assert part.headers["Content-Range"] == f"bytes 0-99/{len(whole.content)}"


def test_bad_days_fall_on_frames_and_a_download_gets_over_them(url):
    whole = requests.get(url + FRAME, timeout=30).content
    faults = ("500", "503", "drop", "truncate", "cut")
    ends = []
    for fault in faults:
        requests.post(f"{url}/__faults__", json={f"frame_{fault}_first": 1}, timeout=30)
        try:
            reply = requests.get(url + FRAME, timeout=30)
            ends.append((reply.status_code, reply.content == whole))
        except requests.exceptions.RequestException as error:
            ends.append(type(error).__name__)
    assert ends == [(500, False), (503, False), "ConnectionError", "ChunkedEncodingError",
                    (200, False)]  # fmt: skip
    day = {f"frame_{fault}_first": 1 for fault in faults if fault != "503"}
    requests.post(f"{url}/__faults__", json=day, timeout=30)
    ra, dec, _ = tiny.SOURCES[0]
    job = Job(ra, dec, 0.396127, 64, path="a", field=(94, 1, 11), format="png")
    sink = Memory()
    provider = FramesProvider(url, "dr17", backoff_s=0.0)
    fetch(iter([job]), [provider], sink, Limits(rate=0.0, retries=4, backoff_s=0.0))
    assert [str(result.status) for result in sink.results.values()] == ["ok"]
    assert requests.get(f"{url}/__stats__", timeout=30).json()["frame truncated"] == 2
