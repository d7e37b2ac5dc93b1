from __future__ import annotations

import threading

import pytest

from train.data.ahead import ahead


def test_items_come_in_order_and_are_made_before_they_are_asked_for():
    made, reached = [], threading.Event()

    def items():
        for number in range(10):
            made.append(number)
            if number == 2:
                reached.set()
            yield number

    stream = ahead(items(), depth=2)
    assert next(stream) == 0
    assert reached.wait(10)  # nobody has asked for 1 or 2 yet
    assert list(stream) == list(range(1, 10))
    assert made == list(range(10))


def test_an_error_is_raised_where_the_items_are_used():
    def items():
        yield 1
        raise ValueError("no more")

    stream = ahead(items())
    assert next(stream) == 1
    with pytest.raises(ValueError, match="no more"):
        next(stream)


def test_a_stream_that_is_left_ends_its_thread():
    before = threading.active_count()
    stream = ahead(iter(int, 1))  # zeros without end
    next(stream)
    stream.close()
    assert threading.active_count() == before
