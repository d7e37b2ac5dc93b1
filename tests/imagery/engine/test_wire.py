import asyncio

import pytest
from aiohttp import web

from galaxycurate.imagery.engine.wire import Silence, Wire, _proxy
from galaxycurate.imagery.job import Limits
from tests.imagery.cutouts import CutoutServer, image_reply, picture, truncated

QUERY = "/dr17/SkyServerWS/ImgCutout/getjpeg?ra=1.00&width=64"


def ask(fault=None, *, gap_s=None, limits=None, headers=None):
    with CutoutServer({1: fault} if fault else {}) as server:

        async def main():
            async with Wire.open(server.url, limits or Limits()) as wire:
                return await wire.get(server.url + QUERY, gap_s, headers)

        return asyncio.run(main())


def test_a_reply_is_its_status_headers_and_body():
    reply = ask()
    assert (reply.status, reply.phrase, reply.cut) == (200, "OK", "")
    assert reply.headers["content-type"] == "image/jpeg"
    assert reply.body == picture(1.0, 64)


def test_addresses_are_sent_as_they_are_written():
    asked = []

    def note(request, body, before):
        asked.append(request.raw_path)

    ask(note)
    assert asked == [QUERY]


def test_headers_of_a_request_go_beside_the_usual_ones():
    seen = {}

    def note(request, body, before):
        seen.update(request.headers)

    ask(note, headers={"Range": "bytes=0-9"})
    assert seen["Range"] == "bytes=0-9"
    assert seen["User-Agent"].startswith("galaxycurate/")
    assert seen["Accept-Encoding"] == "identity"


def test_a_body_that_ends_early_is_cut():
    reply = ask(lambda request, body, _: truncated(request, body))
    assert (reply.status, reply.body, reply.cut) == (200, b"", "the body ended early")


@pytest.mark.parametrize("part", ["head", "body"])
def test_silence_is_borne_as_long_as_asked(part):
    async def stall(request, body, _):
        reply = web.StreamResponse(headers={"Content-Type": "image/jpeg"})
        reply.content_length = len(body)
        if part == "body":
            await reply.prepare(request)
            await reply.write(body[:100])
        await asyncio.sleep(5)
        return reply

    with pytest.raises(Silence, match="no answer in time") as caught:
        ask(stall, gap_s=0.25)
    assert caught.value.late


def test_a_slow_body_is_not_silence():
    async def drip(request, body, _):
        reply = web.StreamResponse(headers={"Content-Type": "image/jpeg"})
        await reply.prepare(request)
        step = len(body) // 5
        for at in range(0, len(body), step):
            await reply.write(body[at : at + step])
            await asyncio.sleep(0.15)
        return reply

    assert ask(drip, gap_s=0.5).body == picture(1.0, 64)


def test_a_redirect_is_followed():
    def move(request, body, before):
        return None if before else web.Response(status=302, headers={"Location": QUERY})

    assert ask(move).status == 200


def test_replies_with_an_error_are_replies():
    reply = ask(lambda *_: image_reply(b"", 404))
    assert (reply.status, reply.phrase) == (404, "Not Found")


def test_the_environment_names_a_proxy_for_others_only(monkeypatch):
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "near.example")
    assert _proxy("https://skyserver.sdss.org") == "http://proxy.example:3128"
    assert _proxy("https://near.example") is None
    assert _proxy("https://127.0.0.1:8000") is None
