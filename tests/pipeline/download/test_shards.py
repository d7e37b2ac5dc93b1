"""A dataset in shards goes the whole way: download, repeat, dedupe, split, training."""

import tarfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from galaxycurate.cli.main import main
from galaxycurate.core.outcome import Status
from galaxycurate.pipeline.dedupe.dedupe import dedupe
from galaxycurate.pipeline.download.download import download
from galaxycurate.pipeline.split.split import split
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.shards.tree import ShardTree
from tests.imagery.cutouts import CutoutServer, image_reply, picture
from tests.pipeline.download.downloads import QUICK, SIZE, adds_up, manifest, settings_in


def run(settings, **more):
    summary = download(settings, limits=QUICK, **more)
    assert adds_up(summary)
    return summary


def in_tars(folder: Path) -> Counter[str]:
    found: Counter[str] = Counter()
    for file in (folder / "dataset" / "shards").glob("*.tar"):
        with tarfile.open(file) as tar:
            found.update(name for name in tar.getnames() if name.endswith(".jpg"))
    return found


def pictures_of(files) -> set[bytes]:
    return {file.read_bytes() for file in files}


@pytest.mark.parametrize("dask", ["", "cluster"])
def test_shards_go_from_download_to_the_split_that_training_reads(tmp_path, dask):
    manifest(tmp_path, ras=range(10, 40))
    faults = {12: lambda _r, body, _n: image_reply(body, 404)}
    with CutoutServer(faults) as server:
        settings = settings_in(tmp_path, server.url, layout="webdataset")
        if dask:
            distributed = pytest.importorskip("distributed")
            with distributed.LocalCluster(
                n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
            ) as cluster:
                first = run(replace(settings, dask=cluster.scheduler_address))
        else:
            first = run(settings)
        assert (first.kept, sum(first.rejected.values())) == (29, 1)
        n_asked = server.asked.total()
        again = run(settings)
        assert (again.kept, again.done_before, server.asked.total()) == (0, 30, n_asked)
    assert set(in_tars(tmp_path).values()) == {1}
    tree = ShardTree(tmp_path / "dataset")
    with Ledger.open(settings.ledger_url, create=False) as ledger:
        for line in ledger.outcomes(Status.OK):
            assert tree.read(line.path) == picture(float(line.name[2:]), SIZE)
    assert not (tmp_path / "dataset" / "images").exists()
    assert dedupe(settings).images == 29
    placed = split(settings, fractions=(0.6, 0.2, 0.2))
    files = list((tmp_path / "dataset" / "split").rglob("*.jpg"))
    assert len(files) == placed.images == 29
    assert pictures_of(files) == {picture(float(ra), SIZE) for ra in range(10, 40) if ra != 12}
    from train.data.tree import read_tree

    assert sum(read_tree(tmp_path / "dataset" / "split").counts("train").values()) > 10


def test_a_dataset_in_shards_goes_on_with_them_and_the_command_says_so(tmp_path, capsys):
    manifest(tmp_path, ras=range(3))
    with CutoutServer() as server:
        run(settings_in(tmp_path, server.url, layout="webdataset"))
        manifest(tmp_path, ras=range(4))
        words = ["--dataset", f"{tmp_path}/dataset", "--manifests", f"{tmp_path}/manifests"]
        assert main(["download", "--server", server.url, "--rate", "0", *words]) == 0
    assert capsys.readouterr().out == f"{tmp_path}/dataset/shards: 4 cutouts\n"
    assert len(in_tars(tmp_path)) == 4


def test_a_picture_that_is_asked_for_anew_at_another_scale_replaces_the_old_one(tmp_path):
    file = manifest(tmp_path, ras=range(10, 16))
    with CutoutServer() as server:
        settings = settings_in(tmp_path, server.url, layout="webdataset")
        run(settings)
        file.unlink()
        manifest(tmp_path, ras=range(10, 16), size=64)
        assert run(settings).kept == 6
    assert sorted(in_tars(tmp_path).values()) == [1] * 6
    tree = ShardTree(tmp_path / "dataset")
    assert {tree.read(path) for path in tree.paths()} == {
        picture(float(ra), 64) for ra in range(10, 16)
    }
