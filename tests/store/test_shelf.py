import os
import time

import pandas as pd

from galaxycurate.core.query import Query
from galaxycurate.store.shelf import FolderShelf

QUERY = Query("fields_good", "SELECT 1")
TABLE = pd.DataFrame({"objID": ["1237662226208063489"], "n": pd.array([None], "Int64")})


def test_an_answer_comes_back_as_it_was(tmp_path):
    FolderShelf(tmp_path).keep_answer(QUERY, TABLE)
    pd.testing.assert_frame_equal(FolderShelf(tmp_path).answer(QUERY), TABLE)


def test_another_archive_or_question_has_no_answer(tmp_path):
    FolderShelf(tmp_path, "dr17").keep_answer(QUERY, TABLE)
    assert FolderShelf(tmp_path, "dr18").answer(QUERY) is None
    assert FolderShelf(tmp_path, "dr17").answer(Query("fields_good", "SELECT 2")) is None


def test_an_answer_of_last_week_is_asked_for_again(tmp_path):
    shelf = FolderShelf(tmp_path)
    shelf.keep_answer(QUERY, TABLE)
    (file,) = tmp_path.iterdir()
    os.utime(file, (time.time() - 8 * 86400,) * 2)
    assert shelf.answer(QUERY) is None


def test_a_damaged_answer_is_none(tmp_path):
    shelf = FolderShelf(tmp_path)
    shelf.keep_answer(QUERY, TABLE)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:40])
    assert shelf.answer(QUERY) is None


def test_notes_are_written_and_removed(tmp_path):
    shelf = FolderShelf(tmp_path)
    shelf.write_note(QUERY, {"job": 7})
    assert FolderShelf(tmp_path).note(QUERY) == {"job": 7}
    shelf.write_note(QUERY, None)
    assert shelf.note(QUERY) is None


def test_clearing_leaves_what_another_command_waits_for(tmp_path):
    mine, other = FolderShelf(tmp_path / "a"), FolderShelf(tmp_path / "a")
    mine.keep_answer(QUERY, TABLE)
    other.write_note(Query("positives", "SELECT 3"), {"job": 8})
    mine.clear()
    assert mine.answer(QUERY) is None
    assert other.note(Query("positives", "SELECT 3")) == {"job": 8}
    other.clear()
    assert not (tmp_path / "a").exists()
