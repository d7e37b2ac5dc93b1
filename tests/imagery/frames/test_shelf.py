"""Fields in memory: fetched once, whoever waits, leaves or fails."""

import asyncio

import pytest

from galaxycurate.core.outcome import Reason, Status
from galaxycurate.imagery.engine.wire import Reply, Silence
from galaxycurate.imagery.frames.shelf import NoField, Shelf
from galaxycurate.imagery.providers.provider import Judgement, Next

A, B, C = (94, 1, 11), (94, 1, 12), (94, 1, 13)


class Source:
    """Loads fields when told to; a field is its own place here."""

    def __init__(self, failure=None):
        self.asked, self.go, self.failure = [], asyncio.Event(), failure

    async def load(self, where, ask):
        self.asked.append(where)
        await self.go.wait()
        if self.failure:
            raise self.failure
        return where


async def use(shelf, where, until=None):
    async with shelf.lent(where, None) as field:
        if until:
            await until.wait()
        return field


async def settle():
    for _ in range(10):
        await asyncio.sleep(0)


def test_one_who_leaves_does_not_take_the_field_from_the_others():
    async def story():
        source = Source()
        shelf = Shelf(source.load)
        first, second = (asyncio.ensure_future(use(shelf, A)) for _ in range(2))
        await settle()
        first.cancel()
        await settle()
        source.go.set()
        assert await second == A
        assert await use(shelf, A) == A
        assert source.asked == [A]

    asyncio.run(story())


def test_more_fields_than_there_is_room_for_wait_their_turn():
    async def story():
        source, done = Source(), asyncio.Event()
        source.go.set()
        shelf = Shelf(source.load, at_work=2, kept=2)
        users = [asyncio.ensure_future(use(shelf, where, done)) for where in (A, B, C, A, C)]
        await settle()
        assert source.asked == [A, B]
        done.set()
        assert await asyncio.gather(*users) == [A, B, C, A, C]
        assert source.asked == [A, B, C]

    asyncio.run(story())


def test_a_neighbour_does_not_wait_for_room():
    async def story():
        source = Source()
        source.go.set()
        shelf = Shelf(source.load, at_work=1, kept=1)
        async with shelf.lent(A, None) as field:
            assert field == A
            assert await asyncio.wait_for(shelf.get(B, None), 1) == B

    asyncio.run(story())


def test_what_is_not_there_is_remembered_and_silence_is_not():
    async def story():
        absent = NoField(
            Judgement(Next.SETTLE, Status.REJECTED, Reason.NO_FILE), "url", Reply(404, "", {})
        )
        for failure, times in ((absent, 1), (Silence("no answer in time"), 2)):
            source = Source(failure)
            source.go.set()
            shelf = Shelf(source.load)
            for _ in range(2):
                with pytest.raises(type(failure)):
                    await use(shelf, A)
            assert source.asked == [A] * times
        assert await shelf.close() is None

    asyncio.run(story())


def test_a_second_look_at_a_broken_field_is_no_reply_of_the_server():
    """The breaker counts replies: one broken file among good ones must not open it."""

    async def story():
        broken = NoField(
            Judgement(Next.SETTLE, Status.FAILED, Reason.TRUNCATED), "url", Reply(200, "OK", {})
        )
        source = Source(broken)
        source.go.set()
        shelf = Shelf(source.load)
        seen = []
        for _ in range(2):
            try:
                await use(shelf, A)
            except NoField as error:
                seen.append((error.reply.status, error.judgement.reason))
        assert seen == [(200, Reason.TRUNCATED), (0, Reason.TRUNCATED)]

    asyncio.run(story())


def test_a_closed_shelf_can_be_used_by_another_loop():
    source = []

    async def load(where, ask):
        source.append(where)
        return where

    shelf = Shelf(load, at_work=1, kept=1)

    async def story():
        done = asyncio.Event()
        users = [asyncio.ensure_future(use(shelf, where, done)) for where in (A, B)]
        await settle()
        done.set()
        await asyncio.gather(*users)
        await shelf.close()

    asyncio.run(story())
    asyncio.run(story())
    assert source == [A, B, A, B]
