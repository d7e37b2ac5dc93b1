import pytest

from galaxycurate.imagery.engine.patience import KNOWN, LEAST_S, UNKNOWN_S, Patience


@pytest.fixture
def patience():
    return Patience(30.0)


def answers(patience, seconds, n=KNOWN):
    for _ in range(n):
        patience.took(seconds)


def test_before_anything_is_known_the_first_attempt_is_given_some_time(patience):
    assert patience.allowed(1) == UNKNOWN_S
    assert patience.allowed(2) == 30.0


def test_a_fast_server_is_not_waited_for_long_but_longer_each_time(patience):
    answers(patience, 0.1)
    assert [patience.allowed(n) for n in (1, 2, 3)] == [LEAST_S, 4 * LEAST_S, 16 * LEAST_S]


def test_a_slow_server_gets_the_time_that_it_needs(patience):
    answers(patience, 2.0)
    assert patience.allowed(1) == 20.0


def test_the_slowest_in_twenty_do_not_count(patience):
    answers(patience, 0.1, 240)
    answers(patience, 25.0, 8)
    answers(patience, 0.1, 8)
    assert patience.allowed(1) == LEAST_S


def test_it_follows_a_server_that_becomes_slower(patience):
    answers(patience, 0.1, 512)
    answers(patience, 1.5, 64)
    assert patience.allowed(1) == 15.0


def test_the_last_attempt_waits_as_long_as_allowed_and_none_waits_longer():
    patience = Patience(5.0)
    answers(patience, 3.0)
    assert patience.allowed(1) == 5.0
    answers(patience, 0.1, 512)
    assert patience.allowed(1, is_last=True) == 5.0
