import asyncio
import math
import random
import time
from itertools import pairwise

import pytest

from galaxycurate.imagery.pace.leased import LEASE_S, LeasedPace, SharedPace
from galaxycurate.imagery.pace.pace import Pace


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def news(want: int = 0, received: int = 0, **more) -> dict:
    base = {"served": [], "refused": [], "lost": 0, "withdrawn": 0}
    return {**base, "want": want, "received": received, "closed": False, **more}


def shared(rate: float = 0.0, concurrency: int = 4) -> tuple[SharedPace, Clock]:
    clock = Clock()
    return SharedPace(Pace(rate, concurrency=concurrency, clock=clock), clock), clock


def drive(office: SharedPace, clock: Clock, *, desks: int, seconds: float, latency: float, each=3):
    """Desks that always want work, on a simulated clock; returns the moments of all starts."""
    starts, under_way, received = [], [], dict.fromkeys(map(str, range(desks)), 0)
    for desk in received:
        office.hear(desk, news(each))
    end = clock.now + seconds
    while clock.now < end:
        given, _ = office.give()
        for desk, wait in given:
            received[desk] += 1
            starts.append(clock.now + wait)
            under_way.append((clock.now + wait + latency, desk))
        clock.now += 0.01
        for answer in sorted(a for a in under_way if a[0] <= clock.now):
            under_way.remove(answer)
            office.hear(answer[1], news(each, received[answer[1]], served=[latency]))
        assert len(under_way) <= office.pace.window
    return sorted(starts)


def test_all_desks_together_keep_the_rate():
    office, clock = shared(rate=10.0, concurrency=16)
    starts = drive(office, clock, desks=3, seconds=20.0, latency=0.3)
    assert min(b - a for a, b in pairwise(starts)) > 0.099
    assert len(starts) > 190


def test_all_desks_together_keep_the_window():
    office, clock = shared(concurrency=5)
    starts = drive(office, clock, desks=3, seconds=5.0, latency=0.1)
    assert len(starts) > 0.8 * 5.0 / 0.1 * 4  # half a step of the clock is lost with each


def test_starts_are_not_given_away_far_ahead():
    office, _ = shared(rate=2.0, concurrency=16)
    office.hear("a", news(8))
    given, again_s = office.give()
    assert [wait for _, wait in given][:-1] == [w for _, w in given if w <= LEASE_S]
    assert again_s == pytest.approx(given[-1][1] - LEASE_S)
    assert office.give()[0] == []


def test_desks_take_turns():
    office, clock = shared(rate=10.0, concurrency=16)
    for desk in "abc":
        office.hear(desk, news(4))
    given = []
    for _ in range(40):
        given += office.give()[0]
        clock.now += 0.1
    assert [desk for desk, _ in given] == list("abca")  # a gentle start: four at once


def test_what_is_on_its_way_to_a_desk_is_not_given_again():
    office, _ = shared(concurrency=16)
    office.hear("a", news(2))
    given = len(office.give()[0])
    office.hear("a", news(2))  # it had not heard yet
    assert given + len(office.give()[0]) == 2


def test_a_desk_that_dies_frees_what_it_held():
    office, clock = shared(concurrency=4)
    office.hear("a", news(4))
    while len(office.give()[0]) or office.pace.in_flight < 4:
        clock.now += 0.1
    office.gone("a")
    assert office.pace.in_flight == 0


def test_a_refusal_is_told_to_all_and_nothing_is_given_until_it_is_nearly_over():
    office, clock = shared(concurrency=4)
    office.hear("a", news(1))
    office.give()
    assert office.hear("a", news(1, 1, refused=[(429, 3.0)])) == pytest.approx(3.0)
    given, again_s = office.give()
    assert (given, again_s) == ([], pytest.approx(3.0 - LEASE_S))
    clock.now += again_s + 0.01
    assert office.give()[0][0][1] == pytest.approx(LEASE_S - 0.01)


async def take_all(desk: LeasedPace, n: int) -> None:
    assert None not in [desk.take() for _ in range(n)]


def test_refusals_of_one_burst_are_one_pause():
    """As at the desk where they come in, also before the holder has told anybody."""
    for wait_s in (None, 0.0, 1.0):
        desk = LeasedPace(lambda call: None, lambda told: None)
        desk.lease([0.0] * 10)
        asyncio.run(take_all(desk, 10))
        assert [desk.refused(429, wait_s) for _ in range(10)] == [True] + 9 * [False]


class Coupled:
    """Desks on one event loop around one pace; messages take a moment, as over a network."""

    def __init__(self, pace: Pace, n_desks: int):
        self.office = SharedPace(pace)
        loop = asyncio.get_running_loop()
        self.desks = [
            LeasedPace(
                lambda call: loop.call_later(0.001, call), lambda news, n=n: self.hear(str(n), news)
            )
            for n in range(n_desks)
        ]

    def hear(self, desk: str, told: dict) -> None:
        if pause_s := self.office.hear(desk, told):
            for other in self.desks:
                other.lease([], pause_s=pause_s)
        self.serve()

    def serve(self) -> None:
        given, again_s = self.office.give()
        for desk, wait_s in given:
            self.desks[int(desk)].lease([wait_s])
        if again_s is not None:
            asyncio.get_running_loop().call_later(again_s, self.serve)


async def ask(desk: LeasedPace, room: asyncio.Event) -> float:
    """One start, as a lane takes it."""
    while True:
        wait_s = desk.take()
        if wait_s is None:
            room.clear()
            await room.wait()
            continue
        due = desk.due
        await asyncio.sleep(wait_s)
        if desk.may(due):
            return time.monotonic()
        desk.withdraw(due)


def test_desks_bring_every_start_back():
    """Answers, losses, refusals and withdrawals in any order: in the end nothing is under way."""

    async def play() -> tuple[Pace, list[float]]:
        rng = random.Random(5)
        pace = Pace(concurrency=6)
        coupled = Coupled(pace, 3)
        starts: list[float] = []

        async def worker(desk: LeasedPace) -> None:
            room = asyncio.Event()
            before = desk.on_room
            desk.on_room = lambda: (before(), room.set())
            for n in range(20):
                starts.append(await ask(desk, room))
                assert pace.in_flight <= 6
                await asyncio.sleep(0.002)
                if n == 10 and desk is coupled.desks[0]:
                    desk.refused(429, 0.2)
                else:
                    rng.choice([lambda d=desk: d.served(0.002), desk.lost, desk.withdraw])()

        await asyncio.gather(*(worker(desk) for desk in coupled.desks for _ in range(3)))
        for desk in coupled.desks:
            desk.close()
        await asyncio.sleep(0.05)
        return pace, sorted(starts)

    pace, starts = asyncio.run(play())
    assert pace.in_flight == 0
    assert len(starts) == 180
    assert pace.n_refused == 3
    assert max(b - a for a, b in pairwise(starts)) > 0.15  # all paused
    assert math.isfinite(starts[-1])


def test_who_is_told_to_stop_gives_back_what_it_holds_and_says_so():
    sent, stops, posted = [], [], []
    desk = LeasedPace(posted.append, sent.append)
    desk.on_stop = lambda: stops.append(desk.stopped)
    desk.lease([0.1, 0.2])
    desk.lease([0.3], stopped=True)
    assert (desk.stopped, stops) == (True, [True])
    desk.lease([0.4])  # it was on its way
    for call in posted:
        call()
    assert sum(told["withdrawn"] for told in sent) == 4
    assert sent[-1]["received"] == 4
