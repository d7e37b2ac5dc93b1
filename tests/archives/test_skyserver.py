"""SkyServer's protocol, spoken by the sandbox in a process of its own."""

import http.server
import threading

import pytest

from galaxycurate.archives.skyserver import SkyServerArchive, _table
from galaxycurate.core import ids
from galaxycurate.core.query import Query
from galaxycurate.errors import QueryRefused, SettingError, Throttled, Unreachable
from tests.sandbox import tiny
from tests.sandbox.test_server import start

COLUMNS = (("objID", "varchar"), ("type", "int"), ("petroRad_r", "float"))
SQL = "SELECT CAST(objID AS varchar(20)) AS objID, type, petroRad_r FROM PhotoObjAll"
GALAXY = ids.encode(run=94, camcol=1, field=11, obj=1)


def ask(sql, columns=COLUMNS):
    return Query("test", sql, columns)


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    sky = tiny.make(tmp_path_factory.mktemp("archive") / "tiny")
    process, url = start(sky, "--queries-per-minute", "20")
    yield url
    process.terminate()
    process.wait(20)


@pytest.fixture
def archive(url):
    return SkyServerArchive(url, "dr17", queries_per_minute=0, sleep=lambda _seconds: None)


def test_ids_stay_text_beside_a_null(archive):
    table = archive.run(ask(SQL + " ORDER BY objID"))
    assert table.objID.tolist() == [str(GALAXY), str(GALAXY + 1)]
    assert table.type.tolist() == [3, 6]
    assert table.petroRad_r.isna().tolist() == [False, True]


def test_no_rows_are_an_empty_typed_table(archive):
    table = archive.run(ask(SQL + " WHERE type = 99"))
    assert table.columns.tolist() == ["objID", "type", "petroRad_r"]
    assert len(table) == 0
    assert str(table.type.dtype) == "Int64"


def test_the_name_tells_who_answered(archive, url):
    assert archive.name == f"{url}/dr17/SkyServerWS/SearchTools/SqlSearch"
    archive.run(ask(SQL))
    assert archive.name.endswith("(galaxycurate-sandbox (simulated sky: tiny))")


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("WITH x AS (SELECT 1 AS a) SELECT a FROM x", "must be a select statement"),
        ("SELECT TOP 600000 objID FROM PhotoObjAll", r"limit is\s+top 500000"),
        ("SELECT nothing FROM PhotoObjAll", "nothing"),
    ],
)
def test_a_refusal_has_the_servers_words(archive, sql, words):
    with pytest.raises(QueryRefused, match=words) as caught:
        archive.run(ask(sql))
    assert "--dry-run" in caught.value.hint


def test_a_query_too_long_for_an_address_is_posted(archive):
    long = SQL + " WHERE type IN (" + ", ".join(["3"] * 4000) + ")"
    assert len(long) > 8192
    assert len(archive.run(ask(long))) == 1


def test_the_throttle_is_waited_for_once_and_then_told(url):
    waits = []
    archive = SkyServerArchive(url, "dr17", queries_per_minute=0, sleep=waits.append)
    tries = [lambda: archive.run(ask(SQL))] * 30
    with pytest.raises(Throttled, match="Maximum 20 queries allowed per minute"):
        _ = [ask_again() for ask_again in tries]
    assert 60.0 in waits


def test_a_pace_is_kept_between_queries():
    waits = []
    archive = SkyServerArchive("http://x", "dr17", queries_per_minute=60, sleep=waits.append)
    for _ in range(3):
        archive._wait_for_turn()
    assert len(waits) == 2
    assert waits[0] == pytest.approx(1.0, abs=0.2)


def test_nobody_at_the_address_is_unreachable():
    archive = SkyServerArchive("http://127.0.0.1:9", "dr17", sleep=lambda _seconds: None)
    with pytest.raises(Unreachable, match=r"did not answer at http://127.0.0.1:9") as caught:
        archive.run(ask(SQL))
    assert "galaxycurate sandbox serve" in caught.value.hint


class _Replies(http.server.BaseHTTPRequestHandler):
    """Answers with what the test put in ``body``, as the real front end does when it is down."""

    body = b""
    status = 200
    hang_ups = 0

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.status)
        if _Replies.hang_ups:
            _Replies.hang_ups -= 1
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"40\r\n#Table1\n")
            self.close_connection = True
            return
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_):
        pass


@pytest.fixture
def front_end():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Replies)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_web_page_instead_of_a_table_is_unreachable(front_end):
    _Replies.body, _Replies.status = (
        b"<html><body><h1>503 Service Unavailable</h1>\nNo server is available", 503
    )  # fmt: skip
    archive = SkyServerArchive(front_end, "dr17", sleep=lambda _seconds: None)
    with pytest.raises(Unreachable, match="503 Service Unavailable No server is available"):
        archive.run(ask(SQL))


@pytest.mark.parametrize(("hang_ups", "is_heard"), [(2, True), (3, False)])
def test_a_table_that_breaks_off_is_asked_for_again(front_end, hang_ups, is_heard):
    _Replies.body, _Replies.status = b"#Table1\nobjID,type,petroRad_r\n7,3,1.5\n", 200
    _Replies.hang_ups = hang_ups
    archive = SkyServerArchive(front_end, "dr17", sleep=lambda _seconds: None)
    if is_heard:
        assert archive.run(ask(SQL)).objID.tolist() == ["7"]
    else:
        with pytest.raises(Unreachable, match="did not answer at"):
            archive.run(ask(SQL))


def test_no_proxy_stands_between_this_machine_and_itself(front_end, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    _Replies.body, _Replies.status = b"#Table1\nobjID,type,petroRad_r\n7,3,1.5\n", 200
    archive = SkyServerArchive(front_end, "dr17", sleep=lambda _seconds: None)
    assert archive.run(ask(SQL)).objID.tolist() == ["7"]


@pytest.mark.parametrize(
    ("server", "meant"),
    [
        ("skyserver.sdss.org", "https://skyserver.sdss.org"),
        ("ftp://skyserver.sdss.org/", "https://skyserver.sdss.org/"),
        ("https://", "https://skyserver.sdss.org"),
    ],
)
def test_a_server_that_is_no_web_address_is_told_with_the_right_one(server, meant):
    archive = SkyServerArchive(server, "dr17", sleep=lambda _seconds: None)
    with pytest.raises(SettingError) as caught:
        archive.run(ask(SQL))
    assert str(caught.value) == f"server = {server!r} is no web address"
    assert caught.value.hint == f"did you mean {meant}?"


def test_a_reply_recorded_from_the_live_service_is_read(shared_data):
    text = (shared_data / "sdss" / "recorded" / "sqlsearch_xid_im.csv.txt").read_text()
    columns = (("objid", "varchar"), ("run", "int"), ("ra", "float"))
    table = _table(text, Query("recorded", "", columns))
    assert table.objid[0] == "1237653651835781245"
    assert sorted(table.run.unique()) == [1011, 1043, 1739, 1904]


def test_an_older_server_without_a_first_line_is_read():
    table = _table("ra,dec\n336.514598443829,-0.931640678911959",
                   Query("old", "", (("ra", "float"), ("dec", "float"))))  # fmt: skip
    assert table.ra.tolist() == [336.514598443829]


def test_a_throttle_message_in_a_cell_is_known_for_what_it_is():
    text = (
        "#Table1\nColumn1\nERROR: Maximum 60 queries allowed per minute. Rejected query: SELECT\n"
    )
    with pytest.raises(Throttled):
        _table(text, Query("q", "", (("Column1", "varchar"),)))
