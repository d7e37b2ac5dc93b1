"""T-SQL in, DuckDB out."""

import duckdb
import pytest

from galaxycurate.archives.local.tsql import columns_used, to_duckdb
from galaxycurate.errors import QueryRefused

SCHEMA = {"PhotoObjAll": {"objID": "BIGINT", "run": "SMALLINT", "ra": "DOUBLE", "name": "VARCHAR"}}


@pytest.fixture
def ask():
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE PhotoObjAll AS SELECT * FROM (VALUES "
        "(1237662226208063489::BIGINT, 3900::SMALLINT, 164.9, 'a'), "
        "(1237662226208063490, 7::SMALLINT, 1.2, NULL)) AS t(objID, run, ra, name)"
    )
    return lambda sql: connection.execute(to_duckdb(sql, schema=SCHEMA)).fetchall()


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT TOP 1 [run] FROM PhotoObjAll ORDER BY run", [(7,)]),
        ("SELECT DISTINCT TOP 1 run FROM BESTDR17..PhotoObjAll ORDER BY run DESC", [(3900,)]),
        ("SELECT CAST(run AS varchar(20)) FROM dbo.PhotoObjAll WHERE run = 7", [("7",)]),
        ("SELECT ISNULL(name, 'none') FROM PhotoObjAll WHERE run = 7", [("none",)]),
        ("SELECT run ^ 1, run & 3, run | 8 FROM PhotoObjAll WHERE run = 7", [(6, 3, 15)]),
        ("SELECT LOG10(1000.0), SQRT(16.0) FROM PhotoObjAll WHERE run = 7", [(3, 4)]),
        ("SELECT POWER(run, 2), LOG(run / 7) FROM PhotoObjAll WHERE run = 7", [(49, 0)]),
        ("SELECT CASE WHEN run > 8 THEN 1 ELSE 0 END FROM PhotoObjAll ORDER BY run", [(0,), (1,)]),
        ("SELECT run FROM PhotoObjAll -- a remark\nWHERE run = 7", [(7,)]),
        ("SELECT g.n FROM (SELECT COUNT(*) AS n FROM PhotoObjAll) AS g", [(2,)]),
    ],
)  # fmt: skip
def test_the_words_of_tsql_are_understood(ask, sql, rows):
    assert ask(sql) == rows


def test_integers_divide_to_integers_without_a_float(ask):
    assert ask("SELECT objID / 65536, run / 2 FROM PhotoObjAll WHERE run = 7") == [
        (1237662226208063490 // 65536, 3)
    ]


def test_types_are_known_through_a_derived_table(ask):
    sql = "SELECT g.n / 2 FROM (SELECT run AS n FROM PhotoObjAll) AS g WHERE g.n = 7"
    assert ask(sql) == [(3,)]


def test_columns_are_listed_by_their_table():
    sql = (
        "SELECT g.n, (SELECT COUNT(*) FROM PhotoObjAll AS q WHERE q.fieldID = g.fieldID) AS k "
        "FROM (SELECT f.fieldID, f.run + f.camcol AS n FROM Field AS f WHERE f.run > 7) AS g"
    )
    assert columns_used(sql) == {
        "Field": ["fieldID", "run", "camcol"], "PhotoObjAll": ["fieldID"],
    }  # fmt: skip


def test_a_cast_to_int_cuts_the_fraction_off(ask):
    assert ask("SELECT CAST(ra AS int) FROM PhotoObjAll WHERE run = 3900") == [(164,)]


def test_plus_joins_text(ask):
    sql = "SELECT 'run ' + CAST(run AS varchar(5)) FROM PhotoObjAll WHERE run = 7"
    assert ask(sql) == [("run 7",)]


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        ("SELECT top 500000 TOP(100) ra FROM Field", "Incorrect syntax near '100'"),
        ("SELECT ra FROM", "Incorrect syntax near 'FROM'"),
        ("SELECT ra #SELECT dec FROM Field", "Incorrect syntax near 'SELECT'"),
        ("SELECT 'ra FROM Field", "Unclosed quotation mark"),
        ("DROP TABLE Field", "must be one SELECT"),
        ("SELECT 1; SELECT 2", "must be one SELECT"),
        ("SELECT ra INTO mydb.mine FROM Field", "needs MyDB"),
    ],
)
def test_what_is_no_select_is_refused_in_the_servers_words(sql, text):
    with pytest.raises(QueryRefused, match=text):
        to_duckdb(sql)
