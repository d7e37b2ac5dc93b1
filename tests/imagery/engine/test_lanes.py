"""Several providers: fall-back from one to the next, each at its own pace."""

import socket
import time

import numpy as np
import pytest
from aiohttp import web

from galaxycurate.core.outcome import Reason, Status
from galaxycurate.errors import Unreachable, UsageError
from galaxycurate.imagery.engine import lane, routes
from galaxycurate.imagery.engine.engine import fetch
from galaxycurate.imagery.job import Job, Limits
from galaxycurate.imagery.pace.pace import Pace
from galaxycurate.imagery.providers.skyserver import SkyServer
from tests.imagery.cutouts import CutoutServer, image_reply, jpeg, picture
from tests.imagery.engine.test_engine import QUICK, SIZE, Memory, http, jobs, only

BLACK = jpeg(np.zeros((SIZE, SIZE, 3), np.uint8))


class Other(SkyServer):
    """The same protocol under another name."""

    name = "other"


class PngOnly(Other):
    formats = frozenset({"png"})


def outside(*_):
    return image_reply(BLACK, 404)


def blank(*_):
    return image_reply(BLACK)


def closed_port():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}"


def run(first, second, ras, limits=QUICK, sink=None, **more):
    sink = sink or Memory()
    fetch(jobs(ras), [SkyServer(first, "dr17"), Other(second, "dr17")], sink, limits, **more)
    return sink


@pytest.fixture
def good():
    with CutoutServer() as server:
        yield server


def test_what_the_first_cannot_give_is_asked_of_the_next(good):
    with CutoutServer({2: outside, 3: http(500)}) as server:
        sink = run(server.url, good.url, range(5))
    assert {r.status for r in sink.results.values()} == {Status.OK}
    assert {path: r.provider for path, r in sink.results.items()} == {
        "0": "skyserver", "1": "skyserver", "2": "other", "3": "other", "4": "skyserver",
    }  # fmt: skip
    assert good.asked == {2: 1, 3: 1}
    assert sink.results["2"].detail == ("skyserver: outside the footprint (http 404 Not Found)")
    assert sink.results["3"].detail == (
        "skyserver: the server is busy (http 500 Internal Server Error)"
    )
    assert sink.results["3"].attempts == 1 + QUICK.retries + 1
    assert sink.results["2"].request.startswith("other dr17 ra=2.0")
    assert sink.results["2"].url.startswith(good.url)
    assert sink.results["0"].detail == ""


def test_it_is_rejected_only_when_everybody_says_so():
    with CutoutServer({1: outside}) as first, CutoutServer({1: blank}) as second:
        result = only(run(first.url, second.url, [1]))
    assert (result.status, result.reason) == (Status.REJECTED, Reason.BLANK)
    assert result.detail == (
        "skyserver: outside the footprint (http 404 Not Found); "
        "other: blank (every pixel is 0 to 0)"
    )
    request, other = result.request.split(" | ")
    assert request.startswith("skyserver dr17 ra=1.0")
    assert other.startswith("other dr17 ra=1.0")


@pytest.mark.parametrize("faults", [(http(500), blank), (blank, http(500))])
def test_where_one_of_them_failed_a_later_run_may_heal_it(faults):
    with CutoutServer({1: faults[0]}) as first, CutoutServer({1: faults[1]}) as second:
        result = only(run(first.url, second.url, [1]))
    assert (result.status, result.reason) == (Status.FAILED, Reason.BUSY)


def test_a_provider_that_is_not_there_is_stood_in_for(good):
    sink = run(closed_port(), good.url, range(100))
    assert len(sink.kept) == 100
    assert {r.provider for r in sink.results.values()} == {"other"}
    down, up = sink.lanes
    assert "does not answer: Connection refused" in down.down
    assert up.down == ""


def test_a_closed_provider_has_not_said_that_there_is_no_picture():
    with CutoutServer({40: blank}) as second:
        sink = run(closed_port(), second.url, range(50))
    result = sink.results["40"]
    assert (result.status, result.reason) == (Status.FAILED, Reason.UNREACHABLE)
    assert "skyserver: no answer" in result.detail
    assert "other: blank" in result.detail


def test_with_nobody_left_the_rest_is_not_settled():
    sink = Memory()
    with pytest.raises(Unreachable, match="does not answer: Connection refused"):
        run(closed_port(), closed_port(), range(10**9), sink=sink)
    assert sink.kept == {}
    assert len(sink.results) < 50


def test_a_fallback_that_is_down_leaves_its_rows_open_and_the_others_done():
    absent = closed_port()
    faults = dict.fromkeys(range(0, 100, 2), outside)
    sink = Memory()
    with CutoutServer(faults) as first, pytest.raises(Unreachable, match=absent):
        run(first.url, absent, range(100), sink=sink)
    assert len(sink.kept) == 50
    assert all(r.status is not Status.REJECTED for r in sink.results.values())


def test_a_pause_of_one_does_not_stop_the_other(good):
    def refuse(request, body, before):
        retry = {"Retry-After": "2"}
        return web.Response(status=429, headers=retry) if not before else None

    ends = {}

    class Clock(Memory):
        def settle(self, result):
            super().settle(result)
            ends[result.job.path] = time.monotonic()

    faults = dict.fromkeys(range(20), outside) | {20: refuse}
    limits = Limits(rate=0, concurrency=2, retries=0)
    slow = {"other": Pace(20.0, concurrency=2)}
    with CutoutServer(faults) as first:
        sink = run(first.url, good.url, range(22), limits, Clock(), paces=slow)
    assert len(sink.kept) == 22
    assert max(ends[f"{ra}"] for ra in range(20)) < ends["20"] - 0.5


def test_a_pace_can_be_given_and_is_told_of_every_reply(good):
    pace = Pace(40.0, concurrency=4)
    sink = Memory()
    fetch(jobs(range(12)), [SkyServer(good.url, "dr17")], sink, QUICK, paces={"skyserver": pace})
    assert good.starts[-1] - good.starts[0] >= 11 / 40 - 0.05
    assert (pace.n_served, pace.in_flight) == (12, 0)
    (lane,) = sink.lanes
    assert (lane.served, lane.refused, lane.in_flight) == (12, 0, 0)


def test_what_waits_for_a_slow_fallback_is_bounded(good, monkeypatch):
    monkeypatch.setattr(routes, "MOST_UNDER_WAY", 20)
    sink, ahead = Memory(), []

    def counted():
        for n, job in enumerate(jobs(range(80))):
            ahead.append(n - len(sink.results))
            yield job

    lanes = [SkyServer, Other]
    with CutoutServer({-1: outside}) as first:
        providers = [make(s.url, "dr17") for make, s in zip(lanes, (first, good), strict=True)]
        fetch(counted(), providers, sink, QUICK, paces={"other": Pace(80.0, concurrency=4)})
    assert len(sink.kept) == 80
    assert 15 <= max(ahead) <= 21


def test_each_goes_to_who_can_give_its_format(good):
    def mixed():
        for ra in range(20):
            form = "png" if ra % 3 == 0 else "jpg"
            yield Job(ra, 0.0, 0.4, SIZE, path=f"{ra}.{form}", format=form)

    class JpegOnly(SkyServer):
        formats = frozenset({"jpg"})

    sink = Memory()
    with CutoutServer() as first:
        fetch(mixed(), [JpegOnly(first.url, "dr17"), PngOnly(good.url, "dr17")], sink, QUICK)
    assert sorted(good.asked) == list(range(0, 20, 3))
    assert sink.kept["1.jpg"] == picture(1, SIZE)
    assert sink.kept["3.png"].startswith(b"\x89PNG")


def waits(monkeypatch, retries, backoff_s, latency_s=0.0):
    """When each attempt at one picture started, with the longest waits that chance may give."""
    monkeypatch.setattr(lane.random, "uniform", lambda low, high: high)
    with CutoutServer({1: http(500)}, latency_s=latency_s) as server:
        fetch(
            jobs([1]),
            [SkyServer(server.url, "dr17")],
            Memory(),
            Limits(rate=0.0, retries=retries, backoff_s=backoff_s),
        )
    return np.diff(server.starts)


def test_waits_begin_with_the_scale_that_was_set_and_double(monkeypatch):
    gaps = waits(monkeypatch, retries=3, backoff_s=0.1)
    assert gaps == pytest.approx([0.1, 0.2, 0.4], abs=0.06)


def test_the_time_of_an_attempt_counts_as_waited(monkeypatch):
    gaps = waits(monkeypatch, retries=2, backoff_s=0.2, latency_s=0.3)
    assert gaps == pytest.approx([0.3, 0.4], abs=0.06)


def test_a_format_that_nobody_gives_is_told(good):
    with pytest.raises(UsageError, match="other cannot give jpg"):
        fetch(jobs([1]), [PngOnly(good.url, "dr17")], Memory(), QUICK)
