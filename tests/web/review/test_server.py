"""The server of a review: who may ask it, and what it answers."""

import http.client
import json
import socket
import stat
import uuid
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from galaxycurate.errors import UsageError
from galaxycurate.web.review import browser, static
from galaxycurate.web.review.server import PAGE, serve
from tests.pipeline.project import Project
from tests.pipeline.review.conftest import opened, said
from tests.web.review.serving import serving


@pytest.fixture(scope="module")
def review(tmp_path_factory):
    """A session and the address of its server."""
    made = Project(tmp_path_factory.mktemp("server"))
    object.__setattr__(made.settings, "archive", "local:none")
    made.fetch(made.manifest("spiral", 3, size_px=[48] * 3), side=48)
    with opened(made) as session, serving(session) as url:
        yield session, url


def ask(url, path="", *, method="GET", body=None, host="", **headers):
    """A request as a stranger could write it: (status, headers, text)."""
    at = urlsplit(url)
    line = http.client.HTTPConnection(at.hostname, at.port, timeout=10)
    line.putrequest(method, f"{at.path}{path}", skip_host=True)
    line.putheader("Host", host or at.netloc)
    data = b"" if body is None else json.dumps(body).encode()
    for name, value in {**headers, "Content-Length": str(len(data))}.items():
        line.putheader(name.replace("_", "-"), value)
    line.endheaders(data)
    answer = line.getresponse()
    text = answer.read()
    line.close()
    return answer.status, answer.headers, text


def decision(session, **about):
    key = session.items(0, 1)[0]["key"]
    return {"decisions": [{"uid": uuid.uuid4().hex, "key": key, "kind": "unsure", **about}]}


@pytest.mark.parametrize(
    "path", ["", "session", "items?from=0&n=1", "page/app.js", "picture/x/0", "decide", "../"]
)
def test_every_request_without_the_token_is_refused(review, path):
    at = urlsplit(review[1])
    for start in ("/", "/x/", "/%00/", f"/{at.path[1:-2]}/", "//", "/%C3%A9/"):
        other = f"http://{at.netloc}{start}"
        status, headers, text = ask(other, path)
        assert status == 403
        assert b"lacks the token" in text
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "[::1]:80", "0.0.0.0", "["],
)
def test_a_name_that_was_given_this_machines_address_is_refused(review, host):
    assert ask(review[1], "session", host=host)[0] == 403


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1:9", "LOCALHOST"])
def test_any_port_of_this_machine_is_served_as_ssh_maps_it(review, host):
    assert ask(review[1], "session", host=host)[0] == 200


@pytest.mark.parametrize("origin", ["", "null", "https://evil.example", "http://127.0.0.1:1"])
def test_decisions_from_another_page_are_refused(review, origin):
    session, url = review
    headers = {"Origin": origin} if origin else {}
    status, _, text = ask(url, "decide", method="POST", body=decision(session), **headers)
    assert status == 403
    assert b"only the page of this review" in text
    assert session.about()["decided"] == 0


def test_decisions_of_its_own_page_are_taken_through_a_tunnel_too(review):
    session, url = review
    body = decision(session)
    how = {"host": "localhost:8080", "Origin": "http://localhost:8080"}
    status, _, text = ask(url, "decide", method="POST", body=body, **how)
    assert status == 200
    assert json.loads(text)["decided"] == 1
    undo = decision(session, kind="undo", undoes=body["decisions"][0]["uid"])
    assert ask(url, "decide", method="POST", body=undo, **how)[0] == 200
    assert session.about()["decided"] == 0


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (None, "no list of decisions"), ([], "no list"), ({"decisions": [1]}, "no list"),
        ({"decisions": [{"uid": "x"}]}, "no such kind|no uid"),
    ],
)  # fmt: skip
def test_what_is_no_decision_is_refused_in_words(review, body, why):
    origin = {"Origin": f"http://{urlsplit(review[1]).netloc}"}
    status, _, text = ask(review[1], "decide", method="POST", body=body, **origin)
    assert status == 400
    assert any(part in json.loads(text)["error"] for part in why.split("|"))


def test_a_body_without_end_is_not_read(review):
    origin = {"Origin": f"http://{urlsplit(review[1]).netloc}"}
    body = {"decisions": [{"reason": "x" * 70_000}]}
    assert ask(review[1], "decide", method="POST", body=body, **origin)[0] == 413


@pytest.mark.parametrize("line", ["OPTIONS * HTTP/1.1", "CONNECT a:1 HTTP/1.1"])
def test_a_request_without_a_path_is_refused(review, line):
    at = urlsplit(review[1])
    with socket.create_connection((at.hostname, at.port), timeout=10) as asking:
        asking.sendall(f"{line}\r\nHost: {at.netloc}\r\nConnection: close\r\n\r\n".encode())
        answer = asking.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 403")
    assert b"Content-Security-Policy" in answer


def test_other_ways_and_places_are_not_there(review):
    url = review[1]
    origin = {"Origin": f"http://{urlsplit(url).netloc}"}
    assert ask(url, "page/%2e%2e%2fserver.py")[0] == 404
    assert ask(url, "page/nothing.js")[0] == 404
    assert ask(url, "picture/nothing/0")[0] == 404
    assert ask(url, "items?from=-5&n=99999999999")[0] == 200
    assert ask(url, "decide", method="DELETE", **origin)[0] == 405


def test_pictures_may_be_kept_forever_and_nothing_else(review):
    session, url = review
    key = session.items(0, 1)[0]["key"]
    _, headers, body = ask(url, f"picture/{key}/0")
    assert "immutable" in headers["Cache-Control"]
    assert headers["Content-Type"] == "image/jpeg"
    assert body.startswith(b"\xff\xd8")
    for path in ("session", "items?from=0&n=1", "", "page/app.js"):
        _, headers, _ = ask(url, path)
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_a_catalogue_that_does_not_answer_is_a_sentence(review):
    session, url = review
    key = session.items(0, 1)[0]["key"]
    status, _, text = ask(url, f"objects/{key}/0")
    assert status == 200
    assert "there is no file or folder none" in json.loads(text)["error"]


def test_a_blind_page_asks_no_catalogue_before_the_decision(tmp_path):
    made = Project(tmp_path)
    object.__setattr__(made.settings, "archive", "local:none")
    made.fetch(made.manifest("spiral", 1, size_px=[48]), side=48)
    with opened(made, blind=True) as session, serving(session) as url:
        key = session.items(0, 1)[0]["key"]
        _, _, text = ask(url, f"objects/{key}/0")
        assert json.loads(text) == {"error": "the catalogue's objects are hidden until you decide"}
        session.decide([said(session, 0, "unsure")])
        _, _, text = ask(url, f"objects/{key}/0")
        assert "there is no file or folder none" in json.loads(text)["error"]


def test_a_port_that_is_taken_is_named(review):
    session, url = review
    port = urlsplit(url).port
    with pytest.raises(UsageError, match=f"port {port} cannot be used") as raised:
        serve(session, port, lambda _url: None)
    assert raised.value.hint == "leave out --port: a free one is taken then"


# ---- what the page is made of


def test_the_page_has_no_script_or_style_of_its_own_lines():
    text = (PAGE / "index.html").read_text()
    assert "<style" not in text
    assert "style=" not in text
    assert 'onclick="' not in text
    assert text.count("<script") == 1
    for file in PAGE.glob("*.js"):
        code = file.read_text()
        for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert word not in code, f"{file.name}: {word}"
        assert "http://" not in code.replace("http://www.w3.org/2000/svg", "")


def test_the_modules_of_the_page_become_one_script():
    script = static.bundle()
    assert "import " not in script.replace("important", "")
    assert "\nexport " not in script
    assert "class App" in script


def test_a_page_of_other_pictures_or_of_another_dataset_is_another_page(tmp_path):
    ids = []
    for name in "ab":
        made = Project(tmp_path / name)
        made.fetch(made.manifest("spiral", 1, size_px=[48]), side=48)
        with opened(made) as session:
            items = session.items(0, 1)
            ids += [held(session, items)["id"], held(session, items)["id"]]
            items[0]["sides"][0]["sha256"] = "f" * 64
            ids.append(held(session, items)["id"])
    assert ids[0] == ids[1]
    assert ids[3] == ids[4]
    assert len(set(ids)) == 4


def held(session, items):
    text = static.render(session, items)
    return json.loads(text.split('id="held">')[1].split("</script>")[0])


def test_a_browser_is_given_a_file_that_others_cannot_read(monkeypatch):
    shown = []
    monkeypatch.setattr(browser.webbrowser, "open", shown.append)
    browser.show_page("http://127.0.0.1:1/secret/")
    for _ in range(100):
        if shown:
            break
        browser.threading.Event().wait(0.02)
    file = Path(urlsplit(shown[0]).path)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "url=http://127.0.0.1:1/secret/" in file.read_text()
    assert "secret" not in shown[0]
    file.unlink()


@pytest.mark.parametrize(
    ("environment", "there"),
    [({"DISPLAY": ":0"}, True), ({"DISPLAY": ":0", "SSH_CONNECTION": "a 1 b 2"}, False)],
)
def test_a_browser_opens_where_somebody_sees_it(monkeypatch, environment, there):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert browser.is_there() is there
