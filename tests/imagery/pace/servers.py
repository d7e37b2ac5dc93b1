"""Servers that limit their clients, and a client, in simulated time: an hour takes a second.

The replies follow the rules of real limiters (a token bucket, a cap on connections, a counter per
window of time, a machine that can only do so much at once); the client uses `Pace` as the engine
does.
"""

from __future__ import annotations

import heapq
import itertools
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from galaxycurate.imagery.pace.pace import Learned, Pace

HOP_S = 0.0005
"""How long a refusal takes that the server sends at once, on this machine."""


@dataclass
class Reply:
    """What comes back: a status (0: nothing), the pause it asks for, and when."""

    status: int
    at: float
    wait_s: float | None = None


@dataclass
class Server:
    """A server with any of the limits below; without one it serves all after its latency.

    ``latency_s`` plus or minus ``jitter_s``; ``rate`` and ``burst`` of a token bucket, where with
    ``penalise`` a refused request costs a token too; ``cap`` requests in work at most, more are
    refused; ``capacity`` requests worked on at once, more wait their turn; ``period`` the length
    [s] of a window of fixed length in which ``rate * period`` requests are served; ``outages`` and
    ``silences`` spans of time in which all is refused or nothing answered; ``changes`` later
    (time, rate). ``far`` refusals take as long as pictures.
    """

    latency_s: float = 0.05
    jitter_s: float = 0.0
    rate: float = 0.0
    burst: float = 30.0
    penalise: bool = False
    cap: int = 0
    capacity: int = 0
    period_s: float = 0.0
    outages: tuple[tuple[float, float], ...] = ()
    silences: tuple[tuple[float, float], ...] = ()
    changes: tuple[tuple[float, float], ...] = ()
    retry_after_s: float | None = 1.0
    rate_status: int = 429
    cap_status: int = 503
    far: bool = False
    seed: int = 0
    in_work: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._tokens, self._at = self.burst, 0.0
        self._free = [0.0] * self.capacity
        self._period, self._in_period = -1, 0

    def ask(self, now: float) -> Reply:
        """One request arrives."""
        latency = self.latency_s + self._random.uniform(-1.0, 1.0) * self.jitter_s
        if any(start <= now < end for start, end in self.silences):
            return Reply(0, now + 10.0)
        if any(start <= now < end for start, end in self.outages):
            return self._refuse(503, now, latency)
        if self.period_s and not self._count(now):
            end = self.period_s * (self._period + 1)
            return Reply(self.rate_status, now + HOP_S, math.ceil(end - now))
        if self.rate and not self.period_s and not self._token(now):
            return self._refuse(self.rate_status, now, latency)
        while self.in_work and self.in_work[0] <= now + 1e-9:
            heapq.heappop(self.in_work)
        if self.cap and len(self.in_work) >= self.cap:
            return self._refuse(self.cap_status, now, latency)
        start = now
        if self.capacity:
            start = max(now, heapq.heappop(self._free))
            heapq.heappush(self._free, start + latency)
        heapq.heappush(self.in_work, start + latency)
        return Reply(200, start + latency)

    def _refuse(self, status: int, now: float, latency: float) -> Reply:
        return Reply(status, now + (latency if self.far else HOP_S), self.retry_after_s)

    def _token(self, now: float) -> bool:
        while self.changes and self.changes[0][0] <= now:
            self.rate, self.changes = self.changes[0][1], self.changes[1:]
        self._tokens = min(self.burst, self._tokens + (now - self._at) * self.rate)
        self._at = now
        if self._tokens >= 1.0:
            self._tokens -= 1.0
            return True
        if self.penalise:
            self._tokens = max(-self.burst, self._tokens - 1.0)
        return False

    def _count(self, now: float) -> bool:
        period = int(now // self.period_s)
        if period != self._period:
            self._period, self._in_period = period, 0
        self._in_period += 1
        return self._in_period <= self.rate * self.period_s


class Clock:
    """Seconds that pass when told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Run:
    """What a client did: the starts it made, what was served and refused, and how long it took."""

    pace: Pace
    starts: list[float] = field(default_factory=list)
    served_at: list[float] = field(default_factory=list)
    refused_at: list[float] = field(default_factory=list)
    lost: int = 0
    most_at_once: int = 0
    seconds: float = 0.0

    @property
    def per_second(self) -> float:
        return len(self.served_at) / self.seconds

    @property
    def refused(self) -> float:
        """The part of all requests that was refused."""
        return len(self.refused_at) / len(self.starts)

    def served_between(self, start: float, end: float) -> float:
        """Served a second between two times."""
        return sum(start <= at < end for at in self.served_at) / (end - start)

    def most_starts_within(self, seconds: float) -> int:
        """The largest number of starts in any span of this length."""
        most, first = 0, 0
        for last, at in enumerate(self.starts):
            while self.starts[first] <= at - seconds + 1e-9:
                first += 1
            most = max(most, last - first + 1)
        return most


class _Client:
    """Workers that take a start each, wait for it, ask, and tell the pace what came."""

    def __init__(
        self,
        server: Server,
        pace: Pace,
        clock: Clock,
        workers: int,
        images: float,
        tick_s: float,
        late_s: float,
    ):
        self.server, self.pace, self.clock = server, pace, clock
        self.idle, self.left, self.run = workers, images, Run(pace)
        self.order = itertools.count()
        self.events: list[tuple[float, int, Callable[..., None], tuple]] = []
        self.at_once, self.timer = 0, random.Random(1)
        self.tick_s, self.late_s = tick_s, late_s

    def at(self, when: float, what: Callable[..., None], *args) -> None:
        heapq.heappush(self.events, (when, next(self.order), what, args))

    def go(self, until: float) -> Run:
        self.hire()
        while self.events and self.events[0][0] <= until:
            turn = self.events[0][0] + self.tick_s
            self.next()
            while self.events and self.events[0][0] < turn:
                self.next()
            self.hire()
        self.run.seconds = min(self.clock.now, until)
        return self.run

    def next(self) -> None:
        self.clock.now, _, what, args = heapq.heappop(self.events)
        what(*args)

    def hire(self) -> None:
        """Every free worker asks for a start."""
        while self.idle and self.left > 0 and (wait_s := self.pace.take()) is not None:
            self.idle, self.left = self.idle - 1, self.left - 1
            if wait_s:
                at = self.clock.now + wait_s + self.timer.uniform(-self.late_s, self.late_s)
                self.at(max(self.clock.now, at), self.start, self.pace.due)
            else:
                self.start(self.pace.due)

    def start(self, due: float) -> None:
        if not self.pace.may(due):
            self.pace.withdraw(due)
            self.left, self.idle = self.left + 1, self.idle + 1
            return
        if left_s := self.pace.pause_left():  # the timer went off too early
            self.at(self.clock.now + left_s + 1e-9, self.start, due)
            return
        self.run.starts.append(self.clock.now)
        self.at_once += 1
        self.run.most_at_once = max(self.run.most_at_once, self.at_once)
        reply = self.server.ask(self.clock.now)
        self.at(reply.at, self.hear, reply, self.clock.now)

    def hear(self, reply: Reply, started: float) -> None:
        self.idle, self.at_once = self.idle + 1, self.at_once - 1
        if reply.status == 200:
            self.run.served_at.append(self.clock.now)
            return self.pace.served(self.clock.now - started)
        self.left += 1
        if not reply.status:
            self.run.lost += 1
            return self.pace.lost()
        self.run.refused_at.append(self.clock.now)
        self.pace.refused(reply.status, reply.wait_s)
        return None


def download(
    server: Server,
    images: float = math.inf,
    *,
    until: float = math.inf,
    rate: float = 0.0,
    workers: int = 32,
    start: Learned | None = None,
    tick_s: float = 0.0,
    late_s: float = 0.0,
) -> Run:
    """Ask until so many images were served, or until a time [s].

    Replies that come within ``tick_s`` of each other are heard before anybody is sent out again, as
    an event loop does it; timers are early or late by up to ``late_s``.
    """
    clock = Clock()
    pace = Pace(rate, concurrency=workers, start=start, clock=clock)
    return _Client(server, pace, clock, workers, images, tick_s, late_s).go(until)
