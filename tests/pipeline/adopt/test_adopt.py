"""Import: real Galaxy Zoo images where they exist, made ones for what may go wrong."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from galaxycurate.core.outcome import Outcome, Status
from galaxycurate.errors import IdentityError, InputError, LayoutError, SettingError
from galaxycurate.pipeline.adopt.adopt import adopt, plan
from galaxycurate.pipeline.adopt.collection import Collection
from galaxycurate.pipeline.adopt.labelling import ByColumn
from galaxycurate.pipeline.adopt.pictures import Pictures
from galaxycurate.pipeline.adopt.relabelling import set_aside_relabelled
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.settings import load
from galaxycurate.store.shards.tree import ShardTree

OBJ = 587722952767439450


@pytest.fixture
def settings(tmp_path):
    flags = {"dataset": str(tmp_path / "dataset"), "manifests": str(tmp_path / "manifests")}
    return load(flags, folder=tmp_path, environ={})


@pytest.fixture
def collection(tmp_path):
    """Four images and their table: two good, one partly covered, one row without an image."""
    folder = tmp_path / "mine"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for k in range(3):
        image = rng.integers(1, 60, (64, 80, 3), np.uint8)
        if k == 2:
            image[:32] = 0
        Image.fromarray(image).save(folder / f"{OBJ + k}.jpeg", quality=95)
    rows = [f"{OBJ + k},{label}" for k, label in enumerate(["E", "Scw", "Sacw", "E", "merger"])]
    (tmp_path / "labels.csv").write_text("\n".join(["dr7objid,class", *rows]) + "\n")
    classes = {"elliptical": ["E"], "spiral": ["S*"]}
    return Collection(folder, tmp_path / "labels.csv", by=ByColumn(classes=classes))


def test_every_row_is_accounted_for(settings, collection):
    manifest, done = adopt(settings, collection)
    assert done.rows == 5
    assert dict(done.left_out) == {"no class names its label": 1}
    assert dict(done.by_label) == {"elliptical": 1, "spiral": 1}
    assert dict(done.rejected) == {"partly covered": 1}
    assert dict(done.failed) == {"no such file": 1}
    assert len(manifest) == 4
    assert manifest.column("size_px") == [64, 64, 64, None]
    assert manifest.column("dr7objid") == [OBJ, OBJ + 1, OBJ + 2, OBJ + 3]
    with Ledger.open(settings.ledger_url, create=False) as ledger:
        by_status = {s: [o.name for o in ledger.outcomes(s)] for s in Status}
    assert by_status[Status.OK] == [str(OBJ), str(OBJ + 1)]
    assert by_status[Status.REJECTED] == [str(OBJ + 2)]
    assert by_status[Status.FAILED] == [str(OBJ + 3)]


def test_the_tree_holds_the_bytes_of_the_source(settings, collection, tmp_path):
    adopt(settings, collection)
    copy = tmp_path / "dataset" / "images" / "spiral" / f"{OBJ + 1}.jpg"
    assert copy.read_bytes() == (collection.source / f"{OBJ + 1}.jpeg").read_bytes()
    assert not (tmp_path / "dataset" / "images" / "spiral" / f"{OBJ + 2}.jpg").exists()


def test_a_repetition_does_nothing_twice(settings, collection):
    adopt(settings, collection)
    _, again = adopt(settings, collection)
    assert (again.kept, again.done_before) == (0, 2)


def test_a_missing_image_that_was_found_completes_the_import(settings, collection):
    adopt(settings, collection)
    found = collection.source / f"{OBJ + 3}.jpeg"
    found.write_bytes((collection.source / f"{OBJ}.jpeg").read_bytes())
    manifest, again = adopt(settings, collection)
    assert (again.kept, again.done_before, again.failed.total()) == (1, 2, 0)
    assert manifest.column("size_px") == [64, 64, 64, 64]


def test_a_picture_that_went_bad_leaves_the_tree_but_is_not_lost(settings, collection, tmp_path):
    adopt(settings, collection)
    black = Image.fromarray(np.zeros((64, 80, 3), np.uint8))
    black.save(collection.source / f"{OBJ}.jpeg")
    _, again = adopt(settings, collection)
    assert again.rejected["blank"] == 1
    assert not (tmp_path / "dataset" / "images" / "elliptical" / f"{OBJ}.jpg").exists()
    assert (tmp_path / "dataset" / "set_aside" / "elliptical" / f"{OBJ}.jpg").exists()


def test_pictures_in_shards_are_known_and_leave_them_with_their_label(settings, collection):
    dataset = Path(settings.dataset)
    first, _ = adopt(settings, collection)
    first.write(Path(settings.manifests) / "mine.parquet")
    tree = ShardTree(dataset)
    for file in sorted((dataset / "images").rglob("*.jpg")):
        tree.write(str(file.relative_to(dataset)), file.read_bytes())
    tree.finish()
    assert not list((dataset / "images").rglob("*.jpg"))
    again, done = adopt(settings, collection)
    assert (done.kept, done.done_before) == (0, 2)
    other = replace(collection, by=ByColumn(classes={"round": ["E"], "spiral": ["S*"]}))
    changed, _ = adopt(settings, other)
    changed.write(Path(settings.manifests) / "mine.parquet")
    assert set_aside_relabelled(settings, changed, again) == 1
    assert (dataset / "set_aside" / "elliptical" / f"{OBJ}.jpg").is_file()
    assert f"images/elliptical/{OBJ}.jpg" not in set(ShardTree(dataset).paths())


def test_equal_names_in_two_folders_are_told_apart_or_refused(settings, collection, tmp_path):
    for place, k in (("one", 0), ("two", 1)):
        folder = collection.source / place
        folder.mkdir()
        (collection.source / f"{OBJ + k}.jpeg").rename(folder / "1.jpeg")
    rows = f"{OBJ},E,one/1.jpeg\n{OBJ + 1},Scw,two/1.jpeg\n"
    (tmp_path / "paths.csv").write_text("dr7objid,class,file\n" + rows)
    both = Collection(collection.source, tmp_path / "paths.csv")
    adopt(settings, both)
    images = tmp_path / "dataset" / "images"
    one = (images / "E" / f"{OBJ}.jpg").read_bytes()
    assert one == (collection.source / "one" / "1.jpeg").read_bytes()
    (tmp_path / "bare.csv").write_text(f"dr7objid,class,file\n{OBJ},E,1.jpeg\n")
    with pytest.raises(InputError, match=r"2 images answer to '1.jpeg'"):
        adopt(settings, Collection(collection.source, tmp_path / "bare.csv"))


def test_a_label_that_is_no_file_name_is_refused_before_anything_is_written(
    settings, collection, tmp_path
):
    rows = [f"{OBJ},E", f"{OBJ + 1},not sure"]
    (tmp_path / "bad.csv").write_text("\n".join(["dr7objid,class", *rows]))
    with pytest.raises(InputError, match=r"label .not sure. cannot be a file name"):
        adopt(settings, Collection(collection.source, tmp_path / "bad.csv"))
    assert not (tmp_path / "dataset").exists()


@pytest.mark.parametrize("pixscale", [0.0, -0.4, 400.0])
def test_an_impossible_scale_is_refused(collection, pixscale):
    with pytest.raises(SettingError, match=r"is outside 0.015 to 60"):
        Collection(collection.source, collection.labels, pixscale=pixscale)


def test_what_was_downloaded_is_never_written_over(settings, collection, tmp_path):
    path = f"images/elliptical/{OBJ}.jpg"
    (tmp_path / "dataset" / "images" / "elliptical").mkdir(parents=True)
    (tmp_path / "dataset" / path).write_bytes(b"downloaded")
    with Ledger.open(settings.ledger_url) as ledger:
        theirs = Outcome(path, str(OBJ), "elliptical", "r", Status.OK, provider="skyserver dr17")
        ledger.add_outcomes(ledger.start("download", {}), [theirs])
    with pytest.raises(InputError, match="is in the dataset already: it was downloaded"):
        adopt(settings, collection)
    assert (tmp_path / "dataset" / path).read_bytes() == b"downloaded"


def test_rows_of_no_id_are_left_out_and_counted(settings, collection, tmp_path):
    rows = [f"{OBJ},E", ",E", f"{OBJ + 1},Scw"]
    (tmp_path / "some.csv").write_text("\n".join(["dr7objid,class", *rows]))
    _, done = adopt(settings, Collection(collection.source, tmp_path / "some.csv"))
    assert dict(done.left_out) == {"no id": 1}
    assert done.kept == 2


def test_a_label_cannot_become_two_classes(settings, collection):
    by = ByColumn(classes={"x": ["*"], "y": ["E"]})
    twice = Collection(collection.source, collection.labels, by=by)
    with pytest.raises(SettingError, match="the label 'E' would become both x and y"):
        adopt(settings, twice)


def test_a_dry_run_writes_nothing(settings, collection, tmp_path):
    manifest, _ = adopt(settings, collection, dry_run=True)
    assert len(manifest) == 4
    assert not (tmp_path / "dataset").exists()


@pytest.mark.parametrize(
    ("table", "more", "error", "message"),
    [
        ("name,class\na,E\n", {}, IdentityError, "has no column of ids"),
        ("dr7objid,kind\n1,E\n", {}, LayoutError, "has no column called label or class"),
        (f"dr7objid,class\n{OBJ},E\n{OBJ},E\n", {}, IdentityError, "1 ids stand on several rows"),
        ("dr7objid,class\n5.877E+17,E\n", {}, IdentityError, "column dr7objid .* through a float"),
        (f"dr7objid,class\n{OBJ},E\n", {"classes": {"x": ["Q"]}}, InputError, "has the label 'Q'"),
        ("dr7objid,class\n587722952767439999,E\n", {}, InputError, "no image of .* matches a row"),
        ("dr7objid,class\n", {}, InputError, "has no rows"),
    ],
)
def test_a_bad_table_names_its_fault_and_writes_nothing(
    settings, collection, tmp_path, table, more, error, message
):
    (tmp_path / "bad.csv").write_text(table)
    bad = Collection(collection.source, tmp_path / "bad.csv", by=ByColumn(**more))
    with pytest.raises(error, match=message):
        adopt(settings, bad)
    assert not (tmp_path / "dataset").exists()


def test_the_real_images_are_adopted_but_for_the_partly_covered_one(settings, shared_data):
    found = Collection(
        shared_data / "images" / "gz1_dr7", shared_data / "labels" / "gz1_dr7.csv",
        by=ByColumn("gz1_leaf", {"elliptical": ["elliptical"], "spiral": ["spiral_*"]}),
        mode="reference",
    )  # fmt: skip
    manifest, done = adopt(settings, found)
    assert done.rows == 3985
    assert len(manifest) == 3878
    assert dict(done.by_label) == {"elliptical": 2786, "spiral": 1091}
    assert [name for name, _ in done.flawed] == ["images/gz1_dr7/587731514224672910.jpeg"]
    assert not done.failed


def test_a_second_folder_never_writes_over_the_first(settings, collection, tmp_path):
    adopt(settings, collection)
    other = tmp_path / "other"
    shutil.copytree(collection.source, other)
    again = Collection(other, collection.labels, by=collection.by)
    assert adopt(settings, again)[1].by_label.total() == 2
    (other / f"{OBJ}.jpeg").write_bytes((other / f"{OBJ + 1}.jpeg").read_bytes())
    held = tmp_path / "dataset" / "images" / "elliptical" / f"{OBJ}.jpg"
    before = held.read_bytes()
    adopt(settings, collection)
    with pytest.raises(InputError, match=r"is in the dataset already: it came from .*mine/"):
        adopt(settings, again)
    assert held.read_bytes() == before


def test_a_row_whose_image_came_from_another_folder_keeps_it(settings, collection, tmp_path):
    adopt(settings, collection)
    rest = tmp_path / "rest"
    rest.mkdir()
    shutil.copy(collection.source / f"{OBJ + 1}.jpeg", rest / f"{OBJ + 3}.jpeg")
    _, done = adopt(settings, Collection(rest, collection.labels, by=collection.by))
    assert (done.kept, done.done_before, dict(done.failed)) == (1, 2, {"no such file": 1})


def test_a_path_never_takes_the_image_of_another_folder(settings, collection, tmp_path):
    folder = collection.source / "spiral"
    folder.mkdir()
    (collection.source / f"{OBJ}.jpeg").rename(folder / "1.jpeg")
    rows = f"{OBJ},E,elliptical/1.jpeg\n{OBJ + 1},Scw,{OBJ + 1}.jpeg\n"
    (tmp_path / "paths.csv").write_text("dr7objid,class,file\n" + rows)
    asked = Collection(collection.source, tmp_path / "paths.csv")
    joined = plan(settings, asked).joined
    assert [item.source is None for item in joined.items] == [True, False]
    assert joined.unused == {"no row names them": 2}
    _, done = adopt(settings, asked)
    assert dict(done.failed) == {"no such file": 1}


def test_a_path_with_more_folders_than_the_collection_is_found(collection):
    found = Pictures(collection.source)
    first = collection.source / f"{OBJ}.jpeg"
    assert found.find(f"mine/{OBJ}.jpeg") == found.find(f"./{OBJ}") == first
    assert found.find(str(first)) == first
    assert found.find(f"others/{OBJ}.jpeg") is None


def test_what_is_no_file_or_cannot_be_read_fails_alone(settings, collection, tmp_path, monkeypatch):
    (collection.source / f"{OBJ}.jpeg").unlink()
    (collection.source / f"{OBJ}.jpeg").symlink_to(tmp_path / "gone.jpeg")
    (collection.source / f"{OBJ + 3}.jpeg").mkdir()
    read = Path.read_bytes

    def locked(path):
        if path.name == f"{OBJ + 2}.jpeg":
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", locked)  # root may read everything
    _, done = adopt(settings, collection)
    assert dict(done.failed) == {"no such file": 2, "the file cannot be read": 1}
    assert done.kept == 1


def test_an_image_that_comes_with_another_ending_leaves_no_failure_behind(settings, collection):
    name = str(OBJ + 3)
    adopt(settings, collection)
    with Image.open(collection.source / f"{OBJ}.jpeg") as image:
        image.save(collection.source / f"{name}.png")
    adopt(settings, collection)
    with Ledger.open(settings.ledger_url, create=False) as ledger:
        told = [(o.path, o.status) for o in ledger.outcomes() if o.name == name]
    assert told == [(f"images/elliptical/{name}.png", Status.OK)]
    (collection.source / f"{name}.png").unlink()
    shutil.copy(collection.source / f"{OBJ}.jpeg", collection.source / f"{name}.jpg")
    adopt(settings, collection)
    images = Path(settings.dataset) / "images" / "elliptical"
    assert sorted(p.name for p in images.iterdir()) == [f"{OBJ}.jpg", f"{name}.jpg"]


def test_rows_with_an_empty_label_are_called_so(settings, collection, tmp_path):
    rows = [f"{OBJ},E", f"{OBJ + 1},", f"{OBJ + 2},merger"]
    (tmp_path / "some.csv").write_text("\n".join(["dr7objid,class", *rows]))
    some = Collection(collection.source, tmp_path / "some.csv", by=ByColumn(classes={"x": ["E"]}))
    left_out = plan(settings, some).joined.left_out
    assert left_out == {"empty label": 1, "no class names its label": 1}


@pytest.mark.parametrize("mode", ["copy", "hardlink", "reference"])
def test_a_tree_that_is_imported_in_place_loses_nothing(settings, collection, mode):
    images = Path(settings.dataset) / "images"
    (images / "E").mkdir(parents=True)
    shutil.copy(collection.source / f"{OBJ}.jpeg", images / "E" / f"{OBJ}.jpg")
    before = (images / "E" / f"{OBJ}.jpg").read_bytes()
    table = collection.source.parent / "in_place.csv"
    table.write_text(f"dr7objid,class\n{OBJ},E\n")
    for _ in range(2):
        adopt(settings, Collection(images, table, mode=mode))
        assert (images / "E" / f"{OBJ}.jpg").read_bytes() == before
