import pytest

from galaxycurate.errors import Unreachable
from galaxycurate.imagery.engine.breaker import ALIKE, MIXED, PAUSES, SILENT, Breaker


@pytest.fixture
def breaker():
    return Breaker("http://x")


def repeat(n, call, *args):
    for _ in range(n):
        call(*args)


def test_nobody_there_is_found_out_soon(breaker):
    repeat(SILENT - 1, breaker.silence, "Connection refused")
    with pytest.raises(Unreachable, match="http://x does not answer: Connection refused"):
        breaker.silence("Connection refused")


def test_few_silences_and_no_answer_are_told_at_the_end(breaker):
    breaker.silence("Connection refused")
    with pytest.raises(Unreachable, match="does not answer"):
        breaker.ended()


def test_whole_replies_between_silences_tell_that_somebody_is_there(breaker):
    for _ in range(SILENT):
        breaker.silence("no answer in time")
        breaker.heard()
    repeat(ALIKE - 1, breaker.silence, "no answer in time")
    breaker.heard()
    repeat(ALIKE - 1, breaker.silence, "no answer in time")
    breaker.ended()


def test_whole_replies_that_are_no_good_do_not_reset_the_count(breaker):
    for _ in range(ALIKE - 1):
        breaker.heard()
        breaker.bad("500", "http 500 OH")
    breaker.heard()
    with pytest.raises(Unreachable, match=f"failed {ALIKE} times"):
        breaker.bad("500", "http 500 OH")


def test_more_of_one_pause_is_not_another(breaker):
    repeat(PAUSES - 1, breaker.pause, 1.0, "http 429")
    for _ in range(100):
        breaker.pause(1.0, "http 429", is_new=False)
    with pytest.raises(Unreachable, match="come back in 60 minutes"):
        breaker.pause(3600.0, "http 503", is_new=False)


def test_an_end_without_a_question_is_no_trouble(breaker):
    breaker.ended()


def test_a_hiccup_in_the_middle_is_survived(breaker):
    breaker.good()
    repeat(ALIKE - 1, breaker.silence, "Connection reset by peer")
    breaker.good()
    repeat(ALIKE - 1, breaker.silence, "Connection reset by peer")
    breaker.ended()


def test_a_server_that_fails_everything_alike_is_left(breaker):
    repeat(ALIKE - 1, breaker.bad, "500", "http 500 OH at ra=1")
    with pytest.raises(Unreachable, match=f"failed {ALIKE} times in a row: http 500 OH at ra=2"):
        breaker.bad("500", "http 500 OH at ra=2")


def test_failures_of_different_kinds_are_not_added_up(breaker):
    for _ in range(ALIKE):
        breaker.bad("500", "")
        breaker.bad("html", "")


def test_a_server_that_fails_everything_in_turns_is_left_later(breaker):
    repeat(MIXED // 2 - 1, lambda: (breaker.bad("500", ""), breaker.bad("html", "")))
    breaker.bad("500", "http 500")
    with pytest.raises(Unreachable, match=f"failed {MIXED} times in a row: http 504"):
        breaker.bad("504", "http 504")


def test_failures_among_pictures_are_borne_however_many(breaker):
    for _ in range(MIXED):
        repeat(10, breaker.bad, "500", "http 500")
        breaker.good()


def test_more_connections_may_fail_together():
    breaker = Breaker("http://x", concurrency=100)
    breaker.good()
    repeat(199, breaker.silence, "Connection reset by peer")


def test_a_long_pause_is_not_waited_for(breaker):
    breaker.pause(599.0, "http 503 Maintenance")
    with pytest.raises(Unreachable, match=r"come back in 60 minutes \(http 503 Maintenance\)"):
        breaker.pause(3600.0, "http 503 Maintenance")


def test_pauses_without_a_picture_in_between_end(breaker):
    repeat(PAUSES - 1, breaker.pause, 1.0, "http 429")
    breaker.good()
    repeat(PAUSES - 1, breaker.pause, 1.0, "http 429")
    with pytest.raises(Unreachable, match=f"asked for {PAUSES} pauses"):
        breaker.pause(1.0, "http 429")
