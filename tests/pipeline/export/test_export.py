"""What an export holds, what is refused, and what a killed one leaves."""

import json
import resource
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from galaxycurate.cli.main import main
from galaxycurate.core.decision import DecisionKind
from galaxycurate.core.outcome import Verdict, VerdictKind
from galaxycurate.errors import InputError, StorageError, UsageError
from galaxycurate.pipeline.dedupe.dedupe import dedupe
from galaxycurate.pipeline.export.export import Request, export
from galaxycurate.pipeline.export.formats import FORMATS
from galaxycurate.pipeline.export.hf_parquet import called
from galaxycurate.pipeline.report.gather import gather
from galaxycurate.pipeline.split.split import Manner, split
from galaxycurate.store.ledger import Ledger
from tests.pipeline.export.conftest import decide
from tests.pipeline.project import Project


def small(root, **about):
    project = Project(root, **about)
    project.fetch(project.manifest("spiral", 12), side=16)
    return project


def test_without_a_split_all_that_is_in_use_is_exported_and_that_is_said(tmp_path):
    project = small(tmp_path)
    made = export(project.settings, Request("csv", tmp_path / "out"))
    assert made.counts == {"all": {"spiral": 12}}
    assert made.notes == ["there is no split: all 12 pictures in use lie in one part"]
    with pytest.raises(UsageError, match="there is no split yet"):
        export(project.settings, Request("csv", tmp_path / "other", "test"))


def test_a_folder_that_is_not_there_is_no_place_for_an_export(tmp_path):
    project = small(tmp_path)
    with pytest.raises(InputError, match="there is no folder") as caught:
        export(project.settings, Request("csv", tmp_path / "no" / "such" / "out"))
    assert caught.value.hint == f"mkdir -p {tmp_path / 'no' / 'such'}"
    assert not (tmp_path / "no").exists()


def test_one_split_alone(exported, tmp_path):
    project, _ = exported
    made = export(project.settings, Request("imagefolder", tmp_path / "out", "test"))
    assert list(made.counts) == ["test"]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "test", "README.md", "provenance.json",
    }  # fmt: skip
    with pytest.raises(UsageError, match="there is no split 'tset'") as caught:
        export(project.settings, Request("csv", tmp_path / "other", "tset"))
    assert "did you mean test?" in caught.value.hint


def test_the_papers_of_the_catalogue_are_cited_once(tmp_path):
    project = small(tmp_path)
    manifest = project.manifest("spiral", 12)
    header = replace(manifest.header, cuts={"catalog": "gz2"})
    replace(manifest, header=header).write(manifest.path)
    export(project.settings, Request("csv", tmp_path / "out"))
    card = (tmp_path / "out" / "README.md").read_text()
    cited = [line for line in card.splitlines() if line.startswith("- ") and "ApJ" in line]
    assert len(cited) == len(set(cited))
    assert card.count("Willett et al. 2013, MNRAS 435, 2835") == 1
    assert "Hart et al. 2016" in card


def test_folds_are_exported_by_their_names(tmp_path):
    project = small(tmp_path)
    dedupe(project.settings, pixels=None)
    split(project.settings, Manner(folds=3))
    made = export(project.settings, Request("imagefolder", tmp_path / "out"))
    assert set(made.counts) == {"fold-1", "fold-2", "fold-3"}
    assert called("fold-1") == "fold_1"  # the hub takes no hyphen


def test_classes_that_people_gave_after_the_split_count_and_are_told(tmp_path):
    project = small(tmp_path)
    dedupe(project.settings, pixels=None)
    split(project.settings)
    path = next((tmp_path / "dataset" / "images" / "spiral").iterdir())
    decide(project, (f"images/spiral/{path.name}", DecisionKind.LABEL, {"label": "ring"}))
    made = export(project.settings, Request("csv", tmp_path / "out"))
    assert made.notes == [
        "the split is out of date: 1 decision since the last split (next: galaxycurate split)",
        "decisions since the split count here: 1 of another class, 0 left out",
    ]
    counts = sum((Counter(some) for some in made.counts.values()), Counter())
    assert counts == {"spiral": 11, "ring": 1}
    card = (tmp_path / "out" / "README.md").read_text()
    assert "decisions since the split count here: 1 of another class" in card


def test_what_people_reject_after_the_split_is_left_out_and_what_they_put_back_waits(tmp_path):
    project = small(tmp_path)
    dedupe(project.settings, pixels=None)
    one, other, *_ = (
        f"images/spiral/{p.name}" for p in (tmp_path / "dataset/images/spiral").iterdir()
    )
    decide(project, (other, DecisionKind.REJECT, {"reason": "off-centre"}))
    split(project.settings)
    decide(project, (one, DecisionKind.REJECT, {"reason": "off-centre"}))
    decide(project, (other, DecisionKind.LABEL, {"label": "spiral"}))
    made = export(project.settings, Request("csv", tmp_path / "out"))
    assert made.pictures == 10
    assert made.notes[1:] == [
        "decisions since the split count here: 0 of another class, 1 left out",
        "put back since the split, and not in it: 1",
    ]
    table = (tmp_path / "out" / "galaxies.csv").read_text()
    assert Path(one).stem not in table
    assert Path(other).stem not in table


def test_what_dedupe_and_audit_found_after_the_split_is_told(tmp_path):
    project = small(tmp_path)
    dedupe(project.settings, pixels=None)
    split(project.settings)
    assert export(project.settings, Request("csv", tmp_path / "fresh")).notes == []
    with Ledger.open(project.settings.ledger_url) as ledger:
        one, other, *_ = ledger.outcomes()
        dirty = Verdict(one.path, VerdictKind.CONTAMINATED, keep=False, sha256=one.sha256)
        ledger.record("audit", {}, verdicts=[dirty])
    (told,) = export(project.settings, Request("csv", tmp_path / "audited")).notes
    assert "1 image is judged otherwise since the last split (next: galaxycurate split)" in told
    with Ledger.open(project.settings.ledger_url) as ledger:  # another picture under an old name
        ledger.add_outcomes(ledger.start("download", {}), [other])
    (told,) = export(project.settings, Request("csv", tmp_path / "replaced")).notes
    assert "changed since the last dedupe (next: galaxycurate dedupe)" in told


def test_no_folder_of_this_machine_is_told(tmp_path):
    project = small(tmp_path, archive="local: /home/ann/sky.duckdb")
    (tmp_path / "out").mkdir()
    for name in ("csv", "votable", "imagefolder", "webdataset"):
        export(project.settings, Request(name, tmp_path / "out" / name))
    for path in (tmp_path / "out").rglob("*"):
        assert path.is_dir() or b"/home/ann" not in path.read_bytes(), path
    facts = json.loads((tmp_path / "out/csv/provenance.json").read_text())
    assert facts["manifests"][0]["archive"] == "local: sky.duckdb"
    assert "local: sky.duckdb" in facts["origins"]


def test_pictures_of_no_known_release_thank_none(tmp_path):
    project = small(tmp_path)
    manifest = project.manifest("spiral", 12)
    replace(manifest, header=replace(manifest.header, release="")).write(manifest.path)
    export(project.settings, Request("csv", tmp_path / "out"))
    card = (tmp_path / "out" / "README.md").read_text()
    assert "Of which data release they are is not known" in card
    assert "DR17" not in card
    assert gather(project.settings, shortcuts=False).releases == ()


def test_a_simulated_sky_is_called_simulated_in_every_format(tmp_path):
    project = small(tmp_path, archive="http://127.0.0.1:1 (sandbox (simulated sky: mini))")
    (tmp_path / "out").mkdir()
    for name in FORMATS:
        folder = tmp_path / "out" / name
        assert export(project.settings, Request(name, folder)).simulated
        assert "SIMULATED SKY: these are not SDSS data" in (folder / "README.md").read_text()
        assert json.loads((folder / "provenance.json").read_text())["simulated"] is True
    assert "SIMULATED" in (tmp_path / "out/zooniverse/manifest.csv").read_text()
    assert "- simulated" in (tmp_path / "out/hf-parquet/README.md").read_text()


def test_a_picture_that_changed_on_the_disk_stops_it_and_leaves_nothing(tmp_path):
    project = small(tmp_path)
    path = next((tmp_path / "dataset" / "images" / "spiral").iterdir())
    body = path.read_bytes()
    path.write_bytes(body[:-1] + b"x")  # as long as before
    with pytest.raises(InputError, match="is no longer as the ledger knows it"):
        export(project.settings, Request("imagefolder", tmp_path / "out"))
    path.write_bytes(body[:-1])
    with pytest.raises(InputError, match="is no longer as the ledger knows it"):
        export(project.settings, Request("csv", tmp_path / "out"))
    assert not [one for one in tmp_path.iterdir() if "out" in one.name]


def test_formats_that_a_tool_cannot_open_are_refused(exported, tmp_path):
    from galaxycurate.pipeline.export.choosing import select

    selection = select(exported[0].settings)
    with pytest.raises(InputError, match="79 of 79 pictures are none that Zoobot opens"):
        selection.check_endings((".fits",), "Zoobot")


def test_a_typo_touches_nothing(exported, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    where = ["--dataset", exported[0].settings.dataset, "--manifests",
             exported[0].settings.manifests]  # fmt: skip
    assert main(["export", "--to", "imagefoldr", *where]) == 2
    assert "did you mean imagefolder?" in capsys.readouterr().err
    assert main(["export", "--to", "csv", "--dataset", "none", "--manifests", "none"]) == 2
    assert list(tmp_path.iterdir()) == []


def test_the_command_says_what_it_made_and_dry_run_makes_nothing(
    exported, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    where = ["--dataset", exported[0].settings.dataset, "--manifests",
             exported[0].settings.manifests]  # fmt: skip
    assert main(["export", "--to", "webdataset", "--dry-run", *where]) == 0
    assert "export/webdataset/ would hold 79 pictures" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []
    assert main(["export", "--to", "csv", "--json", *where]) == 0
    assert json.loads(capsys.readouterr().out)["folder"] == "export/csv"
    assert main(["export", "--to", "csv", *where]) == 2
    assert "--replace" in capsys.readouterr().err


def test_replace_takes_the_place_of_an_export_and_of_nothing_else(exported, tmp_path):
    settings, out = exported[0].settings, tmp_path / "out"
    export(settings, Request("csv", out))
    with pytest.raises(UsageError, match="holds an export already"):
        export(settings, Request("fits", out))
    export(settings, Request("fits", out, replace=True))
    assert (out / "galaxies.fits").is_file()
    assert not (out / "galaxies.csv").exists()
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.tex").write_text("x")
    with pytest.raises(UsageError, match="holds something else than an export"):
        export(settings, Request("csv", mine, replace=True))
    (tmp_path / "link").symlink_to(mine)
    with pytest.raises(UsageError, match="is no folder"):
        export(settings, Request("csv", tmp_path / "link", replace=True))
    assert (mine / "thesis.tex").read_text() == "x"


KILLED = """
import os, signal, sys
from pathlib import Path
from galaxycurate.pipeline.export.export import Request, export
from galaxycurate.store.settings import load

def die(done, total, text):
    os.kill(os.getpid(), signal.SIGKILL)

settings = load({"dataset": sys.argv[1], "manifests": sys.argv[2]})
export(settings, Request(sys.argv[3], Path(sys.argv[4]), replace=True), progress=die)
"""


@pytest.mark.parametrize("name", ["imagefolder", "hf-parquet"])
def test_a_killed_export_leaves_what_was_there_before(exported, tmp_path, name):
    settings, out = exported[0].settings, tmp_path / "out"
    export(settings, Request("csv", out))
    words = [settings.dataset, settings.manifests, name, str(out)]
    died = subprocess.run([sys.executable, "-c", KILLED, *words], check=False, timeout=120)
    assert died.returncode == -signal.SIGKILL
    assert (out / "galaxies.csv").is_file()
    assert not list(out.rglob("*.jpg"))
    export(settings, Request(name, out, replace=True))
    assert [one.name for one in tmp_path.iterdir()] == ["out"]
    assert not (out / "galaxies.csv").exists()


@pytest.mark.parametrize("name", FORMATS)
def test_a_full_disk_is_told_and_leaves_nothing(exported, tmp_path, name):
    was = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (700, was[1]))
    try:
        with pytest.raises(StorageError, match="the disk is full"):
            export(exported[0].settings, Request(name, tmp_path / "out"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, was)
        signal.signal(signal.SIGXFSZ, before)
    assert list(tmp_path.iterdir()) == []


def test_no_room_is_told_before_anything_is_written(exported, tmp_path, monkeypatch):
    import shutil
    from collections import namedtuple

    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1, 1, 100))
    with pytest.raises(StorageError, match="has room for 100 bytes"):
        export(exported[0].settings, Request("imagefolder", tmp_path / "out"))
    assert list(tmp_path.iterdir()) == []


def test_a_dataset_of_shards_is_exported_as_well(tmp_path):
    from galaxycurate.core.outcome import Outcome, Status
    from galaxycurate.store.ledger import Ledger
    from galaxycurate.store.shards.tree import ShardTree

    project = small(tmp_path)
    root = Path(project.settings.dataset)
    tree, shards = root / "images", ShardTree(root)
    for path in sorted(tree.rglob("*.jpg")):
        body = path.read_bytes()
        path.unlink()
        shards.write(f"images/spiral/{path.name}", body, {})
    shards.finish()
    with Ledger.open(project.settings.ledger_url) as ledger:
        assert all(isinstance(o, Outcome) and o.status is Status.OK for o in ledger.outcomes())
    export(project.settings, Request("imagefolder", tmp_path / "out"))
    assert len(list((tmp_path / "out").rglob("*.jpg"))) == 12


def test_two_exports_into_one_folder_do_not_meet(exported, tmp_path):
    from galaxycurate.store.building import building

    out = tmp_path / "out"
    with building(out, "an export") as part:
        with pytest.raises(StorageError, match="is under way already"):
            export(exported[0].settings, Request("csv", out))
        (part / "mine").touch()
    assert [one.name for one in out.iterdir()] == ["mine"]


def test_what_a_killed_export_left_goes_with_the_next_one_of_any_name(exported, tmp_path):
    code = (
        "import os, signal; from pathlib import Path\n"
        "from galaxycurate.store.building import building\n"
        "with building(Path('webdataset'), 'an export') as part:\n"
        "    (part / 'shard.tar').write_bytes(bytes(2_000_000))\n"
        "    os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False)
    there = {tmp_path / ".webdataset.new", tmp_path / ".webdataset.lock"}
    assert set(tmp_path.iterdir()) == there
    request = Request("csv", tmp_path / "out")
    told = export(exported[0].settings, request, dry_run=True)
    left = f"a killed export to {tmp_path / 'webdataset'}/ left 2.0 MB"
    assert told.notes[-1] == f"{left}: the next export takes them away"
    assert set(tmp_path.iterdir()) == there
    assert export(exported[0].settings, request).notes[-1] == f"{left}: they were taken away"
    assert list(tmp_path.iterdir()) == [request.folder]


def test_a_dry_run_tells_how_large_a_table_will_be(exported, tmp_path):
    for to in ("csv", "fits", "votable"):
        request = Request(to, tmp_path / to)
        told = export(exported[0].settings, request, dry_run=True).n_bytes
        assert not request.folder.exists()
        assert told == pytest.approx(export(exported[0].settings, request).n_bytes, rel=0.02)


BETWEEN = """
import os, signal, sys
from pathlib import Path
from galaxycurate.pipeline.export.export import Request, export
from galaxycurate.store.settings import load

rename = Path.rename

def die(self, target):
    rename(self, target)
    os.kill(os.getpid(), signal.SIGKILL)

Path.rename = die
settings = load({"dataset": sys.argv[1], "manifests": sys.argv[2]})
export(settings, Request("fits", Path(sys.argv[3]), replace=True))
"""


@pytest.fixture
def between(exported, tmp_path):
    """An export to out/ as CSV, and one as FITS that was killed between its two renames."""
    settings, out = exported[0].settings, tmp_path / "out"
    export(settings, Request("csv", out))
    words = [settings.dataset, settings.manifests, str(out)]
    died = subprocess.run([sys.executable, "-c", BETWEEN, *words], check=False, timeout=120)
    assert died.returncode == -signal.SIGKILL
    assert {one.name for one in tmp_path.iterdir()} == {".out.lock", ".out.new", ".out.old"}
    return settings, out


def test_an_export_that_a_kill_left_aside_is_put_back_and_not_replaced_unasked(between):
    settings, out = between
    there = set(out.parent.iterdir())
    with pytest.raises(UsageError, match="holds an export already"):
        export(settings, Request("csv", out), dry_run=True)
    assert set(out.parent.iterdir()) == there
    with pytest.raises(UsageError, match="holds an export already"):
        export(settings, Request("fits", out))
    assert (out / "galaxies.csv").is_file()
    assert list(out.parent.iterdir()) == [out]


def test_what_was_put_back_is_told_beside_what_was_taken_away(between):
    settings, out = between
    request = Request("csv", out.parent / "other")
    waste = (out.parent / ".out.new" / "galaxies.fits").stat().st_size
    *_, gone, back = export(settings, request, dry_run=True).notes
    assert gone.startswith(f"a killed export to {out}/ left 0.")
    assert gone.endswith("takes them away")
    assert waste > 10_000
    aside = f"a killed export had moved the older {out}/ aside"
    assert back == f"{aside}: the next export puts it back"
    assert export(settings, request).notes[-1] == f"{aside}: it was put back"
    assert set(out.parent.iterdir()) == {out, request.folder}
    assert (out / "galaxies.csv").is_file()


def test_replace_takes_the_place_of_what_was_put_back(between):
    settings, out = between
    export(settings, Request("fits", out, replace=True))
    assert (out / "galaxies.fits").is_file()
    assert list(out.parent.iterdir()) == [out]


def test_what_appears_at_the_target_meanwhile_is_not_replaced(exported, tmp_path, monkeypatch):
    from galaxycurate.pipeline.export import export as module

    settings, out = exported[0].settings, tmp_path / "out"
    real = module.select

    def select(*words):
        if not out.exists():
            out.mkdir()
            (out / "thesis.tex").write_text("x")
        return real(*words)

    monkeypatch.setattr(module, "select", select)
    with pytest.raises(UsageError, match="holds something else than an export"):
        export(settings, Request("csv", out))
    assert [one.name for one in out.iterdir()] == ["thesis.tex"]
    assert list(tmp_path.iterdir()) == [out]


def test_an_export_beside_one_that_begins_meanwhile_leaves_it_alone(
    exported, tmp_path, monkeypatch
):
    from galaxycurate.pipeline.export import export as module
    from galaxycurate.store.building import building

    (tmp_path / ".other.new").mkdir()
    (tmp_path / ".other.lock").write_text("1")
    seen, real = [], module.abandoned

    def abandoned(parent):
        seen.append(real(parent))
        begun.__enter__()
        return seen[-1]

    begun = building(tmp_path / "other", "an export")
    monkeypatch.setattr(module, "abandoned", abandoned)
    try:
        made = export(exported[0].settings, Request("csv", tmp_path / "out"))
        assert list(seen[0]) == [tmp_path / "other"]
        assert (tmp_path / ".other.new").is_dir()
        assert not any("killed" in note for note in made.notes)
    finally:
        begun.__exit__(None, None, None)
    assert (tmp_path / "out" / "galaxies.csv").is_file()


def test_the_next_command_can_be_typed_as_it_stands(exported, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    where = ["--dataset", exported[0].settings.dataset, "--manifests",
             exported[0].settings.manifests]  # fmt: skip
    words = ["export", "--to", "csv", "--out", "my sky; ls", *where]
    assert main([*words, "--dry-run"]) == 0
    assert "galaxycurate export --to csv --out 'my sky; ls'" in "".join(capsys.readouterr())
    assert main(words) == 0
    assert "cat 'my sky; ls/README.md'" in "".join(capsys.readouterr())
