"""How often to ask, and how many at once, of a server whose limits nobody has told.

A state machine without sleeping: it tells how long to wait, the caller waits. Time comes from an
injected clock, so that a day of it can be tested in a second.

Two things are found: a *window*, how many requests may be under way at once (`window.py`), and a
*rate*, how many may start in a second (`meter.py`). A refusal pauses all starts and ends a *run*;
what the run had served tells which of the two was exceeded, and what it may be.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from galaxycurate.imagery.pace.bucket import Trace
from galaxycurate.imagery.pace.meter import PATIENCE_S, Meter
from galaxycurate.imagery.pace.window import GENTLE, Window

FIRST_GAP_S = 0.005
"""Between the first starts, before the first answer."""

PAUSE_S = 1.0
"""The first pause where the server does not say; it doubles while nothing is served."""

LONGEST_PAUSE_S = 60.0


@dataclass(frozen=True)
class Learned:
    """What a server was found to allow; 0 where it never refused.

    ``rate`` [starts/s], ``window`` requests at once.
    """

    rate: float = 0.0
    window: int = 0


@dataclass
class _Refused:
    """A run that a refusal ended: requests then under way, and the cap that it was made with.

    ``is_late``: replies came before news of the refusal, so that more were under way when it was
    made.
    """

    run: Trace
    under_way: int
    cap: int
    found: int
    is_late: bool


class Pace:
    """The starts of all workers together.

    Parameters
    ----------
    rate : float
        Starts a second at most; 0 for no limit but the server's own.
    concurrency : int
        Requests at once at most.
    start : Learned, optional
        What an earlier run found.
    clock : callable
        Seconds, monotonic.

    Attributes
    ----------
    rate : float
        Starts a second now; infinite while only the window limits them.
    window : int
        Requests at once now.
    in_flight : int
        Starts taken and not yet answered.
    n_served, n_refused : int
    due : float
        When the start that was taken last is to be made, on the clock.
    on_room, on_stop : callable
        Called by a pace that is shared when there is room although no reply came, and when nothing
        more may start.
    """

    on_room: Callable[[], None] = staticmethod(lambda: None)
    on_stop: Callable[[], None] = staticmethod(lambda: None)

    def __init__(
        self,
        rate: float = 0.0,
        *,
        concurrency: int = 32,
        start: Learned | None = None,
        clock: Callable[[], float] = time.monotonic,
    ):
        start, self._clock = start or Learned(), clock
        self.in_flight = self.n_served = self.n_refused = 0
        self._meter = Meter(rate or math.inf, start.rate)
        self._window = Window(concurrency, start.window, clock() + PATIENCE_S / 2)
        self.due = self._next = self._pause_end = self._refused_at = -math.inf
        self._reserved: deque[float] = deque()  # starts to come
        self._void: list[float] = []  # those that a pause has overtaken, until they are withdrawn
        # the run since the last pause, and what was under way when it began
        self._run, self._old, self._n_empty = Trace(clock()), 0, 0
        self._mark = self._record = self._record_mark = 0
        # which limit it is
        self._kind = "cap" if self._window.is_capped else ""
        self._level, self._is_guess, self._no_cap = 0, False, False
        self._last: _Refused | None = None
        self._show()

    def _show(self) -> None:
        self.rate, self.window = self._meter.rate, self._window.size

    def learned(self) -> Learned:
        """What to remember of this server."""
        limit, window = self._meter.limit, self._window
        return Learned(0.0 if math.isinf(limit) else limit, window.found if window.is_capped else 0)

    # ---- starts

    def take(self) -> float | None:
        """Take the next start.

        Returns
        -------
        float or None
            Seconds to wait for it; None: the window is full, ask again after a reply.
        """
        now = self._clock()
        self._flow(now)
        if self.in_flight >= self._window.size:
            self._window.held_back |= self._next <= now and self._pause_end <= now
            return None
        start = max(now, self._next, self._pause_end)
        if self._next > -math.inf:
            self._window.held_back |= self._next < now  # a place came free after its time
        self.in_flight += 1
        self.due = start
        self._reserved.append(start)
        latency_s = self._window.latency_s
        gap = self._meter.gap(start > now, latency_s)
        self._next = start + (gap or (0.0 if latency_s else FIRST_GAP_S))
        self._show()
        return start - now

    def may(self, due: float) -> bool:
        """Whether a start that was taken may be made; not if a pause has overtaken it.

        Parameters
        ----------
        due : float
            As `due` told when it was taken.
        """
        return due >= self._pause_end

    def withdraw(self, due: float | None = None) -> None:
        """A start that was taken will not be made.

        Parameters
        ----------
        due : float, optional
            As `due` told when it was taken; None for any that is still to come.
        """
        self.in_flight -= 1
        if due is None and (self._void or self._reserved):
            due = self._void[-1] if self._void else self._reserved[-1]
        if due is None:
            return
        if due in self._void:
            self._void.remove(due)
        elif due in self._reserved:
            self._reserved.remove(due)
        elif due <= self._refused_at and self._old:
            self._old -= 1  # it was counted as made
            self._learn_more()
            self._show()

    def pause_left(self) -> float:
        """Seconds until anybody may start again; 0 when there is no pause."""
        return max(0.0, self._pause_end - self._clock())

    def _flow(self, now: float) -> None:
        """Starts whose time has come are under way."""
        while self._reserved and self._reserved[0] <= now:
            at = self._reserved.popleft()
            self._meter.started(at - self._run.end)
            self._run.start(at)
            if self._under_way() > self._record:
                self._record, self._record_mark = self._under_way(), self.n_served

    def _free(self) -> None:
        """One is answered; one that was taken elsewhere may have been made in spite of a pause."""
        self.in_flight -= 1
        if self._void and self._under_way() < 0:
            self._void.pop()

    def _under_way(self) -> int:
        return self.in_flight - len(self._reserved) - len(self._void)

    def _is_old(self, now: float) -> bool:
        """Whether a reply belongs to those that were under way when the pause began."""
        late = self._refused_at + 2 * self._window.latency_s
        return self._old > 0 and now < max(self._pause_end, late)

    # ---- replies

    def served(self, seconds: float = 0.0) -> None:
        """A whole answer came.

        Parameters
        ----------
        seconds : float
            So long after its start.
        """
        now = self._clock()
        self._flow(now)
        self._free()
        self.n_served += 1
        if self._is_old(now):
            self._old, self._mark = self._old - 1, self.n_served
        self._window.served(seconds, now)
        self._show()

    def lost(self) -> None:
        """No answer came."""
        now = self._clock()
        self._flow(now)
        self._free()
        self._old -= self._is_old(now)
        self._window.lost()
        self._show()

    def refused(self, status: int, wait_s: float | None) -> bool:
        """The server asked us to slow down: everybody waits.

        Parameters
        ----------
        status : int
            429 or 503.
        wait_s : float or None
            The pause it asked for [s]; None if it did not say.

        Returns
        -------
        bool
            Whether this opened a new pause; requests under way are refused in one burst.
        """
        now = self._clock()
        self._flow(now)
        self._free()
        self.n_refused += 1
        is_new = not self._is_old(now)
        if is_new:
            self._end_run(status, now, wait_s)
        else:
            self._old -= 1
            self._hold_until(now + (wait_s or 0.0))
            self._learn_more()
        self._show()
        return is_new

    def _end_run(self, status: int, now: float, wait_s: float | None) -> None:
        """Pause, learn from the run that this refusal ends, and begin the next one."""
        run, self._old, self._refused_at = self._run, self._under_way(), now
        run.end, run.refused = now, run.refused + 1
        is_empty = self.n_served == self._mark
        self._n_empty = self._n_empty + 1 if is_empty else 0
        own = min(PAUSE_S * 2.0 ** max(0, self._n_empty - 1), LONGEST_PAUSE_S)
        if wait_s is None or is_empty:
            wait_s = max(wait_s or 0.0, own)
        self._hold_until(now + wait_s)
        if not is_empty:
            self._learn(run, status)
        self._window.restart(1 if is_empty else self._few())
        self._meter.restart()
        self._run, self._mark, self._record = Trace(self._pause_end), self.n_served, 0

    def _few(self) -> int:
        """Requests at once after a pause: what the rate needs, as they are spaced by it."""
        if math.isinf(self._meter.rate):
            return GENTLE
        return math.ceil(self._meter.rate * self._window.latency_s + 0.5)

    def _hold_until(self, end: float) -> None:
        """Pause; starts that fall into it will be withdrawn."""
        self._pause_end = max(self._pause_end, end)
        while self._reserved and self._reserved[0] < self._pause_end:
            self._void.append(self._reserved.popleft())
        late = self._next if self._reserved else self._pause_end
        self._next = max(late, self._pause_end)

    # ---- what a refusal teaches

    def _learn(self, run: Trace, status: int) -> None:
        """Find out which limit this refusal is about, and work it out."""
        self._kind = self._which(status)
        is_late = self._old + 1 < self._record
        self._last = _Refused(run, self._old, self._window.cap, self._window.found, is_late)
        self._meter.refuse(run)
        self._work_out(self._last)

    def _learn_more(self) -> None:
        """Another start of the run that ended was not served."""
        if self._last is not None:
            self._last.run.refused += 1
            self._work_out(self._last)

    def _which(self, status: int) -> str:
        """Whether too many at once or too many a second explain a refusal.

        A level that was held before for a whole round is not too high; two refusals at the same one
        and at different rates make it suspect.
        """
        was, self._level = self._level, self._old + 1
        rounds = 2 if self._window.is_trial else 1  # news of a refusal may take a whole one
        is_held = self.n_served - self._record_mark >= rounds * self._record
        if (is_held and self._level <= self._record) or (self._kind == "cap" and self._is_guess):
            self._no_cap |= self._kind == "cap"
            return "rate"
        if self._kind == "rate":
            self._is_guess = self._level == was and not self._no_cap
            return "cap" if self._is_guess else "rate"
        return self._kind or ("cap" if status == 503 else "rate")

    def _work_out(self, last: _Refused) -> None:
        pause_s = self._pause_end - self._refused_at
        if self._kind == "cap" and not self._no_cap:
            is_trial = last.cap > last.found
            cap = min(last.cap, last.under_way + 1) - last.run.refused
            cap = last.found if is_trial else cap
            if cap > 1:
                is_same, doubt = is_trial and not last.is_late, float(last.is_late)
                patience = self._meter.patient(pause_s, is_same=is_same, doubt=doubt)
                self._meter.lift(patience)
                return self._window.keep(cap, self._pause_end + patience / 2)
            self._no_cap = True  # one at a time: that is what a rate without a burst looks like
        self._kind = "rate"
        self._window.free()
        return self._meter.fit(last.run, pause_s)
