"""What CasJobs' replies mean, from a server that shows pages of HTML as IIS does."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from galaxycurate.archives.archive import Access
from galaxycurate.archives.casjobs.jobs import CasJobs
from galaxycurate.errors import LoginNeeded, QueryRefused
from tests.archives import small

PAGE = b"<!DOCTYPE html><html><head><style>b {}</style></head><body>It says no</body></html>"


@pytest.fixture
def casjobs(monkeypatch, tmp_path):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(404 if self.headers["X-Auth-Token"] == "good" else 401)
            self.send_header("Content-Length", str(len(PAGE)))
            self.end_headers()
            self.wfile.write(PAGE)

        def log_message(self, *_args):
            pass

    small.nobody(monkeypatch, tmp_path)
    monkeypatch.setenv("SCISERVER_TOKEN", "good")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    pauses = []
    yield CasJobs(Access(f"http://127.0.0.1:{server.server_port}", "dr17"), sleep=pauses.append)
    assert not any(pauses)
    server.shutdown()
    server.server_close()


def test_a_service_without_a_list_of_jobs_has_none(casjobs):
    assert casjobs.jobs() == []


def test_a_job_that_is_not_known_is_refused_in_the_words_of_the_page(casjobs):
    with pytest.raises(QueryRefused, match=r"refused it \(404\): 404, a web page: It says no"):
        casjobs.job(7)


def test_a_page_that_says_unauthorized_means_that_nobody_is_logged_in(casjobs, monkeypatch):
    monkeypatch.setenv("SCISERVER_TOKEN", "old")
    with pytest.raises(LoginNeeded, match="has expired"):
        casjobs.tables()
