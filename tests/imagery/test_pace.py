import pytest

from galaxycurate.imagery.pace import SLOWEST, Pace


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_starts_are_evenly_spaced(clock):
    pace = Pace(4.0, clock=clock)
    assert [pace.take() for _ in range(4)] == [0.0, 0.25, 0.5, 0.75]


def test_time_that_was_not_used_is_not_saved_for_a_burst(clock):
    pace = Pace(4.0, clock=clock)
    pace.take()
    clock.now += 60
    assert [pace.take(), pace.take()] == [0.0, 0.25]


def test_rate_zero_does_not_wait(clock):
    pace = Pace(0.0, clock=clock)
    assert [pace.take() for _ in range(1000)] == [0.0] * 1000


def test_a_pause_holds_everybody_and_then_spaces_them(clock):
    pace = Pace(0.0, clock=clock)
    assert pace.refused(30.0)
    waits = [pace.take() for _ in range(3)]
    assert waits[0] == 30.0
    assert waits == sorted(set(waits))
    clock.now += 10
    assert pace.pause_left() == 20.0


def test_refusals_of_one_burst_slow_down_once(clock):
    pace = Pace(10.0, clock=clock)
    assert pace.refused(1.0)
    rate = pace.rate
    assert not any(pace.refused(1.0) for _ in range(20))
    assert pace.rate == rate < 10.0


def test_a_server_that_refuses_everything_is_asked_ever_more_seldom(clock):
    pace = Pace(10.0, clock=clock)
    for _ in range(200):
        pace.refused(1.0)
        clock.now += 10
    assert pace.rate == SLOWEST


def test_pace_never_exceeds_the_rate_that_was_given(clock):
    pace = Pace(20.0, clock=clock)
    pace.refused(1.0)
    for _ in range(20_000):
        clock.now += pace.take()
        pace.served()
    assert pace.rate == 20.0


def test_pace_finds_the_limit_of_a_server_that_tells_only_by_refusing(clock):
    """A token bucket of 50/s, burst 10: few refusals, and most of what it would serve."""
    pace, limit, burst = Pace(0.0, clock=clock), 50.0, 10.0
    tokens, last, served, refused = burst, clock.now, 0, 0
    until = clock.now + 300
    while clock.now < until:
        clock.now += max(pace.take(), 0.001)
        tokens, last = min(burst, tokens + limit * (clock.now - last)), clock.now
        if tokens >= 1:
            tokens, served = tokens - 1, served + 1
            pace.served()
        else:
            refused += 1
            pace.refused(1.0)
    assert served > 0.8 * limit * 300
    assert refused < 0.01 * served
