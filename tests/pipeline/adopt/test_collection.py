"""Import of collections that are known by name, their tables made in the release's layouts."""

import csv
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from galaxycurate.errors import InputError, LayoutError, SettingError
from galaxycurate.pipeline.adopt.adopt import adopt, plan
from galaxycurate.pipeline.adopt.collection import Collection
from galaxycurate.pipeline.adopt.labelling import ByColumn, ByVotes
from galaxycurate.store.settings import load

OBJ = 587722952767439450
SMOOTH = "t01_smooth_or_features_a01_smooth"
FEATURES = "t01_smooth_or_features_a02_features_or_disk"
NOT_EDGE_ON, SPIRAL = "t02_edgeon_a05_no", "t04_spiral_a08_spiral"
TASKS = (SMOOTH, FEATURES, "t01_smooth_or_features_a03_star_or_artifact",
         "t02_edgeon_a04_yes", NOT_EDGE_ON, SPIRAL, "t04_spiral_a09_no_spiral")  # fmt: skip
ENDINGS = ("count", "fraction", "debiased")


@pytest.fixture
def settings(tmp_path):
    flags = {
        "dataset": str(tmp_path / "dataset"), "manifests": str(tmp_path / "manifests"),
        "catalogs": str(tmp_path / "catalogs"),
    }  # fmt: skip
    return load(flags, folder=tmp_path, environ={})


def picture(path, seed):
    path.parent.mkdir(parents=True, exist_ok=True)
    rgb = np.random.default_rng(seed).integers(1, 60, (32, 32, 3), np.uint8)
    Image.fromarray(rgb).save(path, quality=95)


def hart16(path, rows, more=()):
    """A table in the layout of gz2_hart16: (id, sample, smooth) a row, the rest are features."""
    names = ["dr7objid", "ra", "dec", "sample", "gz2class", "total_classifications", "total_votes"]
    names += [f"{task}_{ending}" for task in TASKS for ending in ENDINGS] + [*more]
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, names, restval="0")
        table.writeheader()
        for k, (objid, sample, smooth) in enumerate(rows):
            share = {SMOOTH: smooth, FEATURES: 1 - smooth, NOT_EDGE_ON: 1.0, SPIRAL: 1.0}
            votes = {f"{t}_count": 40 for t in TASKS}
            votes |= {f"{t}_{e}": share.get(t, 0) for t in TASKS for e in ENDINGS[1:]}
            told = dict(dr7objid=objid, ra=150 + k / 10, dec=2.5, sample=sample, gz2class="x")
            table.writerow({**told, **votes, "total_classifications": 45, "total_votes": 300})
    return path


@pytest.fixture
def gz2(tmp_path):
    """Eight rows: 0-2 smooth, 3-4 spiral, 5 undecided, 6 without an image, 7 not in the mapping."""
    folder = tmp_path / "images_gz2"
    for asset in (100, 101, 102, 103, 104, 105, 999, 203):
        picture(folder / "images" / f"{asset}.jpg", asset)
    (folder / "__MACOSX" / "images").mkdir(parents=True)
    (folder / "__MACOSX" / "images" / "._100.jpg").write_bytes(b"\0\5\26\7")
    (folder / "images" / "._101.jpg").write_bytes(b"\0\5\26\7")
    smooth = [0.95, 0.95, 0.95, 0.02, 0.02, 0.5, 0.95, 0.95]
    rows = [(OBJ + k, "original", s) for k, s in enumerate(smooth)]
    mapping = [(OBJ + k, "original", 100 + k) for k in range(7)]
    mapping[3:3] = [(OBJ + 3, "extra", 203)]
    text = "objid,sample,asset_id\n" + "".join(f"{o},{s},{a}\n" for o, s, a in mapping)
    (tmp_path / "gz2_filename_mapping.csv").write_text(text)
    return Collection(folder, hart16(tmp_path / "gz2_hart16.csv", rows))


def test_gz2s_folder_is_joined_by_the_mapping_beside_it(settings, gz2):
    planned = plan(settings, gz2)
    manifest, done = adopt(settings, gz2)
    assert dict(done.by_label) == {"elliptical": 3, "spiral": 2}
    assert dict(done.left_out) == {
        "no label by gz2-simple": 1,
        "no image in the folder": 1,
        "not in gz2_filename_mapping.csv": 1,
    }
    assert sum(done.left_out.values()) + done.kept == done.rows == 8
    assert dict(planned.joined.unused) == {
        "their row has no label": 1,
        "no row names them": 2,
        "left by macOS (._*)": 2,
    }
    assert manifest.column("name") == [str(OBJ + k) for k in range(5)]
    assert manifest.column("dr7objid") == [OBJ + k for k in range(5)]
    assert manifest.column("ra") == pytest.approx([150 + k / 10 for k in range(5)])
    assert manifest.column("vote_fraction")[0] == pytest.approx(0.95)
    assert set(manifest.column("scheme")) == {"gz2-simple"}
    assert set(manifest.column("catalog")) == {"gz2"}
    assert set(manifest.column("label_source")) == {"gz2-simple debiased"}
    assert manifest.header.cuts["scheme"] == "gz2-simple"


def test_of_several_images_that_of_the_rows_sample_is_taken(settings, gz2):
    joined = plan(settings, gz2).joined
    assert joined.several == {"of the row's sample": 1}
    (spiral,) = [item for item in joined.items if item.name == str(OBJ + 3)]
    assert spiral.source.name == "103.jpg"


@pytest.mark.parametrize(
    ("there", "sample", "taken", "how"),
    [
        ([103, 203, 303], "original", "103", "of the row's sample"),
        ([103, 203, 303], "extra", "203", "of the row's sample"),
        ([103, 203, 303], "stripe82", "103", "of the sample original"),
        ([303], "extra", "303", "of the sample coadd"),
    ],
)
def test_the_rows_sample_is_preferred_then_the_original_then_what_is_there(
    settings, gz2, tmp_path, there, sample, taken, how
):
    for asset in (103, 203, 303):
        image = gz2.source / "images" / f"{asset}.jpg"
        picture(image, asset) if asset in there else image.unlink(missing_ok=True)
    rows = [f"{OBJ + 3},coadd,303", f"{OBJ + 3},extra,203", f"{OBJ + 3},original,103"]
    (tmp_path / "gz2_filename_mapping.csv").write_text(
        "\n".join(["objid,sample,asset_id", *rows]) + "\n"
    )
    hart16(gz2.labels, [(OBJ + 3, sample, 0.02)])
    joined = plan(settings, gz2).joined
    assert [item.source.stem for item in joined.items] == [taken]
    assert joined.several == {how: 1}


def test_without_the_mapping_the_hint_names_it(settings, gz2, tmp_path):
    (tmp_path / "gz2_filename_mapping.csv").rename(tmp_path / "names.csv")
    with pytest.raises(InputError, match=r"no image of .* matches a row of") as told:
        adopt(settings, gz2)
    assert "--mapping" in told.value.hint
    named = Collection(gz2.source, gz2.labels, mapping=tmp_path / "names.csv")
    assert adopt(settings, named)[1].kept == 5


def test_a_mapping_that_is_none_is_refused(settings, gz2, tmp_path):
    (tmp_path / "other.csv").write_text(f"objid,file\n{OBJ},1.jpg\n")
    with pytest.raises(LayoutError, match=r"other.csv is no list of images"):
        adopt(settings, Collection(gz2.source, gz2.labels, mapping=tmp_path / "other.csv"))


def test_a_table_with_asset_ids_needs_no_mapping(settings, gz2, tmp_path):
    (tmp_path / "gz2_filename_mapping.csv").unlink()
    rows = list(csv.DictReader(gz2.labels.open()))
    with (tmp_path / "subset.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, [*rows[0], "asset_id"])
        table.writeheader()
        table.writerows({**row, "asset_id": 100 + k} for k, row in enumerate(rows))
    _, done = adopt(settings, Collection(gz2.source, tmp_path / "subset.csv"))
    assert dict(done.by_label) == {"elliptical": 3, "spiral": 2}


def test_threshold_scheme_and_soft_labels_are_as_in_positives(settings, gz2):
    by = ByVotes("gz2-simple", kind="raw", threshold=0.96, soft=True)
    manifest, done = adopt(settings, Collection(gz2.source, gz2.labels, by=by))
    assert dict(done.by_label) == {"spiral": 2}
    assert manifest.column("soft_elliptical") == pytest.approx([0.02] * 2)
    assert manifest.column("soft_spiral") == pytest.approx([0.98] * 2)
    assert set(manifest.column("label_source")) == {"gz2-simple raw"}
    assert manifest.header.cuts["threshold"] == 0.96


def test_a_label_column_is_taken_as_it_stands(settings, gz2):
    by = ByColumn("gz2class", {"all": ["x"]})
    manifest, done = adopt(settings, Collection(gz2.source, gz2.labels, by=by))
    assert set(manifest.column("label")) == {"all"}
    assert done.failed == {"no such file": 1}  # 6: a label, and an image that is not there


def test_a_repetition_continues(settings, gz2):
    adopt(settings, gz2)
    assert adopt(settings, gz2)[1].done_before == 5


def challenge(path, rows):
    """A table in the layout of training_solutions_rev1.csv; (GalaxyID, smooth) a row."""
    answers = (3, 2, 2, 2, 4, 2, 3, 7, 3, 3, 6)
    names = [f"Class{q}.{a}" for q, n in enumerate(answers, 1) for a in range(1, n + 1)]
    lines = ["GalaxyID," + ",".join(names)]
    for name, smooth in rows:
        share = dict.fromkeys(names, 0.0)
        share |= {"Class1.1": smooth, "Class1.2": 1 - smooth, "Class2.2": 1 - smooth}
        share |= {"Class3.2": 1 - smooth, "Class4.1": 1 - smooth, "Class6.2": 1.0}
        share |= {"Class7.1": smooth}
        lines.append(f"{name}," + ",".join(f"{v:.6f}" for v in share.values()))
    path.write_text("\n".join(lines) + "\n")
    return path


def test_the_challenges_own_names_are_identity_enough(settings, tmp_path):
    folder = tmp_path / "images_training_rev1"
    rows = [(128 * k, 0.95 if k % 2 else 0.03) for k in range(800, 806)]  # no trap for floats
    for name, _ in rows[:5]:
        picture(folder / f"{name}.jpg", name)
    table = challenge(tmp_path / "training_solutions_rev1.csv", rows)
    manifest, done = adopt(settings, Collection(folder, table))
    assert dict(done.by_label) == {"Elliptical": 2, "Spiral": 3}
    assert dict(done.left_out) == {"no image in the folder": 1}
    assert manifest.column("name") == [str(name) for name, _ in rows[:5]]
    assert manifest.column("objID") == manifest.column("dr7objid") == [0] * 5
    assert set(manifest.column("ra")) == {None}
    assert set(manifest.column("scheme")) == {"gz-challenge-tree6"}


def test_the_real_challenge_images_are_adopted(settings, tmp_path, shared_data):
    folder = shared_data / "images" / "kaggle_gz"
    names = sorted(path.stem for path in folder.glob("*.jpg"))
    table = challenge(tmp_path / "solutions.csv", [(name, 0.9) for name in names])
    _, done = adopt(settings, Collection(folder, table, mode="reference"))
    assert done.kept == len(names) == 200


def test_the_real_asset_images_find_their_galaxies(settings, tmp_path, shared_data):
    labels = csv.DictReader((shared_data / "labels" / "other_images.csv").open())
    known = [r for r in labels if r["file"].startswith("images/gz2_asset/")]
    rows = [(int(r["objid_dr7"]), "original", 0.95) for r in known]
    text = "".join(f"{r['objid_dr7']},original,{r['gz2_asset_id']}\n" for r in known)
    (tmp_path / "gz2_filename_mapping.csv").write_text("objid,sample,asset_id\n" + text)
    table = hart16(tmp_path / "gz2_hart16.csv", rows)
    folder = shared_data / "images" / "gz2_asset"
    manifest, done = adopt(settings, Collection(folder, table, mode="reference"))
    assert done.kept == len(known) == 30
    by_id = {r["objid_dr7"]: r["gz2_asset_id"] for r in known}
    sources = zip(manifest.column("name"), manifest.column("source_file"), strict=True)
    assert Counter(by_id[n] == s.rpartition("/")[2].split(".")[0] for n, s in sources) == {True: 30}


def test_an_unknown_scheme_is_refused_before_anything_is_written(settings, gz2, tmp_path):
    by = ByVotes("gz2-fiv")
    with pytest.raises(SettingError, match="no scheme is called 'gz2-fiv'") as told:
        adopt(settings, Collection(gz2.source, gz2.labels, by=by))
    assert told.value.hint == "did you mean gz2-five?"
    assert not (tmp_path / "dataset").exists()


def test_a_folder_without_a_table_is_refused(tmp_path):
    with pytest.raises(SettingError, match="a folder of images needs a table of their labels"):
        Collection(tmp_path)
