"""SkyServer's protocol, spoken by the sandbox in a process of its own."""

import http.server
import threading
from urllib.parse import parse_qs

import pytest
import requests

from galaxycurate.archives.archive import Access
from galaxycurate.archives.skyserver import SkyServerArchive
from galaxycurate.archives.wire import PAUSES_S
from galaxycurate.core import ids
from galaxycurate.core.query import Query
from galaxycurate.errors import QueryRefused, ServiceError, SettingError, Throttled, Unreachable
from tests.archives.small import faults
from tests.sandbox import tiny
from tests.sandbox.test_server import start

COLUMNS = (("objID", "varchar"), ("type", "int"), ("petroRad_r", "float"))
SQL = "SELECT CAST(objID AS varchar(20)) AS objID, type, petroRad_r FROM PhotoObjAll"
LONG = SQL + " WHERE type IN (" + ", ".join(["3"] * 4000) + ")"
GALAXY = ids.encode(run=94, camcol=1, field=11, obj=1)


def ask(sql, columns=COLUMNS):
    return Query("test", sql, columns)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    sky = tiny.make(tmp_path_factory.mktemp("archive") / "tiny")
    process, url = start(sky, "--queries-per-minute", "0")
    yield url
    process.terminate()
    process.wait(20)


@pytest.fixture
def url(server):
    """A good day."""
    faults(server)
    yield server
    faults(server)


def no_wait(_seconds):
    pass


def opened(url, release="dr17", **more):
    return SkyServerArchive(Access(url, release, 0, **more), sleep=no_wait)


@pytest.fixture
def archive(url):
    return opened(url)


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
    assert len(LONG) > 8192
    assert len(archive.run(ask(LONG))) == 1


@pytest.mark.parametrize(
    ("release", "path"),
    [
        ("dr8", "en/tools/search/x_sql.asp"),
        ("dr9", "en/tools/search/x_sql.asp"),
        ("dr10", "en/tools/search/x_sql.aspx"),
        ("dr11", "en/tools/search/x_results.aspx"),
        ("DR12", "SkyServerWS/SearchTools/SqlSearch"),
        ("dr19", "SkyServerWS/SearchTools/SqlSearch"),
    ],
)
def test_each_release_is_asked_at_its_own_address(url, release, path):
    archive = opened(url, release)
    assert archive.run(ask(SQL + " ORDER BY objID")).objID[0] == str(GALAXY)
    assert archive.name.startswith(f"{url}/{release.lower()}/{path} (galaxycurate-sandbox")


def test_a_release_without_these_services_is_refused_with_those_that_have_them(url):
    with pytest.raises(SettingError, match="release = 'dr7' is no data release") as caught:
        opened(url, "dr7")
    assert caught.value.hint.startswith("choose one of dr8, dr9,")


def test_a_query_too_long_for_a_release_without_post_is_told_before_it_is_sent(url):
    before = requests.get(f"{url}/__stats__", timeout=10).json()
    with pytest.raises(
        QueryRefused, match=r"bytes, http.*x_sql.asp takes less than 8,192"
    ) as caught:
        opened(url, "dr9").run(ask(LONG))
    assert caught.value.hint == "ask another --release, or CasJobs: --archive casjobs"
    assert requests.get(f"{url}/__stats__", timeout=10).json() == before


def test_the_longest_address_that_is_sent_is_taken(url):
    archive = opened(url, "dr9")
    short = max(n for n in range(2000, 2800) if _bytes(archive, "3" + ",3" * n) < 8192)
    for n, is_taken in ((short, True), (short + 1, False)):
        sql = SQL + " WHERE type IN (3" + ",3" * n + ")"
        if is_taken:
            assert len(archive.run(ask(sql))) == 1
        else:
            with pytest.raises(QueryRefused):
                archive.run(ask(sql))


def _bytes(archive, types):
    sql = SQL.replace("SELECT", "SELECT TOP 500000")
    form = {"cmd": f"{sql} WHERE type IN ({types})", "format": "csv"}
    url = requests.Request("GET", archive.url, params=form).prepare().url
    return len(url) - len(archive.url.partition("/dr9/")[0])


@pytest.mark.parametrize("kind", ["sql_503", "sql_drop", "sql_truncate", "sql_cut"])
def test_a_reply_that_fails_is_asked_for_again_with_growing_pauses(url, kind):
    faults(url, **{f"{kind}_first": 3})
    waits, said = [], []
    archive = SkyServerArchive(Access(url, "dr17", 0, talk=said.append), sleep=waits.append)
    assert len(archive.run(ask(SQL))) == 2
    assert said[1] == "SkyServer did not answer: asking again in 6 s"
    assert [round(wait / pause) for wait, pause in zip(waits, PAUSES_S, strict=True)] == [1, 1, 1]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("sql_503", "503, a web page: 503 Service Unavailable No server is available"),
        ("sql_drop", "closed|aborted"),
        ("sql_truncate", "IncompleteRead|broken"),
        ("sql_cut", "its answer breaks off after"),
    ],
)
def test_a_reply_that_fails_each_time_is_one_clear_error(url, kind, words):
    faults(url, **{f"{kind}_rate": 1.0})
    with pytest.raises(Unreachable, match=words) as caught:
        opened(url).run(ask(SQL))
    assert str(caught.value).startswith(f"SkyServer did not answer at {url}/dr17/")
    assert "\n" not in str(caught.value)
    assert "galaxycurate config show" in caught.value.hint


@pytest.mark.parametrize(("refusals", "is_answered"), [(3, True), (4, False)])
def test_the_throttle_is_waited_for_three_times_and_then_told(url, refusals, is_answered):
    faults(url, sql_throttle_first=refusals)
    waits, said = [], []
    archive = SkyServerArchive(Access(url, "dr17", 0, talk=said.append), sleep=waits.append)
    if is_answered:
        assert len(archive.run(ask(SQL))) == 2
    else:
        with pytest.raises(Throttled, match="Maximum 60 queries allowed per minute") as caught:
            archive.run(ask(SQL))
        assert caught.value.hint == (
            "wait a minute, or lower queries_per_minute in galaxycurate.toml"
        )
    assert waits == [60.0] * 3
    assert said == ["SkyServer was asked too often: waiting 60 s"] * 3


def test_a_pace_is_kept_between_queries(url):
    waits = []
    archive = SkyServerArchive(Access(url, "dr17", 60), sleep=waits.append)
    for _ in range(3):
        archive.run(ask(SQL))
    assert len(waits) == 2
    assert all(0.0 < wait <= 1.0 for wait in waits)


def test_nobody_at_the_address_is_unreachable():
    with pytest.raises(Unreachable, match=r"did not answer at http://127.0.0.1:9") as caught:
        opened("http://127.0.0.1:9").run(ask(SQL))
    assert "galaxycurate config show tells which server is asked" in caught.value.hint


def test_nobody_on_this_machine_is_waited_for_once_and_told_how_to_start_a_server():
    waits = []
    archive = SkyServerArchive(Access("http://127.0.0.1:9", "dr17", 0), sleep=waits.append)
    with pytest.raises(Unreachable, match=r"refused") as caught:
        archive.run(ask(SQL))
    assert [round(wait / PAUSES_S[0]) for wait in waits] == [1]
    assert caught.value.hint.startswith("galaxycurate sandbox serve")


@pytest.mark.parametrize(
    ("sql", "sent"),
    [
        ("SELECT a FROM t", "SELECT TOP 500000 a FROM t"),
        ("select\n  distinct  a FROM t", "select\n  distinct  TOP 500000 a FROM t"),
        ("SELECT TOP 5 a FROM t", "SELECT TOP 5 a FROM t"),
        ("SELECT DISTINCT  TOP 5 a FROM t", "SELECT DISTINCT  TOP 5 a FROM t"),
        ("SELECT topping FROM t", "SELECT TOP 500000 topping FROM t"),
        ("SELECT a FROM (SELECT b FROM t) AS s", "SELECT TOP 500000 a FROM (SELECT b FROM t) AS s"),
        ("WITH a AS (SELECT 1) SELECT 1", "WITH a AS (SELECT 1) SELECT 1"),
    ],
)
def test_what_has_no_top_is_sent_with_one(front_end, sql, sent):
    opened(front_end).run(ask(sql))
    assert _Replies.sent[-1] == sent


class _Replies(http.server.BaseHTTPRequestHandler):
    """Answers with what the test put in ``body``, as real front ends do."""

    body = b""
    status = 200
    post_status = 0  # what a POST gets, if not the same
    asked: list[str] = []  # noqa: RUF012
    sent: list[str] = []  # noqa: RUF012

    def do_GET(self):
        self._reply(self.status)

    def do_POST(self):
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.sent += form["cmd"]
        self._reply(self.post_status or self.status)

    def _reply(self, status):
        self.asked.append(f"{self.command} {self.path.partition('?')[0]}")
        body = self.body if status == self.status else b"<html>not so</html>"
        self.send_response(status)
        if status in (301, 302):
            self.send_header("Location", self.path)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


TABLE = b"#Table1\nobjID,type,petroRad_r\n7,3,1.5\n"


@pytest.fixture
def front_end():
    _Replies.body, _Replies.status, _Replies.post_status, _Replies.asked = TABLE, 200, 0, []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Replies)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("status", [301, 302, 404, 405, 501])
def test_where_no_post_is_taken_get_is_and_is_remembered(front_end, status):
    _Replies.post_status = status
    archive = opened(front_end)
    for _ in range(2):
        assert archive.run(ask(SQL)).objID.tolist() == ["7"]
    path = "/dr17/SkyServerWS/SearchTools/SqlSearch"
    assert _Replies.asked == [f"POST {path}", f"GET {path}", f"GET {path}"]


def test_a_server_without_the_service_is_asked_at_its_page_and_then_given_up(front_end):
    _Replies.status = 404
    with pytest.raises(Unreachable, match=r"takes no SQL at .*x_results.aspx: 404") as caught:
        opened(front_end).run(ask(SQL))
    assert "another --release" in caught.value.hint
    assert len(_Replies.asked) == 3


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"#Table1\nobjID,type,petroRad_r\n7,3,1.5\n8,3,1", "breaks off after 43 characters"),
        (b"#Table1\nobjID,type,petroRad_r\n7,3,1.5\n8,3\n", "breaks off: line 4 has 2 fields"),
        (b"", "has no columns"),
        (b"#Table1\n", "has no columns"),
    ],
)
def test_half_a_table_is_never_an_answer(front_end, body, words):
    _Replies.body = body
    with pytest.raises(Unreachable, match=words):
        opened(front_end).run(ask(SQL))
    assert len(_Replies.asked) == 4


def test_a_damaged_line_is_named(front_end):
    _Replies.body = b"#Table1\nobjID,type,petroRad_r\n7,a,b,1.5\n8,3,1.5\n"
    with pytest.raises(ServiceError) as caught:
        opened(front_end).run(ask(SQL))
    assert str(caught.value) == (
        "SkyServer's answer to test is damaged: line 3 has 4 fields, not 3: 7,a,b,1.5"
    )


def test_an_older_page_says_in_words_that_there_are_no_rows(front_end):
    _Replies.body = b"No objects have been found"
    assert opened(front_end, "dr8").run(ask(SQL)).columns.tolist() == [name for name, _ in COLUMNS]


def test_no_proxy_stands_between_this_machine_and_itself(front_end, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert opened(front_end).run(ask(SQL)).objID.tolist() == ["7"]


@pytest.mark.parametrize(
    ("server", "meant"),
    [
        ("skyserver.sdss.org", "https://skyserver.sdss.org"),
        ("ftp://skyserver.sdss.org/", "https://skyserver.sdss.org"),
        ("https://", "https://skyserver.sdss.org"),
    ],
)
def test_a_server_that_is_no_web_address_is_told_with_the_right_one(server, meant):
    with pytest.raises(SettingError) as caught:
        opened(server).run(ask(SQL))
    assert str(caught.value) == f"{server!r} is no web address"
    assert caught.value.hint == f"did you mean {meant}?"
