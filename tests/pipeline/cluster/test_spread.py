"""Pictures looked at by the workers of a cluster. They are simulated noise."""

from contextlib import contextmanager
from functools import partial

import numpy as np
import pytest

pytest.importorskip("distributed")

from galaxycurate.errors import StorageError
from galaxycurate.pipeline.cluster.connection import token
from galaxycurate.pipeline.cluster.spread import spread_on_cluster
from galaxycurate.pipeline.dedupe import prints
from galaxycurate.store.shards.tree import open_tree
from tests.pictures import saved


@pytest.fixture(scope="module")
def cluster():
    """A scheduler with two worker processes."""
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as made:
        yield made.scheduler_address


@pytest.fixture
def bodies(tmp_path):
    """Readers of twenty pictures and of a file that is none."""
    tree, rng = open_tree(tmp_path, "files"), np.random.default_rng(1)
    names = [f"{k}.png" for k in range(20)]
    for name in names:
        tree.write(name, saved(rng.integers(0, 255, (48, 48, 3), np.uint8)))
    tree.write("none.png", b"busy")
    read = prints.FilesOf(tmp_path)
    return [(name, partial(read, name)) for name in [*names, "none.png"]]


def test_workers_make_the_fingerprints_that_one_process_makes(
    cluster, bodies, tmp_path, monkeypatch
):
    monkeypatch.setattr(prints, "FEW", 4)
    monkeypatch.setattr(prints, "AT_ONCE_AFAR", 3)
    told = []
    afar = partial(spread_on_cluster, cluster, root=tmp_path, workers=2)
    found = prints.printed(bodies, None, afar=afar, progress=lambda *news: told.append(news))
    alone = prints.printed(bodies, None, workers=1)
    assert found.prints.to_arrow().equals(alone.prints.to_arrow())
    assert found.quality == alone.quality
    assert found.unreadable == alone.unreadable == {"none.png": "no picture but text: busy"}
    assert len(told) == 7
    assert not (tmp_path / ".part").exists()


def test_a_worker_that_does_not_see_the_dataset_is_named(cluster, tmp_path, monkeypatch):
    """The token goes before the worker looks: as if the folder were on a disk of this machine."""
    from galaxycurate.pipeline.cluster import spread

    @contextmanager
    def hidden(root, run):
        with token(root, run) as made:
            made.unlink()
            yield made

    monkeypatch.setattr(spread, "token", hidden)
    with pytest.raises(StorageError, match=r"the Dask worker tcp://\S+ does not see"):
        list(spread_on_cluster(cluster, len, [[1]], root=tmp_path, workers=1))
