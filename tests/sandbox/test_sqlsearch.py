"""The filter, the throttle and the formats."""

import io
import json

import pandas as pd
import pytest

from galaxycurate.sandbox import sqlsearch

TABLE = pd.DataFrame(
    {
        "objID": pd.array([1237662226208063489, None], dtype="Int64"),
        "r": [17.5, None],
        "name": ["a<b", None],
        "good": pd.array([True, None], dtype="boolean"),
    }
)


@pytest.mark.parametrize(
    ("sql", "executed"),
    [
        ("SELECT ra FROM Field", "SELECT  top 500000 ra FROM Field "),
        ("select distinct run from Field", "select distinct  top 500000 run from Field "),
        ("SELECT TOP 10 ra FROM Field", "SELECT TOP 10 ra FROM Field "),
        ("SELECT TOP(100) ra FROM Field", "SELECT  top 500000 TOP(100) ra FROM Field "),
        ("SELECT top 1 ra\r\n\tFROM Field", "SELECT top 1 ra FROM Field "),
        ("SELECT top 1 a; SELECT b", "SELECT top 1 a# #SELECT b "),
        ("SELECT top 1 a UNION SELECT b", "SELECT top 1 a UNION #SELECT b "),
        ("SELECT top 1 a FROM (SELECT a) x", "SELECT top 1 a FROM (SELECT a) x "),
        ("SELECT top 1 a FROM ( SELECT a) x", "SELECT top 1 a FROM ( SELECT a) x "),
        ("SELECT top 1 dbo.xp_cmdshell", "SELECT top 1 dbo#cmdshell "),
    ],
)
def test_the_filter_rewrites_as_the_service_does(sql, executed):
    assert sqlsearch.filtered(sql) == (executed, None)


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("WITH a AS (SELECT 1) SELECT 1", "error: must be a select statement: "),
        ("DROP TABLE Field", "error: must be a select statement: "),
        ("SELECT TOP 500001 ra FROM Field", "error: limit is  top 500000 "),
        ("SELECT TOP 0 ra FROM Field", "error: limit is  top 500000 "),
    ],
)
def test_the_filter_refuses_as_the_service_does(sql, message):
    assert sqlsearch.filtered(sql)[1] == f"{message}{sql} "


def test_a_client_may_ask_sixty_times_a_minute():
    now = [0.0]
    throttle = sqlsearch.Throttle(60, clock=lambda: now[0])
    assert all(throttle.allows("a") for _ in range(60))
    assert not throttle.allows("a")
    assert throttle.allows("b")
    now[0] = 60.0
    assert throttle.allows("a")


def test_no_limit_is_zero():
    throttle = sqlsearch.Throttle(0)
    assert all(throttle.allows("a") for _ in range(1000))


def test_csv_starts_with_table1_and_null_is_an_empty_cell():
    body, _ = sqlsearch.render(TABLE, "csv", "")
    assert body.decode() == "#Table1\nobjID,r,name,good\n1237662226208063489,17.5,a<b,true\n,,,\n"


def test_json_has_the_table_and_the_query():
    body, kind = sqlsearch.render(TABLE, "json", "SELECT 1")
    answer = json.loads(body)
    assert kind == "application/json"
    assert answer[0]["TableName"] == "Table1"
    assert answer[0]["Rows"][0] == {
        "objID": 1237662226208063489, "r": 17.5, "name": "a<b", "good": True,
    }  # fmt: skip
    assert set(answer[0]["Rows"][1].values()) == {None}
    assert answer[1] == {"TableName": "SqlQuery", "Rows": [{"query": "SELECT 1"}]}


@pytest.mark.parametrize("form", ["xml", "html"])
def test_markup_is_escaped(form):
    body, _ = sqlsearch.render(TABLE, form, "SELECT 1 WHERE 1 < 2")
    assert b"a&lt;b" in body
    assert b"1 &lt; 2" in body
    assert b"1237662226208063489" in body


@pytest.mark.parametrize("form", ["fits", "votable"])
def test_astronomers_formats_keep_the_ids(form):
    from astropy.table import Table

    body, _ = sqlsearch.render(TABLE[["objID", "r"]].dropna(), form, "")
    assert Table.read(io.BytesIO(body), format=form)["objID"][0] == 1237662226208063489


def test_html_hides_errors_behind_status_200():
    assert sqlsearch.error_body(500, "InternalServerError", "x", "html")[0] == 200
    status, body, _ = sqlsearch.error_body(500, "InternalServerError", "x", "csv")
    assert status == 500
    assert json.loads(body)["ErrorMessage"] == "x"


@pytest.mark.parametrize("name", [None, "", "parquet", "JSON"])
def test_unknown_formats_become_json(name):
    assert sqlsearch.known_format(name) == "json"
