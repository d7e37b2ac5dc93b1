"""Files in memory: fetched once, whoever waits, leaves or fails; and room for a few fields."""

import asyncio

import pytest

from galaxycurate.core.outcome import Reason, Status
from galaxycurate.imagery.engine.gate import Closed
from galaxycurate.imagery.engine.wire import Reply, Silence
from galaxycurate.imagery.frames.files import TRIES, Files, NoFile
from galaxycurate.imagery.frames.read import Damaged
from galaxycurate.imagery.frames.room import Room

A, B, C = "http://s/a", "http://s/b", "http://s/c"


async def at_once(function, *args):
    return function(*args)


def files(**more):
    return Files(at_once, backoff_s=0.0, **more)


class Server:
    """Answers when told to: what `says` holds for an address, in turn, the last for ever."""

    def __init__(self, **says):
        self.asked, self.headers, self.go = [], [], asyncio.Event()
        self.go.set()
        self.says = {f"http://s/{name}": list(replies) for name, replies in says.items()}

    async def __call__(self, url, headers=None):
        self.asked.append(url)
        self.headers.append(headers)
        await self.go.wait()
        says = self.says.get(url, [Reply(200, "OK", {}, url.encode())])
        answer = says.pop(0) if len(says) > 1 else says[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def read(body):
    if body == b"bad":
        raise Damaged(Reason.NOT_IMAGE, "bad")
    return body.decode()


async def settle():
    for _ in range(10):
        await asyncio.sleep(0)


async def end(files, server, url):
    """How asking ends: what came, or what is said instead."""
    try:
        return (await files.get(url, server, read))[0]
    except NoFile as why:
        return why.judgement.status, why.judgement.reason, why.reply.status
    except Silence:
        return "silence"


def test_one_who_leaves_does_not_take_the_file_from_the_others():
    async def story():
        server, shelf = Server(), files()
        server.go.clear()
        first, second = (asyncio.ensure_future(shelf.get(A, server, read)) for _ in range(2))
        await settle()
        first.cancel()
        await settle()
        server.go.set()
        assert (await second)[0] == A
        assert (await shelf.get(A, server, read))[1].body == b""
        assert server.asked == [A]

    asyncio.run(story())


def test_what_is_not_there_is_asked_for_once():
    async def story():
        server, shelf = Server(a=[Reply(404, "Not Found", {})]), files()
        lost = [await end(shelf, server, A) for _ in range(3)]
        assert {how[:2] for how in lost} == {(Status.REJECTED, Reason.NO_FILE)}
        assert server.asked == [A]

    asyncio.run(story())


def test_a_silent_file_costs_its_tries_and_not_those_of_each_cutout():
    async def story():
        server, shelf = Server(a=[Silence("no answer in time")]), files()
        ends = [await end(shelf, server, A) for _ in range(20)]
        assert ends[: TRIES - 1] == ["silence"] * (TRIES - 1)
        assert set(ends[TRIES - 1 :]) == {(Status.FAILED, Reason.UNREACHABLE, 0)}
        assert server.asked == [A] * TRIES
        assert await end(shelf, server, B) == B

    asyncio.run(story())


def test_a_silence_heals_and_a_closed_lane_is_none():
    async def story():
        quiet = [Silence("x")] * (TRIES - 1)
        healing = Server(a=[*quiet, Reply(200, "OK", {}, b"good")])
        shelf = files()
        assert [await end(shelf, healing, A) for _ in range(TRIES)] == [
            *["silence"] * (TRIES - 1), "good",
        ]  # fmt: skip
        closed, shelf = Server(a=[Closed("nothing more is asked")]), files()
        assert [await end(shelf, closed, A) for _ in range(9)] == ["silence"] * 9

    asyncio.run(story())


def test_a_broken_file_is_one_reply_of_the_server_however_many_wait_for_it():
    """The breaker counts replies: one broken file among good ones must not open it."""

    async def story():
        server, shelf = Server(a=[Reply(200, "OK", {}, b"bad")]), files()
        ends = await asyncio.gather(*(end(shelf, server, A) for _ in range(5)))
        ends.append(await end(shelf, server, A))
        assert {how[:2] for how in ends} == {(Status.FAILED, Reason.NOT_IMAGE)}
        assert sorted(status for *_, status in ends) == [0, 0, 0, 0, 0, 200]
        assert server.asked == [A] * TRIES

    asyncio.run(story())


def test_only_the_first_try_is_for_a_part():
    async def story():
        part = {"Range": "bytes=0-9"}
        for first in (Reply(206, "", {}, b"bad"), Reply(416, "", {}), Reply(500, "", {})):
            server = Server(a=[first, Reply(200, "OK", {}, b"good")])
            assert (await files().get(A, server, read, part))[0] == "good"
            assert server.headers == [part, None]
        absent = Server(a=[Reply(404, "", {})])
        with pytest.raises(NoFile):
            await files().get(A, absent, read, part)
        assert absent.headers == [part]

    asyncio.run(story())


def test_those_unused_for_longest_make_room():
    async def story():
        server, shelf = Server(), files(kept=2)
        for url in (A, B, A, C, A):
            await shelf.get(url, server, read)
        assert server.asked == [A, B, C]
        await shelf.get(B, server, read)
        assert server.asked == [A, B, C, B]

    asyncio.run(story())


def test_when_all_is_closed_nothing_is_remembered_and_another_loop_may_use_it():
    shelf, server = files(), Server(b=[Reply(404, "", {})])

    async def story():
        await end(shelf, server, A)
        await end(shelf, server, B)
        server.go = asyncio.Event()
        waiting = asyncio.ensure_future(end(shelf, server, C))
        await settle()
        await shelf.close()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        server.go.set()

    for _ in range(2):
        asyncio.run(story())
    assert server.asked == [A, B, C] * 2


def test_more_fields_than_there_is_room_for_wait_their_turn():
    fields = [(94, 1, n) for n in (11, 12, 13)]

    async def use(room, where, seen, until):
        async with room.held(where):
            seen.append(where[2])
            await until.wait()

    async def story(room):
        seen, done = [], asyncio.Event()
        users = [asyncio.ensure_future(use(room, fields[n], seen, done)) for n in (0, 1, 2, 0, 2)]
        await settle()
        assert seen == [11, 12, 11]
        done.set()
        await asyncio.gather(*users)
        assert seen == [11, 12, 11, 13, 13]
        room.close()

    room = Room(at_work=2)
    asyncio.run(story(room))
    asyncio.run(story(room))
