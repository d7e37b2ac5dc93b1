"""The check finds what was planted and is quiet where nothing is."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from galaxycurate.core.outcome import Verdict, VerdictKind
from galaxycurate.curation.shortcuts import LIMIT
from galaxycurate.pipeline.recorded import recorded
from galaxycurate.pipeline.report import shortcuts
from galaxycurate.pipeline.report.rows import Rows
from galaxycurate.pipeline.report.shortcuts import Shortcuts, check_shortcuts
from galaxycurate.pipeline.status import cutouts_of
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.manifest import read_all
from galaxycurate.store.settings import Settings
from galaxycurate.store.shards.tree import ShardTree
from tests import pictures
from tests.pipeline.report.collection import collect


def checked(settings: Settings, **how) -> Shortcuts:
    rows = Rows.of(read_all((), folder=Path(settings.manifests)))
    return check_shortcuts(settings, rows, recorded(settings, cutouts_of(rows.manifests)), **how)


def jpegs(n: int, first: int, *, side=96, quality=90, **how) -> list[bytes]:
    return [
        pictures.saved(pictures.sky(first + k, side), "JPEG", quality=quality, **how)
        for k in range(n)
    ]


def real(shared_data, n: int, label="") -> list[bytes]:
    """Galaxy Zoo 1 pictures, of one class or of any."""
    folder = shared_data / "images" / "gz1_dr7"
    with (shared_data / "labels" / "gz1_dr7.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if label in row["gz1_leaf"]]
    return [(folder / Path(row["file"]).name).read_bytes() for row in rows[:n]]


def test_simulated_classes_that_were_made_in_two_ways_raise_a_warning(tmp_path):
    planted = {"spiral": jpegs(30, 0, side=96), "negative": jpegs(30, 100, side=64, quality=75)}
    found = checked(collect(tmp_path, planted))
    assert found.file.warns
    assert found.warns
    plain = found.as_dict()
    assert (plain["warns"], plain["file"]["warns"], plain["light"]["warns"]) == (True, True, False)
    assert plain["file"]["by_chance"] < plain["file"]["by_chance_high"] < LIMIT
    assert {one.name for one in found.file.features[:4]} <= {
        "width_px", "height_px", "tables", "colour_tables",
    }  # fmt: skip
    assert found.worst.auc > LIMIT


def test_simulated_classes_that_were_made_alike_are_quiet(tmp_path):
    found = checked(collect(tmp_path, {"a": jpegs(30, 0), "b": jpegs(30, 100)}))
    assert not found.warns
    assert found.file.features == ()
    assert "tables" in found.file.same
    assert (found.n, found.of, found.groups) == (60, 60, 60)


def test_real_galaxies_against_cutouts_of_empty_sky_made_otherwise_raise_a_warning(
    tmp_path, shared_data
):
    empty = sorted((shared_data / "images" / "derived_star_sky" / "sky").glob("*.jpg"))[:40]
    planted = {"spiral": real(shared_data, 40), "negative": [path.read_bytes() for path in empty]}
    found = checked(collect(tmp_path, planted))
    assert found.file.warns
    assert found.file.auc > 0.99
    width = next(one for one in found.file.features if one.name == "width_px")
    assert width.typical == {"spiral": 423.0, "negative": 256.0}


@pytest.mark.parametrize("n", [30, 120])
def test_real_galaxies_shared_out_at_random_are_quiet(tmp_path, shared_data, n):
    bodies = real(shared_data, 2 * n)
    order = np.random.default_rng(n).permutation(2 * n)
    classes = {"a": [bodies[k] for k in order[:n]], "b": [bodies[k] for k in order[n:]]}
    assert not checked(collect(tmp_path, classes)).warns


def test_source_runs_are_read_from_the_manifest(tmp_path):
    run = [756] * 30 + [94] * 30
    found = checked(collect(tmp_path, {"a": jpegs(30, 0), "b": jpegs(30, 100)}, run=run))
    assert found.sky.warns
    assert not found.file.warns
    assert found.worst.name == "run"
    assert found.worst.typical == {"a": 756.0, "b": 94.0}


def test_classes_that_two_servers_drew_alike_are_quiet_and_the_servers_are_named(tmp_path):
    settings = collect(tmp_path, {"a": jpegs(30, 0), "b": jpegs(30, 100)})
    with Ledger.open(settings.ledger_url) as ledger:
        mirrored = [replace(one, provider="a mirror") for one in ledger.outcomes()
                    if one.label == "b"]  # fmt: skip
        ledger.add_outcomes(ledger.start("import", {}), mirrored)
    found = checked(settings)
    assert not found.warns
    assert found.source.auc == 1.0
    plain = found.as_dict()
    assert [plain[kind]["warns"] for kind in ("file", "sky", "light", "source")] == [False] * 4
    assert plain["warns"] is False
    typical = found.source.features[0].typical
    assert [found.words["provider"][typical[name]] for name in "ab"] == ["import", "a mirror"]


def test_one_class_of_five_that_was_made_otherwise_raises_a_warning(tmp_path):
    """The mean of all classes would be quiet: the others cannot be told from each other."""
    classes = {name: jpegs(12, 20 * k) for k, name in enumerate("abcd")}
    found = checked(collect(tmp_path, classes | {"e": jpegs(12, 100, quality=60)}))
    assert (found.file.warns, found.file.best) == (True, "e")


def test_many_pictures_are_drawn_from_and_no_class_takes_the_place_of_another(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(shortcuts, "MOST", 50)
    found = checked(collect(tmp_path, {"few": jpegs(15, 0), "many": jpegs(80, 100)}))
    assert (found.of, found.n) == (95, 50)
    assert found.classes == {"few": 15, "many": 35}


def test_what_dedupe_or_audit_leave_out_is_not_looked_at(tmp_path):
    settings = collect(tmp_path, {"a": jpegs(14, 0), "b": jpegs(14, 100)})
    with Ledger.open(settings.ledger_url) as ledger:
        paths = [outcome.path for outcome in ledger.outcomes()]
        out = [Verdict(path, VerdictKind.COPY, paths[-1], keep=False) for path in paths[:3]]
        ledger.record("dedupe", {}, verdicts=out, places=((p, k, "") for k, p in enumerate(paths)))
    assert checked(settings).of == 25


def test_copies_in_one_group_are_never_asked_about_what_they_taught(tmp_path):
    bodies = jpegs(12, 0) + jpegs(12, 100)
    settings = collect(tmp_path, {"a": bodies[:12] * 2, "b": bodies[12:] * 2})
    with Ledger.open(settings.ledger_url) as ledger:
        places = [(o.path, int(o.name.split("-")[1]) % 12 + 100 * (o.label == "b"), "")
                  for o in ledger.outcomes()]  # fmt: skip
        ledger.record("dedupe", {}, places=places)
    found = checked(settings)
    assert found.groups == 24
    assert not found.warns


def test_shared_sky_that_the_split_cut_into_tiles_is_one_group_here(tmp_path):
    settings = collect(tmp_path, {"a": jpegs(24, 0), "b": jpegs(24, 100)})
    with Ledger.open(settings.ledger_url) as ledger:
        paths = [one.path for one in ledger.outcomes()]
        ledger.record("dedupe", {}, places=[(p, k // 2, "") for k, p in enumerate(paths)])
        tiles = [(p, 100 + k, "train") for k, p in enumerate(paths)]
        tiles[1] = (paths[1], 102, "train")  # a field of the split joins two groups of dedupe
        ledger.record("split", {}, places=tiles)
    assert checked(settings).groups == 23


@pytest.mark.parametrize(
    "classes", [{"spiral": 30}, {"spiral": 30, "negative": 5}, {"a": 2, "b": 3}]
)
def test_too_few_classes_are_said_to_be_too_few(tmp_path, classes):
    settings = collect(tmp_path, {name: jpegs(n, 0) for name, n in classes.items()})
    found = checked(settings)
    assert "two classes" in found.why_not
    assert (found.auc, found.worst, found.warns) == (None, None, False)


def test_a_second_look_reads_no_picture(tmp_path):
    settings = collect(tmp_path, {"a": jpegs(12, 0), "b": jpegs(12, 100)})
    first = checked(settings)
    said = []
    second = checked(settings, progress=lambda *told: said.append(told))
    assert said == []
    assert second == first


def test_pictures_in_shards_are_looked_at(tmp_path):
    settings = collect(tmp_path, {"a": jpegs(12, 0), "b": jpegs(12, 100)})
    first = checked(settings, keep=False)
    dataset = Path(settings.dataset)
    tree, files = ShardTree(dataset), sorted(dataset.rglob("*.jpg"))
    for file in files:
        tree.write(str(file.relative_to(dataset)), file.read_bytes())
    tree.finish()
    assert not list(dataset.rglob("*.jpg"))
    assert checked(settings) == first


def test_without_keeping_nothing_is_written(tmp_path):
    settings = collect(tmp_path, {"a": jpegs(12, 0), "b": jpegs(12, 100)})
    before = sorted(Path(settings.dataset).rglob("*"))
    checked(settings, keep=False)
    assert sorted(Path(settings.dataset).rglob("*")) == before


def test_broken_and_absent_files_and_arrays_do_not_end_it(tmp_path):
    body = io.BytesIO()
    np.savez(body, rgb=pictures.sky(900, 64))
    odd = [body.getvalue(), b"", b"no picture", jpegs(1, 901)[0][:300]]
    grey = io.BytesIO()
    Image.fromarray(pictures.sky(902, 64)[..., 0]).save(grey, "PNG")
    settings = collect(tmp_path, {"a": jpegs(12, 0) + odd, "b": [*jpegs(12, 100), grey.getvalue()]})
    next(Path(settings.dataset).rglob("a-3.jpg")).unlink()
    found = checked(settings)
    assert found.n == 29
    json.dumps(found.as_dict())
