import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from galaxycurate.imagery.pace.meter import SLOWEST
from galaxycurate.imagery.pace.pace import Learned, Pace
from galaxycurate.imagery.pace.window import GENTLE

from .servers import Clock, Server, download


@pytest.fixture
def clock():
    return Clock()


# ---- a rate that was given


def test_starts_are_evenly_spaced(clock):
    pace = Pace(4.0, clock=clock)
    assert [pace.take() for _ in range(4)] == [0.0, 0.25, 0.5, 0.75]


def test_time_that_was_not_used_is_not_saved_for_a_burst(clock):
    pace = Pace(4.0, clock=clock)
    pace.take()
    clock.now += 60
    assert [pace.take(), pace.take()] == [0.0, 0.25]


@pytest.mark.parametrize("rate", [2.0, 7.0, 40.0])
def test_no_second_has_more_starts_than_the_rate_that_was_given(rate):
    run = download(Server(jitter_s=0.04), rate=rate, until=60.0)
    assert run.most_starts_within(1.0) <= rate
    assert run.per_second > 0.95 * rate


def test_a_rate_that_was_given_is_not_exceeded_while_the_servers_own_is_sought():
    run = download(Server(rate=30.0, burst=5.0), rate=40.0, until=120.0)
    assert run.most_starts_within(1.0) <= 40
    assert run.per_second > 0.85 * 30.0


# ---- the window


def test_a_full_window_gives_no_start_until_a_reply_comes(clock):
    pace = Pace(concurrency=2, clock=clock)
    assert pace.take() is not None
    assert pace.take() is not None
    assert pace.take() is None
    assert pace.in_flight == 2
    pace.lost()
    assert pace.take() is not None


def test_the_first_starts_are_few():
    run = download(Server(latency_s=0.1), 5000)
    assert sum(at < 0.1 for at in run.starts) == GENTLE
    assert run.most_at_once == 32


def test_a_gentle_start_costs_less_than_three_tenths_of_a_second():
    run = download(Server(latency_s=0.1, jitter_s=0.02), 5000)
    assert run.seconds < math.ceil(5000 / 32) * 0.1 + 0.3
    assert not run.refused_at


def test_a_near_server_is_used_in_full():
    run = download(Server(latency_s=0.005), 20_000)
    assert run.per_second > 0.98 * 32 / 0.005


@pytest.mark.parametrize("capacity", [2, 4, 8])
def test_no_more_at_once_than_what_makes_it_faster(capacity):
    run = download(Server(capacity=capacity, jitter_s=0.005), until=60.0)
    assert run.per_second > 0.95 * capacity / 0.05
    assert run.pace.window <= 2 * max(GENTLE, capacity) + 2


def test_a_server_that_gets_faster_again_gets_more_at_once():
    server = Server(capacity=4)
    slow = download(server, until=20.0)
    assert slow.pace.window <= 10
    server = Server(silences=((5.0, 20.0),))
    assert download(server, until=60.0).served_between(50.0, 60.0) > 0.95 * 32 / 0.05


# ---- refusals


def test_no_start_comes_before_the_end_of_a_pause(clock):
    pace = Pace(clock=clock)
    assert pace.take() == 0.0
    assert pace.refused(429, 30.0)
    assert pace.take() == 30.0
    clock.now += 10
    assert pace.pause_left() == 20.0


@pytest.mark.parametrize("far", [False, True])
@pytest.mark.parametrize("wait_s", [1.0, 7.0])
def test_retry_after_is_honoured_to_the_moment(far, wait_s):
    run = download(Server(rate=50.0, burst=10.0, far=far, retry_after_s=wait_s), until=100.0)
    assert run.refused_at
    for refused in run.refused_at:
        assert not any(refused < at < refused + wait_s - 1e-6 for at in run.starts)


def test_refusals_of_one_burst_are_one_pause(clock):
    pace = Pace(concurrency=4, clock=clock)
    for _ in range(4):
        pace.take()
        clock.now += 0.01
    assert [pace.refused(429, 1.0) for _ in range(4)] == [True, False, False, False]
    assert pace.n_refused == 4
    assert pace.rate >= SLOWEST


def paused(clock):
    """A pace of 10/s, refused for 0.1 s with three starts to come; and when these are due."""
    pace = Pace(10.0, concurrency=8, clock=clock)
    due = []
    for n in range(5):
        pace.take()
        due.append(pace.due)
        if n == 0:
            clock.now = 0.1
            pace.served(0.1)
    clock.now = 0.15
    pace.refused(429, 0.1)
    return pace, due[2:]


def test_a_start_that_a_pause_has_overtaken_is_not_made_however_late_its_timer_is(clock):
    pace, due = paused(clock)
    clock.now += 5.0
    assert pace.pause_left() == 0.0
    assert [pace.may(at) for at in due] == [False, True, True]


def test_starts_that_were_overtaken_leave_nothing_behind(clock):
    pace, due = paused(clock)
    for at in due:
        pace.withdraw(at)
    assert pace.in_flight == 0
    pace.take()
    clock.now = pace.due
    pace.served(0.01)
    assert (pace.in_flight, pace._under_way(), list(pace._void)) == (0, 0, [])


def test_a_timer_that_goes_off_before_the_end_of_a_pause_costs_no_start(clock):
    pace = Pace(clock=clock)
    pace.take()
    pace.refused(429, 30.0)
    assert pace.take() == 30.0
    clock.now += 30.0 - 0.0004
    assert pace.pause_left() > 0
    assert pace.may(pace.due)


@pytest.mark.parametrize("limit", [{"rate": 150.0}, {"cap": 8}])
def test_timers_that_are_early_or_late_change_nothing(limit):
    exact = download(Server(**limit, jitter_s=0.005), 6000)
    rough = download(Server(**limit, jitter_s=0.005), 6000, late_s=0.002)
    assert rough.per_second > 0.97 * exact.per_second
    assert rough.pace.learned().window == exact.pace.learned().window
    assert rough.pace.learned().rate == pytest.approx(exact.pace.learned().rate, rel=0.03)
    assert rough.refused < 0.0105


def test_after_a_pause_the_start_is_gentle():
    run = download(Server(latency_s=0.1, outages=((5.0, 8.0),), retry_after_s=4.0), until=15.0)
    first = min(at for at in run.starts if at > 8.0)
    assert sum(first <= at < first + 0.01 for at in run.starts) <= GENTLE


def test_without_a_retry_after_pauses_grow():
    run = download(Server(outages=((0.0, math.inf),), retry_after_s=None), until=600.0)
    assert not run.served_at
    assert len(run.starts) < 25


def test_a_ban_of_minutes_is_survived():
    run = download(Server(outages=((5.0, 185.0),), retry_after_s=None), until=300.0)
    assert sum(5.0 <= at < 185.0 for at in run.starts) < 60
    assert run.served_between(260.0, 300.0) > 0.95 * 32 / 0.05


# ---- limits that nobody told


@pytest.mark.parametrize("far", [False, True])
@pytest.mark.parametrize("penalise", [False, True])
@pytest.mark.parametrize("jitter_s", [0.0, 0.005, 0.02])
def test_a_rate_is_found_blind(jitter_s, penalise, far):
    """The bench's `rate` and `ban`: 6,000 pictures at 150/s, from the very first request."""
    for seed in range(2):
        server = Server(rate=150.0, jitter_s=jitter_s, penalise=penalise, far=far, seed=seed)
        run = download(server, 6000)
        assert run.per_second > 0.88 * 150.0
        assert run.refused < 0.0105


@pytest.mark.parametrize("burst", [10.0, 30.0, 200.0])
@pytest.mark.parametrize("rate", [2.0, 10.0, 300.0])
def test_other_rates_are_found_too(rate, burst):
    server = Server(rate=rate, burst=burst, latency_s=0.02, jitter_s=0.002)
    run = download(server, until=max(60.0, 2000.0 / rate))
    assert run.per_second > 0.85 * rate
    assert run.refused < 0.01


def test_a_rate_that_is_refused_with_503_is_found():
    run = download(Server(rate=150.0, rate_status=503, jitter_s=0.005), 6000)
    assert run.per_second > 0.8 * 150.0
    assert run.refused < 0.01


@pytest.mark.parametrize("far", [False, True])
@pytest.mark.parametrize("cap", [4, 8, 16, 24])
def test_a_cap_on_connections_is_found(cap, far):
    for seed in range(2):
        run = download(Server(cap=cap, jitter_s=0.01, far=far, seed=seed), 250 * cap)
        assert run.per_second > 0.85 * cap / 0.05
        assert run.refused < 0.01
        assert run.pace.learned() == Learned(0.0, cap)


@pytest.mark.parametrize("far", [False, True])
@pytest.mark.parametrize("tick_s", [0.002, 0.005])
@pytest.mark.parametrize("cap", [4, 8, 24])
def test_a_cap_is_found_where_replies_overtake_the_refusal(cap, tick_s, far):
    server = Server(cap=cap, jitter_s=0.01, far=far)
    run = download(server, until=60.0, tick_s=tick_s)
    assert run.pace.learned() == Learned(0.0, cap)
    assert run.per_second > 0.8 * cap / (0.05 + tick_s / 2)
    assert run.refused < 0.002


@pytest.mark.parametrize("n_overtaking", [1, 3])
def test_a_cap_that_was_found_too_low_is_soon_tried_again(clock, n_overtaking):
    pace = Pace(concurrency=32, clock=clock)
    while pace.in_flight < 9:  # the server bears 8
        if pace.take() is None:
            clock.now += 0.05
            for _ in range(pace.in_flight):
                pace.served(0.05)
    clock.now += 0.001
    for _ in range(n_overtaking):
        pace.served(0.05)
    pace.refused(503, 1.0)
    assert pace.learned().window < 8
    end = clock.now + 12.0
    while clock.now < end:
        clock.now += 0.05
        for _ in range(pace.in_flight):
            pace.served(0.05)
        while pace.in_flight < 8 and pace.take() is not None:
            pass
    assert pace.window >= 8


def test_a_cap_that_is_refused_with_429_is_lived_with():
    run = download(Server(cap=8, cap_status=429), 4000)
    assert run.per_second > 0.6 * 8 / 0.05
    assert run.refused < 0.01


def test_a_count_per_minute_is_lived_with():
    run = download(Server(rate=2.0, period_s=60.0), until=1800.0)
    assert run.per_second > 0.85 * 2.0
    assert run.refused < 0.01


def test_a_limit_that_changes_is_followed():
    run = download(Server(rate=150.0, changes=((60.0, 50.0), (120.0, 300.0))), until=240.0)
    assert run.served_between(40.0, 60.0) > 0.9 * 150.0
    assert run.served_between(80.0, 120.0) > 0.9 * 50.0
    assert run.served_between(180.0, 240.0) > 0.9 * 300.0
    assert run.refused < 0.01


# ---- what is remembered


def test_what_was_learned_is_used_from_the_first_request():
    server = {"rate": 150.0, "jitter_s": 0.005}
    learned = download(Server(**server), 6000).pace.learned()
    assert learned.rate == pytest.approx(150.0, rel=0.02)
    run = download(Server(**server), 1500, start=learned)
    assert not run.refused_at
    assert run.per_second > 0.95 * 150.0


def test_a_learned_window_is_used_from_the_first_request():
    run = download(Server(cap=8), 500, start=Learned(window=8))
    assert not run.refused_at
    assert run.per_second > 0.97 * 8 / 0.05


def test_a_server_that_never_refused_teaches_no_limit():
    assert download(Server(), 500).pace.learned() == Learned(0.0, 0)


# ---- whatever happens


@settings(max_examples=200, deadline=None)
@given(
    rate=st.sampled_from([0.0, 3.0, 50.0]),
    concurrency=st.integers(1, 8),
    steps=st.lists(
        st.tuples(
            st.sampled_from(["take", "take", "served", "refused", "lost", "withdraw"]),
            st.floats(0.0, 2.0),
        ),
        max_size=120,
    ),
)
def test_starts_stay_within_the_window_and_out_of_pauses(rate, concurrency, steps):
    clock = Clock()
    pace = Pace(rate, concurrency=concurrency, clock=clock)
    pause_end = last = -math.inf
    for what, number in steps:
        if what == "take":
            free = pace.in_flight < pace.window
            wait_s = pace.take()
            assert (wait_s is not None) == free
            if wait_s is not None:
                start = clock.now + wait_s
                assert start >= max(clock.now, pause_end) - 1e-9
                assert not rate or start >= last + 1.0 / rate - 1e-9 or start >= pause_end
                last = start
        elif pace.in_flight:
            if what == "refused":
                pause_end = max(pause_end, clock.now + number)
                pace.refused(429 if number < 1.0 else 503, number)
                assert pace.pause_left() >= number - 1e-9
            elif what == "served":
                pace.served(number)
            elif what == "lost":
                pace.lost()
            else:
                pace.withdraw(pace.due)
        assert pace.in_flight >= 0
        assert 1 <= pace.window <= concurrency
        assert not rate or pace.rate <= rate
        clock.now += number / 10
