"""Import: real Galaxy Zoo images where they exist, made ones for what may go wrong."""

import numpy as np
import pytest
from PIL import Image

from galaxycurate.core.outcome import Status
from galaxycurate.errors import IdentityError, InputError, LayoutError
from galaxycurate.pipeline.adopt import Collection, adopt
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.settings import load

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
    return Collection(folder, tmp_path / "labels.csv", classes=classes)


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
    assert copy.read_bytes() == (collection.folder / f"{OBJ + 1}.jpeg").read_bytes()
    assert not (tmp_path / "dataset" / "images" / "spiral" / f"{OBJ + 2}.jpg").exists()


def test_a_repetition_does_nothing_twice(settings, collection):
    adopt(settings, collection)
    _, again = adopt(settings, collection)
    assert (again.kept, again.done_before) == (0, 2)


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
    bad = Collection(collection.folder, tmp_path / "bad.csv", **more)
    with pytest.raises(error, match=message):
        adopt(settings, bad)
    assert not (tmp_path / "dataset").exists()


def test_the_real_images_are_adopted_but_for_the_partly_covered_one(settings, shared_data):
    found = Collection(
        shared_data / "images" / "gz1_dr7", shared_data / "labels" / "gz1_dr7.csv",
        label_column="gz1_leaf", classes={"elliptical": ["elliptical"], "spiral": ["spiral_*"]},
        mode="reference",
    )  # fmt: skip
    manifest, done = adopt(settings, found)
    assert done.rows == 3985
    assert len(manifest) == 3878
    assert dict(done.by_label) == {"elliptical": 2786, "spiral": 1091}
    assert [name for name, _ in done.flawed] == ["587731514224672910.jpeg"]
    assert not done.failed
