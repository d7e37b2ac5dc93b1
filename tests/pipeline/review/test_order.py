"""Orders of a review: the same tomorrow, and second looks after the first ones."""

from galaxycurate.pipeline.review.entry import Entry
from galaxycurate.pipeline.review.order import in_own_order, with_second_looks


def test_second_looks_come_after_the_first_and_are_the_same_tomorrow():
    entries = [Entry(f"{k:03d}") for k in range(400)]
    twice = with_second_looks(entries, 0.05, seed=1)
    assert twice == with_second_looks(entries, 0.05, seed=1)
    again = [entry.path for entry in twice if entry.again]
    assert 8 <= len(again) <= 36
    assert [entry for entry in twice if not entry.again] == entries
    places = {(entry.path, entry.again): k for k, entry in enumerate(twice)}
    assert all(places[path, True] > places[path, False] for path in again)


def test_each_reviewer_has_an_order_that_stays_when_something_is_left_out():
    entries = [Entry(f"{k:03d}") for k in range(40)]
    anna, ben = in_own_order(entries, "anna"), in_own_order(entries, "ben")
    assert anna != ben
    assert in_own_order(entries[:20], "anna") == [one for one in anna if one in entries[:20]]
