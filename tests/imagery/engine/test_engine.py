import asyncio
import os
import signal
import socket
import sys
import threading
import time

import numpy as np
import pytest
from aiohttp import web

from galaxycurate.core.outcome import Reason, Status
from galaxycurate.errors import InputError, StorageError, Unreachable
from galaxycurate.imagery.engine import patience
from galaxycurate.imagery.engine.checking import MOST_OUT
from galaxycurate.imagery.engine.engine import _Engine, fetch
from galaxycurate.imagery.engine.loop import run_here_or_beside
from galaxycurate.imagery.engine.patience import LEAST_S
from galaxycurate.imagery.job import Job, Limits
from galaxycurate.imagery.providers.skyserver import SkyServer
from tests.imagery.cutouts import (
    SERVER,
    CutoutServer,
    error_tile,
    image_reply,
    jpeg,
    picture,
    truncated,
)

SIZE = 128
QUICK = Limits(rate=0.0, concurrency=4, retries=2, backoff_s=0.0, gap_s=5.0)


class Memory:
    """A sink that remembers."""

    def __init__(self):
        self.kept, self.results, self.beats, self.lanes = {}, {}, 0, ()

    def keep(self, job, body, origin):
        self.kept[job.path] = body

    def settle(self, result):
        assert result.job.path not in self.results, "settled twice"
        self.results[result.job.path] = result

    def reject(self, job, body, reason):
        pass

    def beat(self, lanes):
        self.beats += 1
        self.lanes = lanes


def jobs(ras):
    for ra in ras:
        yield Job(ra, 0.0, 0.4, SIZE, path=f"{ra:g}")


def run(server, ras, limits=QUICK):
    sink = Memory()
    fetch(jobs(ras), [SkyServer(server.url, "dr17")], sink, limits)
    return sink


def first(n, reply):
    """A fault that passes after n requests."""
    return lambda request, body, before: reply(request, body) if before < n else None


def http(status, **headers):
    return lambda *_: web.Response(status=status, headers=headers)


def only(sink):
    (result,) = sink.results.values()
    return result


def test_pictures_are_kept_as_they_came_over_few_connections():
    with CutoutServer() as server:
        sink = run(server, range(40))
    assert sink.kept == {f"{ra:g}": picture(ra, SIZE) for ra in range(40)}
    assert {r.status for r in sink.results.values()} == {Status.OK}
    assert all(SERVER in r.origin for r in sink.results.values())
    assert all(r.n_bytes == len(sink.kept[path]) for path, r in sink.results.items())
    assert len(server.connections) <= 4
    assert server.peak <= 4
    assert server.agents.pop().startswith("galaxycurate/")


BLACK = jpeg(np.zeros((SIZE, SIZE, 3), np.uint8))


@pytest.mark.parametrize(
    ("fault", "status", "reason", "asked"),
    [
        (lambda *_: image_reply(BLACK, 404), Status.REJECTED, Reason.OUTSIDE, 1),
        (lambda *_: image_reply(BLACK), Status.REJECTED, Reason.BLANK, 1),
        (lambda *_: image_reply(error_tile(SIZE)), Status.FAILED, Reason.ERROR_TILE, 3),
        (lambda *_: image_reply(picture(1, 64)), Status.REJECTED, Reason.WRONG_SIZE, 1),
        (http(400), Status.REJECTED, Reason.REFUSED, 1),
        (http(403), Status.FAILED, Reason.REFUSED, 1),
        (http(500), Status.FAILED, Reason.BUSY, 3),
        (lambda *_: web.Response(text="<html>"), Status.FAILED, Reason.NOT_IMAGE, 3),
        (lambda *_: image_reply(b"<html>busy"), Status.FAILED, Reason.NOT_IMAGE, 3),
        (lambda r, body, _: truncated(r, body), Status.FAILED, Reason.TRUNCATED, 3),
        (lambda r, body, _: image_reply(body[:-900]), Status.FAILED, Reason.TRUNCATED, 3),
    ],
)
def test_a_bad_reply_ends_with_its_reason_and_leaves_the_others_alone(fault, status, reason, asked):
    with CutoutServer({2: fault}) as server:
        sink = run(server, range(5))
    bad = sink.results["2"]
    assert (bad.status, bad.reason, bad.attempts) == (status, reason, asked)
    assert server.asked[2] == asked
    assert bad.detail
    assert sorted(sink.kept) == ["0", "1", "3", "4"]


@pytest.mark.parametrize(
    "fault",
    [
        first(2, lambda *_: web.Response(status=500)),
        first(1, lambda *_: web.Response(status=504)),
        first(2, truncated),
        first(1, lambda r, body: image_reply(body[: len(body) // 2])),
        first(2, lambda *_: image_reply(error_tile(SIZE))),
        first(2, lambda *_: web.Response(text="<html>")),
    ],
)
def test_what_passes_is_asked_for_again(fault):
    with CutoutServer({1: fault}) as server:
        sink = run(server, [1])
    assert sink.kept == {"1": picture(1, SIZE)}
    assert only(sink).attempts == server.asked[1] > 1


def test_a_lost_connection_is_asked_for_again():
    def drop(request, _body):
        request.transport.abort()
        return web.Response()

    with CutoutServer({1: first(2, drop)}) as server:
        sink = run(server, [1, 2, 3])
    assert len(sink.kept) == 3
    assert sink.results["1"].attempts == server.asked[1] == 3


def test_silence_within_a_reply_ends():
    async def hang(request, body, _before):
        reply = web.StreamResponse(headers={"Content-Type": "image/jpeg"})
        reply.content_length = len(body)
        await reply.prepare(request)
        await asyncio.sleep(3)
        return reply

    with CutoutServer({1: hang}) as server:
        sink = run(server, [0, 1], Limits(rate=0, retries=0, gap_s=0.2))
    assert sink.results["1"].reason in (Reason.UNREACHABLE, Reason.TRUNCATED)
    assert sink.results["1"].status is Status.FAILED
    assert "0" in sink.kept


def test_retry_after_pauses_everybody_and_costs_no_attempt():
    refuse = first(1, lambda *_: web.Response(status=429, headers={"Retry-After": "1"}))
    with CutoutServer({3: refuse}, latency_s=0.005) as server:
        sink = run(server, range(12), Limits(rate=0, concurrency=2, retries=0))
    assert len(sink.kept) == 12
    assert sink.results["3"].attempts == 1
    gaps = [b - a for a, b in zip(server.starts, server.starts[1:], strict=False)]
    assert max(gaps) >= 0.9


def test_jobs_are_drawn_as_they_are_needed():
    drawn, sink = 0, Memory()

    def counted():
        nonlocal drawn
        for job in jobs(range(200)):
            drawn += 1
            ahead.append(drawn - len(sink.results))
            yield job

    ahead = []
    with CutoutServer() as server:
        fetch(counted(), [SkyServer(server.url, "dr17")], sink, QUICK)
    assert len(sink.kept) == 200
    assert max(ahead) <= 2 * QUICK.concurrency + MOST_OUT


def test_the_rate_is_kept():
    with CutoutServer() as server:
        run(server, range(12), Limits(rate=40.0))
    assert server.starts[-1] - server.starts[0] >= 11 / 40 - 0.05


def test_nobody_there_is_one_clear_error():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    sink = Memory()
    with pytest.raises(Unreachable, match=f"{url} does not answer: Connection refused"):
        fetch(jobs(range(10**9)), [SkyServer(url, "dr17")], sink, QUICK)


def test_a_server_that_fails_everything_is_left_and_what_was_settled_stays():
    with CutoutServer({-1: http(500)}) as server:
        sink = Memory()
        with pytest.raises(Unreachable, match="failed 50 times in a row: http 500 Internal"):
            fetch(jobs(range(10**9)), [SkyServer(server.url, "dr17")], sink, QUICK)
        assert sum(server.asked.values()) < 60
    assert len(sink.results) >= 50 // 3 - 4


def test_an_error_of_the_sink_stops_the_work():
    class Full(Memory):
        def keep(self, job, body, origin):
            raise StorageError("cannot write: No space left on device")

    with CutoutServer() as server, pytest.raises(StorageError, match="No space left"):
        fetch(jobs(range(10**9)), [SkyServer(server.url, "dr17")], Full(), QUICK)


def test_it_runs_inside_a_running_loop_as_notebooks_have_one():
    async def cell():
        return run(server, range(5))

    with CutoutServer() as server:
        assert len(asyncio.run(cell()).kept) == 5


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_an_interrupt_settles_what_is_under_way_and_starts_nothing_more(loop, monkeypatch):
    if loop == "asyncio":
        monkeypatch.setitem(sys.modules, "uvloop", None)
    else:
        pytest.importorskip("uvloop")
    sink = Memory()
    with CutoutServer(latency_s=0.05) as server:
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            fetch(jobs(range(10**9)), [SkyServer(server.url, "dr17")], sink, QUICK)
    assert set(sink.kept) == set(sink.results)
    assert sum(server.asked.values()) == len(sink.kept) > 0


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_the_callers_own_ctrl_c_is_given_back(loop, monkeypatch):
    if loop == "asyncio":
        monkeypatch.setitem(sys.modules, "uvloop", None)
    heard = []
    before = signal.signal(signal.SIGINT, lambda *_: heard.append(1))
    try:
        with CutoutServer() as server:
            run(server, range(3))
        os.kill(os.getpid(), signal.SIGINT)
        assert heard == [1]
    finally:
        signal.signal(signal.SIGINT, before)


def test_an_interrupt_after_the_end_is_no_trouble():
    engine = _Engine(jobs([]), [SkyServer("http://127.0.0.1:9", "dr17")], Memory(), QUICK, {})
    run_here_or_beside(engine.run, engine.interrupt)
    engine.interrupt()


def test_what_came_before_it_was_cancelled_is_settled():
    """As when the loop is somebody else's, and no signal reaches us."""

    class Slow(Memory):
        def keep(self, job, body, origin):
            time.sleep(0.02)
            super().keep(job, body, origin)

    async def main(server):
        provider = SkyServer(server.url, "dr17")
        engine = _Engine(jobs(range(10**9)), [provider], sink, QUICK, {})
        task = asyncio.ensure_future(engine.run())
        while len(sink.kept) < 20 and not task.done():
            await asyncio.sleep(0.01)
        task.cancel()
        await task

    sink, before = Slow(), set(threading.enumerate())
    with CutoutServer() as server, pytest.raises(asyncio.CancelledError):
        asyncio.run(main(server))
    assert set(sink.kept) == set(sink.results)
    left = set(threading.enumerate()) - before
    assert not any(thread.name == "galaxycurate-check" for thread in left)


def test_what_was_kept_before_the_disk_was_full_is_settled():
    class Full(Memory):
        def keep(self, job, body, origin):
            if len(self.kept) == 30:
                raise StorageError("cannot write: No space left on device")
            super().keep(job, body, origin)

    sink = Full()
    with CutoutServer() as server, pytest.raises(StorageError, match="No space left"):
        fetch(jobs(range(10**9)), [SkyServer(server.url, "dr17")], sink, QUICK)
    assert set(sink.kept) == set(sink.results)


def test_an_error_in_the_list_of_jobs_leaves_nothing_kept_and_unsettled():
    def broken():
        yield from jobs(range(100))
        raise InputError("row 100 has no scale")

    sink = Memory()
    with CutoutServer() as server, pytest.raises(InputError, match="row 100"):
        fetch(broken(), [SkyServer(server.url, "dr17")], sink, QUICK)
    assert set(sink.kept) == set(sink.results)
    assert len(sink.kept) >= 100 - QUICK.concurrency


def test_one_connection_that_hangs_does_not_hold_up_the_end():
    async def hang(request, body, before):
        await asyncio.sleep(0 if before else 20)

    started = time.monotonic()
    with CutoutServer({99: hang}) as server:
        sink = run(server, range(100), Limits(rate=0, retries=1, backoff_s=0.0))
    assert len(sink.kept) == 100
    assert sink.results["99"].attempts == 2
    assert LEAST_S <= time.monotonic() - started < 3 * LEAST_S


def test_a_slow_but_honest_server_is_waited_for(monkeypatch):
    monkeypatch.setattr(patience, "LEAST_S", 0.05)
    monkeypatch.setattr(patience, "UNKNOWN_S", 0.1)
    with CutoutServer(latency_s=0.5) as server:
        sink = run(server, range(8), Limits(rate=0, retries=3, backoff_s=0.0))
    assert len(sink.kept) == 8


def test_no_jobs_are_no_trouble():
    started = time.monotonic()
    with CutoutServer() as server:
        assert run(server, []).results == {}
    assert time.monotonic() - started < 60
