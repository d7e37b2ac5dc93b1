"""Which cutouts go to a worker together."""

from collections import Counter

import pytest

from galaxycurate.imagery.job import Job
from galaxycurate.pipeline.cluster.parcels import WHOLE, WINDOW, parcels


def in_field(n: int, field: int) -> Job:
    return Job(0.0, 0.0, 0.4, 64, str(n), field=(94, 1 + field % 6, 11 + field // 6))


def test_fields_that_come_mixed_are_sorted_and_no_more_than_a_window_is_held():
    drawn = []

    def stream():
        for n in range(5 * WINDOW):
            drawn.append(n)
            yield in_field(n, n % 300)

    made = []
    for parcel in parcels(stream(), lambda: 30):
        made.append(parcel)
        assert len(drawn) <= sum(map(len, made)) + WINDOW
    assert sorted(int(job.path) for parcel in made for job in parcel) == list(range(5 * WINDOW))
    assert max(map(len, made)) <= 30
    ends = [parcel for parcel in made if len(parcel) < 30]
    assert len(ends) > len(made) / 2  # that end with a field
    for parcel in made:  # of a window's 300 fields each has six or seven
        assert len({job.field for job in parcel}) <= 6
    torn = Counter(field for parcel in made for field in {job.field for job in parcel})
    assert max(torn.values()) <= 5 + 1  # once in each window


@pytest.mark.parametrize("size", [1, 16, 150, 200])
@pytest.mark.parametrize("n_in_field", [1, 30, 100, WHOLE])
def test_a_field_is_never_torn_where_it_is_fetched_as_a_whole(size, n_in_field):
    n_fields = 3 * WINDOW // n_in_field
    jobs = [in_field(n, n // n_in_field) for n in range(n_fields * n_in_field)]
    jobs.sort(key=lambda job: job.field)
    made = [*parcels(iter(jobs), lambda: size, by_field=True)]
    assert [job for parcel in made for job in parcel] == jobs
    parts = Counter(field for parcel in made for field in {job.field for job in parcel})
    assert set(parts.values()) == {1}
    assert max(map(len, made)) <= max(size, n_in_field)


def test_a_field_that_is_too_large_for_one_worker_is_shared():
    jobs = [in_field(n, 7) for n in range(2 * WHOLE + 10)]
    assert [len(p) for p in parcels(iter(jobs), lambda: 16, by_field=True)] == [WHOLE, WHOLE, 10]


def test_parcels_of_unknown_fields_are_neighbours_on_the_sky():
    sky = [Job(n * 137.5 % 360, n * 61.8 % 120 - 60, 0.4, 64, str(n)) for n in range(WINDOW)]
    widths = [max(j.dec for j in p) - min(j.dec for j in p) for p in parcels(iter(sky), lambda: 25)]
    assert sorted(widths)[len(widths) // 2] < 30  # at random it would be 110
