"""Faults are the same in every run, and retries have their own luck."""

import pytest

from galaxycurate.errors import SettingError
from galaxycurate.sandbox.faults import Faults


def test_on_a_good_day_nothing_fails():
    assert Faults().next_fault("cutout", "a") is None
    assert Faults()["sql_max_rows"] == 500_000


def test_the_same_seed_breaks_the_same_requests():
    runs = []
    for _ in range(2):
        faults = Faults({"status_500_rate": 0.2, "truncate_rate": 0.1, "seed": 3})
        runs.append([faults.next_fault("cutout", f"request {n}") for n in range(2000)])
    assert runs[0] == runs[1]
    assert 0.17 < runs[0].count("status_500") / 2000 < 0.23
    assert 0.08 < runs[0].count("truncate") / 2000 < 0.12


def test_a_retry_has_its_own_luck():
    faults = Faults({"status_503_rate": 0.5})
    tries = [faults.next_fault("cutout", "one") for _ in range(50)]
    assert {None, "status_503"} == set(tries)


def test_the_first_requests_fail_one_kind_after_the_other():
    faults = Faults({"sql_503_first": 1, "sql_drop_first": 2})
    tries = [faults.next_fault("sql", "one") for _ in range(5)]
    assert tries == ["sql_503", "sql_drop", "sql_drop", None, None]


def test_faults_of_one_place_leave_the_others_alone():
    faults = Faults({"job_failed_first": 1, "sql_503_rate": 1})
    assert faults.next_fault("cutout", "a") is None
    assert faults.next_fault("job", "a") == "job_failed"


@pytest.mark.parametrize(
    "settings",
    [
        {"rate": 1}, {"truncate_rate": 1.5}, {"latency_s": -1}, {"seed": "x"},
        {"sql_503_first": 0.5}, {"truncate_rate": True},
    ],
)  # fmt: skip
def test_unknown_and_impossible_faults_are_refused(settings):
    with pytest.raises(SettingError):
        Faults(settings)
