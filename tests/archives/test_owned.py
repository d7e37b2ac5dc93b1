"""Whose answers lie on the shelf."""

import pandas as pd
import pytest

from galaxycurate.archives.owned import OwnedShelf
from galaxycurate.core.query import Query
from galaxycurate.store.shelf import FolderShelf

QUERY = Query("q", "SELECT 1 AS one", (("one", "int"),))


@pytest.mark.parametrize(("now", "is_kept"), [("this sky", True), ("another sky", False)])
def test_an_answer_of_another_server_at_the_same_address_is_none(tmp_path, now, is_kept):
    shelf = FolderShelf(tmp_path)
    OwnedShelf(shelf, lambda: "this sky").keep_answer(QUERY, pd.DataFrame({"one": [1]}))
    answer = OwnedShelf(shelf, lambda: now).answer(QUERY)
    assert (answer is not None) == is_kept


def test_nobody_is_asked_who_it_is_for_an_empty_shelf(tmp_path):
    def giver():
        raise AssertionError

    assert OwnedShelf(FolderShelf(tmp_path), giver).answer(QUERY) is None
