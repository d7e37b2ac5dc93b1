"""SkyServer's replies, as recorded, and as it says no."""

import json

import pytest
import requests

from galaxycurate.archives.replies import NotHere, fault, read, table
from galaxycurate.core.query import Query
from galaxycurate.errors import AnswerTooLarge, QueryRefused, Throttled

NUMBERS = Query("numbers", "", (("a", "int"), ("b", "float")))


def reply(body, status=200):
    made = requests.Response()
    made.status_code, made._content = status, body.encode()
    return made


def said(message):
    return json.dumps({"ErrorCode": 500, "ErrorType": "x", "ErrorMessage": message})


def test_a_reply_recorded_from_the_live_service_is_read(shared_data):
    text = (shared_data / "sdss" / "recorded" / "sqlsearch_xid_im.csv.txt").read_text()
    columns = (("objid", "varchar"), ("run", "int"), ("ra", "float"))
    rows = table(text, Query("recorded", "", columns))
    assert rows.objid[0] == "1237653651835781245"
    assert sorted(rows.run.unique()) == [1011, 1043, 1739, 1904]


def test_an_older_server_without_a_first_line_is_read():
    query = Query("old", "", (("ra", "float"), ("dec", "float")))
    rows = table("ra,dec\n336.514598443829,-0.931640678911959\n", query)
    assert rows.ra.tolist() == [336.514598443829]


def test_a_throttle_message_in_a_cell_is_known_for_what_it_is():
    text = (
        "#Table1\nColumn1\nERROR: Maximum 60 queries allowed per minute. Rejected query: SELECT\n"
    )
    with pytest.raises(Throttled):
        table(text, Query("q", "", (("Column1", "varchar"),)))


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize(
    ("body", "words"),
    [
        (said("Execution Timeout Expired.  The timeout period elapsed"), "Execution Timeout"),
        (said("Timeout expired.  The timeout period elapsed prior to"), "Timeout expired."),
        ("#Table1\nerror_message\nTimeout expired. Sorry\n", "Timeout expired. Sorry$"),
        ("<html><h1>Request timed out.</h1></html>", "Request timed out.$"),
        ("006~ASP 0251~Response Buffer Limit Exceeded~Ex", "006~ASP 0251~Response Buffer"),
    ],
)
def test_what_took_too_long_or_held_too_much_is_too_large(body, words, status):
    assert fault(reply(body, status)) is None
    with pytest.raises(AnswerTooLarge, match=f"^SkyServer: {words}"):
        read(reply(body, status), NUMBERS)


@pytest.mark.parametrize("status", [404, 405, 501])
def test_a_page_that_says_not_here_is_no_fault_of_the_front_end(status):
    page = reply("<html>no such page</html>", status)
    assert fault(page) is None
    with pytest.raises(NotHere):
        read(page, NUMBERS)


@pytest.mark.parametrize("status", [200, 502, 503, 504])
def test_any_other_page_is(status):
    assert fault(reply("\r\n<!DOCTYPE html><b>Down</b>", status)) == f"{status}, a web page: Down"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (said("Invalid column name 'c'."), r"\(400\): Invalid column name 'c'\.\n"),
        ("Bad Request\nmore", r"\(400\): Bad Request\n"),
    ],
)
def test_a_refusal_has_the_first_line_of_the_server(body, words):
    with pytest.raises(QueryRefused, match=words):
        read(reply(body, 400), NUMBERS)


def test_a_null_is_an_empty_cell_and_lines_may_end_as_on_windows():
    rows = table("#Table1\r\na,b\r\n1,\r\n,2.5\r\n", NUMBERS)
    assert rows.a.isna().tolist() == [False, True]
    assert rows.b.isna().tolist() == [True, False]
