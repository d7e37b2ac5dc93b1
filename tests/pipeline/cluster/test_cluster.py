"""Downloads by the processes of a Dask cluster, over real HTTP."""

import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from galaxycurate.core.outcome import Status
from galaxycurate.errors import (
    GalaxyCurateError,
    SettingError,
    StorageError,
    Unreachable,
    UsageError,
)
from galaxycurate.imagery.engine.engine import fetch
from galaxycurate.imagery.job import Job, Limits
from galaxycurate.imagery.pace.pace import Pace
from galaxycurate.imagery.providers.known import providers
from galaxycurate.pipeline.cluster.station import Orders, close, station
from galaxycurate.pipeline.download.download import download
from galaxycurate.pipeline.download.keeper import Keeper
from galaxycurate.store.images import ImageTree
from galaxycurate.store.manifest import Header, Manifest
from galaxycurate.store.shards.tree import ShardTree
from tests.imagery.cutouts import CutoutServer, error_tile, image_reply, picture

distributed = pytest.importorskip("distributed")

from galaxycurate.pipeline.cluster.cluster import fetch_on_cluster  # noqa: E402

pytestmark = pytest.mark.slow
LIMITS = Limits(rate=0.0, concurrency=6, backoff_s=0.05, retries=3)


@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=2, dashboard_address=None, silence_logs=50
    ) as cluster:
        yield cluster


class Notes:
    """A sink that remembers; with a tree it keeps, as the engine's own sink does."""

    def __init__(self, keeper: Keeper | None = None):
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
        keeper=Keeper(tree), paces=paces, root=root,
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
        one = Notes(Keeper(ImageTree(tmp_path / "one")))
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
        alone = Notes(Keeper(ImageTree(tmp_path / "one")))
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
    monkeypatch.setattr("galaxycurate.pipeline.cluster.connection.CONNECT_S", 0.5)
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
    orders = Orders("run", [], LIMITS, Keeper(ImageTree(tmp_path)), tmp_path / "a/.part/1/run")
    with pytest.raises(StorageError, match=r"worker tcp://far:1 does not see \S+/a\s"):
        station(orders, "tcp://far:1")


def test_at_a_slow_pace_results_come_at_once_and_ctrl_c_ends_all_of_it(cluster, tmp_path):
    slow = Limits(rate=2.0, concurrency=32, backoff_s=0.05)
    with CutoutServer() as server:
        sink, known = Notes(), []

        def interrupt_when_busy():
            while len(server.starts) < 6:
                time.sleep(0.01)
            known.append(len(sink.results))
            os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=interrupt_when_busy).start()
        with pytest.raises(KeyboardInterrupt):
            on_cluster(cluster, server, tmp_path, n=500, sink=sink, limits=slow, rate=2.0)
        n_starts, ended = len(server.starts), time.monotonic()
        assert ended - server.starts[-1] < 3
        time.sleep(1.5)
        assert len(server.starts) == n_starts
    assert known[0] >= 4  # of parcels that would take eight seconds
    assert len(sink.results) == n_starts
    assert set(tree_of(tmp_path)) == {r.job.path for r in sink.results}


def test_ctrl_c_does_not_wait_for_what_waits_for_a_retry(cluster, tmp_path):
    limits = Limits(rate=0.0, concurrency=6, backoff_s=60.0, retries=3)
    busy = {-1: lambda _r, body, _n: image_reply(body, 500)}
    with CutoutServer(busy) as server:
        interrupted_at = []

        def interrupt_when_all_wait():
            while len(server.starts) < 12:
                time.sleep(0.01)
            time.sleep(0.2)
            interrupted_at.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=interrupt_when_all_wait).start()
        with pytest.raises(KeyboardInterrupt):
            on_cluster(cluster, server, tmp_path, n=12, limits=limits)
    assert time.monotonic() - interrupted_at[0] < 2


def left_of_runs(cluster) -> list:
    """What runs have left on the scheduler, and on each worker."""
    from galaxycurate.pipeline.cluster import desks, paceoffice, station

    def on_a_worker(dask_worker):
        ours = [name for name in dask_worker.stream_handlers if name.startswith("galaxycurate")]
        return len(ours), len(desks._DESKS), len(station._STATIONS)

    scheduler = cluster.scheduler
    tables = (scheduler.handlers, scheduler.stream_handlers, scheduler.plugins)
    ours = [sum(name.startswith("galaxycurate") for name in table) for table in tables]
    with distributed.Client(cluster, set_as_default=False) as client:
        workers = [*client.run(on_a_worker).values()]
    return [*ours, len(paceoffice._OFFICES), workers]


def test_runs_leave_nothing_on_the_cluster(cluster, tmp_path):
    with CutoutServer() as server:
        for n in range(3):
            on_cluster(cluster, server, tmp_path / str(n), 40)
    *tables, workers = left_of_runs(cluster)
    assert tables == [1, 1, 0, 0]  # one name for all runs
    assert set(workers) <= {(1, 0, 0), (0, 0, 0)}


COORDINATOR = """
import sys
from pathlib import Path
from galaxycurate.imagery.providers.known import providers
from galaxycurate.store.shards.tree import ShardTree
from tests.pipeline.cluster import test_cluster as t
class Told(t.Notes):
    def settle(self, result):
        print(result.job.path, flush=True)
class Server:
    url = sys.argv[2]
root = Path(sys.argv[3])
t.on_cluster(sys.argv[1], Server, root, 100_000, sink=Told(), tree=ShardTree(root))
"""


def test_a_coordinator_that_is_killed_leaves_no_shard_in_a_workers_hands(cluster, tmp_path):
    root = Path(__file__).resolve().parents[3]
    with CutoutServer(latency_s=0.02) as server:
        coordinator = subprocess.Popen(
            [sys.executable, "-c", COORDINATOR, cluster.scheduler_address, server.url,
             str(tmp_path)],
            stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(root)},
        )  # fmt: skip
        told = [coordinator.stdout.readline().strip() for _ in range(30)]
        coordinator.kill()
        told += coordinator.stdout.read().split()
        by = time.monotonic() + 8
        while any((tmp_path / "shards" / ".open").iterdir()) and time.monotonic() < by:
            time.sleep(0.05)
        n_starts = len(server.starts)
        time.sleep(0.3)
        assert len(server.starts) == n_starts
    assert not [*(tmp_path / "shards" / ".open").iterdir()]
    tree = ShardTree(tmp_path)
    tree.finish()
    assert all(tree.size(path) for path in told)
    assert left_of_runs(cluster)[3] == 0


def test_a_sky_that_was_not_asked_for_is_refused_before_a_picture_is_written(cluster, tmp_path):
    from tests.pipeline.download.downloads import QUICK, settings_in

    n = 40
    rows = {"name": [f"n{i}" for i in range(n)], "label": ["a"] * n,
            "ra": [10.0 + i for i in range(n)], "dec": [0.0] * n, "pixscale": [0.4] * n,
            "size_px": [64] * n}  # fmt: skip
    header = Header("test", "2026-01-01T00:00:00+00:00", archive="https://skyserver.sdss.org")
    Manifest.build(header, rows, where="test").write(tmp_path / "manifests" / "a.parquet")
    with CutoutServer() as server:
        settings = settings_in(tmp_path, server.url, dask=cluster.scheduler_address)
        with pytest.raises(UsageError, match=r"lists a real sky, but .* draws a simulated one"):
            download(settings, limits=QUICK)
    assert not [*tmp_path.rglob("*.jpg")]


def test_what_a_provider_keeps_is_there_for_the_next_parcel(tmp_path):
    token = tmp_path / ".part" / "1" / "run"
    token.parent.mkdir(parents=True)
    token.touch()
    made = providers(["frames"], server="http://127.0.0.1:9", release="dr17")
    here = station(Orders("kept", made, LIMITS, Keeper(ImageTree(tmp_path)), token), "tcp://here:1")
    with here.at_work() as first, here.at_work() as beside:
        assert first[0] is not beside[0]  # each has an event loop of its own
    with here.at_work() as again:
        assert again[0] in (first[0], beside[0])
    close("kept")
    with pytest.raises(GalaxyCurateError, match="the run has ended"), here.at_work():
        pass


def test_each_frame_is_fetched_once_by_one_worker(cluster, tmp_path):
    from tests.imagery.frames import small

    tree, size = ImageTree(tmp_path), 32

    def in_fields():
        for field, row in ((small.FIRST, 100), (small.FIRST + 1, small.STEP + 190)):
            for n in range(60):
                ra, dec = small.place(150 + n, row + n % 7)
                path = tree.relative("spiral", f"{field}-{n}", "png")
                where = (small.RUN, small.CAMCOL, field)
                yield Job(ra, dec, 0.4, size, path, path, format="png", field=where)

    with small.FrameServer(small.files()) as server:
        frames, sink = providers(["frames"], server=server.url, release="dr17"), Notes()
        fetch_on_cluster(
            cluster.scheduler_address, in_fields(), frames, sink, LIMITS, keeper=Keeper(tree),
            paces={"frames": partial(Pace, concurrency=LIMITS.concurrency)}, root=tmp_path,
        )  # fmt: skip
    assert {r.status for r in sink.results} == {Status.OK}
    assert len(sink.results) == 120
    assert set(server.asked.values()) == {1}
    assert len(server.asked) == 6


def broken(_orders, _jobs, _share):
    raise MemoryError("no room")


def deadly(_orders, _jobs, _share):
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(
    ("task", "words"),
    [(broken, "a Dask worker failed: MemoryError: no room"),
     (deadly, "1 Dask workers died at the same parcel of cutouts")],
)  # fmt: skip
def test_a_parcel_that_fails_is_told_in_words(cluster, tmp_path, monkeypatch, task, words):
    monkeypatch.setattr("galaxycurate.pipeline.cluster.coordinator.work", task)
    monkeypatch.setattr(cluster.scheduler, "allowed_failures", 0)
    with CutoutServer() as server, pytest.raises(GalaxyCurateError) as caught:
        on_cluster(cluster, server, tmp_path, 10)
    assert str(caught.value) == words
    assert "goes on from there" in caught.value.hint
