"""A file comes whole or not at all, whatever the server does."""

import gzip
import hashlib
import random
import signal
import subprocess
import sys
import time

import pytest

from galaxycurate.archives.filefetch import fetch
from galaxycurate.errors import InputError, ServiceError, StorageError, Unreachable
from tests.archives import fileserver

DATA = random.Random(1).randbytes(3_000_000)
SHA256 = hashlib.sha256(DATA).hexdigest()
KNOWN = {"n_bytes": len(DATA), "checksum": f"sha256:{SHA256.upper()}"}


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "server"
    folder.mkdir()
    (folder / "votes.csv.gz").write_bytes(DATA)
    return folder


@pytest.fixture
def url(folder):
    with fileserver.serving(folder) as root:
        yield f"{root}/data/votes.csv.gz?download=1"


@pytest.fixture
def to(tmp_path):
    return tmp_path / "here" / "votes.csv.gz"


def get(url, to, **more):
    return fetch(url, to, sleep=lambda _: None, **more)


def asked(folder):
    return [line.split(" ", 1)[1] for line in (folder / "asked").read_text().splitlines()]


def left(to):
    return sorted(path.name for path in to.parent.iterdir())


def test_a_file_comes_whole_and_nothing_else_is_left(url, to):
    seen = []
    got = get(url, to, **KNOWN, progress=lambda *now: seen.append(now))
    assert (got.how, got.verified, got.sha256, got.n_bytes) == ("fetched", True, SHA256, len(DATA))
    assert to.read_bytes() == DATA
    assert left(to) == ["votes.csv.gz"]
    assert seen[-1] == (len(DATA), len(DATA), "bytes")


def test_a_dropped_connection_goes_on_where_it_ended(url, to, folder):
    (folder / "faults").write_text("drop 1000000\ndrop 1000000")
    assert get(url, to, **KNOWN).sha256 == SHA256
    ranges = asked(folder)
    assert ranges[0] == "whole "
    assert len(ranges) == 3
    assert ranges[1].startswith("bytes=")
    assert ranges[1].endswith(' "one"')


def test_a_server_that_is_busy_is_asked_again(url, to, folder):
    (folder / "faults").write_text("503\n503")
    assert get(url, to, **KNOWN).how == "fetched"
    assert len(asked(folder)) == 3


def test_a_later_call_goes_on_from_what_has_come(url, to, folder):
    (folder / "faults").write_text("drop 2000000" + 4 * "\ndrop 0")
    with pytest.raises(Unreachable) as error:
        get(url, to, **KNOWN)
    assert error.value.hint == "run the command again: it goes on from what has come"
    assert not to.exists()
    got = get(url, to, **KNOWN)
    assert (got.how, got.sha256) == ("continued", SHA256)
    assert left(to) == ["votes.csv.gz"]


def test_without_ranges_it_starts_anew(url, to, folder):
    (folder / "no-ranges").touch()
    (folder / "faults").write_text("drop 2000000")
    assert get(url, to, **KNOWN).sha256 == SHA256


@pytest.mark.parametrize("etag", ["", 'W/"weak"'])
def test_without_a_version_it_starts_anew(url, to, folder, etag):
    (folder / "etag").write_text(etag)
    (folder / "faults").write_text("drop 2000000")
    assert get(url, to, **KNOWN).sha256 == SHA256
    assert asked(folder) == ["whole ", "whole "]


def test_two_versions_are_never_mixed(url, to, folder):
    (folder / "faults").write_text("drop 2000000" + 4 * "\n503")
    with pytest.raises(Unreachable):
        get(url, to)
    other = DATA[::-1]
    (folder / "votes.csv.gz").write_bytes(other)
    (folder / "etag").write_text('"two"')
    assert get(url, to).sha256 == hashlib.sha256(other).hexdigest()


def test_a_web_page_in_its_place_is_said_and_costs_nothing_that_has_come(url, to, folder):
    (folder / "faults").write_text("drop 2000000" + 4 * "\npage")
    with pytest.raises(Unreachable, match="a web page came, not the file: x Please log in"):
        get(url, to, **KNOWN)
    assert (to.parent / "votes.csv.gz.part").stat().st_size > 0
    assert get(url, to, **KNOWN).how == "continued"


def test_a_truncated_file_is_never_taken_for_the_whole(url, to, folder):
    (folder / "faults").write_text("cut 1000000")
    with pytest.raises(ServiceError, match=r"not the published file: its sha256 is .* aside as"):
        get(url, to, **KNOWN)
    assert left(to) == ["votes.csv.gz.bad"]
    assert get(url, to, **KNOWN).sha256 == SHA256


@pytest.mark.parametrize("kind", ["md5", "sha256"])
def test_a_wrong_checksum_sets_the_file_aside(url, to, kind):
    with pytest.raises(ServiceError) as error:
        get(url, to, checksum=f"{kind}:00")
    assert f"its {kind} is {hashlib.new(kind, DATA).hexdigest()}, not 00" in str(error.value)
    assert left(to) == ["votes.csv.gz.bad"]


def test_an_unpublished_checksum_is_recorded_and_holds_from_then_on(url, to):
    assert not get(url, to).verified
    assert (to.parent / "votes.csv.gz.sha256").read_text() == f"{SHA256}  votes.csv.gz\n"
    assert get(url, to).verified
    to.write_bytes(b"something else")
    with pytest.raises(ServiceError, match="not the earlier file") as error:
        get(url, to)
    assert f"remove {to}.sha256" in error.value.hint


def test_a_file_that_is_there_is_checked_and_nobody_is_asked(to):
    to.parent.mkdir()
    to.write_bytes(DATA)
    got = get("http://127.0.0.1:9/votes.csv.gz", to, **KNOWN)
    assert (got.how, got.verified) == ("there", True)


def test_what_is_not_there_is_said_at_once(url, to, folder):
    (folder / "votes.csv.gz").unlink()
    with pytest.raises(ServiceError, match="404 Not Found"):
        get(url, to)
    assert len(asked(folder)) == 1


def test_nobody_there_is_one_error(to):
    with pytest.raises(Unreachable, match="connection refused"):
        get("http://127.0.0.1:9/votes.csv.gz", to)


def test_a_folder_that_cannot_be_made_is_said(url, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot write"):
        get(url, tmp_path / "file" / "votes.csv.gz")


def test_a_kill_loses_nothing_that_has_come(url, to, folder):
    (folder / "slow").write_text("2000000")
    code = f"from galaxycurate.archives.filefetch import fetch; fetch({url!r}, {str(to)!r})"
    process = subprocess.Popen([sys.executable, "-c", code])
    part = to.with_name("votes.csv.gz.part")
    while not (part.exists() and part.stat().st_size):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    came = part.stat().st_size
    assert 0 < came < len(DATA)
    (folder / "slow").unlink()
    got = get(url, to, **KNOWN)
    assert (got.how, got.sha256) == ("continued", SHA256)
    assert asked(folder)[-1] == f'bytes={came}- "one"'


@pytest.mark.parametrize("how", ["mixed", "lie"])
def test_what_is_not_the_rest_of_the_same_file_is_never_added(url, to, folder, how):
    (folder / "faults").write_text("drop 2000000" + 4 * "\n503")
    with pytest.raises(Unreachable):
        get(url, to)
    (folder / "faults").write_text(how)
    assert get(url, to).sha256 == SHA256
    assert asked(folder)[-1] == "whole "


@pytest.mark.parametrize("how", ["rest", "416"])
def test_a_rest_that_nobody_asked_for_is_asked_again(url, to, folder, how):
    (folder / "faults").write_text(how)
    assert get(url, to).sha256 == SHA256


@pytest.mark.parametrize("name", ["votes.csv", "votes.csv.gz"])
def test_what_is_packed_to_be_sent_is_unpacked_unless_it_is_a_gz(url, to, folder, name):
    (folder / "faults").write_text("gzip")
    got = get(url, to.with_name(name))
    data = got.path.read_bytes()
    assert (data if name == "votes.csv" else gzip.decompress(data)) == DATA
    assert got.sha256 == hashlib.sha256(data).hexdigest()


def test_an_empty_checksum_file_is_no_checksum(url, to):
    to.parent.mkdir()
    to.with_name("votes.csv.gz.sha256").touch()
    assert not get(url, to).verified
    assert to.with_name("votes.csv.gz.sha256").read_text().startswith(SHA256)


def test_of_two_at_once_the_second_is_told_who_fetches_and_a_dead_one_holds_nothing(
    url, to, folder
):
    (folder / "slow").write_text("500000")
    code = f"from galaxycurate.archives.filefetch import fetch; fetch({url!r}, {str(to)!r})"
    process = subprocess.Popen([sys.executable, "-c", code])
    part = to.with_name("votes.csv.gz.part")
    while not (part.exists() and part.stat().st_size):
        time.sleep(0.01)
    with pytest.raises(InputError, match=f"process {process.pid} is fetching"):
        get(url, to)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert to.with_name("votes.csv.gz.lock").exists()
    (folder / "slow").unlink()
    assert get(url, to).sha256 == SHA256
    assert left(to) == ["votes.csv.gz", "votes.csv.gz.sha256"]
