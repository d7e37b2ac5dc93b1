"""Downloads of which one way is field by field: frames, alone or to fall back on."""

import pytest
import requests

from galaxycurate.core.ids import encode
from galaxycurate.core.outcome import Reason
from galaxycurate.errors import ServiceError
from galaxycurate.pipeline.compare.compare import compare
from galaxycurate.pipeline.download.download import download
from tests.imagery.cutouts import CutoutServer, error_tile, image_reply
from tests.imagery.frames import small
from tests.imagery.frames.small import FrameServer, place
from tests.pipeline.download.downloads import QUICK, manifest, outcomes, run, settings_in
from tests.sandbox import tiny
from tests.sandbox.test_server import start

SIZE = 64


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """A sandbox whose table Field does not tell where fields lie: looking them up fails."""
    process, url = start(tiny.make(tmp_path_factory.mktemp("sky") / "tiny"))
    yield url
    process.terminate()
    process.wait(20)


def objects(n):
    return [int(encode(run=94, camcol=1, field=11, obj=k + 1)) for k in range(n)]


def tiny_manifest(folder, n=3, **columns):
    ras = [tiny.CENTRES[11][0] + k * 2e-4 for k in range(n)]
    manifest(folder, ras=range(n), size=SIZE, **{"ra": ras, "dec": [2.0] * n} | columns)


def test_a_lookup_that_fails_costs_nobody_who_needs_none(tmp_path, url):
    tiny_manifest(tmp_path)
    summary = run(settings_in(tmp_path, url, provider="frames,skyserver"))
    assert summary.kept == 3
    assert summary.providers == {"skyserver": 3}
    (warning,) = summary.warnings
    assert "the fields of 3 cutouts could not be looked up" in warning
    lines = outcomes(settings_in(tmp_path, url))
    assert {line.detail.partition(" (")[0] for line in lines.values()} == {"frames: field unknown"}


def test_where_frames_are_the_only_way_a_lookup_that_fails_ends_the_download(tmp_path, url):
    tiny_manifest(tmp_path)
    with pytest.raises(ServiceError):
        download(settings_in(tmp_path, url, provider="frames"), limits=QUICK)


def test_where_ids_tell_the_field_no_sql_is_asked_and_a_repetition_asks_nothing(tmp_path, url):
    tiny_manifest(tmp_path, objID=objects(3))
    settings = settings_in(tmp_path, url, provider="frames")
    outlook = download(settings, dry_run=True)
    assert len(outlook.urls) == 3
    assert set(outlook.urls) == {
        f"{url}/sas/dr17/eboss/photoObj/frames/301/94/1/frame-r-000094-1-0011.fits.bz2"
    }
    before = requests.get(f"{url}/__stats__", timeout=30).json()
    assert run(settings).kept == 3
    assert set(outlook.urls) == {line.url for line in outcomes(settings).values()}
    assert run(settings).done_before == 3
    made = compare(settings, names=("skyserver", "frames"), limits=QUICK)
    assert made.missing() == {"skyserver": {}, "frames": {}}
    after = requests.get(f"{url}/__stats__", timeout=30).json()
    asked = {name: n - before.get(name, 0) for name, n in after.items() if n != before.get(name)}
    assert asked == {"cutout 200": 3, "frame 200": 6}


def test_an_address_that_hangs_on_an_unknown_field_is_not_made_up(tmp_path, url):
    tiny_manifest(tmp_path, ra=[150.0, 10.0, 20.0], objID=[objects(1)[0], None, None])
    outlook = download(settings_in(tmp_path, url, provider="frames"), dry_run=True)
    assert [address.rpartition("/")[2] for address in outlook.urls] == [
        "frame-r-000094-1-0011.fits.bz2"
    ]


def test_frames_to_fall_back_on_are_fetched_once_each(tmp_path):
    held = small.files(1)
    fields = range(100, 112)
    files = {small.name(b, f): held[small.name(b, small.FIRST)] for f in fields for b in "gri"}
    rows = [(f, *place(150 + k, 150)) for k in range(6) for f in fields]
    manifest(
        tmp_path, ras=range(len(rows)), size=SIZE, ra=[ra for _, ra, _ in rows],
        dec=[dec for *_, dec in rows], run=[94] * len(rows), camcol=[1] * len(rows),
        field=[field for field, *_ in rows],
    )  # fmt: skip
    outside = {-1: lambda *_: image_reply(error_tile(SIZE), 404)}
    with CutoutServer(outside) as cutouts, FrameServer(files) as frames:
        settings = settings_in(tmp_path, cutouts.url, sas=frames.url, provider="skyserver,frames")
        summary = run(settings)
        assert summary.providers == {"frames": len(rows)}
        assert frames.asked == dict.fromkeys(files, 1)
        line = next(iter(outcomes(settings).values()))
        assert line.detail.startswith(f"skyserver: {Reason.OUTSIDE}")
