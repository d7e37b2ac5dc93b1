"""From images in the tree to splits that leak nothing."""

import csv
import hashlib
import json
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from galaxycurate.core.decision import Decision, DecisionKind
from galaxycurate.core.ids import encode
from galaxycurate.core.outcome import Outcome, Status, VerdictKind
from galaxycurate.errors import InputError, SettingError
from galaxycurate.imagery.providers.skyserver import SkyServer
from galaxycurate.pipeline.dedupe.dedupe import dedupe
from galaxycurate.pipeline.split.split import split
from galaxycurate.store.images import ImageTree
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.manifest import Header, Manifest
from galaxycurate.store.settings import load
from tests.pipeline.project import job_of, picture

WIDTH_DEG = 256 * 0.396127 / 3600


@pytest.fixture
def settings(tmp_path):
    flags = {"dataset": str(tmp_path / "dataset"), "manifests": str(tmp_path / "manifests")}
    return load(flags, folder=tmp_path, environ={})


def fill(settings, rows, **more):
    """Write a manifest and its images; a row is (name, label, ra, dec, objID, which picture)."""
    names = ("name", "label", "ra", "dec", "objID")
    columns = {name: [row[k] for row in rows] for k, name in enumerate(names)}
    columns |= {"pixscale": [0.396127] * len(rows), "size_px": [256] * len(rows)} | more
    header = Header(command="test", created_utc="2026", archive="simulated rows of a test")
    Manifest.build(header, columns, where="test").write(Path(settings.manifests) / "m.parquet")
    tree = ImageTree(Path(settings.dataset))
    with Ledger.open(settings.ledger_url) as ledger:
        run = ledger.start("download", {})
        for name, label, ra, dec, _, which in rows:
            body = picture(zlib.crc32(which))
            path = tree.relative(label, name)
            tree.write(path, body)
            row = {"ra": ra, "dec": dec, "pixscale": 0.396127, "size_px": 256}
            request = SkyServer(settings.server, settings.release).request(job_of(row))
            ledger.add_outcomes(
                run,
                [Outcome(path, name, label, request, Status.OK, n_bytes=len(body),
                         sha256=hashlib.sha256(body).hexdigest())],
            )  # fmt: skip


def lonely(n, label, start=0):
    """Galaxies two degrees apart."""
    return [
        (f"{label}{k}", label, 2.0 * k + start, 10.0,
         encode(run=94, camcol=1, field=20, obj=k + 1 + int(start * 1000)), f"{label}{k}".encode())
        for k in range(n)
    ]  # fmt: skip


def test_overlapping_cutouts_are_one_group_and_never_torn(settings):
    pairs = []
    for row in lonely(40, "spiral"):
        name, label, ra, dec, objid, body = row
        pairs += [row, (name + "b", label, ra + WIDTH_DEG / 2, dec, objid + 500, body + b"b")]
    fill(settings, pairs)
    found = dedupe(settings)
    assert (found.images, found.n_groups, found.largest_group) == (80, 40, 2)
    assert found.pairs[VerdictKind.OVERLAP] == 40
    assert all(v.evidence.startswith("5,22") for v in found.verdicts)
    assert all(v.evidence.endswith(" arcsec2 shared, one field") for v in found.verdicts)
    assert not found.dropped
    made = split(settings)
    assert made.leaking_pairs.total() == 0
    assert made.pairs_checked[VerdictKind.OVERLAP] == 40
    for name, counts in made.counts.items():
        files = {p.name for p in (Path(settings.dataset) / "split" / name).rglob("*.jpg")}
        assert len(files) == sum(counts.values())
        for file in files:
            twin = file.replace("b.jpg", ".jpg") if file.endswith("b.jpg") else file[:-4] + "b.jpg"
            assert twin in files


def test_twins_stay_once_and_an_object_under_two_labels_not_at_all(settings):
    rows = [*lonely(20, "spiral"), *lonely(20, "elliptical", 0.5)]
    same_bytes = ("copy", "spiral", 6.0, 10.0, 0, b"spiral3")
    two_labels = ("other", "elliptical", 8.0, 10.0, rows[4][4], b"other")
    fill(settings, [*rows, same_bytes, two_labels])
    found = dedupe(settings)
    assert found.dropped == {VerdictKind.EXACT_FILE: 1, VerdictKind.CONFLICT: 2}
    made = split(settings)
    assert made.images == 39
    assert made.left_out == 3
    kept = {p.stem for p in (Path(settings.dataset) / "split").rglob("*.jpg")}
    assert {"spiral4", "other"} & kept == set()
    assert len({"copy", "spiral3"} & kept) == 1
    about = json.loads((Path(settings.dataset) / "split" / "split.json").read_text())
    assert about["leaking_pairs"] == 0
    assert "simulated rows of a test" in about["origin"]


def test_nothing_is_deleted_by_dedupe(settings):
    fill(settings, [*lonely(5, "spiral"), ("copy", "spiral", 6.0, 10.0, 0, b"spiral3")])
    before = sorted((Path(settings.dataset) / "images").rglob("*.jpg"))
    dedupe(settings)
    assert sorted((Path(settings.dataset) / "images").rglob("*.jpg")) == before


def test_images_without_a_footprint_are_counted_as_not_compared(settings):
    rows = lonely(20, "spiral")
    fill(settings, rows)
    path = Path(settings.manifests) / "m.parquet"
    asked = Manifest.read(path)
    columns = {n: asked.column(n) for n in asked.table.column_names}
    columns["ra"] = [None] * 5 + columns["ra"][5:]
    with Ledger.open(settings.ledger_url) as ledger:
        imported = [
            Outcome(**{**vars(o), "request": "import x"}) for o in ledger.outcomes(Status.OK)
        ]
        ledger.add_outcomes(ledger.start("import", {}), imported)
    Manifest.build(asked.header, columns, where="test").write(path)
    dedupe(settings)
    assert split(settings).without_footprint == 5
    about = json.loads((Path(settings.dataset) / "split" / "split.json").read_text())
    assert about["without_footprint"] == 5


def test_a_split_before_dedupe_is_refused(settings):
    fill(settings, lonely(5, "spiral"))
    with pytest.raises(InputError, match=r"were not compared yet") as caught:
        split(settings)
    assert caught.value.hint == "galaxycurate dedupe"
    assert not (Path(settings.dataset) / "split").exists()


def test_images_that_came_after_dedupe_are_named(settings):
    fill(settings, lonely(5, "spiral"))
    dedupe(settings)
    fill(settings, lonely(6, "spiral"))
    with pytest.raises(InputError, match=r"changed after the last dedupe \(1 are new\)"):
        split(settings)


def test_an_image_that_was_rejected_after_dedupe_asks_for_a_new_one(settings):
    """Else its twin, which dedupe had left out for it, would be lost too."""
    rows = [*lonely(20, "spiral"), ("copy", "spiral", 6.0, 10.0, 0, b"spiral3")]
    fill(settings, rows)
    dedupe(settings)
    with Ledger.open(settings.ledger_url) as ledger:
        bad = Outcome("images/spiral/copy.jpg", "copy", "spiral", "r", Status.REJECTED)
        ledger.add_outcomes(ledger.start("download", {}), [bad])
    with pytest.raises(InputError, match="changed after the last dedupe"):
        split(settings)
    dedupe(settings)
    assert split(settings).images == 20


def test_a_picture_deleted_by_hand_is_named(settings):
    fill(settings, lonely(5, "spiral"))
    (Path(settings.dataset) / "images" / "spiral" / "spiral2.jpg").unlink()
    with pytest.raises(InputError, match=r"the first is images/spiral/spiral2.jpg"):
        dedupe(settings)


def test_pictures_of_an_earlier_size_take_no_part(settings):
    fill(settings, lonely(5, "spiral"))
    path = Path(settings.manifests) / "m.parquet"
    asked = Manifest.read(path)
    columns = {n: asked.column(n) for n in asked.table.column_names} | {"size_px": [64] * 5}
    Manifest.build(asked.header, columns, where="test").write(path)
    with pytest.raises(InputError, match="no images in"):
        dedupe(settings)


def test_one_thing_under_two_labels_goes_with_all_its_twins(settings):
    """A and B have one objID, B and C the same bytes, and C another label."""
    rows = lonely(10, "spiral")
    a = rows[0]
    b = ("b", "spiral", 50.0, 20.0, a[4], b"bytes")
    c = ("c", "elliptical", 50.0, 20.0, 0, b"bytes")
    fill(settings, [*rows, b, c])
    found = dedupe(settings)
    assert found.dropped == {VerdictKind.CONFLICT: 3}


def test_a_second_split_takes_the_place_of_the_first(settings):
    fill(settings, lonely(30, "spiral"))
    dedupe(settings)
    split(settings)
    made = split(settings, fractions=(0.5, 0.25, 0.25), seed=3)
    trees = {p.name for p in (Path(settings.dataset) / "split").iterdir()}
    assert trees == {"train", "val", "test", "split.json", "groups.csv"}
    assert sum(sum(c.values()) for c in made.counts.values()) == 30
    assert not list(Path(settings.dataset).glob(".split*"))


def test_classes_that_people_gave_are_those_that_are_compared_in_size_and_scale(settings):
    """Small pictures of one class are a way to tell it; where people gave half away, no more."""
    fill(settings, lonely(4, "a") + lonely(4, "b", start=1))
    with Ledger.open(settings.ledger_url) as ledger:
        small = [replace(one, size_px=128) for one in ledger.outcomes() if one.label == "b"]
        ledger.add_outcomes(ledger.start("download", {}), small)
        there = {one.name: one for one in ledger.outcomes()}
    assert "b are 128 px" in dedupe(settings, pixels=None, dry_run=True).unlike
    other = {"a2": "b", "a3": "b", "b2": "a", "b3": "a"}
    with Ledger.open(settings.ledger_url) as ledger:
        ledger.decide(ledger.start("review", {}), [
            Decision(f"{k:032x}", there[name].path, DecisionKind.LABEL, label=label,
                     reviewer="Ann", sha256=there[name].sha256)
            for k, (name, label) in enumerate(other.items())
        ])  # fmt: skip
    assert dedupe(settings, pixels=None, dry_run=True).unlike == ""


def test_an_impossible_overlap_is_refused(settings):
    with pytest.raises(SettingError, match=r"min-overlap = 1.5 is outside 0 to 1"):
        dedupe(settings, min_overlap=1.5)


def test_no_images_yet_says_what_to_type(settings):
    with pytest.raises(InputError, match="nothing was downloaded or imported yet"):
        dedupe(settings)


def test_soft_labels_go_with_the_images_to_their_splits(settings):
    rows = [*lonely(20, "spiral"), *lonely(20, "elliptical", 50)]
    spiral = [None, *[round(0.99 - k / 100, 2) for k in range(39)]]
    fill(settings, rows, soft_spiral=spiral, soft_elliptical=[None, *(1 - s for s in spiral[1:])])
    dedupe(settings)
    split(settings)
    tree = Path(settings.dataset) / "split"
    with (tree / "soft.csv").open(newline="") as file:
        told = {line["path"]: line for line in csv.DictReader(file)}
    images = {p.relative_to(tree).as_posix() for p in tree.rglob("*.jpg")}
    assert images - set(told) == {p for p in images if p.endswith("/spiral0.jpg")}
    assert set(told) < images
    by_name = {row[0]: s for row, s in zip(rows, spiral, strict=True)}
    for path, line in told.items():
        assert float(line["spiral"]) == pytest.approx(by_name[Path(path).stem], abs=1e-6)
        assert float(line["spiral"]) + float(line["elliptical"]) == pytest.approx(1, abs=1e-6)


def test_without_soft_labels_there_is_no_file_of_them(settings):
    fill(settings, lonely(20, "spiral"))
    dedupe(settings)
    split(settings)
    assert not (Path(settings.dataset) / "split" / "soft.csv").exists()


def imported(settings, name, **told):
    """The manifest of an import of one image, `x` labelled spiral."""
    header = Header(command="test", created_utc="2026", archive="folder a")
    columns = {"name": ["x"], "label": ["spiral"], "size_px": [64], "pixscale": [0.4]}
    columns |= {key: [value] for key, value in told.items()}
    Manifest.build(header, columns, where="test").write(
        Path(settings.manifests) / f"{name}.parquet"
    )


@pytest.mark.parametrize(
    "other", [{"ra": 10.0, "source_file": "b/x.jpg"}, {"ra": 10.001, "source_file": "a/x.jpg"}]
)
def test_two_manifests_that_contradict_each_other_are_refused(settings, other):
    fill(settings, lonely(2, "spiral"))
    imported(settings, "one", ra=10.0, dec=5.0, source_file="a/x.jpg")
    imported(settings, "two", **{"dec": 5.0, **other})
    with pytest.raises(InputError, match=r"two manifests tell of spiral/x what cannot both"):
        dedupe(settings)


def test_two_manifests_that_agree_or_that_lack_the_image_are_one(settings):
    fill(settings, lonely(2, "spiral"))
    imported(settings, "one", ra=10.0, dec=5.0, source_file="a/x.jpg")
    imported(settings, "two", ra=10.0, dec=5.0, source_file=str(Path("a/x.jpg").absolute()))
    imported(settings, "three", ra=10.0, dec=5.0, source_file="x.jpg", size_px=None)
    assert dedupe(settings).images == 2
