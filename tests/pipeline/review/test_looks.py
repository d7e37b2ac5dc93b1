"""The looks of a review by the names that a page has for them."""

import pytest

from galaxycurate.errors import UsageError
from galaxycurate.pipeline.review.looks import key_of
from tests.pipeline.review.conftest import judged, opened, pair


def test_a_key_is_the_same_tomorrow_and_tells_nothing(project, paths):
    with opened(project) as one, opened(project, queue="random", blind=True) as other:
        keys = {entry.path: one.looks.key(entry) for entry in one.entries}
        assert keys == {entry.path: other.looks.key(entry) for entry in other.entries}
    assert all(len(key) == 24 and int(key, 16) >= 0 for key in keys.values())
    assert len({key_of(paths[0]), key_of(paths[0], again=True), key_of(*paths[:2])}) == 3


def test_second_looks_are_looks_and_no_pictures(project):
    with opened(project, second_look=1.0, limit=4) as session:
        assert (len(session.looks), session.looks.pictures) == (8, 4)
        places = [session.looks.place(key) for key, _ in session.looks]
        assert places == list(range(8))


def test_a_pair_is_found_by_its_key_though_it_has_no_place(project, paths):
    judged(project, "dedupe", pair(*paths[:2]))
    with opened(project) as session:
        key = key_of(*paths[:2])
        assert session.looks.place(key) is None
        assert session.looks.path(key, 1) == paths[1]
        assert session.looks.twins(paths[0]) == [key]
        for side, wrong in ((1, key_of(paths[0])), (2, key), (0, "0" * 24)):
            with pytest.raises(UsageError, match="no such picture"):
                session.looks.path(wrong, side)
