"""What CasJobs tells, as people and programs read it."""

import pytest

from galaxycurate.pipeline.casjobs import _date


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        (1700000000, "2023-11-14T22:13:20"),
        (1700000000000, "2023-11-14T22:13:20"),
        (638355968000000000, "2023-11-14T22:13:20"),
        ("2023-11-14T22:13:20.5", "2023-11-14T22:13:20.5"),
        (None, ""),
    ],
)
def test_a_date_is_read_in_whatever_unit_the_service_counts(told, meant):
    assert _date(told) == meant
