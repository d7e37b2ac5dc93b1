"""Downloads by the processes of a Dask cluster, over real HTTP."""

import os
import signal
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from galaxycurate.core.outcome import Status
from galaxycurate.errors import SettingError, StorageError, Unreachable
from galaxycurate.imagery.engine.engine import fetch
from galaxycurate.imagery.job import Job, Limits
from galaxycurate.imagery.pace.pace import Pace
from galaxycurate.imagery.providers.known import providers
from galaxycurate.pipeline.cluster.parcels import WINDOW, parcels
from galaxycurate.pipeline.cluster.work import ImageKeeper, Orders, _opened
from galaxycurate.store.images import ImageTree
from galaxycurate.store.shards.tree import ShardTree
from tests.imagery.cutouts import CutoutServer, error_tile, image_reply, picture

distributed = pytest.importorskip("distributed")

from galaxycurate.pipeline.cluster.cluster import fetch_on_cluster  # noqa: E402

LIMITS = Limits(rate=0.0, concurrency=6, backoff_s=0.05, retries=3)


@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=2, dashboard_address=None, silence_logs=50
    ) as cluster:
        yield cluster


class Notes:
    """A sink that remembers; with a tree it keeps, as the engine's own sink does."""

    def __init__(self, keeper: ImageKeeper | None = None):
        self.results, self.lanes = [], []
        if keeper:
            self.keep, self.reject = keeper.keep, keeper.reject

    def settle(self, result):
        self.results.append(result)

    def beat(self, lanes):
        self.lanes = lanes

    @property
    def ends(self):
        return {r.job.name: (r.status, r.reason, r.sha256, r.request) for r in self.results}


def jobs(n: int, tree=None):
    tree = tree or ImageTree(Path("/"))
    for i in range(n):
        path = tree.relative("spiral", f"n{i}")
        yield Job(10 + i / 10, 1.0, 0.4, 64, path, f"n{i}", "spiral")


def asked(server):
    return providers(["skyserver"], server=server.url, release="dr17")


def on_cluster(cluster, server, root, n=120, *, sink=None, limits=LIMITS, rate=0.0, tree=None):
    address = getattr(cluster, "scheduler_address", cluster)
    sink, tree = sink or Notes(), tree or ImageTree(root)
    paces = {"skyserver": partial(Pace, rate, concurrency=limits.concurrency)}
    fetch_on_cluster(
        address, jobs(n, tree), asked(server), sink, limits,
        keeper=ImageKeeper(tree), paces=paces, root=root,
    )  # fmt: skip
    return sink


def tree_of(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def once(status: int, **headers: str):
    """A reply for the first request of a position."""
    return lambda _request, body, before: None if before else image_reply(body, status, **headers)


FAULTS = {
    11: lambda _r, body, _n: image_reply(body, 404),
    12: lambda _r, _b, _n: image_reply(error_tile(64)),
    13: once(500),
    14: lambda _r, _b, _n: image_reply(picture(14.0, 32)),
    15: lambda _r, _b, n: image_reply(b"no picture") if n < 3 else None,
}


def test_a_cluster_makes_the_tree_of_a_single_process(cluster, tmp_path):
    with CutoutServer(FAULTS, latency_s=0.01) as server:
        one = Notes(ImageKeeper(ImageTree(tmp_path / "one")))
        fetch(jobs(120), asked(server), one, LIMITS)
        ImageTree(tmp_path / "one").finish()
        server.peak = 0
        many = on_cluster(cluster, server, tmp_path / "many")
        assert server.peak <= LIMITS.concurrency
    assert many.ends == one.ends
    assert len(many.results) == 120
    assert {status for status, *_ in many.ends.values()} == set(Status)
    assert tree_of(tmp_path / "many") == tree_of(tmp_path / "one")
    assert many.lanes[0].served >= 120


def test_all_workers_together_keep_the_rate_and_nearly_reach_it(cluster, tmp_path):
    with CutoutServer(latency_s=0.05) as server:
        on_cluster(cluster, server, tmp_path, n=100, rate=25.0)
        starts = sorted(server.starts)
    in_a_second = max(sum(t <= s < t + 1.0 for s in starts) for t in starts)
    assert in_a_second <= 27  # messages and new connections make some starts late
    assert 99 / (starts[-1] - starts[0]) > 0.85 * 25


def test_a_refusal_pauses_every_worker(cluster, tmp_path):
    refused_at = []

    def refuse(_request, _body, _before):
        if len(server.starts) < 60 or refused_at:
            return None
        refused_at.append(time.monotonic())
        return image_reply(b"", 429, **{"Retry-After": "2"})

    with CutoutServer({-1: refuse}, latency_s=0.02) as server:
        sink = on_cluster(cluster, server, tmp_path, n=120)
        after = [t - refused_at[0] for t in server.starts if t > refused_at[0]]
    assert {r.status for r in sink.results} == {Status.OK}
    assert [t for t in after if 0.25 < t < 1.99] == []
    assert sum(t <= 0.25 for t in after) <= LIMITS.concurrency
    assert sink.lanes[0].refused == 1


def test_a_worker_killed_in_the_middle_changes_nothing(cluster, tmp_path):
    with CutoutServer(FAULTS, latency_s=0.03) as server:
        alone = Notes(ImageKeeper(ImageTree(tmp_path / "one")))
        fetch(jobs(200), asked(server), alone, LIMITS)
        ImageTree(tmp_path / "one").finish()
        victim = next(iter(cluster.workers.values())).process.pid
        n_before = len(server.starts)

        def kill_when_busy():
            while len(server.starts) < n_before + 50:
                time.sleep(0.01)
            os.kill(victim, signal.SIGKILL)

        killer = threading.Thread(target=kill_when_busy)
        killer.start()
        many = on_cluster(cluster, server, tmp_path / "many", 200)
        killer.join()
    assert len(many.results) == 200
    assert many.ends == alone.ends
    ImageTree(tmp_path / "many").clean()
    ImageTree(tmp_path / "many").finish()
    assert tree_of(tmp_path / "many") == tree_of(tmp_path / "one")


def test_workers_fill_shards_and_each_picture_lies_in_one(cluster, tmp_path):
    with CutoutServer(latency_s=0.01) as server:
        sink = on_cluster(cluster, server, tmp_path, tree=ShardTree(tmp_path))
    tree = ShardTree(tmp_path)
    tree.finish()
    assert sorted(tree.paths()) == sorted(r.job.path for r in sink.results)
    for result in sink.results:
        assert tree.read(result.job.path) == picture(result.job.ra, 64)


def test_ctrl_c_settles_what_is_under_way_and_starts_nothing_more(cluster, tmp_path):
    with CutoutServer(latency_s=0.05) as server:
        sink = Notes()

        def interrupt_when_busy():
            while len(server.starts) < 30:
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=interrupt_when_busy).start()
        with pytest.raises(KeyboardInterrupt):
            on_cluster(cluster, server, tmp_path, n=5000, sink=sink)
        n_starts = len(server.starts)
        assert n_starts < 200
        time.sleep(0.3)
        assert len(server.starts) == n_starts
    assert len(sink.results) == n_starts
    assert set(tree_of(tmp_path)) == {r.job.path for r in sink.results}


def test_an_error_of_the_sink_ends_the_run(cluster, tmp_path):
    class Full(Notes):
        def settle(self, result):
            raise StorageError("the disk is full")

    with CutoutServer() as server, pytest.raises(StorageError, match="the disk is full"):
        on_cluster(cluster, server, tmp_path, n=500, sink=Full())


def test_a_server_that_is_not_there_is_named(cluster, tmp_path):
    with CutoutServer() as server:
        pass
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1"):
        on_cluster(cluster, server, tmp_path)


def test_a_scheduler_that_is_not_there_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("galaxycurate.pipeline.cluster.cluster.CONNECT_S", 0.5)
    with CutoutServer() as server, pytest.raises(Unreachable) as caught:
        on_cluster("tcp://127.0.0.1:9", server, tmp_path)
    assert str(caught.value) == "no Dask scheduler answers at tcp://127.0.0.1:9"
    assert "dask scheduler" in caught.value.hint


@pytest.mark.parametrize("address", ["nonsense", "ftp://127.0.0.1:80", "tcp://"])
def test_an_address_that_is_none_is_refused(address, tmp_path):
    with CutoutServer() as server, pytest.raises(SettingError) as caught:
        on_cluster(address, server, tmp_path)
    assert str(caught.value) == f"dask = {address!r} is no address of a scheduler"


def test_another_version_on_the_workers_is_told(cluster, tmp_path, monkeypatch):
    versions = distributed.versions._version_cached
    here = lambda name: "9.9" if name == "galaxycurate" else versions(name)  # noqa: E731
    monkeypatch.setattr(distributed.versions, "_version_cached", here)
    with (
        CutoutServer() as server,
        pytest.raises(SettingError, match=r"galaxycurate is .* on tcp:.* 9\.9 here"),
    ):
        on_cluster(cluster, server, tmp_path)


def test_a_worker_that_does_not_see_the_dataset_says_so(tmp_path):
    orders = Orders("run", [], LIMITS, ImageKeeper(ImageTree(tmp_path)), tmp_path / "a/.part/1/run")
    with pytest.raises(StorageError, match=r"worker tcp://far:1 does not see .*/a$"):
        _opened(orders, "tcp://far:1")


def test_parcels_hold_whole_fields_and_draw_no_more_than_a_window():
    drawn = []

    def stream():
        for n in range(5 * WINDOW):
            drawn.append(n)
            field = (94, 1 + n % 6, 11 + n // 6 % 50)
            yield Job(0.0, 0.0, 0.4, 64, str(n), field=field)

    made = []
    for parcel in parcels(stream(), lambda: 30):
        made.append(parcel)
        assert len(drawn) <= sum(map(len, made)) + WINDOW
    assert sorted(int(job.path) for parcel in made for job in parcel) == list(range(5 * WINDOW))
    assert max(map(len, made)) <= 30
    first = [p for p in made[: len(made) // 5] if len(p) < 30]
    for parcel in first:  # 2000 cutouts of 300 fields: each field has six or seven
        assert len({job.field for job in parcel}) in (1, 2, 3, 4)


def test_parcels_of_unknown_fields_are_neighbours_on_the_sky():
    sky = [Job(n * 137.5 % 360, n * 61.8 % 120 - 60, 0.4, 64, str(n)) for n in range(WINDOW)]
    widths = [max(j.dec for j in p) - min(j.dec for j in p) for p in parcels(iter(sky), lambda: 25)]
    assert sorted(widths)[len(widths) // 2] < 30  # at random it would be 110
