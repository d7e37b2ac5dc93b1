import re

import pytest

from galaxycurate.errors import SettingError
from galaxycurate.store import sqlfiles

NAMES = sorted(p.stem for p in sqlfiles.folder().glob("*.sql"))


@pytest.mark.parametrize("name", NAMES)
def test_every_question_binds_to_what_the_live_filter_lets_through(name):
    file = sqlfiles.read(name)
    sql = file.bind().sql
    assert file.purpose
    assert sql.startswith("SELECT ")
    assert "@" not in sql
    assert "--" not in sql
    assert ";" not in sql
    assert not re.search(r"TOP\s*\(", sql)
    assert not re.search(r"(?<!\()(?<!\( )(?<!^)\bselect ", sql, re.IGNORECASE)
    assert len(sql) < 8192


@pytest.mark.parametrize("name", NAMES)
def test_every_column_that_comes_back_is_declared_once(name):
    file = sqlfiles.read(name)
    names = [column for column, _ in file.columns]
    assert names
    assert len(set(names)) == len(names)
    for column in names:
        assert re.search(rf"\b{column}\b", file.statement), column


def test_ids_come_back_as_text():
    for name in NAMES:
        for column, kind in sqlfiles.read(name).columns:
            if column.lower().endswith("id"):
                assert kind == "varchar", (name, column)


def test_the_sha256_is_that_of_the_bound_text():
    read = sqlfiles.read("negatives_field")
    assert read.bind(score=0.2).sha256 == read.bind().sha256
    assert read.bind(score=0.3).sha256 != read.bind().sha256


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"score": 1.4}, "score = 1.4 is outside -1 to 1"),
        ({"score": "0.2; DROP TABLE Field"}, "is not a number"),
        ({"limit": 2.5}, "limit = 2.5 is not a number"),
        ({"scor": 0.2}, "sql/negatives_field.sql has no parameter 'scor'"),
    ],
)
def test_no_text_of_a_user_enters_the_sql(values, message):
    with pytest.raises(SettingError, match=message):
        sqlfiles.read("negatives_field").bind(**values)


def test_an_unknown_question_lists_the_known_ones():
    with pytest.raises(SettingError, match=r"there is no sql/nothing.sql") as caught:
        sqlfiles.read("nothing")
    assert "negatives_cell" in caught.value.hint
