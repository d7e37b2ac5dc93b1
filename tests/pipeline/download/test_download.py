import json
import os
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from aiohttp import web

from galaxycurate.core.outcome import Reason, Status
from galaxycurate.errors import InputError, SomeFailed, StorageError, Unreachable, UsageError
from galaxycurate.pipeline.download.download import download
from galaxycurate.pipeline.download.framing import Framing
from galaxycurate.pipeline.status import status
from galaxycurate.pipeline.verify import verify
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.manifest import Header, Manifest
from tests.imagery.cutouts import (
    SERVER,
    CutoutServer,
    error_tile,
    image_reply,
    picture,
    truncated,
)
from tests.pipeline.download.downloads import (
    LABELS,
    QUICK,
    SIZE,
    images,
    manifest,
    outcomes,
    run,
    settings_in,
)


def http(status):
    return lambda *_: web.Response(status=status)


@pytest.fixture
def server():
    with CutoutServer() as running:
        yield running


def test_the_tree_holds_each_cutout_under_its_label(tmp_path, server):
    manifest(tmp_path)
    settings = settings_in(tmp_path, server.url)
    summary = run(settings)
    assert images(tmp_path) == {f"{LABELS[n % 3]}/ra{n}.jpg": picture(n, SIZE) for n in range(10)}
    assert (summary.rows, summary.kept, summary.left) == (10, 10, 0)
    assert summary.labels == {"elliptical": 3, "galaxy_free": 3, "spiral": 4}
    assert summary.origin == f"skyserver dr17 @ {server.url} ({SERVER})"
    assert summary.bytes == sum(map(len, images(tmp_path).values()))
    assert json.loads(json.dumps(summary.as_dict()))["kept"] == 10


def test_the_ledger_tells_all_of_an_image(tmp_path, server):
    path = manifest(tmp_path)
    settings = settings_in(tmp_path, server.url)
    run(settings)
    line = outcomes(settings)["ra1"]
    assert line.path == "images/elliptical/ra1.jpg"
    words = "ra=1.00000000 dec=0.00000000 scale=0.4 size=128"
    assert line.request == f"skyserver dr17 {words} @ {server.url}"
    assert (line.status, line.http, line.attempts) == (Status.OK, 200, 1)
    assert line.n_bytes == len(picture(1, SIZE))
    assert "simulated" in line.provider
    assert line.url.startswith(server.url)
    assert line.manifest == Manifest.read(path).sha256
    with Ledger.open(settings.ledger_url) as ledger:
        assert ledger.last_run("download")["parameters"]["manifests"] == {str(path): line.manifest}


def test_a_repetition_asks_for_nothing_again(tmp_path):
    manifest(tmp_path)
    with CutoutServer({3: lambda *_: image_reply(error_tile(SIZE), 404)}) as server:
        settings = settings_in(tmp_path, server.url)
        run(settings)
        asked = sum(server.asked.values())
        again = run(settings)
        assert sum(server.asked.values()) == asked
    assert (again.done_before, again.rejected_before, again.kept) == (10, 1, 0)


def test_a_file_that_was_lost_or_cut_is_fetched_again(tmp_path, server):
    manifest(tmp_path)
    settings = settings_in(tmp_path, server.url)
    run(settings)
    good = images(tmp_path)
    first, second = sorted((tmp_path / "dataset" / "images").rglob("*.jpg"))[:2]
    first.unlink()
    second.write_bytes(second.read_bytes()[:100])
    assert run(settings).kept == 2
    assert images(tmp_path) == good


def test_another_size_is_another_request_and_replaces_the_file(tmp_path, server):
    manifest(tmp_path)
    settings = settings_in(tmp_path, server.url)
    run(settings)
    manifest(tmp_path, size=64)
    assert run(settings).kept == 10
    assert images(tmp_path)["spiral/ra0.jpg"] == picture(0, 64)


def test_each_bad_reply_is_counted_under_its_reason(tmp_path):
    faults = {
        0: lambda *_: image_reply(error_tile(SIZE), 404),
        1: lambda *_: image_reply(error_tile(SIZE)),
        2: lambda *_: image_reply(picture(2, 64)),
        3: lambda *_: web.Response(text="<html>"),
        4: lambda request, body, _: truncated(request, body),
        5: http(500),
    }
    manifest(tmp_path)
    with CutoutServer(faults) as server:
        settings = settings_in(tmp_path, server.url)
        summary = run(settings)
    assert summary.kept == 4
    assert summary.rejected == {Reason.OUTSIDE: 1, Reason.WRONG_SIZE: 1}
    failures = (Reason.ERROR_TILE, Reason.NOT_IMAGE, Reason.TRUNCATED, Reason.BUSY)
    assert summary.failed == dict.fromkeys(failures, 1)
    assert sorted(images(tmp_path)) == sorted(f"{LABELS[n % 3]}/ra{n}.jpg" for n in range(6, 10))
    problem = summary.problem()
    assert isinstance(problem, SomeFailed)
    assert str(problem).startswith("4 of 10 cutouts failed (1 ")
    assert problem.hint == "galaxycurate download --retry-failed"


def test_repetition_heals_what_failed_and_leaves_what_was_rejected(tmp_path):
    manifest(tmp_path)
    faults = {1: http(500), 2: http(400), 3: lambda *_: image_reply(error_tile(SIZE))}
    with CutoutServer(faults) as server:
        settings = settings_in(tmp_path, server.url)
        assert run(settings).failed == {Reason.BUSY: 1, Reason.ERROR_TILE: 1}
        server.faults.clear()
        healed = run(settings)
    assert (healed.kept, healed.done_before, healed.failed) == (2, 8, {})
    assert healed.problem() is None


def test_retry_failed_does_nothing_else(tmp_path):
    manifest(tmp_path)
    with CutoutServer({1: http(500)}) as server:
        settings = settings_in(tmp_path, server.url)
        run(settings)
        server.faults.clear()
        manifest(tmp_path, "b", ras=range(20, 25))
        summary = run(settings, retry_failed=True)
    assert (summary.rows, summary.kept, summary.left) == (15, 1, 5)


def test_rows_without_position_are_rejected_once(tmp_path, server):
    manifest(tmp_path, ras=[1, None, 2])
    settings = settings_in(tmp_path, server.url)
    summary = run(settings)
    assert summary.rejected == {Reason.NO_POSITION: 1}
    assert summary.kept == 2
    assert run(settings).done_before == 3


def test_imported_rows_are_in_the_tree_already(tmp_path, server):
    manifest(tmp_path, source_file=["old/x.jpg"] * 4 + [""] * 6)
    summary = run(settings_in(tmp_path, server.url))
    assert (summary.rows, summary.kept, summary.imported) == (6, 6, 4)


def test_the_same_request_in_two_manifests_is_done_once(tmp_path, server):
    manifest(tmp_path, "a")
    manifest(tmp_path, "b")
    assert run(settings_in(tmp_path, server.url)).rows == 10
    assert sum(server.asked.values()) == 10


def test_two_requests_under_one_name_are_refused_before_anything_is_touched(tmp_path):
    manifest(tmp_path, "a")
    manifest(tmp_path, "b", size=64)
    with pytest.raises(UsageError, match=r"a\.parquet and .*b\.parquet want two .*spiral/ra0"):
        download(settings_in(tmp_path))
    assert not (tmp_path / "dataset").exists()


def test_a_cutout_that_stands_twice_is_refused_though_another_manifest_has_it_first(tmp_path):
    manifest(tmp_path, "a")
    twice = Manifest.read(manifest(tmp_path, "b", ras=range(2)))
    table = pa.concat_tables([twice.table, twice.table.slice(0, 1)])
    replace(twice, table=table).write(twice.path)
    with pytest.raises(InputError, match=r"b\.parquet: ra0 stands twice with label spiral"):
        download(settings_in(tmp_path))
    assert not (tmp_path / "dataset").exists()


def test_named_manifests_are_the_only_ones(tmp_path, server):
    manifest(tmp_path, "a")
    other = manifest(tmp_path, "b", ras=range(30, 33))
    assert run(settings_in(tmp_path, server.url), [other]).rows == 3


def test_another_server_is_another_request(tmp_path, server):
    manifest(tmp_path)
    run(settings_in(tmp_path, server.url))
    with CutoutServer() as second:
        assert run(settings_in(tmp_path, second.url)).kept == 10
    assert sum(second.asked.values()) == 10


FAULTS = http(400), http(500)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_good_picture_stands_until_another_one_takes_its_place(tmp_path, fault):
    manifest(tmp_path, ras=[1, 2])
    with CutoutServer() as server:
        settings = settings_in(tmp_path, server.url)
        run(settings)
        older = images(tmp_path)["spiral/ra1.jpg"]
        server.faults[1] = fault
        manifest(tmp_path, ras=[1, 2], size=64)
        tried = run(settings)
        ends = {**tried.rejected, **tried.failed}
        assert (tried.kept, sum(ends.values())) == (1, 1)
        assert tried.replaced == {"skyserver dr17, 128 px": 1}
        assert tried.labels == {"elliptical": 1, "spiral": 1}
        assert images(tmp_path)["spiral/ra1.jpg"] == older
        assert verify(settings).problem() is None
        found = status(settings)
        assert found.outcomes == {"ok": {"": 2}}
        assert [dict(reasons) for reasons in found.vain.values()] == [ends]
        again = run(settings, dry_run=True)
        is_final = fault is FAULTS[0]
        assert (again.left, again.done_before) == ((0, 2) if is_final else (1, 1))
        server.faults.clear()
        if not is_final:
            assert run(settings, retry_failed=True).kept == 1
            assert images(tmp_path)["spiral/ra1.jpg"] == picture(1, 64)
            assert status(settings).vain == {}
            return
        manifest(tmp_path, ras=[1, 2])
        back = run(settings)
        assert (back.kept, back.done_before) == (1, 1), "the one that stayed is not asked for again"


def test_what_nobody_was_asked_for_takes_no_picture_away(tmp_path, server):
    manifest(tmp_path, ras=[1, 2])
    settings = settings_in(tmp_path, server.url)
    run(settings)
    before = images(tmp_path)
    manifest(tmp_path, ras=[1, 2], dec=[None, 0.0])
    assert run(settings).rejected == {Reason.NO_POSITION: 1}
    assert images(tmp_path) == before
    assert verify(settings).problem() is None


def test_a_size_in_diameters_without_any_radius_is_refused_before_anything_is_touched(tmp_path):
    manifest(tmp_path, petroRad_r=[None] * 10)
    with pytest.raises(UsageError, match="no row has a Petrosian radius") as told:
        download(settings_in(tmp_path), framing=Framing(petro=2.5))
    assert "galaxycurate positives --radii" in told.value.hint
    assert not (tmp_path / "dataset").exists()


def test_a_row_without_radius_keeps_its_older_picture(tmp_path, server):
    manifest(tmp_path, ras=[1, 2], petroRad_r=[5.0, None])
    settings = settings_in(tmp_path, server.url)
    run(settings)
    older = images(tmp_path)["elliptical/ra2.jpg"]
    planned = run(settings, dry_run=True, framing=Framing(petro=2.5))
    assert planned.replaced == {"skyserver dr17, 128 px": 1}
    summary = run(settings, framing=Framing(petro=2.5))
    assert (summary.kept, summary.rejected) == (1, {Reason.NO_RADIUS: 1})
    assert images(tmp_path)["elliptical/ra2.jpg"] == older


def test_retry_failed_tells_apart_what_was_never_tried(tmp_path):
    manifest(tmp_path)
    told = run(settings_in(tmp_path), dry_run=True, retry_failed=True)
    assert (told.left, told.never_tried) == (10, 10)


def test_a_server_that_answers_is_not_to_be_started(tmp_path):
    manifest(tmp_path, ras=range(100))
    with CutoutServer({-1: http(500)}) as server, pytest.raises(Unreachable) as told:
        download(settings_in(tmp_path, server.url), limits=QUICK)
    assert "sandbox serve" not in told.value.hint


def test_files_that_no_manifest_lists_stay(tmp_path, server):
    manifest(tmp_path)
    mine = tmp_path / "dataset" / "images" / "spiral" / "mine.jpg"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    run(settings_in(tmp_path, server.url))
    assert mine.read_bytes() == b"mine"


def test_dry_run_counts_and_touches_nothing(tmp_path):
    manifest(tmp_path, size=256)
    summary = run(settings_in(tmp_path), dry_run=True)
    assert (summary.rows, summary.left, summary.estimated_bytes) == (10, 10, 200_000)
    assert len(summary.urls) == 3
    assert "ra=0.00000000" in summary.urls[0]
    assert not (tmp_path / "dataset").exists()


def test_dry_run_knows_what_is_there(tmp_path, server):
    manifest(tmp_path)
    settings = settings_in(tmp_path, server.url)
    run(settings)
    summary = run(settings, dry_run=True)
    assert (summary.done_before, summary.left, summary.urls) == (10, 0, ())


def test_progress_ends_at_the_total_and_says_how_it_goes(tmp_path, server):
    manifest(tmp_path)
    seen = []
    run(settings_in(tmp_path, server.url), progress=lambda *news: seen.append(news))
    assert seen[-1][:2] == (10, 10)
    assert seen[-1][2].startswith("10 kept, ")
    assert [done for done, _, _ in seen] == sorted(done for done, _, _ in seen)


def test_no_manifest_is_a_clear_error(tmp_path):
    with pytest.raises(InputError, match="no manifests in"):
        download(settings_in(tmp_path))


def test_no_server_tells_what_to_type(tmp_path):
    manifest(tmp_path)
    with pytest.raises(Unreachable, match=r"http://127\.0\.0\.1:9 does not answer") as caught:
        download(settings_in(tmp_path), limits=QUICK)
    assert "galaxycurate sandbox serve" in caught.value.hint


def test_the_hint_is_about_the_server_that_is_down(tmp_path):
    manifest(tmp_path)
    down = "https://127.0.0.1.invalid"  # a name that nobody has (RFC 2606)
    with CutoutServer({-1: http(404)}) as server:
        settings = settings_in(tmp_path, server.url, provider="skyserver,legacy", legacy=down)
        with pytest.raises(Unreachable) as told:
            run(settings)
    assert "sandbox serve" not in told.value.hint
    assert "the same command goes on from there" in told.value.hint


def test_what_was_settled_before_the_server_died_is_kept(tmp_path):
    manifest(tmp_path, ras=range(200))
    with CutoutServer(
        {-1: lambda r, b, _: http(500)() if float(r.query["ra"]) > 20 else None}
    ) as s:
        settings = settings_in(tmp_path, s.url)
        with pytest.raises(Unreachable, match="failed 50 times in a row"):
            download(settings, limits=QUICK)
    kept = [line for line in outcomes(settings).values() if line.status is Status.OK]
    assert len(kept) == len(images(tmp_path)) == 21


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_unwritable_folder_is_a_clear_error(tmp_path, server):
    manifest(tmp_path)
    (tmp_path / "dataset").mkdir(mode=0o500)
    with pytest.raises(StorageError, match=r"cannot write|does not open"):
        download(settings_in(tmp_path, server.url))


def test_a_file_in_the_way_is_a_clear_error(tmp_path, server):
    manifest(tmp_path)
    (tmp_path / "dataset").mkdir()
    (tmp_path / "dataset" / "images").write_text("in the way")
    with pytest.raises(StorageError, match=r"cannot write .*images"):
        run(settings_in(tmp_path, server.url))


REAL = ("https://skyserver.sdss.org/dr17/SkyServerWS (Microsoft-IIS/10.0)", "local: tables")


def manifest_of(folder: Path, archive: str) -> None:
    path = manifest(folder)
    Manifest(Header("test", "2026", archive=archive), Manifest.read(path).table).write(path)


@pytest.mark.parametrize("archive", REAL)
@pytest.mark.parametrize("fault", [None, lambda *_: image_reply(error_tile(SIZE), 404), http(500)])
def test_a_manifest_of_the_real_sky_is_never_filled_from_a_simulated_one(tmp_path, archive, fault):
    manifest_of(tmp_path, archive)
    with CutoutServer({-1: fault} if fault else {}) as server:
        settings = settings_in(tmp_path, server.url)
        with pytest.raises(UsageError, match=r"lists a real sky, but .* draws a simulated one"):
            download(settings, limits=QUICK)
    assert images(tmp_path) == {}
    assert outcomes(settings) == {}


@pytest.mark.parametrize(
    "archive", ["local: t (simulated sky: x)", "file votes.csv", "folder old, labels old.csv", ""]
)
def test_a_simulated_sky_fills_what_is_simulated_or_not_known(tmp_path, server, archive):
    manifest_of(tmp_path, archive)
    assert run(settings_in(tmp_path, server.url)).kept == 10
