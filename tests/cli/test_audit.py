"""`galaxycurate audit` as typed, on a simulated catalogue and pictures of noise."""

import json

import pytest

from galaxycurate.cli.main import main
from galaxycurate.core.outcome import VerdictKind
from galaxycurate.store.ledger import Ledger
from tests.pipeline.audit import sky


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
    assert "next: galaxycurate audit --page audit.html" in err
    assert err.strip().endswith("next: galaxycurate split")
    dropped = [v for v in verdicts(made.root) if not v.keep]
    assert {v.kind for v in dropped} == {VerdictKind.CONTAMINATED}
    assert out == f"46 images audited, {len(dropped)} left out of splits\n"


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


def test_no_archive_means_pixels_alone_and_that_is_said(made, capsys):
    words = ["--archive", "skyserver", "--server", "http://127.0.0.1:9"]
    assert main(["audit", *words]) == 0
    _, err = said(capsys)
    assert "the catalogue was not asked (" in err
    assert "): pixels judge alone" in err
    assert main(["audit", "--no-pixels", *words]) == 2
    _, err = said(capsys)
    assert "nothing could be asked" in err
    assert "hint: leave out --no-pixels" in err


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["--no-pixels", "--no-catalogue"], "looks at nothing", "leave out --no-catalogue"),
        (["--limit-mag", "99"], "limit-mag = 99 is outside 10 to 30", "--limit-mag 20"),
        (["--label", "spirl"], "no image is labelled 'spirl'", "labels: negative, spiral"),
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
