"""The page in a real browser: every key, kill and reopen, hostile names, two people, one file."""

import csv
import hashlib
import os
import signal
import statistics
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace

import pytest

from galaxycurate.core.outcome import Outcome, Status, VerdictKind
from galaxycurate.pipeline.applied import apply
from galaxycurate.store.images import ImageTree
from galaxycurate.store.ledger import Ledger
from galaxycurate.web.review import static
from tests.pipeline.project import Project, picture
from tests.pipeline.review.conftest import judged, opened, pair
from tests.web.review.serving import Watched, chromium, serving

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser():
    with chromium() as one:
        yield one


@pytest.fixture
def project(tmp_path):
    """Six spirals and four ellipticals; nobody on the internet is asked."""
    made = Project(tmp_path)
    object.__setattr__(made.settings, "archive", f"local:{tmp_path}/none")
    made.fetch(made.manifest("spiral", 6, size_px=[48] * 6), side=48)
    made.fetch(made.manifest("elliptical", 4, size_px=[48] * 4), side=48)
    return made


@pytest.fixture
def page(browser):
    watched = Watched(browser)
    yield watched
    watched.context.close()
    assert watched.wrong == []


def lines(project):
    with Ledger.open(project.settings.ledger_url) as ledger:
        return ledger.decisions()


def words(project):
    return [(line.kind.value, line.label or line.reason or line.keep) for line in lines(project)]


def test_every_decision_can_be_made_from_the_keyboard(project, page):
    with opened(project) as session, serving(session) as url:
        page.open(url).at(0)
        assert page.text(".state") == "○\nnot decided"
        page.press("Enter").at(1).press("1").at(2).press("0").at(3)
        page.press("x", "2", "Enter").at(4).press("x")
        page.page.keyboard.type("dust, lane")
        page.press("Enter").at(5).press("m")
        page.page.keyboard.type("ell")
        page.press("Enter").at(6).saved()
        page.press("x", "Escape", "x", "Escape").press("ArrowLeft").at(5)
        assert page.text(".state") == "→\nnow elliptical"
        assert "6 of 10 decided" in page.text("header")
    assert words(project) == [
        ("label", "elliptical"), ("label", "spiral"), ("unsure", ""),
        ("reject", "satellite or asteroid trail"), ("reject", "dust, lane"),
        ("label", "elliptical"),
    ]  # fmt: skip
    assert all(line.took_ms < 60_000 for line in lines(project))


def test_undo_and_redo_go_back_to_the_picture(project, page):
    with opened(project) as session, serving(session) as url:
        page.open(url).at(0).press("1").at(1).press("2").at(2).saved()
        page.press("u").at(1).saved()
        assert page.text(".state") == "○\nnot decided"
        page.press("u").at(0).saved()
        page.press("u").saved()
        assert "nothing to undo" in page.text(".hint")
        page.press("Shift+u").at(0).saved().press("Shift+U").at(1).saved()
        assert page.text(".state") == "✓\nelliptical, kept"
        assert "2 of 10 decided" in page.text("header")
    with opened(project) as session:
        assert session.about()["decided"] == 2


def test_a_typed_reason_may_begin_with_a_digit_however_slowly_it_is_typed(project, page):
    with opened(project) as session, serving(session) as url:
        page.open(url).at(0).press("x", "Enter")
        assert page.text(".chooser .hint") == "Press a number, or type a word; then Enter."
        page.press("2").page.wait_for_timeout(700)
        assert page.text(".chooser .marked") == "2\nsatellite or asteroid trail\nEnter"
        assert "Enter takes: satellite or asteroid trail" in page.text(".chooser .hint")
        page.page.keyboard.type(" galaxies, 1 star", delay=30)
        assert page.page.query_selector(".chooser .marked, .chooser kbd:not(.none)") is None
        assert page.text(".chooser .hint") == "Enter takes: 2 galaxies, 1 star."
        page.press("Enter").at(1)
        page.press("x", "Tab", "3").page.wait_for_selector(".chooser .marked:has-text('bright')")
        page.press("Backspace", "5", "Enter").at(2)
        page.press("m", "2", "Enter").at(3).saved()
        assert page.page.get_attribute("#review", "data-view") == "looking"
    assert words(project) == [
        ("reject", "2 galaxies, 1 star"), ("reject", "not centred"), ("label", "elliptical")
    ]  # fmt: skip


def test_a_number_marks_by_its_place_on_a_keyboard_that_writes_a_letter_there(project, page):
    with opened(project) as session, serving(session) as url:
        page.open(url).at(0).press("x")
        page.page.evaluate(
            "() => document.activeElement.dispatchEvent(new KeyboardEvent('keydown',"
            " { key: '\u00e9', code: 'Digit2', bubbles: true, cancelable: true }))"
        )
        page.page.keyboard.insert_text("\u00e9")  # as of a French keyboard
        assert "satellite" in page.text(".chooser .marked")
        page.page.keyboard.insert_text("toile")
        page.press("Enter").at(1).saved()
    assert words(project) == [("reject", "\u00e9toile")]


def test_a_window_that_asks_leaves_the_picture_in_sight(project, page):
    long = "a_very_long_class_name_that_somebody_gave_to_a_galaxy_with_a_ring"
    with opened(project, classes=(long,)) as session, serving(session) as url:
        page.open(url).at(0).press("x")
        ends = page.page.evaluate(
            "() => [document.querySelector('.frame').getBoundingClientRect().right,"
            " document.querySelector('.chooser').getBoundingClientRect().left]"
        )
        assert ends[0] <= ends[1]
        page.press("Escape", "m")
        page.page.keyboard.type("a_very_long")
        page.page.wait_for_selector(".chooser .marked")
        wide = "(one) => one.scrollWidth > one.clientWidth"
        assert not page.page.eval_on_selector(".chooser", wide)
        page.press("Escape", "g").grid()
        assert page.text(".choice.accept") == "Enter\naccept all not marked"
        page.page.click(".choice.accept")
        page.page.wait_for_selector("text=10 of 10 decided")
        page.saved()
    assert len(lines(project)) == 10


def test_a_class_that_there_is_not_is_named_and_enter_alone_chooses_none(project, page):
    with opened(project) as session, serving(session) as url:
        page.open(url).at(0).press("m", "Enter")
        assert "Press a number" in page.text(".chooser .hint")
        page.page.keyboard.type("merger")
        page.press("Enter")
        assert page.text(".chooser .hint").endswith("start the review with --new-class merger.")
        page.press("Escape")
    assert lines(project) == []


def test_what_was_decided_together_is_undone_and_done_again_together(project, page):
    with opened(project) as session, serving(session) as url:
        page.open(url).at(0).press("0").at(1).press("g").grid().press("Enter").saved()
        page.page.wait_for_selector("text=10 of 10 decided")
        page.press("u").page.wait_for_selector(".hint:has-text('9 pictures: undone')")
        assert "1 of 10 decided" in page.saved().text("header")
        page.press("Shift+u").page.wait_for_selector("text=10 of 10 decided")
        page.saved().press("u").page.wait_for_selector("text=1 of 10 decided")
        page.saved().press("u").page.wait_for_selector("text=0 of 10 decided")
        page.saved()
    assert Counter(kind for kind, _ in words(project)) == {"unsure": 1, "label": 9, "undo": 28}


def test_after_a_reload_what_was_decided_together_is_still_undone_together(project, page):
    with opened(project) as session, serving(session) as url:
        page.open(url).at(0).press("0").at(1).press("g").grid().press(" ", "ArrowRight", " ", "2")
        page.saved().press("Enter").saved().page.wait_for_selector("text=10 of 10 decided")
        page.page.reload()
        page.page.wait_for_selector("text=10 of 10 decided")
        page.press("u").page.wait_for_selector(".hint:has-text('7 pictures: undone')")
        page.saved().press("u").page.wait_for_selector(".hint:has-text('2 pictures: undone')")
        page.saved().press("u").page.wait_for_selector("text=0 of 10 decided")
        page.saved()
    with opened(project) as session, serving(session) as url:
        page.open(url).at(0).press("u")
        assert "nothing to undo" in page.text(".hint")
    assert Counter(kind for kind, _ in words(project)) == {"unsure": 1, "label": 9, "undo": 10}


def test_what_is_undone_at_once_is_of_one_queue_and_of_one_page_at_most(tmp_path, page):
    project = Project(tmp_path)
    project.fetch(project.manifest("spiral", 42, size_px=[48] * 42), side=48)
    with opened(project, queue="random") as session:
        path = {entry.path: session.looks.key(entry) for entry in session.entries}
    keys, step = [path[name] for name in sorted(path)], "ab" * 8
    for queue, uids in (
        ("random", [f"{step}{k:016x}" for k in range(38)]),
        ("unreviewed", [f"{step}{k:016x}" for k in (38, 39)] + [f"{k:032x}" for k in (40, 41)]),
    ):
        with opened(project, queue=queue) as session:
            some = [{"uid": u, "key": keys[int(u[16:], 16)], "kind": "unsure"} for u in uids]
            session.decide(some)
    with opened(project) as session, serving(session) as url:
        page.open(url).page.wait_for_selector("text=42 of 42 decided")
        for left in (41, 40, 38, 2, 0):  # by hand one by one, a queue's two, a page, the rest
            page.press("u").page.wait_for_selector(f"text={left} of 42 decided")
            page.saved()


def test_how_many_second_looks_are_still_to_come_is_not_told(project, page):
    with opened(project, blind=True, second_look=1.0) as session, serving(session) as url:
        page.open(url).at(0)
        assert page.text(".progress-words") == "0 decided, at 1"
        assert page.page.query_selector("progress") is None
        page.press("0").at(1).press("g").grid()
        assert page.text(".progress-words") == "1 decided, at 2"
        assert page.text(".hint").startswith("Page 1. Space")
        page.press("PageDown").page.wait_for_selector(".end:not([hidden])")
        assert "Not decided on: 19 looks." in page.text(".end")
    assert len(words(project)) == 1


def test_a_blind_page_tells_no_size_and_no_scale_that_differs(project, page):
    project.fetch(project.manifest("star", 1, size_px=[64], pixscale=[0.2]), side=64)
    with opened(project, blind=True) as session, serving(session) as url:
        page.open(url).at(0)
        assert page.text(".stage-note") == "scale not shown, orientation not shown"
        assert page.page.is_hidden(".bar")
        page.press("0").at(1).saved().press("ArrowLeft").at(0)
        page.page.wait_for_selector(".stage-note:has-text('px')")
        assert page.page.is_visible(".bar")


def test_ways_to_look_change_no_decision(project, page):
    with opened(project) as session, serving(session) as url:
        page.open(url).at(0).press("z")
        assert page.text(".zoomed") == "2 times"
        page.press("Shift+ArrowRight", "z", "z", "i")
        assert page.page.query_selector("main.inverted")
        page.press("s")
        assert "Hidden: s shows" in page.text(".panel")
        page.press("s", "?")
        assert "blink the two of a pair" in page.text("dialog.keys")
        page.press("?", "b")
        assert page.text(".hint") == "Only pairs blink."
        page.press("d")
        assert page.text(".hint") == "dedupe found no twin of this picture."
        page.press("c")
        page.page.wait_for_selector(".hint:has-text('No objects')")
        page.press("ArrowRight").at(1).press("f").at(0)
        assert page.page.eval_on_selector(".stage:first-child .compass", "one => !one.hidden")
        assert page.text(".stage:first-child .bar") == "5 arcsec"
    assert lines(project) == []


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080)])
def test_all_fits_the_screen_and_the_keyboard_is_seen_and_heard(project, browser, size):
    watched = Watched(browser, viewport=dict(zip(("width", "height"), size, strict=True)))
    with opened(project) as session, serving(session) as url:
        watched.open(url).at(0).press("1").at(1)
        assert watched.page.text_content(".live") == "now spiral"
        for view in ("looking", "grid"):
            watched.page.wait_for_selector(f"#review[data-view={view}]")
            boxes = watched.page.evaluate(
                "() => ['footer', '.frame', '.tile:last-child', 'header'].map((one) => {"
                " const all = [...document.querySelectorAll(one)].filter((e) => e.offsetParent);"
                " return all.length ? all.at(-1).getBoundingClientRect().bottom : 0; })"
            )
            assert max(boxes[1:3]) <= boxes[0] <= size[1]
            assert watched.page.evaluate("document.documentElement.scrollWidth") <= size[0]
            watched.press("g")
        watched.page.wait_for_selector("#review[data-view=looking]")
        watched.press("Tab")
        seen = "getComputedStyle(document.activeElement).outlineStyle"
        assert watched.page.evaluate(seen) == "solid"
    watched.context.close()
    assert watched.wrong == []


def test_a_picture_whose_file_is_gone_says_so_and_can_be_decided_on(project, page):
    with opened(project) as session, serving(session) as url:
        (project.root / "dataset" / session.entries[1].path).unlink()
        page.open(url).at(0).press("ArrowRight").at(1)
        assert "its file is gone" in page.text(".sky")
        assert "what cannot be shown gets no label" in page.text(".hint")
        page.press("Enter", "1")
        assert "Not decided: this picture cannot be shown" in page.text(".hint")
        assert page.text(".stage-note") == ""
        assert page.page.is_hidden(".compass")
        page.press("x", "7", "Enter").at(2).saved()
        assert not page.page.query_selector(".absent")
    assert words(project) == [("reject", "wrong picture")]


def test_o_opens_the_object_in_skyserver_and_tells_it_nothing(project, page):
    with opened(project, filter="label=spiral") as session, serving(session) as url:
        page.context.route("https://skyserver.sdss.org/**", lambda route: route.fulfill(body="sky"))
        page.open(url).at(0)
        with page.context.expect_page() as opening:
            page.press("o")
        other = opening.value
        other.wait_for_url("https://skyserver.sdss.org/dr17/VisualTools/explore/summary?objId=*")
        assert other.evaluate("[window.opener, document.referrer]") == [None, ""]
        assert page.page.get_attribute("a.out", "rel") == "noopener noreferrer"


def test_the_grid_marks_decides_and_accepts_a_page(project, page):
    with opened(project) as session, serving(session) as url:
        page.open(url).at(0).press("g").grid()
        assert len(page.page.query_selector_all(".tile")) == 10
        page.press("ArrowRight", " ", "ArrowDown", " ").page.click(".tile >> nth=3")
        assert len(page.page.query_selector_all(".tile.marked")) == 3
        page.press("1").saved()
        assert words(project) == [("label", "spiral")] * 3
        page.press("ArrowRight", " ", "Enter").saved()
        assert Counter(kind for kind, _ in words(project)) == {"label": 9}
        page.page.wait_for_selector(".end:not([hidden])")
        assert "Not decided on: 1 of 10." in page.text(".end")
        page.press("f").at(4)
        assert page.page.get_attribute("#review", "data-view") == "looking"


def test_a_pair_is_blinked_and_kept_and_found_from_its_picture(project, page):
    with opened(project) as session:
        a, b, c, d = [entry.path for entry in session.entries][:4]
    judged(project, "dedupe", pair(a, b, dx=6.0, dy=2.0), pair(c, d, VerdictKind.EXACT_FILE))
    with opened(project, queue="pairs") as session, serving(session) as url:
        page.open(url).at(0)
        assert len(page.page.query_selector_all("polygon.common")) == 2
        page.press("b")
        page.page.wait_for_selector(".blink:not([hidden])")
        which = {page.text(".which") for _ in range(8) if not page.page.wait_for_timeout(120)}
        assert which == {"left", "right"}
        matrix = page.page.get_attribute(".blink-sky image >> nth=1", "transform")
        assert matrix == "matrix(1 0 0 1 6 2)"
        for key in "mx":
            page.press("z", key)
            assert "Class and reject are for single pictures" in page.text(".hint")
        page.press("b", "d", "3").at(1).press("g").press("2").saved()
        page.page.wait_for_selector(".end:not([hidden])")
    with opened(project) as session, serving(session) as url:
        page.open(url).at(0).press("d")
        page.at("null")  # it has no place in this queue
        assert page.text(".state") == "⧉\nkeep both"
        page.press("1").saved().at(0)
    said = [(line.path, line.partner, line.keep) for line in lines(project)]
    assert said == [(a, b, "both"), (c, d, "partner"), (a, b, "path")]


def test_the_server_sends_no_label_to_a_blind_page_before_the_decision(project, page):
    seen = []
    page.page.on("response", lambda answer: seen.append(answer))
    with opened(project, blind=True) as session, serving(session) as url:
        page.open(url).at(0).press("g").page.wait_for_selector(".tile img")
        told = [answer.text() for answer in seen if "/items" in answer.url]
        assert told
        for word in ("spiral", "elliptical", "images/", "0.9", "123766"):
            assert not [text for text in told if word in text], word
        assert not [answer.url for answer in seen if "spiral" in answer.url]
        page.press("Enter")
        assert "Labels are hidden" in page.text(".hint")
        page.press("g").at(0).press("Enter")
        assert "The label is hidden" in page.text(".hint")
        page.press("1").at(1).saved().press("ArrowLeft").at(0)
        page.page.wait_for_selector("text=its label")
    assert [line.blind for line in lines(project)] == [1]


# ---- what is lost when, and what is not


def start(project, *more):
    process = subprocess.Popen(
        [sys.executable, "-m", "galaxycurate", "review", "--no-open", "--reviewer", "anna", *more],
        cwd=project.root, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    return process, process.stdout.readline().strip()


def test_killed_and_started_anew_a_review_goes_on_and_loses_no_decision(project, page):
    process, url = start(project)
    try:
        page.open(url).at(0).press("1").at(1).press("2").at(2).saved()
        process.kill()
        process.wait(10)
        assert len(lines(project)) == 2  # what was called saved is
        page.press("Enter").at(3).press("Enter").at(4)
        page.page.wait_for_selector("text=2 not saved: the review's server does not answer")
        closing = page.page.evaluate(
            "() => { const e = new Event('beforeunload', { cancelable: true });"
            " dispatchEvent(e); return e.defaultPrevented; }"
        )
        assert closing
        process, again = start(project)
        assert again.split("/")[2] == url.split("/")[2]  # else the browser would not find them
        page.page.wait_for_selector("text=the review was started anew")
        page.page.goto("about:blank")  # the dialog that warns is accepted
        page.wrong.clear()
        page.open(again).at(4).saved()  # what was sent only now is not asked again
        assert [line.label for line in lines(project)][:2] == ["spiral", "elliptical"]
        assert len(lines(project)) == 4
        page.page.reload()
        page.at(4)
        assert "4 of 10 decided" in page.text("header")
    finally:
        process.send_signal(signal.SIGTERM)
        _, talk = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "2 labels kept; 6 of 10 left in unreviewed" in talk
    assert talk.rstrip().endswith("next: galaxycurate dedupe")  # as status says


def test_what_two_tabs_could_not_send_is_sent_by_the_next_page(project, page):
    process, url = start(project)
    try:
        second = page.context.new_page()
        page.open(url).at(0)
        second.goto(url)
        second.wait_for_selector("#review[data-place='0']")
        process.kill()
        process.wait(10)
        page.press("Enter").at(1).press("Enter").at(2)
        page.page.wait_for_selector("text=2 not saved")
        second.keyboard.press("ArrowRight")
        second.keyboard.press("ArrowRight")
        second.wait_for_selector("#review[data-place='2']")
        second.keyboard.press("2")
        second.wait_for_selector("text=1 not saved")
        assert len(lines(project)) == 0
        process, again = start(project)
        second.close()
        page.page.goto("about:blank")
        page.wrong.clear()
        page.open(again).saved()
        assert len({line.path for line in lines(project)}) == len(lines(project)) == 3
        assert "sent now: 3 decisions of an earlier page" in page.text("body")
        assert page.page.evaluate("Object.keys(localStorage).length") == 0
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)


def test_two_people_at_once_see_their_own_progress_and_lose_nothing(project, browser):
    anna, ben = Watched(browser), Watched(browser)
    with (
        opened(project) as one, serving(one) as first,
        opened(project, reviewer="ben") as two, serving(two) as second,
    ):  # fmt: skip
        anna.open(first).at(0)
        ben.open(second).at(0)
        for k in range(5):
            anna.press("1").at(k + 1)
            ben.press("2").at(k + 1)
        anna.saved()
        ben.saved().press("x", "1", "Enter").at(6).saved().press("ArrowLeft").at(5)
        assert "5 of 10 decided" in anna.text("header")
        assert "6 of 10 decided" in ben.text("header")
        ben.press("ArrowLeft").at(4)
        assert "anna" in ben.text(".panel")
    assert Counter(line.reviewer for line in lines(project)) == {"anna": 5, "ben": 6}
    for watched in (anna, ben):
        watched.context.close()
        assert watched.wrong == []


def decided_without_a_server(page, url):
    """Three pictures marked and decided on together: sent when a server is back."""
    page.open(url).at(0).press("g").grid()
    yield
    page.press(" ", "ArrowRight", " ", "ArrowRight", " ", "1")
    page.page.wait_for_selector(".unsent:has-text('3 not sent yet: kept here')")


def test_what_cannot_be_taken_is_set_aside_and_takes_nothing_with_it(project, page, tmp_path):
    with opened(project) as session, serving(session) as url:
        steps = decided_without_a_server(page, url)
        next(steps)
        changed = session.material.outcome(session.entries[1].path)
        port = int(url.split(":")[2].split("/")[0])
    next(steps, None)
    with Ledger.open(project.settings.ledger_url) as ledger:
        new = [replace(changed, sha256="f" * 64)]
        ledger.add_outcomes(ledger.start("download", {}), new)
    page.page.goto("about:blank")
    page.wrong.clear()  # the dialog that warned

    other = Project(tmp_path / "other" / project.root.name)
    other.fetch(other.manifest("spiral", 6, size_px=[48] * 6), side=48)
    with opened(other) as session, serving(session, port) as url:
        page.open(url).at(0).saved().page.goto("about:blank")
    assert lines(other) == []
    with opened(project, queue="random") as session, serving(session, port) as url:
        page.open(url).at(0)
        page.page.wait_for_selector(
            ".hint:has-text('in this browser for the review of unreviewed')"
        )
        assert lines(project) == []
    with opened(project, limit=1) as session, serving(session, port) as url:
        page.open(url).saved()
        page.page.wait_for_selector(".unsent:has-text('2 not taken:')")
        page.page.wait_for_selector("text=1 of 1 decided")
        assert len(lines(project)) == 1
        page.page.reload()
        page.page.wait_for_selector(".unsent:has-text('2 not taken:')")
        assert page.download(tmp_path / "aside.csv") == "not-taken.csv"
        page.page.click(".forget")
        assert page.page.is_hidden(".unsent")
    aside = rows_of(tmp_path / "aside.csv")
    assert aside[0]["sha256"] == changed.sha256  # that of the picture that was looked at
    assert apply(project.settings, tmp_path / "aside.csv", reviewer="").new == 2


def test_a_second_look_that_was_not_taken_comes_back_as_one_and_from_a_blind_page(
    project, page, tmp_path
):
    with opened(project, blind=True, second_look=1.0) as session, serving(session) as url:
        again = session.entries[12]
        first = next(k for k, e in enumerate(session.entries) if e.path == again.path)
        page.page.route("**/decide", lambda one: one.fulfill(
            status=400, content_type="application/json", body='{"error": "not now"}'))  # fmt: skip
        page.open(url).at(0)
        for k in range(13):
            page.press("1" if k in (first, 12) else "ArrowRight").at(k + 1)
        page.page.wait_for_selector(".unsent:has-text('2 not taken: not now')")
        page.download(tmp_path / "aside.csv")
    rows = rows_of(tmp_path / "aside.csv")
    assert [row["path"] for row in rows] == ["", ""]
    assert [row["again"] for row in rows] == ["", ""]
    apply(project.settings, tmp_path / "aside.csv", reviewer="")
    found = [(line.path, line.again, line.blind) for line in lines(project)]
    assert found == [(again.path, 0, 1), (again.path, 1, 1)]


def test_the_grid_accepts_only_what_was_on_the_screen(tmp_path, page):
    project, held = many(tmp_path, 80), []
    with opened(project) as session, serving(session) as url:
        (project.root / "dataset" / session.entries[2].path).unlink()
        page.open(url).at(0)
        page.page.route("**/small/**", lambda one: held.append(one))
        page.press("g").page.wait_for_selector(".tile img")
        page.press("Enter")
        assert "not on the screen yet" in page.text(".hint")
        page.page.unroute("**/small/**")  # which lets those that were held go on
        page.grid().press("Enter").saved()
        assert len(lines(project)) == 35
        assert "1 cannot be shown, and is not decided on" in page.text(".hint")
        held.clear()
        page.page.route("**/small/**", lambda one: held.append(one))
        page.press("Enter", "Enter").page.wait_for_selector("text=at 37")
        page.page.wait_for_selector(".grid[aria-busy=true]")
        page.press("Enter")
        assert "at 37" in page.text("header")
        assert len(lines(project)) == 35


def test_a_mark_stays_with_its_picture_until_that_is_decided_on(tmp_path, page):
    project = many(tmp_path, 80)
    with opened(project) as session, serving(session) as url:
        marked = [session.entries[k].path for k in (0, 1)]
        page.open(url).at(0).press("g").grid().press(" ", "ArrowRight", " ")
        page.press("PageDown").page.wait_for_selector(".hint:has-text('2 marked on other pages')")
        page.grid().press("PageUp").page.wait_for_selector("text=at 1")
        page.grid().press("g").at(0).press("g").grid()
        assert len(page.page.query_selector_all(".tile.marked")) == 2
        page.press("Enter").saved().press("PageUp").page.wait_for_selector("text=at 1")
        assert not {line.path for line in lines(project)} & set(marked)
        page.grid().press("0").saved()
        assert page.page.query_selector(".tile.marked") is None
    assert {line.path for line in lines(project) if line.kind.value == "unsure"} == set(marked)


def test_a_ledger_that_does_not_answer_is_told_of_in_words(project, page):
    held = []
    with opened(project, reviewer="W" * 40) as session, serving(session) as url:
        page.page.route("**/decide", lambda one: held.append(one))
        page.open(url).at(0).press("1").at(1).press("1").at(2)
        page.page.wait_for_selector(".saved.problem:has-text('2 not saved: nothing gets through')")
        who = "(one) => [one.scrollWidth > one.clientWidth, getComputedStyle(one).textOverflow]"
        assert page.page.eval_on_selector(".reviewer", who) == [True, "ellipsis"]
        page.page.unroute("**/decide")
        page.saved()
        assert page.page.query_selector(".saved.problem") is None
    assert len(lines(project)) == 2


# ---- many pictures, quickly


def many(root, n):
    """So many pictures in the ledger, of a few dozen different ones."""
    made = Project(root)
    manifest = made.manifest("spiral", n, size_px=[64] * n, ra=[150.0] * n)
    tree, outcomes = ImageTree(root / "dataset"), []
    for k, row in enumerate(manifest.rows()):
        body = picture(k % 40)
        path = tree.relative("spiral", row["name"])
        tree.write(path, body)
        outcomes.append(
            Outcome(path, row["name"], "spiral", "x", Status.OK,
                    sha256=hashlib.sha256(body).hexdigest(), n_bytes=len(body),
                    provider=made.provider)
        )  # fmt: skip
    with Ledger.open(made.settings.ledger_url) as ledger:
        ledger.add_outcomes(ledger.start("download", {}), outcomes)
    return made


def test_of_5000_pictures_the_first_shows_at_once_and_sixty_take_no_minute(tmp_path, page):
    project = many(tmp_path, 5000)
    with opened(project) as session, serving(session) as url:
        began = time.monotonic()
        page.open(url).at(0)
        assert time.monotonic() - began < 3.0  # 0.7 s while six others used the two cores
        took = []
        began = time.monotonic()
        for k in range(60):
            page.press("Enter").at(k + 1)
            took.append(float(page.page.get_attribute("#review", "data-next-ms")))
        spent = time.monotonic() - began
        page.saved()
        held = page.page.evaluate("performance.memory.usedJSHeapSize")
        assert spent < 60
        assert statistics.median(took) < 50
        page.press("g").page.wait_for_selector(".tile img")
        for _ in range(60):
            page.press("PageDown")
        page.page.wait_for_selector("text=at 2,1")
        assert page.page.evaluate("performance.memory.usedJSHeapSize") < held + 30e6
    assert len(lines(project)) == 60


# ---- hostile names


HOSTILE = ("<img src=x onerror=alert(1)>", '"><script>alert(2)</script>', "javascript:alert(3)",
           "a'b&quot;\u202e")  # fmt: skip


def hostile(root):
    """Pictures whose names and labels are markup, and verdicts that are, too."""
    made = Project(root)
    tree, outcomes = ImageTree(root / "dataset"), []
    for k, word in enumerate(HOSTILE):
        word = word.replace("/", "")
        body = picture(k)
        made.manifest(word, 1, name=f"m{k}", size_px=[64])
        (row,) = Project(root).manifest(word, 1, name=f"m{k}", size_px=[64]).rows()
        path = f"images/{word}/{row['name']}.jpg"
        tree.write(path, body)
        outcomes.append(
            Outcome(path, row["name"], word, "x", Status.OK,
                    sha256=hashlib.sha256(body).hexdigest(), provider=word)
        )  # fmt: skip
    with Ledger.open(made.settings.ledger_url) as ledger:
        ledger.add_outcomes(ledger.start("download", {}), outcomes)
    judged(made, "dedupe", pair(outcomes[0].path, outcomes[1].path, evidence=HOSTILE[0]))
    return made


@pytest.mark.parametrize("is_static", [False, True])
def test_names_labels_and_verdicts_that_are_markup_stay_text(tmp_path, page, is_static):
    project = hostile(tmp_path)
    with opened(project, reviewer=HOSTILE[1]) as session, serving(session) as url:
        if is_static:
            static.write(session, tmp_path / "page.html")
            url = (tmp_path / "page.html").as_uri()
        page.open(url).at(0)
        for k in range(4):
            page.press("s", "s", "Enter").at(k + 1).saved()
        page.press("u").saved().press("g").page.wait_for_selector(".tile img")
        page.press("x")
        page.page.keyboard.type(HOSTILE[0])
        page.press("Enter").saved().press("g")
        shown = page.text("body")
        assert HOSTILE[0] in shown or "javascript:alert" in shown
        assert (
            page.page.query_selector("img[src='x'], #review script, a[href^='javascript']") is None
        )


# ---- one file


COLUMNS = ["uid", "key", "path", "kind", "label", "reason", "partner", "keep", "undoes", "reviewer",
           "queue", "sha256", "partner_sha256", "blind", "again", "took_ms"]  # fmt: skip


def rows_of(file):
    with file.open(newline="") as text:
        return list(csv.DictReader(text))


def test_a_page_of_its_own_gives_its_decisions_back(project, page):
    file, given = project.root / "review.html", project.root / "decisions.csv"
    with opened(project, queue="random", reviewer="") as session:
        made = static.write(session, file)
        paths = [entry.path for entry in session.entries]
        known = [session.material.outcome(path).sha256 for path in paths]
    assert (made.total, made.shown) == (10, 10)
    assert made.n_bytes == file.stat().st_size
    page.open(file.as_uri()).at(0).press("Enter")
    assert "type your name first" in page.text(".hint")
    page.page.keyboard.type("carla")
    page.press("Enter", "Enter").at(1).press("x")
    page.page.keyboard.type('=1, "lane"')
    page.press("Enter").at(2).press("u").at(1).press("Shift+u").at(1)
    page.page.reload()
    page.at(2)
    page.press("c")
    page.page.wait_for_selector("text=a page without its server asks no catalogue")
    assert page.download(given) == "decisions.csv"
    rows = rows_of(given)
    assert list(rows[0]) == COLUMNS
    assert [row["kind"] for row in rows] == ["label", "reject", "undo", "undo"]
    assert [row["path"] for row in rows] == [paths[0], *[paths[1]] * 3]
    assert [row["sha256"] for row in rows] == [known[0], *[known[1]] * 3]
    assert [rows[1][name] for name in ("reason", "reviewer", "queue")] == [
        "'=1, \"lane\"", "carla", "random"
    ]  # fmt: skip
    assert rows[2]["undoes"] == rows[1]["uid"]
    assert rows[3]["undoes"] == rows[2]["uid"]
    apply(project.settings, given, reviewer="somebody else")
    assert [line.reason for line in lines(project)] == ["", '=1, "lane"', "", ""]


def test_each_who_uses_a_page_has_a_name_and_a_progress_of_their_own(project, page):
    file, given = project.root / "review.html", project.root / "decisions.csv"
    with opened(project) as session:
        static.write(session, file)
    page.open(file.as_uri()).at(0).press("1").at(1).press("1").at(2)
    page.page.fill("header input", "ben")
    page.press("Enter").at(0)
    assert "0 of 10 decided" in page.text("header")
    page.press("2").at(1).press("u").at(0).press("2").at(1)
    page.download(given)
    assert [row["reviewer"] for row in rows_of(given)] == ["anna"] * 2 + ["ben"] * 3
    apply(project.settings, given, reviewer="")
    assert len(lines(project)) == 5


def test_two_tabs_of_one_page_know_of_each_other_and_lose_no_decision(project, page):
    file, given = project.root / "review.html", project.root / "decisions.csv"
    with opened(project) as session:
        static.write(session, file)
    page.open(file.as_uri()).at(0)
    other = page.context.new_page()
    other.goto(file.as_uri())
    other.wait_for_selector('#review[data-place="0"]')
    page.press("1").at(1).press("2").at(2)
    other.wait_for_selector("text=2 of 10 decided")
    for place in (1, 2):
        other.keyboard.press("ArrowRight")
        other.wait_for_selector(f'#review[data-place="{place}"]')
        assert ("You decided on this" in other.inner_text(".hint")) == (place == 1)
    other.keyboard.press("x")
    other.keyboard.type("seen in the other tab")
    other.keyboard.press("Enter")
    page.page.wait_for_selector("text=3 of 10 decided")
    assert page.text(".download") == "download decisions.csv (3)"
    page.press("u").at(1)
    other.wait_for_selector("text=2 of 10 decided")
    page.page.reload()
    page.page.wait_for_selector("text=2 of 10 decided")
    page.download(given)
    assert [row["kind"] for row in rows_of(given)] == ["label", "label", "reject", "undo"]


def test_a_tab_puts_back_what_another_one_wrote_over(project, page):
    file = project.root / "review.html"
    with opened(project) as session:
        static.write(session, file)
    page.open(file.as_uri()).at(0).press("1").at(1)
    kept = "Object.keys(localStorage).filter((name) => name.includes('review-page'))"
    n = f"{kept}.map((name) => JSON.parse(localStorage.getItem(name)).lines.length)"

    def waits_for(told):
        until = time.monotonic() + 5
        while page.page.evaluate(n) != told and time.monotonic() < until:
            page.page.wait_for_timeout(20)
        assert page.page.evaluate(n) == told

    other = page.context.new_page()
    other.goto(file.as_uri())
    other.wait_for_selector('#review[data-place="1"]')
    late = "JSON.stringify({ lines: [], reviewer: 'anna', files: [] })"
    other.evaluate(f"localStorage.setItem({kept}[0], {late})")
    waits_for([1])
    other.evaluate(f"localStorage.removeItem({kept}[0])")  # as a newer page does
    waits_for([])
    page.press("2").at(2)
    waits_for([2])


def test_a_tab_that_was_told_of_nothing_overwrites_nothing(project, page):
    """Two tabs of different processes may know of each other late."""
    file = project.root / "review.html"
    with opened(project) as session:
        static.write(session, file)
    page.page.add_init_script(
        "addEventListener('storage', (event) => event.stopImmediatePropagation(), true)"
    )
    page.open(file.as_uri()).at(0)
    other = page.context.new_page()
    other.goto(file.as_uri())
    other.wait_for_selector('#review[data-place="0"]')
    other.keyboard.press("1")
    other.wait_for_selector("text=1 of 10 decided")
    page.press("ArrowRight").at(1).press("2").page.wait_for_selector("text=2 of 10 decided")
    page.page.reload()
    page.page.wait_for_selector("text=2 of 10 decided")


def test_a_page_that_is_written_over_another_takes_its_decisions_over(project, page):
    file, given = project.root / "review.html", project.root / "decisions.csv"
    with opened(project) as session:
        static.write(session, file)
    page.open(file.as_uri()).at(0).press("1").at(1).press("2").at(2).press("0").at(3)
    page.download(given)
    rows = given.read_text().splitlines()
    given.write_text("\n".join(rows[:2]))
    apply(project.settings, given, reviewer="")  # one of three
    with opened(project, queue="random") as session:
        static.write(session, file)
        applied = rows[1].split(",")[2]
        places = [entry.path for entry in session.entries if entry.path != applied]
    page.open(file.as_uri())
    page.page.wait_for_selector(".hint:has-text('2 decisions of an earlier page at this place')")
    assert "2 of 9 decided" in page.text("header")  # the one that was applied is not asked again
    assert page.text(".download") == "download decisions.csv (2)"
    left = [row.split(",")[2] for row in rows[2:]]
    page.press("u").page.wait_for_selector(f'#review[data-place="{places.index(left[1])}"]')
    page.download(given)
    apply(project.settings, given, reviewer="")
    assert [line.kind.value for line in lines(project)] == ["label", "label", "unsure", "undo"]
    page.page.reload()
    page.page.wait_for_selector("text=1 of 9 decided")
    assert "earlier" not in page.text(".hint")


def test_a_page_leaves_the_decisions_on_another_dataset_alone_and_tells_of_them(
    project, page, tmp_path
):
    other = Project(tmp_path / "other")
    other.fetch(other.manifest("spiral", 2, size_px=[48] * 2), side=48)
    file, aside = tmp_path / "review.html", tmp_path / "aside.html"
    for made, where, limit in ((project, file, 9), (project, aside, 8), (other, file, 2)):
        with opened(made, limit=limit) as session:
            static.write(session, where)
        page.open(where.as_uri()).at(0)
        assert f"0 of {limit} decided" in page.text("header")
        if made is project:
            page.press("1").at(1)
    page.page.wait_for_selector(".hint:has-text('1 decision on another dataset kept')")
    with opened(project) as session:
        static.write(session, file)
    page.open(file.as_uri()).at(1)
    assert "1 of 10 decided" in page.text("header")
    page.open(aside.as_uri()).at(1)
    assert "1 of 8 decided" in page.text("header")


def test_the_page_of_its_own_asks_nobody_for_anything(project, page):
    asked = []
    page.page.on("request", lambda request: asked.append(request.url.split(":")[0]))
    file = project.root / "review.html"
    with opened(project) as session:
        static.write(session, file)
    page.open(file.as_uri()).at(0).press("g").page.wait_for_selector(".tile img")
    assert set(asked) <= {"file", "data"}
