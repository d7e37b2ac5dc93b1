"""A user's tables: how they are named, made, asked and dropped."""

import pandas as pd
import pytest

from galaxycurate.errors import QueryRefused
from galaxycurate.sandbox.mydb import MyDB, Statement, statement


@pytest.mark.parametrize(
    ("sql", "select", "into"),
    [
        ("SELECT a INTO mydb.x FROM t", "SELECT a  FROM t", "x"),
        ("select a into MyDB.dbo.[x] from t", "select a  from t", "x"),
        ("SELECT 1 AS a INTO x", "SELECT 1 AS a ", "x"),
        ("SELECT ' into mydb.x ' AS a", "SELECT ' into mydb.x ' AS a", None),
    ],
)
def test_into_is_found_and_the_rest_stays_as_it_was_written(sql, select, into):
    assert statement(sql) == Statement(select, into=into)


@pytest.mark.parametrize("sql", ["DROP TABLE mydb.x", "drop table [x];", "DROP TABLE MyDB.dbo.x"])
def test_drop_is_found(sql):
    assert statement(sql).drop == "x"


@pytest.mark.parametrize("sql", ["SELECT a INTO DR17.x FROM t", "SELECT a INTO", "SELECT 'a"])
def test_tables_are_made_in_mydb_only(sql):
    with pytest.raises(QueryRefused):
        statement(sql)


def test_a_table_is_asked_in_t_sql_with_and_without_mydb():
    mydb = MyDB()
    mydb.make("gc_x", pd.DataFrame({"gc_row": [1, 2, 3], "r": [1.5, None, 2.5]}))
    for name in ("gc_x", "mydb.gc_x", "MYDB.GC_X"):
        page = mydb.execute(f"SELECT TOP 1 gc_row FROM {name} WHERE gc_row > 1 ORDER BY gc_row")
        assert page["gc_row"].tolist() == [2]
    assert mydb.execute("SELECT COUNT(*) AS n FROM gc_x")["n"][0] == 3
    assert mydb.execute("SELECT SUM(gc_row) AS n, 2.5 AS b FROM gc_x").iloc[0].tolist() == [6, 2.5]


def test_a_name_is_taken_in_whatever_case():
    mydb = MyDB()
    mydb.make("x", pd.DataFrame({"a": [1]}))
    with pytest.raises(QueryRefused, match="already an object named 'X' in the database"):
        mydb.make("X", pd.DataFrame({"a": [1]}))
    mydb.drop("X")
    mydb.make("X", pd.DataFrame({"a": [2]}))
    assert [table["Name"] for table in mydb.tables()] == ["X"]


def test_an_uploaded_id_beside_null_is_exact():
    mydb = MyDB()
    mydb.upload("up", b"objID,name\n1237662226208063489,a\n,b\n")
    table = mydb.execute("SELECT objID FROM up")
    assert table["objID"].dropna().tolist() == [1237662226208063489]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT a FROM nowhere", "Invalid object name 'nowhere'."),
        ("SELECT nothing FROM x", "Invalid column name 'nothing'."),
    ],
)
def test_errors_are_sql_servers_words(sql, message):
    mydb = MyDB()
    mydb.make("x", pd.DataFrame({"a": [1]}))
    with pytest.raises(QueryRefused, match=message):
        mydb.execute(sql)


def test_what_is_not_there_cannot_be_dropped():
    with pytest.raises(QueryRefused, match="Cannot drop the table 'x'"):
        MyDB().drop("x")
    MyDB().drop("x", if_exists=True)


def test_a_query_reads_no_file(tmp_path):
    (tmp_path / "x.csv").write_text("a\n1\n")
    with pytest.raises(QueryRefused):
        MyDB().execute(f"SELECT a FROM '{tmp_path / 'x.csv'}'")
