"""The server as its clients see it: over HTTP, in a process of its own."""

import io
import json
import signal
import subprocess
import sys

import pandas as pd
import pytest
import requests
from PIL import Image

from galaxycurate.core import ids

SQL = "/dr17/SkyServerWS/SearchTools/SqlSearch"
GALAXY, STAR = (ids.encode(run=94, camcol=1, field=11, obj=n) for n in (1, 2))
IMG = "/dr17/SkyServerWS/ImgCutout/getjpeg"


def start(sky, *options):
    options = options if "--port" in options else (*options, "--port", "0")
    command = [
        sys.executable,
        "-m",
        "galaxycurate",
        "sandbox",
        "serve",
        "--sky",
        str(sky),
        *options,
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    return process, process.stdout.readline().strip()


@pytest.fixture(scope="module")
def url(tiny_sky):
    process, url = start(tiny_sky, "--queries-per-minute", "0")
    yield url
    process.terminate()
    assert process.wait(20) == 0
    assert process.stdout.read() == ""


def query(url, sql, form="csv", path=SQL):
    return requests.get(url + path, params={"cmd": sql, "format": form}, timeout=30)


def test_ids_are_exact_and_null_is_empty(url):
    sql = (
        "SELECT f.field, p.objID, p.petroRad_r FROM Field AS f "
        "LEFT JOIN PhotoObjAll AS p ON p.fieldID = f.fieldID ORDER BY f.field, p.objID"
    )
    lines = query(url, sql).text.splitlines()
    assert lines[:2] == ["#Table1", "field,objID,petroRad_r"]
    assert lines[2:] == [f"11,{GALAXY},5.5", f"11,{STAR},", "12,,"]


@pytest.mark.parametrize(
    "path", [SQL, SQL.lower().replace("dr17", "DR18"), "/dr8/en/tools/search/x_results.aspx"]
)
def test_every_release_and_address_answers(url, path):
    reply = query(url, "SELECT COUNT(*) AS n FROM Galaxy", path=path)
    assert reply.text == "#Table1\nn\n1\n"


def test_post_and_parameter_names_in_any_case(url):
    reply = requests.post(
        url + SQL, data={"CMD": "SELECT run FROM Star", "Format": "JSON"}, timeout=30
    )
    assert reply.json()[0]["Rows"] == [{"run": 94}]


def test_refusals_of_the_filter_are_status_200(url):
    reply = query(url, "WITH a AS (SELECT 1 AS b) SELECT b FROM a")
    assert reply.status_code == 200
    assert reply.text.startswith("#Table1\nerror_message\nerror: must be a select statement: ")


@pytest.mark.parametrize(
    "sql", ["SELECT TOP(100) ra FROM Field", "SELECT nothing FROM Field", "SELECT 1; SELECT 2"]
)
def test_errors_of_the_database_are_a_json_object(url, sql):
    reply = query(url, sql)
    assert reply.status_code == 500
    assert {"ErrorCode", "ErrorType", "ErrorMessage"} <= set(reply.json())


def test_html_errors_are_status_200(url):
    reply = query(url, "SELECT nothing FROM Field", "html")
    assert (reply.status_code, "Skyserver Error" in reply.text) == (200, True)


def test_an_empty_command_is_a_bad_request(url):
    assert query(url, " ").status_code == 400


def test_long_addresses_are_refused_and_post_is_not(url):
    sql = "SELECT COUNT(*) AS n FROM Star WHERE run IN (" + ",".join(["94"] * 4000) + ")"
    assert query(url, sql).status_code == 414
    reply = requests.post(url + SQL, data={"cmd": sql, "format": "csv"}, timeout=30)
    assert reply.text == "#Table1\nn\n1\n"


def test_every_reply_says_which_sky_it_is(url):
    for path in ("/", SQL, IMG, "/nothing"):
        server = requests.get(url + path, timeout=30).headers["Server"]
        assert server == "galaxycurate-sandbox (simulated sky: tiny)"
    assert "simulated" in requests.get(url, timeout=30).text


def test_a_cutout_comes_in_its_size_and_the_same_each_time(url):
    params = {"RA": 150, "Dec": 2, "width": 100, "height": 80}
    first, second = (requests.get(url + IMG, params=params, timeout=30) for _ in range(2))
    assert first.headers["Content-Type"] == "image/jpeg"
    assert Image.open(io.BytesIO(first.content)).size == (100, 80)
    assert first.content == second.content


def test_outside_is_404_with_its_reason_and_an_image(url):
    reply = requests.get(url + IMG, params={"ra": 10, "dec": 2}, timeout=30)
    assert reply.status_code == 404
    assert reply.reason == "NOT FOUND. Requested (ra, dec) is outside the SDSS footprint."
    assert reply.headers["Content-Type"] == "image/jpeg"
    assert Image.open(io.BytesIO(reply.content)).size == (128, 128)


def test_missing_positions_are_400_json(url):
    reply = requests.get(url + IMG, params={"ra": 10}, timeout=30)
    assert reply.status_code == 400
    assert "dec" in reply.json()["ErrorMessage"]


def test_faults_on_demand(url):
    where = dict(
        url=url + IMG, params={"ra": 150, "dec": 2, "width": 256, "height": 256}, timeout=30
    )

    def set_faults(**faults):
        return requests.post(f"{url}/__faults__", json=faults, timeout=30)

    try:
        good = requests.get(**where).content
        set_faults(status_503_rate=1)
        assert requests.get(**where).headers["Retry-After"] == "2"
        set_faults(status_500_rate=1)
        assert requests.get(**where).reason.startswith("INTERNAL SERVER ERROR.")
        set_faults(error_tile_rate=1)
        tile = requests.get(**where)
        assert tile.status_code == 200
        assert tile.content != good
        set_faults(truncate_rate=1)
        with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            requests.get(**where)
        assert set_faults(fire=1).status_code == 400
    finally:
        set_faults()
    assert requests.get(**where).content == good
    stats = requests.get(f"{url}/__stats__", timeout=30).json()
    assert stats["cutout truncated"] >= 1
    assert stats["cutout 503"] == 1


@pytest.fixture
def bad_day(url):
    def set_faults(**faults):
        assert requests.post(f"{url}/__faults__", json=faults, timeout=30).ok

    yield set_faults
    set_faults()


def test_sql_fails_on_demand_and_then_answers(url, bad_day):
    sql = "SELECT run, field FROM Field ORDER BY field"
    good = query(url, sql).text
    bad_day(sql_503_first=1, sql_throttle_first=1, sql_timeout_first=1)
    page, throttled, timeout = (query(url, sql) for _ in range(3))
    assert (page.status_code, page.text[:6]) == (503, "<html>")
    assert "Maximum 60 queries allowed per minute" in throttled.text
    assert timeout.json()["ErrorMessage"].startswith("Execution Timeout Expired.")
    assert query(url, sql).text == good


def test_sql_answers_break_off(url, bad_day):
    sql = "SELECT run, field FROM Field ORDER BY field"
    good = query(url, sql).text
    bad_day(sql_drop_first=1, sql_truncate_first=1, sql_cut_first=1)
    for _ in range(2):
        with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            query(url, sql)
    cut = query(url, sql)
    assert cut.ok
    assert good.startswith(cut.text)
    assert len(cut.text) < len(good)
    assert query(url, sql).text == good


def test_the_row_cap_cuts_without_a_word(url, bad_day):
    bad_day(sql_max_rows=1)
    assert query(url, "SELECT field FROM Field ORDER BY field").text == "#Table1\nfield\n11\n"
    assert "error: limit is  top 1" in query(url, "SELECT TOP 2 field FROM Field").text


def test_sql_waits_on_demand(url, bad_day):
    bad_day(sql_latency_s=0.5)
    assert query(url, "SELECT 1 AS a").elapsed.total_seconds() > 0.5


def test_the_throttle_answers_as_the_service_does(tiny_sky):
    process, url = start(tiny_sky, "--queries-per-minute", "3")
    try:
        replies = [query(url, "SELECT ra FROM Field").text for _ in range(4)]
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    assert "error_message" not in "".join(replies[:3])
    table = pd.read_csv(io.StringIO(replies[3]), skiprows=1)
    assert table["error_message"][0].startswith(
        "ERROR: Maximum 3 queries allowed per minute. Rejected query: SELECT"
    )


def test_a_taken_port_and_a_missing_sky_are_said_in_one_line(url, tiny_sky, tmp_path):
    port = url.rpartition(":")[2]
    for options in (["--sky", str(tiny_sky), "--port", port], ["--sky", str(tmp_path)]):
        command = [sys.executable, "-m", "galaxycurate", "sandbox", "serve", *options]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode in (1, 2)
        assert done.stdout == ""
        assert done.stderr.startswith("galaxycurate: ")
        assert "hint: " in done.stderr


def test_json_replies_have_exact_ids(url):
    text = query(url, "SELECT objID FROM Star", "json").text
    assert json.loads(text)[0]["Rows"] == [{"objID": STAR}]
