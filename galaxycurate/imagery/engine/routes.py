"""Which lane a cutout goes to: the first that offers its format, then the next, until a picture."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator

from galaxycurate.core.outcome import Status
from galaxycurate.errors import Unreachable, UsageError
from galaxycurate.imagery.engine.item import Item
from galaxycurate.imagery.engine.lane import Lane
from galaxycurate.imagery.job import Job, Settled
from galaxycurate.imagery.providers.provider import Answer

MOST_UNDER_WAY = 10_000
"""While more wait for a retry or for another provider, no new jobs are drawn."""


class Routes:
    """The jobs, the lanes they go through, and the door they leave by.

    Parameters
    ----------
    jobs : iterator of Job
    settle : callable
        Called with each job's end.
    check : callable
        Called with a lane, an item and the answer to look at.
    """

    def __init__(
        self,
        jobs: Iterator[Job],
        settle: Callable[[Settled], None],
        check: Callable[[Lane, Item, Answer], Awaitable[None]],
    ):
        self._jobs, self._settle, self.check = jobs, settle, check
        self.lanes: list[Lane] = []
        self.stopped = False
        self.left: Unreachable | None = None
        """Why some job is not settled, if that is a server's fault."""
        self._head: Item | None = None
        self._under_way, self._is_exhausted = 0, False

    def stop(self) -> None:
        """Start nothing more."""
        self.stopped = True
        self._wake()

    def draw(self, lane: Lane) -> Item | None:
        """A new item for this lane, None while there is none."""
        if self._under_way >= MOST_UNDER_WAY or (item := self._peek()) is None:
            return None
        offers = self._offers(item)
        first = next((x for x in offers if x.down is None), None)
        if first is lane:
            self._head = None
            self._under_way += 1
            self._open(item, offers)
            return item
        if first is not None:
            first.idle.call()
        else:
            self._exhaust(offers[0].down)
        return None

    def over(self) -> bool:
        """Nothing more will come."""
        return self._is_exhausted and not self._under_way

    def ended(self, lane: Lane, item: Item, how: Settled) -> None:
        """The lane is done with an item: the next one's turn, unless this has a picture."""
        item.end(how)
        offers = [] if how.status is Status.OK else self._offers(item, after=lane)
        if not offers:
            self._settle(item.settled())
            self._leave()
        elif (following := self._open(item, offers)) is not None:
            following.put(item)
        else:
            self._leave(offers[0].down)

    def given_up(self, lane: Lane, item: Item) -> None:
        """The lane closed, or all stopped, before it was done with an item."""
        item.end(lane.gave_up(item))
        following = None if self.stopped else self._open(item, self._offers(item, after=lane))
        if following is not None:
            following.put(item)
        else:
            self._leave(lane.down)

    def _peek(self) -> Item | None:
        """The job that is next to start."""
        if self._head is None and not self._is_exhausted:
            job = next(self._jobs, None)
            if job is None:
                self._exhaust()
            else:
                self._head = Item(job)
        return self._head

    def _offers(self, item: Item, after: Lane | None = None) -> list[Lane]:
        """The lanes that can give it, open or not."""
        form = item.job.format
        lanes = self.lanes[0 if after is None else self.lanes.index(after) + 1 :]
        offers = [lane for lane in lanes if form in lane.provider.formats]
        if not offers and after is None:
            names = ", ".join(lane.provider.name for lane in lanes)
            raise UsageError(f"{names} cannot give {form}")
        return offers

    def _open(self, item: Item, offers: list[Lane]) -> Lane | None:
        """The first open one; those before it that are down have failed this item, too."""
        for lane in offers:
            if lane.down is None:
                return lane
            item.end(lane.gave_up(item))
        return None

    def _exhaust(self, why: Unreachable | None = None) -> None:
        self._is_exhausted, self._head = True, None
        self.left = self.left or why
        self._wake()

    def _leave(self, why: Unreachable | None = None) -> None:
        """One less is under way; without a reason it was settled."""
        self._under_way -= 1
        self.left = self.left or why
        if self.over() or self._under_way == MOST_UNDER_WAY - 1:
            self._wake()

    def _wake(self) -> None:
        for lane in self.lanes:
            lane.idle.call_all()
            if self.stopped:
                lane.wake()
