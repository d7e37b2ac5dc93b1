import pytest

from galaxycurate.core.outcome import Reason, Status
from galaxycurate.errors import InputError, StorageError
from galaxycurate.pipeline.verify import verify
from galaxycurate.store.images import alone_with
from tests.imagery.cutouts import CutoutServer
from tests.pipeline.download.downloads import images, manifest, outcomes, run, settings_in


def test_a_sound_dataset_is_sound(tmp_path):
    manifest(tmp_path)
    with CutoutServer() as server:
        settings = settings_in(tmp_path, server.url)
        run(settings)
    news = []
    found = verify(settings, progress=lambda *told: news.append(told))
    assert (found.images, found.problem()) == (10, None)
    assert found.bytes == sum(map(len, images(tmp_path).values()))
    assert news[-1][:2] == (10, 10)


def test_what_is_missing_changed_or_strange_is_named_and_the_next_download_heals_it(tmp_path):
    manifest(tmp_path)
    with CutoutServer() as server:
        settings = settings_in(tmp_path, server.url)
        run(settings)
        good = images(tmp_path)
        lost, changed = (tmp_path / "dataset/images" / name for name in sorted(good)[:2])
        lost.unlink()
        changed.write_bytes(changed.read_bytes()[:-1] + b"x")
        (tmp_path / "dataset/images/spiral/mine.jpg").write_bytes(b"mine")
        found = verify(settings)
        assert found.missing == (f"images/{sorted(good)[0]}",)
        assert found.changed == (f"images/{sorted(good)[1]}",)
        assert found.strangers == ("images/spiral/mine.jpg",)
        assert (found.images, found.n_missing, found.n_changed, found.n_strangers) == (8, 1, 1, 1)
        assert found.problem().exit_code == 3
        assert "1 missing, 1 changed, 1 not in the ledger" in str(found.problem())
        failed = [
            line.reason for line in outcomes(settings).values() if line.status == Status.FAILED
        ]
        assert sorted(failed) == sorted([Reason.NO_FILE, Reason.CHANGED])
        again = verify(settings)
        assert (again.n_missing, again.n_changed, again.n_strangers) == (1, 1, 1)
        assert run(settings, retry_failed=True).kept == 2
    (tmp_path / "dataset/images/spiral/mine.jpg").unlink()
    assert images(tmp_path) == good
    assert verify(settings).problem() is None


def test_nobody_checks_what_another_process_downloads_at_this_moment(tmp_path):
    manifest(tmp_path)
    with CutoutServer() as server:
        settings = settings_in(tmp_path, server.url)
        run(settings)
    with (
        alone_with(tmp_path / "dataset"),
        pytest.raises(StorageError, match=r"is under way already \(process"),
    ):
        verify(settings)
    assert verify(settings).problem() is None


def test_a_stranger_is_one_stranger_beside_shards_too(tmp_path):
    manifest(tmp_path, ras=range(3))
    with CutoutServer() as server:
        settings = settings_in(tmp_path, server.url, layout="webdataset")
        run(settings)
    stranger = tmp_path / "dataset/images/spiral/mine.jpg"
    stranger.parent.mkdir(parents=True)
    stranger.write_bytes(b"mine")
    found = verify(settings)
    assert (found.n_strangers, found.strangers) == (1, ("images/spiral/mine.jpg",))


def test_nothing_downloaded_yet_is_a_clear_error(tmp_path):
    with pytest.raises(InputError, match="nothing was downloaded or imported yet"):
        verify(settings_in(tmp_path))
    assert not (tmp_path / "dataset").exists()
