"""Files of a server, in memory: each fetched once, however many cutouts wait for it."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from galaxycurate.core.outcome import Reason, Status
from galaxycurate.imagery.engine.gate import Closed
from galaxycurate.imagery.engine.wire import Reply, Silence
from galaxycurate.imagery.frames.read import Damaged
from galaxycurate.imagery.providers.provider import Ask, Judgement, Next

TRIES = 4
"""Of a file that comes damaged, and of one that does not come; then it is lost for this run."""

KEPT = 18
"""Files in memory: a frame is 12 MB, so that six fields are 220 MB; a JPEG is 9 MB."""

NOTHING = Reply(0, "", {})
"""The reply where nothing was asked: one broken file is not a broken server."""

_Made = TypeVar("_Made")
InThread = Callable[..., Awaitable[Any]]


class NoFile(Exception):
    """A file cannot be had, and asking again in this run would change nothing."""

    def __init__(self, judgement: Judgement, url: str, reply: Reply):
        super().__init__(judgement.detail)
        self.judgement, self.url, self.reply = judgement, url, reply


class Files:
    """Files that were fetched and read.

    Parameters
    ----------
    in_thread : callable
        Awaited with a function and its arguments.
    backoff_s : float
        The scale of the random waits between tries of a file [s].
    kept : int
        See `KEPT`.
    """

    def __init__(self, in_thread: InThread, *, backoff_s: float = 0.5, kept: int = KEPT):
        self._in_thread, self._backoff_s, self._most = in_thread, backoff_s, kept
        self._here: OrderedDict[str, tuple[Any, Reply]] = OrderedDict()
        self._coming: dict[str, asyncio.Task] = {}
        self._lost: dict[str, Judgement] = {}
        self._silences: Counter[str] = Counter()

    async def get(
        self,
        url: str,
        ask: Ask,
        read: Callable[[bytes], _Made],
        part: Mapping[str, str] | None = None,
    ) -> tuple[_Made, Reply]:
        """What a file holds, and the reply without its body.

        Parameters
        ----------
        url : str
        ask : callable
        read : callable
            Makes something of the body, or raises `Damaged`.
        part : mapping, optional
            Headers of the first try, such as Range; if that does not do, the whole is asked for.

        Raises
        ------
        NoFile
            There is none; it came damaged, or not at all, `TRIES` times.
        Silence
            No answer came; the next who asks may have one.
        """
        if url in self._here:
            self._here.move_to_end(url)
            return self._here[url]
        if url in self._lost:
            raise NoFile(self._lost[url], url, NOTHING)
        if is_first := url not in self._coming:
            task = asyncio.ensure_future(self._brought(url, ask, read, part))
            task.add_done_callback(partial(self._came, url))
            self._coming[url] = task
        try:
            return await asyncio.shield(self._coming[url])  # others may wait for it, too
        except NoFile as why:
            raise why if is_first else NoFile(why.judgement, url, NOTHING) from None

    async def close(self) -> None:
        """Forget all files, and drop those under way."""
        coming = list(self._coming.values())
        for task in coming:
            task.cancel()
        await asyncio.gather(*coming, return_exceptions=True)
        for known in (self._here, self._lost, self._silences):
            known.clear()

    def _came(self, url: str, done: asyncio.Task) -> None:
        del self._coming[url]
        error = None if done.cancelled() else done.exception()
        if isinstance(error, NoFile):
            self._lost[url] = error.judgement
        elif error is None and not done.cancelled():
            self._here[url] = done.result()
            if len(self._here) > self._most:
                self._here.popitem(last=False)

    async def _brought(
        self, url: str, ask: Ask, read: Callable, part: Mapping[str, str] | None
    ) -> tuple[Any, Reply]:
        """Ask until a good file comes, or it is known that none will."""
        for n in range(1, TRIES + 1):
            reply = await self._asked(url, ask, part)
            try:
                return await self._in_thread(read, _whole(reply)), replace(reply, body=b"")
            except Damaged as damage:
                judgement = _judge(reply, damage)
            is_final = judgement.next is Next.SETTLE and (reply.status == 404 or part is None)
            if n == TRIES or is_final:
                break
            if part is None:
                await asyncio.sleep(random.uniform(0, self._backoff_s * 2**n))
            part = None
        raise NoFile(replace(judgement, next=Next.SETTLE), url, reply)

    async def _asked(self, url: str, ask: Ask, headers: Mapping[str, str] | None) -> Reply:
        """A reply; silences are counted over all who ask, so that one file cannot hold up a run."""
        try:
            return await (ask(url, headers) if headers else ask(url))
        except Closed:
            raise
        except Silence as how:
            self._silences[url] += 1
            if self._silences[url] < TRIES:
                raise
            said = f"{how}, {TRIES} times"
            judgement = Judgement(Next.SETTLE, Status.FAILED, Reason.UNREACHABLE, said)
            raise NoFile(judgement, url, NOTHING) from None


def _whole(reply: Reply) -> bytes:
    """The body of a good reply."""
    if reply.status not in (200, 206):
        raise Damaged(Reason.BUSY, f"http {reply.status} {reply.phrase}".strip())
    if reply.cut:
        raise Damaged(Reason.TRUNCATED, reply.cut)
    return reply.body


def _judge(reply: Reply, damage: Damaged) -> Judgement:
    """What a reply means that gave no file."""
    reason, detail = damage.args
    if reply.status == 404:
        return Judgement(Next.SETTLE, Status.REJECTED, Reason.NO_FILE, f"no such frame: {detail}")
    if reply.status in (200, 206, 408, 425, 429) or reply.status >= 500:
        return Judgement(Next.RETRY, Status.FAILED, reason, detail)
    return Judgement(Next.SETTLE, Status.FAILED, Reason.REFUSED, detail)
