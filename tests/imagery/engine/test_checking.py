import asyncio
import threading
import time

import pytest

from galaxycurate.imagery.engine.checking import MOST_OUT, Checking


def work(look, things, *, threads=2):
    """Hand things over, one by one, and return what was heard."""
    heard = []

    async def main():
        checking = Checking(look, lambda thing, result: heard.append((thing, result)), threads)

        async def bring():
            for thing in things(checking):
                await checking.put(thing)
            checking.end()

        async with asyncio.TaskGroup() as group:
            group.create_task(checking.run())
            group.create_task(bring())
        checking.close()

    asyncio.run(main())
    return heard


def test_everything_handed_over_is_heard_of_once():
    heard = work(lambda n: n * n, lambda _: range(1000))
    assert sorted(heard) == [(n, n * n) for n in range(1000)]


def test_looking_happens_on_threads_of_its_own_and_hearing_does_not():
    names = work(lambda _: threading.current_thread().name, lambda _: range(100))
    assert {name for _, name in names} == {"galaxycurate-check"}


def test_only_so_many_wait_for_a_look():
    most = 0

    def counted(checking):
        nonlocal most
        for n in range(200):
            most = max(most, checking._out)
            yield n

    heard = work(lambda _: time.sleep(0.001), counted)
    assert len(heard) == 200
    assert most <= MOST_OUT


def test_a_second_thread_starts_when_the_first_does_not_keep_up():
    threads = work(lambda _: (time.sleep(0.005), threading.get_ident())[1], lambda _: range(120))
    assert len({ident for _, ident in threads}) == 2
    threads = work(lambda _: threading.get_ident(), lambda _: range(120), threads=1)
    assert len({ident for _, ident in threads}) == 1


def test_an_error_of_a_look_comes_out():
    def look(n):
        if n == 30:
            raise OSError("No space left on device")
        return n

    with pytest.raises(ExceptionGroup) as caught:
        work(look, lambda _: range(10**6))
    assert caught.group_contains(OSError, match="No space left")
