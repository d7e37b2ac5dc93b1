from dataclasses import replace
from datetime import UTC, datetime

import pytest

from galaxycurate.core.outcome import Reason, Status
from galaxycurate.errors import SettingError
from galaxycurate.imagery.job import Job
from galaxycurate.imagery.providers.provider import (
    Next,
    has_position,
    retry_after_s,
    same_picture,
)
from galaxycurate.imagery.providers.skyserver import SkyServer

SDSS = SkyServer("https://skyserver.sdss.org/", "DR17")
ROW = {"ra": 184.9511, "dec": -0.5, "pixscale": 0.396127, "size_px": 256}


def job(**change):
    row = ROW | change
    return Job(row["ra"], row["dec"], row["pixscale"], row["size_px"], path="")


JPEG = {"Content-Type": "image/jpeg"}


def test_url_is_imgcutouts_getjpeg_with_eight_decimals():
    assert SDSS.url(job()) == (
        "https://skyserver.sdss.org/dr17/SkyServerWS/ImgCutout/getjpeg"
        "?ra=184.95110000&dec=-0.50000000&scale=0.396127&width=256&height=256"
    )


@pytest.mark.parametrize(
    "change", [{"ra": 184.9512}, {"dec": 0.5}, {"pixscale": 0.4}, {"size_px": 128}]
)
def test_request_changes_with_all_that_decides_the_pixels(change):
    assert SDSS.request(job()) != SDSS.request(job(**change))
    assert SDSS.request(job()) != SkyServer(SDSS.server, "dr16").request(job())


def test_request_names_its_server_and_nothing_that_is_not_asked():
    sandbox = SkyServer("http://127.0.0.1:8000", "dr17")
    assert sandbox.request(job()) != SDSS.request(job())
    assert SDSS.request(replace(job(), label="star")) == SDSS.request(job())
    assert SDSS.request(job()).endswith("scale=0.396127 size=256 @ https://skyserver.sdss.org")


def test_the_same_picture_may_come_from_any_server_and_release():
    for sky in (SDSS, SkyServer("http://127.0.0.1:8000", "dr16")):
        assert same_picture(sky.request(job()), ROW)
    assert same_picture("import old/x.jpg", {"name": "x"})


@pytest.mark.parametrize(
    "change",
    [{"ra": 84.9511}, {"dec": 0.5}, {"pixscale": 0.4}, {"size_px": 25}, {"ra": None},
     {"size_px": None}, {"pixscale": float("nan")}],
)  # fmt: skip
def test_another_position_scale_or_size_is_another_picture(change):
    assert not same_picture(SDSS.request(job()), ROW | change)
    assert not same_picture("no position for x", ROW | change)


def test_origin_names_the_server_as_it_names_itself():
    assert SDSS.origin("") == "skyserver dr17 @ https://skyserver.sdss.org"
    assert SDSS.origin("x (simulated sky: y)").endswith("sdss.org (x (simulated sky: y))")


@pytest.mark.parametrize(
    ("status", "headers", "then", "end", "reason"),
    [
        (200, JPEG, Next.CHECK, Status.FAILED, None),
        (200, {"Content-Type": "text/html"}, Next.CHECK, Status.FAILED, None),  # the body tells
        (200, {}, Next.CHECK, Status.FAILED, None),
        (404, JPEG, Next.SETTLE, Status.REJECTED, Reason.OUTSIDE),
        (404, {"Content-Type": "text/html"}, Next.SETTLE, Status.FAILED, Reason.REFUSED),
        (400, {}, Next.SETTLE, Status.REJECTED, Reason.REFUSED),
        (403, {}, Next.SETTLE, Status.FAILED, Reason.REFUSED),
        (429, {"Retry-After": "7"}, Next.WAIT, Status.FAILED, Reason.BUSY),
        (503, {}, Next.WAIT, Status.FAILED, Reason.BUSY),
        (500, JPEG, Next.RETRY, Status.FAILED, Reason.BUSY),
        (502, {}, Next.RETRY, Status.FAILED, Reason.BUSY),
        (504, {}, Next.RETRY, Status.FAILED, Reason.BUSY),
    ],
)
def test_judge_follows_the_services_source(status, headers, then, end, reason):
    judged = SDSS.judge(status, "SOME WORDS", headers)
    assert (judged.next, judged.status, judged.reason) == (then, end, reason)
    if reason is not None:
        assert judged.detail.startswith(f"http {status} SOME WORDS")


def test_retry_after_is_seconds_or_a_date():
    now = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
    assert retry_after_s("7", now) == 7.0
    assert retry_after_s("Thu, 01 Jan 2026 12:01:30 GMT", now) == 90.0
    assert retry_after_s("Thu, 01 Jan 2026 11:00:00 GMT", now) == 0.0
    assert retry_after_s("soon", now) is None
    assert retry_after_s("", now) is None


@pytest.mark.parametrize(
    "text",
    [
        "Wed, 21 Oct 99999999999 07:28:00 GMT",
        "Wed, 21 Oct 2026 07:28:00 +99999999999",
        "Wed, 31 Feb 2026 00:00:00 GMT",
        "9" * 500,
        ", 1",
    ],
)
def test_a_pause_that_no_calendar_holds_says_nothing(text):
    assert retry_after_s(text) is None


def test_a_position_is_two_finite_numbers():
    assert has_position(ROW)
    assert not has_position(ROW | {"ra": None})
    assert not has_position(ROW | {"dec": float("nan")})


def test_an_address_without_scheme_is_refused_with_the_right_one():
    with pytest.raises(SettingError, match=r"'skyserver\.sdss\.org' is no address") as caught:
        SkyServer("skyserver.sdss.org", "dr17")
    assert caught.value.hint == "did you mean https://skyserver.sdss.org?"
