import pytest

from galaxycurate.imagery.pace.bucket import POINTS, Trace, rates_of


def emptied(rate: float, burst: float, asked: float) -> Trace:
    """A full bucket, asked at an even pace until it is empty."""
    trace, tokens, now = Trace(0.0), burst, 0.0
    while tokens >= 1.0:
        trace.start(now)
        tokens, now = min(burst, tokens - 1.0 + rate / asked), now + 1.0 / asked
    trace.start(now)
    trace.refused = 1
    return trace


def test_a_bucket_that_was_full_is_told_at_its_own_rate():
    assert emptied(150.0, 30.0, 320.0).burst(150.0) == pytest.approx(30.0, abs=1.0)


def test_two_runs_tell_the_rate():
    least, most = rates_of(emptied(150.0, 30.0, 640.0), emptied(150.0, 30.0, 160.0), 1.0, 160.0)
    assert least <= 150.0 <= most
    assert most / least < 1.02


def test_a_bucket_that_was_not_full_leaves_the_lower_bound():
    long, short = emptied(2.0, 200.0, 500.0), emptied(2.0, 3.0, 90.0)
    assert rates_of(long, short, 1.5, 90.0) == (1.5, 1.5)


def test_memory_does_not_grow_with_a_run():
    trace = Trace(0.0)
    for n in range(100_000):
        trace.start(n / 100.0)
    assert len(trace._points) <= POINTS
    assert trace.served == 100_000
    assert trace.burst(50.0) == pytest.approx(50_000, rel=0.001)
