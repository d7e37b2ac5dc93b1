"""`galaxycurate audit` as typed, on a simulated catalogue and pictures of noise."""

import json

import numpy as np
import pytest

from galaxycurate.cli.main import main
from galaxycurate.core.decision import Decision, DecisionKind
from galaxycurate.core.encode import jpeg
from galaxycurate.core.outcome import VerdictKind
from galaxycurate.store.ledger import Ledger
from tests.pipeline.audit import sky
from tests.pipeline.project import Project


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    return sky.tables(tmp_path_factory.mktemp("audit") / "tables", 12)


@pytest.fixture
def made(tables, tmp_path, monkeypatch):
    """Forty negatives at random places and six galaxies, in the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GALAXYCURATE_ARCHIVE", f"local:{tables}")
    made = sky.project(tmp_path, f"local:{tables}", *sky.places(tables, 40))
    sky.project(tmp_path, f"local:{tables}", *sky.places(tables, 6, seed=8), label="spiral",
                name="positives")  # fmt: skip
    return made


def more_images(made, tables, monkeypatch, body):
    """Three ellipticals, each of them this file."""
    with monkeypatch.context() as patch:
        patch.setattr("tests.pipeline.project.picture", lambda *_, **__: body)
        sky.project(made.root, f"local:{tables}", *sky.places(tables, 3, seed=9),
                    label="elliptical", name="ellipticals")  # fmt: skip


def verdicts(folder):
    with Ledger.open(f"sqlite:///{folder}/dataset/ledger.sqlite") as ledger:
        return ledger.verdicts("audit")


def said(capsys):
    out = capsys.readouterr()
    return out.out, out.err


def test_it_ends_with_counts_and_the_next_command(made, capsys):
    assert main(["audit", "--no-pixels"]) == 0
    out, err = said(capsys)
    assert out.startswith("46 images audited, ")
    assert "contaminated" in err
    assert "told by the catalogue" in err
    assert "  --page audit.html shows what was found, and where" in err
    assert [line for line in err.splitlines() if line.startswith("next: ")] == [
        "next: galaxycurate dedupe"
    ]
    assert "from last time" not in err
    dropped = [v for v in verdicts(made.root) if not v.keep]
    assert {v.kind for v in dropped} == {VerdictKind.CONTAMINATED}
    assert out == f"46 images audited, {len(dropped)} left out of splits\n"


def test_what_a_person_keeps_is_not_counted_as_left_out(made, capsys):
    assert main(["dedupe", "--no-pixels"]) == main(["audit", "--no-pixels"]) == 0
    bad = sorted(v.path for v in verdicts(made.root) if not v.keep)
    with Ledger.open(f"sqlite:///{made.root}/dataset/ledger.sqlite") as ledger:
        word = Decision("0" * 32, bad[0], DecisionKind.LABEL, "negative", reviewer="ann")
        ledger.decide(ledger.start("review", {}), [word])
    said(capsys)
    assert main(["audit", "--no-pixels"]) == 0
    out, err = said(capsys)
    left = f"{len(bad) - 1} left out of splits (1 kept against a verdict)"
    assert out == f"46 images audited, {left}\n"
    assert "next: galaxycurate split" in err.splitlines()


def test_a_dry_run_asks_opens_and_writes_nothing(made, capsys):
    before = sorted(made.root.rglob("*"))
    assert main(["audit", "--dry-run"]) == 0
    out, err = said(capsys)
    assert out == "46 images would be audited, 46 of them opened\n"
    assert "would be asked 3 questions" in err
    assert "should be empty" in err
    assert sorted(made.root.rglob("*")) == before


def test_json_has_ids_as_text(made, capsys):
    assert main(["audit", "--no-pixels", "--json"]) == 0
    told = json.loads(said(capsys)[0])
    bad = [one for one in told["judged"] if one["kind"] == "contaminated"]
    assert bad
    assert all(isinstance(one["partner"], str) and one["partner"].isdigit() for one in bad)
    assert told["counts"]["negative"]["contaminated"] == len(bad)


def test_a_magnitude_that_nobody_knows_is_null_in_json(made, tables, monkeypatch, capsys):
    more_images(made, tables, monkeypatch, b"no picture")
    assert main(["audit", "--no-catalogue", "--json"]) == 0
    bad = [one for one in json.loads(said(capsys)[0])["judged"] if one["kind"] == "unreadable"]
    assert [one["mag_r"] for one in bad] == [None] * 3


def test_an_audit_of_one_label_leaves_the_others_verdicts(made, capsys):
    assert main(["audit", "--no-pixels"]) == 0
    whole = {v.path: v for v in verdicts(made.root)}
    assert main(["audit", "--no-pixels", "--label", "spiral"]) == 0
    assert said(capsys)[0].splitlines()[-1].startswith("6 images audited")
    assert {v.path: v for v in verdicts(made.root)} == whole


def test_the_limit_and_strictness_can_be_chosen(made, capsys):
    dropped = {}
    for words in (["--limit-mag", "16"], ["--limit-mag", "20"], ["--limit-mag", "20", "--strict"]):
        assert main(["audit", "--no-pixels", "--label", "negative", *words]) == 0
        dropped[" ".join(words)] = sum(not v.keep for v in verdicts(made.root))
    few, many, most = dropped.values()
    assert few < many < most


def test_an_archive_that_is_down_ends_the_audit_and_the_last_verdicts_stand(made, capsys):
    assert main(["audit", "--no-pixels"]) == 0
    before, files = verdicts(made.root), sorted(made.root.rglob("*"))
    said(capsys)
    down = ["--archive", "skyserver", "--server", "http://127.0.0.1:9"]
    for words, hint in (
        ([], "hint: galaxycurate audit --no-catalogue (pixels judge alone)"),
        (["--no-pixels"], "hint: galaxycurate audit --archive local:PATH"),
    ):
        assert main(["audit", *words, *down]) == 1
        out, err = said(capsys)
        assert "galaxycurate: SkyServer did not answer at http://127.0.0.1:9" in err
        assert hint in err
        assert out == ""
    assert verdicts(made.root) == before
    assert sorted(made.root.rglob("*")) == files


def test_pixels_alone_on_demand_tell_what_they_return_to_the_splits(made, capsys):
    assert main(["audit", "--no-pixels"]) == 0
    dropped = {v.path for v in verdicts(made.root) if not v.keep}
    said(capsys)
    assert main(["audit", "--no-catalogue"]) == 0
    back = dropped - {v.path for v in verdicts(made.root) if not v.keep}
    assert back  # pictures of noise
    words = f"warning: {len(back)} images that the last audit left out are in splits again"
    assert words in said(capsys)[1]
    assert main(["audit", "--no-catalogue"]) == 0
    assert "in splits again" not in said(capsys)[1]


def test_without_a_negative_it_says_that_nothing_should_be_empty(tables, tmp_path, monkeypatch,
                                                                 capsys):  # fmt: skip
    monkeypatch.chdir(tmp_path)
    ra, dec = sky.places(tables, 3)
    sky.project(tmp_path, f"local:{tables}", ra, dec, label="empty", name="m")
    words = "warning: no image is labelled negative, so all were taken for galaxies; --negative"
    for more in (["--dry-run"], []):
        assert main(["audit", "--archive", f"local:{tables}", *more]) == 0
        assert words in said(capsys)[1]
    assert main(["audit", "--no-catalogue", "--negative", "empty"]) == 0
    assert "warning" not in said(capsys)[1]


def test_labels_of_which_nothing_can_be_judged_are_named(made, tables, monkeypatch, capsys):
    """Blank pictures and no catalogue; then the catalogue, which needs no pictures."""
    more_images(made, tables, monkeypatch, jpeg(np.zeros((64, 64, 3), np.uint8)))
    words = "warning: of the 3 images labelled elliptical none could be judged"
    assert main(["audit", "--no-catalogue"]) == 0
    err = said(capsys)[1]
    assert words in err
    assert "labelled negative none" not in err
    assert main(["audit"]) == 0
    assert words not in said(capsys)[1]


def test_a_limit_that_pictures_without_magnitudes_cannot_mind_is_said(tables, tmp_path, monkeypatch,
                                                                      capsys):  # fmt: skip
    monkeypatch.chdir(tmp_path)
    at = sky.places(tables, 2)
    for provider, label in (("import", "negative"), ("skyserver dr17 @ here", "empty")):
        project = Project(tmp_path, provider=provider)
        project.fetch(project.manifest(label, 2, ra=at[0], dec=at[1]))
    words = "r < 19 had no effect on 2 negatives: no magnitudes follow from their pictures"
    asked = ["audit", "--no-catalogue", "--negative", "empty"]
    assert main([*asked, "--limit-mag", "19"]) == 0
    assert words in said(capsys)[1]
    for more in ([], ["--limit-mag", "19", "--label", "empty"]):
        assert main([*asked, *more]) == 0
        assert "no effect" not in said(capsys)[1]


@pytest.mark.parametrize("page", [".", "dataset", "dataset/ledger.sqlite/page.html"])
def test_a_page_that_cannot_be_written_is_refused_before_any_work(made, capsys, page):
    before = sorted(made.root.rglob("*"))
    assert main(["audit", "--page", page]) == 2
    _, err = said(capsys)
    assert page.removesuffix("/page.html") in err
    assert "audit: " not in err
    assert verdicts(made.root) == []
    assert sorted(made.root.rglob("*")) == before


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["--no-pixels", "--no-catalogue"], "looks at nothing", "leave out --no-catalogue"),
        (["--limit-mag", "99"], "limit-mag = 99 is outside 10 to 30", "--limit-mag 20"),
        (["--label", "spirl"], "no image is labelled 'spirl'", "labels: negative, spiral"),
        (["--negative", "foo"], "no image is labelled 'foo'", "labels: negative, spiral"),
        (["--archive", "local:nowhere"], "there is no file or folder nowhere", "--archive"),
    ],
)
def test_bad_input_is_told_with_a_hint(made, capsys, words, message, hint):
    assert main(["audit", *words]) == 2
    _, err = said(capsys)
    assert message in err
    assert hint in err
    assert verdicts(made.root) == []


def test_without_images_it_says_what_to_type(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["audit"]) == 2
    assert "hint: galaxycurate download" in said(capsys)[1]


def test_the_page_is_written_and_needs_no_network(made, capsys):
    assert main(["audit", "--page", "audit.html"]) == 0
    page = (made.root / "audit.html").read_text()
    assert "negatives: contaminated" in page
    assert "data:image/jpeg;base64," in page
    assert "<circle" in page
    for address in ('src="http', 'href="http://', "url(http"):
        assert address not in page
