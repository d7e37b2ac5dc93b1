"""Replies that break the rules: each ends as a reason in words, none ends the download."""

import io
import itertools
import resource
import time

import numpy as np
import pytest
from PIL import Image

from galaxycurate.core.outcome import Reason, Status
from galaxycurate.errors import Unreachable
from galaxycurate.imagery.engine.engine import fetch
from galaxycurate.imagery.job import Limits
from galaxycurate.imagery.providers.skyserver import SkyServer
from tests.imagery.cutouts import picture
from tests.imagery.engine.raw import EMPTY, OK, serving, whole
from tests.imagery.engine.test_engine import SIZE, Memory, jobs, only

LIMITS = Limits(rate=0.0, concurrency=2, retries=1, backoff_s=0.0, gap_s=2.0)


def get(server, ras=(1,), limits=LIMITS, **more):
    sink = Memory()
    provider = SkyServer(server.url, "dr17")
    vars(provider).update(more)
    fetch(jobs(ras), [provider], sink, limits)
    return sink


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 500 Erro \xe7\r\n",
        b"HTTP/1.1 403 No\r\nServer: Caf\xe9\r\n",
        b'HTTP/1.1 403 No\r\nETag: "\xff"\r\n',
        b"HTTP/1.1 403 Na\xc3\xafve\r\n",
    ],
)
def test_bytes_that_are_no_text_become_text_that_can_be_stored(head):
    with serving(head + EMPTY) as server:
        result = only(get(server))
    assert result.status is Status.FAILED
    for text in (result.detail, result.origin, result.etag):
        text.encode()
    assert "\N{REPLACEMENT CHARACTER}" in f"{result.detail}{result.origin}{result.etag}" or (
        "Na\N{LATIN SMALL LETTER I WITH DIAERESIS}ve" in result.detail
    )


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (b"\x00\x01 lala\r\n\r\n", "not HTTP: "),
        (OK + b"Content-Length: abc\r\n\r\n", "not HTTP: "),
        (b"HTTP/1.1 302 Found\r\nLocation: /x\r\n" + EMPTY, "redirected 3 times"),
        (b"HTTP/1.1 302 Found\r\nLocation: ftp://x/\r\n" + EMPTY, "redirected to no address"),
    ],
)
def test_what_is_no_reply_is_told_apart_from_silence(reply, said):
    with serving(reply, closes=said == "not HTTP: ") as server:
        result = only(get(server))
    assert result.status is Status.FAILED
    assert said in result.detail
    assert "\n" not in result.detail
    assert result.attempts == 2


@pytest.mark.parametrize("coding", [b"br", b"gzip", b"lzma"])
def test_a_coding_that_nobody_asked_for_fails_in_words(coding):
    with serving(whole(b"x" * 20, OK + b"Content-Encoding: " + coding + b"\r\n")) as server:
        result = only(get(server))
    assert (result.status, result.attempts) == (Status.FAILED, 2)
    assert result.detail


def test_a_server_that_speaks_something_else_is_left_with_these_words():
    with (
        serving(b"SSH-2.0-OpenSSH_9.2\r\n", closes=True) as server,
        pytest.raises(Unreachable, match="failed 50 times in a row: not HTTP: "),
    ):
        get(server, range(10**9))


def test_a_redirect_is_not_followed_for_long():
    with serving(b"HTTP/1.1 302 Found\r\nLocation: /x\r\n" + EMPTY) as server:
        get(server)
    assert server.n <= 2 * 3


@pytest.mark.parametrize("date", [b"Wed, 21 Oct 2015 07:28:00 -9999999999999", b"9" * 400])
def test_a_date_out_of_all_bounds_says_nothing(date):
    refusal = b"HTTP/1.1 429 No\r\nRetry-After: " + date + b"\r\n" + EMPTY
    good = whole(picture(1, SIZE))
    with serving(lambda n: iter([refusal if n == 1 else good])) as server:
        assert only(get(server)).status is Status.OK


def endless(n):
    yield OK + b"Content-Type: image/jpeg\r\n\r\n"
    yield from itertools.repeat(b"x" * 100_000)


def told(n):
    yield OK + b"Content-Length: 99000000000\r\n\r\n"
    yield from itertools.repeat(b"x" * 100_000)


@pytest.mark.parametrize("reply", [endless, told])
def test_a_body_without_end_is_not_read_to_it(reply):
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.monotonic()
    with serving(reply) as server:
        result = only(get(server, most_bytes=5_000_000))
    assert (result.status, result.reason) == (Status.FAILED, Reason.TRUNCATED)
    assert result.detail == "the body is longer than 5 MB"
    assert time.monotonic() - started < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 60_000


def test_a_body_of_unknown_length_is_read_whole():
    body = picture(1, SIZE)
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:900], body[900:]))
    with serving(OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n") as server:
        assert get(server).kept == {"1": body}


def test_a_png_is_not_kept_as_a_jpeg():
    out = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (SIZE, SIZE, 3), np.uint8)
    Image.fromarray(noise).save(out, "PNG")
    with serving(whole(out.getvalue(), OK + b"Content-Type: image/jpeg\r\n")) as server:
        sink = get(server)
    assert sink.kept == {}
    assert (only(sink).reason, only(sink).detail) == (
        Reason.NOT_IMAGE, "PNG (RGB) instead of JPEG",
    )  # fmt: skip


def test_a_longer_pause_that_is_asked_for_within_one_is_noticed():
    """An hour is not waited for, whoever asked for a second before."""
    good = whole(picture(1, SIZE))

    def reply(n):
        if n <= 8:
            yield good
        elif n == 9:
            yield b"HTTP/1.1 429 Slow\r\nRetry-After: 1\r\n" + EMPTY
        else:
            time.sleep(0.1)
            yield b"HTTP/1.1 503 Maintenance\r\nRetry-After: 3600\r\n" + EMPTY

    started = time.monotonic()
    limits = Limits(rate=0.0, concurrency=4, retries=1, backoff_s=0.0)
    with (
        serving(reply) as server,
        pytest.raises(Unreachable, match="asks to come back in 60 minutes"),
    ):
        get(server, range(40), limits)
    assert time.monotonic() - started < 5


def test_every_attempt_that_is_told_was_made():
    """Also of those that the first server closed its door to."""

    class Other(SkyServer):
        name = "other"

    hour = b"HTTP/1.1 503 Later\r\nRetry-After: 3600\r\n" + EMPTY
    sink = Memory()
    limits = Limits(rate=0.0, concurrency=8, retries=1, backoff_s=0.0)
    with serving(hour) as down, serving(whole(picture(1, SIZE))) as good:
        providers = [SkyServer(down.url, "dr17"), Other(good.url, "dr17")]
        fetch(jobs(range(30)), providers, sink, limits)
    assert sum(result.attempts for result in sink.results.values()) == good.n == 30


def test_a_lost_connection_is_not_asked_over_again_in_secret():
    """Requests and attempts agree, also where a connection was kept alive and then dropped."""
    good = whole(picture(1, SIZE))
    with serving(lambda n: iter([good if n % 3 else b""]), closes=False) as server:
        sink = get(server, range(12), Limits(rate=0.0, concurrency=1, retries=3, gap_s=0.3))
    assert len(sink.kept) == 12
    assert sum(result.attempts for result in sink.results.values()) == server.n
