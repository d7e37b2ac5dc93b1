"""Other providers, formats, windows and servers: what a repeated download does then."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from io import BytesIO

import numpy as np
import pytest
from aiohttp import web
from PIL import Image

from galaxycurate.core.ids import encode
from galaxycurate.core.outcome import Reason, Status
from galaxycurate.errors import InputError, SettingError, StorageError, UsageError
from galaxycurate.imagery.job import Limits
from galaxycurate.pipeline.dedupe.kept import read_kept
from galaxycurate.pipeline.download.asking import Asking, packed, unpacked
from galaxycurate.pipeline.download.download import asked_by, download
from galaxycurate.pipeline.download.framing import Framing
from galaxycurate.pipeline.download.planning import gather
from galaxycurate.pipeline.download.sheaves import fields_of, fields_wanted, jobs_by_field
from galaxycurate.pipeline.status import status
from galaxycurate.store.building import held
from galaxycurate.store.images import LOCK, ImageTree
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.manifestfile import open_all
from galaxycurate.store.settings import Settings
from tests.imagery.cutouts import CutoutServer, error_tile, image_reply, picture
from tests.pipeline.download.downloads import SIZE, images, manifest, outcomes, run, settings_in


@pytest.fixture
def server():
    with CutoutServer() as running:
        yield running


def test_another_format_takes_the_place_of_the_first(tmp_path, server):
    manifest(tmp_path, ras=range(4))
    run(settings_in(tmp_path, server.url))
    first = images(tmp_path)
    settings = settings_in(tmp_path, server.url, format="png")
    assert run(settings).kept == 4
    assert sorted(images(tmp_path)) == sorted(name.replace("jpg", "png") for name in first)
    body = images(tmp_path)["spiral/ra0.png"]
    assert (np.asarray(Image.open(BytesIO(body))) == np.asarray(
        Image.open(BytesIO(first["spiral/ra0.jpg"])))).all()  # fmt: skip
    assert (tmp_path / "dataset/set_aside/spiral/ra0.jpg").exists()
    with Ledger.open(settings.ledger_url) as ledger:
        kept = [line.path for line in ledger.outcomes(Status.OK)]
        gone = list(ledger.outcomes(Status.REJECTED))
    assert sorted(kept) == sorted(f"images/{name}" for name in images(tmp_path))
    assert {line.reason for line in gone} == {Reason.REPLACED}
    assert status(settings).outcomes == {"ok": {"": 4}}, "each row counts once"
    asked = sum(server.asked.values())
    assert run(settings).done_before == 4
    assert sum(server.asked.values()) == asked
    assert run(settings_in(tmp_path, server.url)).kept == 4
    assert images(tmp_path) == first


def test_a_provider_that_cannot_give_the_format_is_named_before_anything_is_touched(tmp_path):
    manifest(tmp_path)
    with pytest.raises(SettingError, match="skyserver cannot give fits"):
        download(settings_in(tmp_path, format="fits"))
    with pytest.raises(SettingError, match="no provider is called 'skyservr'"):
        download(settings_in(tmp_path, provider="skyservr"))
    assert not (tmp_path / "dataset").exists()


def test_what_any_provider_of_the_list_gave_is_done_and_what_one_refused_is_not(tmp_path):
    manifest(tmp_path, ras=range(3))
    with CutoutServer({1: lambda *_: image_reply(error_tile(SIZE), 404)}) as server:
        assert run(settings_in(tmp_path, server.url)).rejected == {Reason.OUTSIDE: 1}
        settings = settings_in(tmp_path, server.url, provider="hips2fits,skyserver")
        again = download(settings, dry_run=True)
    assert (again.done_before, again.left) == (2, 1)
    alone = settings_in(tmp_path, server.url, provider="hips2fits")
    assert download(alone, dry_run=True).left == 3


def test_a_size_of_the_users_own_is_recorded_and_measured(tmp_path, server):
    manifest(tmp_path, ras=range(0, 30, 10))
    settings = settings_in(tmp_path, server.url)
    own = Framing(size_px=64, pixscale=0.8)
    assert run(settings, framing=own).kept == 3
    assert images(tmp_path)["spiral/ra0.jpg"] == picture(0, 64)
    line = outcomes(settings)["ra0"]
    assert (line.pixscale, line.size_px) == (0.8, 64)
    assert "scale=0.8 size=64 own=1 @" in line.request
    with Ledger.open(settings.ledger_url) as ledger:
        assert read_kept(settings, ledger).width_arcsec.tolist() == [51.2] * 3
    assert run(settings, framing=own).done_before == 3
    assert run(settings).kept == 3, "without the option the manifest's own window is wanted"


def test_a_size_in_petrosian_diameters_is_each_galaxys_own(tmp_path, server):
    manifest(tmp_path, ras=range(0, 40, 10), petroRad_r=[3.2, 10.0, None, -9999.0])
    settings = settings_in(tmp_path, server.url)
    framing = Framing(petro=2.5)
    summary = run(settings, framing=framing)
    assert (summary.kept, summary.rejected) == (2, {Reason.NO_RADIUS: 2})
    lines = outcomes(settings)
    assert lines["ra0"].pixscale == pytest.approx(2 * 2.5 * 3.2 / SIZE, rel=1e-6)
    assert lines["ra10"].pixscale * SIZE == pytest.approx(50.0, rel=1e-6)
    assert "petro=2.5" in lines["ra0"].request
    assert run(settings, framing=framing).done_before == 4


def test_a_galaxy_too_large_or_small_for_any_scale_is_rejected_with_that_reason(tmp_path, server):
    manifest(tmp_path, ras=range(3), petroRad_r=[3.2, 3000.0, 1e-3])
    settings = settings_in(tmp_path, server.url)
    summary = run(settings, framing=Framing(petro=2.5))
    assert (summary.kept, summary.rejected) == (1, {Reason.NO_SCALE: 2})
    assert sorted(server.asked) == [0]
    assert run(settings, framing=Framing(petro=2.5)).done_before == 3


@pytest.mark.parametrize(
    "wrong", [{"size_px": [70000]}, {"size_px": [-5]}, {"size_px": [1]}, {"pixscale": [-0.4]},
              {"pixscale": [1e6]}],
)  # fmt: skip
def test_a_manifest_that_wants_what_nobody_draws_is_refused(tmp_path, wrong):
    manifest(tmp_path, ras=[0], **wrong)
    with pytest.raises(
        InputError, match=r"a\.parquet: ra0 has size_px = .* and pixscale = "
    ) as told:
        download(settings_in(tmp_path))
    assert "size_px 64 to 2048, pixscale 0.015 to 60" in told.value.hint
    assert not (tmp_path / "dataset").exists()


def test_negatives_are_never_asked_for_wider_than_they_were_proved_empty(tmp_path, server):
    manifest(tmp_path, clear_arcsec=[4.0] * 10)
    settings = settings_in(tmp_path, server.url)
    with pytest.raises(UsageError, match=r'was proved empty over 51.2" and cannot .* over 64.0"'):
        download(settings, framing=Framing(pixscale=0.5))
    with pytest.raises(UsageError, match="have no Petrosian radius"):
        download(settings, framing=Framing(petro=2.5))
    assert not (tmp_path / "dataset").exists()
    assert run(settings, framing=Framing(size_px=64)).kept == 10, "narrower is as empty"


@pytest.mark.parametrize("wrong", [{"size_px": 3}, {"pixscale": 0.0}, {"petro": -1.0}])
def test_a_window_outside_the_range_is_refused(wrong):
    with pytest.raises(SettingError, match="is outside"):
        Framing(**wrong)


def test_what_was_no_picture_is_kept_where_the_user_wants_it(tmp_path):
    manifest(tmp_path, ras=range(3))
    with CutoutServer({1: lambda *_: image_reply(picture(1, 64))}) as server:
        run(settings_in(tmp_path, server.url, keep_rejects=1))
    rejected = tmp_path / "dataset/rejected"
    assert [p.relative_to(rejected).as_posix() for p in rejected.rglob("*.*")] == [
        "wrong-size/elliptical/ra1.jpg"
    ]
    assert (rejected / "wrong-size/elliptical/ra1.jpg").read_bytes() == picture(1, 64)
    assert not (tmp_path / "dataset/.part").exists()


HOLDER = """
import sys, time
from galaxycurate.store.building import held
with held(sys.argv[1], "a download"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_download_is_told_who_is_at_work_until_that_one_dies(tmp_path, server):
    manifest(tmp_path)
    lock = tmp_path / "dataset" / LOCK
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(lock)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(StorageError, match=rf"is under way already \(process {holder.pid}\)"):
        download(settings_in(tmp_path, server.url))
    assert [p.name for p in (tmp_path / "dataset").iterdir()] == [LOCK]
    holder.kill()
    holder.wait(20)
    assert run(settings_in(tmp_path, server.url)).kept == 10
    assert not lock.exists()


def test_a_lock_leaves_nothing_behind(tmp_path):
    with held(tmp_path / "new" / "lock", "x"):
        assert (tmp_path / "new" / "lock").read_text() == str(os.getpid())
    assert not (tmp_path / "new").exists()


def busy():
    return web.Response(status=503, headers={"Retry-After": "0"})


def test_what_a_server_allows_is_remembered_where_the_user_says(tmp_path):
    manifest(tmp_path, ras=range(300))

    def at_most_three(*_):
        return None if server.n_at_once <= 3 else busy()

    with CutoutServer({-1: at_most_three}, latency_s=0.01) as server:
        settings = settings_in(tmp_path, server.url, state=str(tmp_path / "state"))
        limits = Limits(rate=0.0, concurrency=12)
        assert download(settings, limits=limits).kept == 300
    known = json.loads((tmp_path / "state/hosts.json").read_text())
    allowed = known[f"skyserver @ {server.url}"]
    assert allowed["rate"] > 0 or allowed["window"] > 0
    assert datetime.fromisoformat(allowed["time_utc"]).tzinfo == UTC


def test_the_outlook_tells_both_ways(tmp_path):
    ids = [int(encode(run=94, camcol=1, field=n // 20 + 1, obj=n)) for n in range(40)]
    manifest(tmp_path, ras=range(40), objID=ids)
    summary = run(settings_in(tmp_path), dry_run=True)
    assert summary.costs["skyserver"]["requests"] == 40
    assert 6 <= summary.costs["frames"]["requests"] < 18
    assert summary.kinder == "frames"
    assert summary.costs["frames"]["bytes"] > summary.costs["skyserver"]["bytes"]


def test_the_outlook_compares_only_those_who_give_the_format(tmp_path):
    manifest(tmp_path)
    summary = run(settings_in(tmp_path, provider="frames", format="fits"), dry_run=True)
    assert list(summary.costs) == ["frames"]


def planned(folder, **more):
    settings = Settings(manifests=str(folder / "manifests"), dataset=str(folder / "dataset"))
    read = open_all([], folder=folder / "manifests")
    return gather(read, asked_by(settings), Asking(ImageTree(folder / "dataset")), ledger=None)


def test_jobs_come_field_by_field_with_the_rest_located_by_position(tmp_path):
    fields = [(94, 1, 12), (94, 1, 11), None, (94, 1, 12), (93, 6, 400), None]
    ids = [int(encode(run=f[0], camcol=f[1], field=f[2], obj=n)) if f else 0
           for n, f in enumerate(fields)]  # fmt: skip
    manifest(tmp_path, ras=range(6), objID=ids)
    manifest(tmp_path, "b", ras=[10], run=[94], camcol=[1], field=[11])
    wanted = planned(tmp_path)
    asked = []

    def locate(ra, dec):
        asked.extend(ra.tolist())
        return np.array([[94, 1, 11], [0, 0, 0]])

    jobs = list(jobs_by_field(wanted, fields_wanted(wanted, locate)))
    assert asked == [2.0, 5.0]
    assert [(job.name, job.field) for job in jobs] == [
        ("ra5", (0, 0, 0)),
        ("ra4", (93, 6, 400)),
        ("ra1", (94, 1, 11)),
        ("ra2", (94, 1, 11)),
        ("ra10", (94, 1, 11)),
        ("ra0", (94, 1, 12)),
        ("ra3", (94, 1, 12)),
    ]
    assert unpacked(packed(8162, 6, 999)) == (8162, 6, 999)


def test_rows_of_several_kinds_tell_their_fields_and_only_the_others_are_located():
    known = int(encode(run=94, camcol=1, field=12, obj=7))
    rows = {"run": [None, 756.0, None], "camcol": [None, 6, None], "field": [None, 300, None],
            "objID": [known, None, None], "dr7objid": [None] * 3, "fieldID": [None] * 3,
            "ra": [1.0, 2.0, 3.0], "dec": [0.5, None, 0.25]}  # fmt: skip
    asked = []

    def locate(ra, dec):
        asked.append((ra.tolist(), dec.tolist()))
        return np.array([[95, 2, 30]])

    found = fields_of([rows, rows], None)
    assert [unpacked(n) for n in found.tolist()] == [(94, 1, 12), (756, 6, 300), (0, 0, 0)] * 2
    assert unpacked(int(fields_of([rows], locate)[2])) == (95, 2, 30)
    assert asked == [([3.0], [0.25])]
    assert fields_of([], locate).shape == (0,)
