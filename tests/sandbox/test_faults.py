"""Faults are the same in every run, and retries have their own luck."""

import pytest

from galaxycurate.errors import SettingError
from galaxycurate.sandbox.faults import Faults


def test_without_rates_nothing_fails():
    assert Faults().next_fault("a") is None


def test_the_same_seed_breaks_the_same_requests():
    runs = []
    for _ in range(2):
        faults = Faults.of({"status_500_rate": 0.2, "truncate_rate": 0.1, "seed": 3})
        runs.append([faults.next_fault(f"request {n}") for n in range(2000)])
    assert runs[0] == runs[1]
    assert 0.17 < runs[0].count("status_500") / 2000 < 0.23
    assert 0.08 < runs[0].count("truncate") / 2000 < 0.12


def test_a_retry_has_its_own_luck():
    faults = Faults.of({"status_503_rate": 0.5})
    tries = [faults.next_fault("one") for _ in range(50)]
    assert {None, "status_503"} == set(tries)


@pytest.mark.parametrize(
    "settings", [{"rate": 1}, {"truncate_rate": 1.5}, {"latency_s": -1}, {"seed": "x"}]
)
def test_unknown_and_impossible_faults_are_refused(settings):
    with pytest.raises(SettingError):
        Faults.of(settings)
