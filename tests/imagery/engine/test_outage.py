"""A server that goes away for a while, and one that does not come back."""

import asyncio
import time

import pytest
from aiohttp import web

from galaxycurate.errors import Unreachable
from galaxycurate.imagery.engine import outage
from galaxycurate.imagery.engine.outage import FEW, Outage
from galaxycurate.imagery.job import Limits
from tests.imagery.cutouts import CutoutServer
from tests.imagery.engine.test_engine import run


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_a_few_silent_cutouts_are_no_outage():
    waits = Outage(clock=Clock())
    waits.heard()
    assert not any(waits.silence(n % (FEW - 1)) for n in range(500))
    assert waits.left_s() == 0


def test_who_never_answered_is_not_waited_for():
    waits = Outage(clock=Clock())
    assert not any(waits.silence(n) for n in range(100))


def test_it_is_asked_ever_more_seldom_and_an_answer_ends_it():
    clock = Clock()
    waits, told = Outage(clock=clock), []
    waits.heard()
    for n in range(FEW - 1):
        assert not waits.silence(n)
    for _ in range(8):
        assert waits.silence("one more")
        assert waits.silence("and one that was under way, too")
        told.append(waits.left_s())
        clock.now += waits.left_s()
    assert told == [1, 2, 4, 8, 16, 30, 30, 30]
    assert waits.lasted_s() == sum(told)
    waits.heard()
    assert waits.left_s() == waits.lasted_s() == 0


def away(begin, seconds):
    """Lets nobody have an answer for so long, from the request number `begin` on."""
    seen = {"n": 0, "until": None}

    def fault(request, _body, _before):
        seen["n"] += 1
        if seen["n"] >= begin and seen["until"] is None:
            seen["until"] = time.monotonic() + seconds
        if seen["until"] is None or time.monotonic() > seen["until"]:
            return None
        request.transport.abort()
        return web.Response()

    return fault


def test_a_server_that_restarts_costs_no_cutout_its_picture():
    with CutoutServer({-1: away(20, 4.0)}) as server:
        sink = run(server, range(120), Limits(rate=0.0, concurrency=4, backoff_s=0.5))
        asked = sum(server.asked.values())
    assert len(sink.kept) == 120
    assert asked < 120 + 60  # waited for, not hammered


def test_a_server_that_stays_away_is_given_up_with_its_words(monkeypatch):
    monkeypatch.setattr(outage, "PATIENCE_S", 2.0)
    with (
        CutoutServer({-1: away(20, 600.0)}) as server,
        pytest.raises(Unreachable, match=r"has not answered for .* minutes: "),
    ):
        run(server, range(120), Limits(rate=0.0, concurrency=4, backoff_s=0.5))


def test_ctrl_c_does_not_wait_for_the_server(monkeypatch):
    """The wait ends with the engine: whoever is at the gate hears of it."""
    from galaxycurate.imagery.engine.waiting import Waiting

    async def woken():
        waiting = Waiting()
        asyncio.get_running_loop().call_later(0.05, waiting.call_all)
        began = time.monotonic()
        await waiting.wait(30.0)
        return time.monotonic() - began

    assert asyncio.run(woken()) < 5
