"""Questions too large for one answer: the parts make the whole, and none is asked for twice."""

import signal
import subprocess
import sys
import time

import pandas as pd
import pytest
import requests

from galaxycurate.archives.archive import Access
from galaxycurate.archives.local.archive import LocalArchive
from galaxycurate.archives.parts import run_in_parts
from galaxycurate.archives.shelf import NoShelf
from galaxycurate.archives.skyserver import SkyServerArchive
from galaxycurate.core.query import Query
from galaxycurate.errors import AnswerTooLarge, Unreachable
from galaxycurate.store import sqlfiles
from galaxycurate.store.shelf import FolderShelf
from tests.archives import small
from tests.archives.small import faults
from tests.sandbox.test_server import start

pytest.importorskip("galsim")

pytestmark = pytest.mark.slow
ZOO = sqlfiles.read("positives_gz1_raw").bind(threshold=0.5)
COUNT = sqlfiles.read("fields_census").bind()
ORDERED = ["positives_gz1_raw", "positives_gz2_debiased", "negatives_star", "fields_good"]
CAPS = {"negatives_star": 35, "fields_good": 2}  # what one turn has still fits
HINT = "ask for less by narrower cuts, or ask CasJobs: --archive casjobs"


@pytest.fixture(scope="module")
def sky(tmp_path_factory):
    return small.make(tmp_path_factory.mktemp("parts") / "small")


@pytest.fixture(scope="module")
def local(sky):
    return LocalArchive(sky / "tables")


@pytest.fixture(scope="module")
def server(sky):
    process, url = start(sky, "--queries-per-minute", "0")
    yield url
    process.terminate()
    process.wait(20)


@pytest.fixture
def url(server):
    faults(server)
    yield server
    faults(server)


@pytest.fixture
def shelf(tmp_path):
    return FolderShelf(tmp_path / "shelf")


class Capped:
    """The local archive, as if it gave a few rows at once only."""

    def __init__(self, local, most):
        self.local, self.most, self.asked = local, most, []

    def __call__(self, query):
        self.asked.append(query)
        table = self.local.run(query)
        if len(table) >= self.most and not (query.limit and query.limit <= self.most):
            raise AnswerTooLarge(f"{self.most} rows at most")
        return table


def skyserver(url, shelf=None, **more):
    access = Access(url, "dr17", 0, shelf=shelf or NoShelf(), **more)
    return SkyServerArchive(access, sleep=small.hurry)


def asked(url, how="sql"):
    """Queries that the server has answered."""
    return requests.get(f"{url}/__stats__", timeout=10).json().get(how, 0)


def refused(url):
    return asked(url, "sql refused")


@pytest.mark.parametrize("name", ORDERED)
def test_the_parts_in_their_order_are_the_whole(local, name):
    query = sqlfiles.read(name).bind()
    whole = local.run(query)
    ask = Capped(local, CAPS.get(name, 8))
    table = run_in_parts(query, ask, NoShelf())
    pd.testing.assert_frame_equal(table, whole, check_exact=True)
    assert len(ask.asked) > 2


def test_the_parts_of_what_lies_around_fields_are_the_whole_but_for_repeated_rows(local):
    query = sqlfiles.read("negatives_cell").bind()
    first, second = (local.run(half) for half in query.halves())
    parts = pd.concat([first, second], ignore_index=True).drop_duplicates("objID")
    whole = local.run(query)
    assert set(parts.objID) == set(whole.objID)


def test_parts_as_wide_as_one_that_was_too_large_are_halved_unasked(local):
    ask = Capped(local, 8)
    run_in_parts(ZOO, ask, NoShelf())
    widths = [q.values["last_turn"] - q.values["first_turn"] for q in ask.asked]
    assert len(ask.asked) < 20
    too_large = [w for w, q in zip(widths, ask.asked, strict=True) if len(local.run(q)) >= 8]
    assert too_large == sorted(too_large, reverse=True)


def test_one_slow_moment_does_not_narrow_all_parts_that_follow(local):
    """Ten time-outs in a row leave a part of a thousandth; the rest are not a thousand parts."""
    ask, slow = Capped(local, 1000), iter([True] * 10)

    def slow_at_first(part):
        if next(slow, False):
            raise AnswerTooLarge("Execution Timeout Expired.")
        return ask(part)

    table = run_in_parts(ZOO, slow_at_first, NoShelf())
    pd.testing.assert_frame_equal(table, local.run(ZOO), check_exact=True)
    assert len(ask.asked) < 200


def test_a_limit_ends_the_asking_and_cuts_the_last_part(local):
    limited = sqlfiles.read("positives_gz1_raw").bind(threshold=0.5, limit=11)
    whole, ask = local.run(limited), Capped(local, 8)
    table = run_in_parts(limited, ask, NoShelf())
    pd.testing.assert_frame_equal(table, whole, check_exact=True)
    assert max(q.values["last_turn"] for q in ask.asked[1:]) < ZOO.values["last_turn"]


def test_parts_without_rows_keep_the_types(local):
    query = sqlfiles.read("positives_gz1_raw").bind(threshold=0.5, min_votes=99_999)
    sizes = iter([AnswerTooLarge("x"), 0, 0])

    def ask(part):
        if isinstance(size := next(sizes), AnswerTooLarge):
            raise size
        return local.run(part)

    table = run_in_parts(query, ask, NoShelf())
    assert len(table) == 0
    assert table.dtypes.equals(local.run(query).dtypes)
    assert str(table.nvote.dtype) == "Int64"


def test_the_types_come_back_from_the_shelf(local, shelf):
    whole = local.run(ZOO)
    for _ in range(2):
        table = run_in_parts(ZOO, Capped(local, 8), shelf)
        pd.testing.assert_frame_equal(table, whole, check_exact=True)


def test_what_was_answered_or_too_large_is_not_asked_again(local, shelf):
    ask = Capped(local, 8)

    def fails_at_last(part):
        if part.values["last_turn"] == ZOO.values["last_turn"] and ask.asked:
            raise Unreachable("gone")
        return ask(part)

    with pytest.raises(Unreachable):
        run_in_parts(ZOO, fails_at_last, shelf)
    again = Capped(local, 8)
    table = run_in_parts(ZOO, again, shelf)
    pd.testing.assert_frame_equal(table, local.run(ZOO))
    assert len(again.asked) == 1
    run_in_parts(ZOO, again, shelf)
    assert len(again.asked) == 1


def test_a_question_in_turns_is_kept_even_when_it_is_not_split(local, shelf):
    ask = Capped(local, 1000)
    tables = [run_in_parts(ZOO, ask, shelf) for _ in range(2)]
    pd.testing.assert_frame_equal(*tables)
    assert len(ask.asked) == 1


def test_a_question_without_turns_is_asked_each_time(local, shelf):
    ask = Capped(local, 1000)
    for _ in range(2):
        run_in_parts(COUNT, ask, shelf)
    assert len(ask.asked) == 2


@pytest.mark.parametrize(
    "query",
    [COUNT, sqlfiles.read("positives_gz1_raw").bind(first_turn=7, last_turn=7)],
    ids=["no turns", "one turn"],
)
def test_what_has_no_smaller_parts_is_one_clear_error(query, shelf):
    def ask(part):
        raise AnswerTooLarge("SkyServer gives 8 rows at most")

    with pytest.raises(AnswerTooLarge) as caught:
        run_in_parts(query, ask, shelf)
    assert str(caught.value) == (
        f"{query.name} cannot be asked in smaller parts: SkyServer gives 8 rows at most"
    )
    assert caught.value.hint == HINT
    assert shelf.note(query) is None


def test_progress_is_told_as_the_share_of_turns(local):
    told = []
    run_in_parts(ZOO, Capped(local, 8), NoShelf(), progress=lambda *news: told.append(news))
    done = [done for done, _, _ in told]
    assert done == sorted(done)
    assert done[-1] == told[-1][1] == 100
    assert told[-1][2] == f"positives_gz1_raw: {len(local.run(ZOO))} rows"


@pytest.mark.parametrize("name", ORDERED)
def test_skyserver_gives_more_than_its_cap(url, local, name):
    query, cap = sqlfiles.read(name).bind(), CAPS.get(name, 8)
    faults(url, sql_max_rows=cap)
    table = skyserver(url).run(query)
    pd.testing.assert_frame_equal(table, local.run(query), check_exact=True)
    assert len(table) >= cap


def test_as_many_rows_as_were_asked_for_are_all(url, local):
    query = sqlfiles.read("positives_gz1_raw").bind(threshold=0.5, limit=8)
    faults(url, sql_max_rows=8)
    before = asked(url)
    table = skyserver(url).run(query)
    pd.testing.assert_frame_equal(table, local.run(query), check_exact=True)
    assert asked(url) - before == 1


def test_a_lower_limit_is_heard_of_once_and_the_next_question_keeps_it(url, local):
    faults(url, sql_max_rows=30)
    archive, before = skyserver(url), refused(url)
    for _ in range(2):
        pd.testing.assert_frame_equal(archive.run(ZOO), local.run(ZOO), check_exact=True)
    assert len(archive.run(COUNT)) == 1
    assert refused(url) - before == 1


def test_an_answer_that_may_be_cut_and_has_no_parts_is_one_clear_error(url):
    faults(url, sql_max_rows=8)
    with pytest.raises(AnswerTooLarge, match="SkyServer gives 8 rows at most") as caught:
        skyserver(url).run(Query("mine", "SELECT objID FROM PhotoObjAll", (("objID", "varchar"),)))
    assert caught.value.hint == HINT


def test_more_rows_may_be_asked_for_than_come_at_once(url, local):
    query = sqlfiles.read("positives_gz1_raw").bind(threshold=0.5, limit=30)
    faults(url, sql_max_rows=8)
    table = skyserver(url).run(query)
    pd.testing.assert_frame_equal(table, local.run(query), check_exact=True)
    assert len(table) == 30


def test_a_query_that_takes_ten_minutes_is_asked_in_parts(url, local):
    faults(url, sql_timeout_first=3)
    table = skyserver(url).run(ZOO)
    pd.testing.assert_frame_equal(table, local.run(ZOO), check_exact=True)


def test_a_query_that_takes_ten_minutes_and_has_no_parts_is_one_clear_error(url):
    faults(url, sql_timeout_first=1)
    with pytest.raises(AnswerTooLarge) as caught:
        skyserver(url).run(COUNT)
    assert str(caught.value).startswith(
        "fields_census cannot be asked in smaller parts: SkyServer: Execution Timeout Expired."
    )
    assert caught.value.hint == HINT


BAD = ["sql_503", "sql_throttle", "sql_drop", "sql_truncate", "sql_cut"]


@pytest.mark.parametrize("seed", [1, 2])
def test_a_bad_hour_ends_in_the_right_answer(url, local, shelf, seed):
    """A third of the replies is spoiled in one way or another, and a few time out."""
    rates = {f"{kind}_rate": 0.06 for kind in BAD}
    faults(url, sql_max_rows=8, sql_timeout_rate=0.05, seed=seed, **rates)
    archive = skyserver(url, shelf)
    table = archive.run(ZOO)
    pd.testing.assert_frame_equal(table, local.run(ZOO), check_exact=True)


ASK = """
import sys
from pathlib import Path
from galaxycurate.archives.archive import Access
from galaxycurate.archives.skyserver import SkyServerArchive
from galaxycurate.store import sqlfiles
from galaxycurate.store.shelf import FolderShelf

url, folder, out = sys.argv[1:]
archive = SkyServerArchive(Access(url, "dr17", 0, shelf=FolderShelf(Path(folder))))
query = sqlfiles.read("positives_gz1_raw").bind(threshold=0.5)
archive.run(query, progress=lambda *news: print(news, flush=True)).to_parquet(out)
"""


def test_after_kill_9_the_same_command_asks_for_the_missing_parts_only(url, local, tmp_path):
    faults(url, sql_max_rows=8)
    before = asked(url)
    skyserver(url).run(ZOO)
    undisturbed = asked(url) - before
    faults(url, sql_max_rows=8, sql_latency_s=0.1)
    out = tmp_path / "answer.parquet"
    command = [sys.executable, "-c", ASK, url, str(tmp_path / "shelf"), str(out)]
    before = asked(url)
    first = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    for _ in range(3):
        assert "positives_gz1_raw" in first.stdout.readline()
    first.send_signal(signal.SIGKILL)
    assert first.wait(20) == -signal.SIGKILL
    time.sleep(0.3)  # the query under way ends unheard
    so_far = asked(url) - before
    assert 3 <= so_far < undisturbed
    assert not out.exists()
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    pd.testing.assert_frame_equal(pd.read_parquet(out), local.run(ZOO), check_exact=True)
    assert asked(url) - before in (undisturbed, undisturbed + 1)  # the one under way, once more


def test_a_fault_midway_keeps_the_parts_and_names_itself(url, local, shelf):
    faults(url, sql_max_rows=8)
    archive, parts = skyserver(url, shelf), []

    def break_after_three(_done, _total, _text):
        parts.append(1)
        if len(parts) == 3:
            faults(url, sql_503_first=4, sql_max_rows=8)

    with pytest.raises(Unreachable, match="503, a web page: 503 Service Unavailable No server"):
        archive.run(ZOO, progress=break_after_three)
    before = asked(url)
    table = archive.run(ZOO)
    repeated = asked(url) - before
    pd.testing.assert_frame_equal(table, local.run(ZOO), check_exact=True)
    before = asked(url)
    skyserver(url).run(ZOO)
    assert repeated <= asked(url) - before - 3


def test_who_gave_what_is_kept_is_told_all_the_same(url, shelf):
    names = []
    for _ in range(2):
        archive = skyserver(url, shelf)
        archive.run(ZOO)
        names.append(archive.name)
    assert names[0] == names[1]
    assert names[1].endswith("(galaxycurate-sandbox (simulated sky: small))")


def test_another_question_of_the_same_name_is_another_answer(local, shelf):
    other = sqlfiles.read("positives_gz1_raw").bind(threshold=0.9)
    run_in_parts(ZOO, Capped(local, 8), shelf)
    table = run_in_parts(other, Capped(local, 1000), shelf)
    pd.testing.assert_frame_equal(table, local.run(other))


def test_a_query_of_ones_own_has_no_turns(url):
    table = skyserver(url).run(Query("mine", "SELECT 1 AS a", (("a", "int"),)))
    assert table.a.tolist() == [1]
