"""Splits of others, and our own, looked at from their files alone."""

import csv
import io
import json

import numpy as np
import pytest
from PIL import Image

from galaxycurate.cli.main import main
from galaxycurate.core.ids import encode
from galaxycurate.errors import InputError, LayoutError
from galaxycurate.pipeline.dedupe.dedupe import dedupe
from galaxycurate.pipeline.split.check import check
from galaxycurate.pipeline.split.split import Manner, split
from galaxycurate.store.settings import load
from tests.curation.split.scans import scan
from tests.pipeline.project import Project, picture

SIDE = 200


@pytest.fixture
def settings(tmp_path):
    return load({"dataset": str(tmp_path / "d"), "manifests": str(tmp_path / "m")},
                folder=tmp_path, environ={})  # fmt: skip


def put(root, files):
    """Files by path: bytes, or the seed of a noisy picture."""
    for path, body in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(body if isinstance(body, bytes) else picture(body))
    return root


def jpeg(image, quality=90):
    body = io.BytesIO()
    image.save(body, "JPEG", quality=quality)
    return body.getvalue()


def found_pairs(checked):
    return {frozenset((leak.first, leak.second)) for leak in checked.leaks}


def test_drifted_windows_of_real_galaxies_are_all_found_and_none_is_invented(
    shared_data, tmp_path, settings
):
    labels = shared_data / "labels"
    with (labels / "known_duplicates_sample.csv").open() as file:
        known = {value for row in csv.DictReader(file) for value in row.values()}
    paths = sorted((shared_data / "images" / "gz1_dr7").glob("*.jp*g"))[:320:4]
    paths = [p for p in paths if not any(p.stem in value for value in known)]
    rng = np.random.default_rng(4)
    root, planted = tmp_path / "theirs", set()
    for k, path in enumerate(paths):
        image = Image.open(path).convert("RGB")
        label = "round" if k % 2 else "spiral"
        room = min(image.size) - SIDE
        if k % 4 or room < 180:
            put(root, {f"{'test' if k % 3 == 0 else 'training'}/{label}/{k:03d}.jpg": jpeg(image)})
            continue
        (x, y), step = rng.integers(0, 100, 2), rng.integers(25, 80, 2)
        one = image.crop((x, y, x + SIDE, y + SIDE))
        other = image.crop((x + step[0], y + step[1], x + step[0] + SIDE, y + step[1] + SIDE))
        if k % 8:
            other = other.transpose(Image.Transpose.ROTATE_90)
        pair = f"training/{label}/{k:03d}a.jpg", f"test/{label}/{k:03d}b.jpg"
        put(root, {pair[0]: jpeg(one), pair[1]: jpeg(other, 80)})
        planted.add(frozenset(pair))
    checked = check(root, settings)
    assert len(planted) >= 12
    assert found_pairs(checked) == planted
    assert checked.kinds == {"drift": len(planted)}
    assert checked.affected == {"test": len(planted), "training": len(planted)}
    assert not checked.conflicts
    for leak in checked.leaks:
        assert leak.is_placed
        assert 0.3 < leak.amount < 0.8


def test_the_same_file_leaks_and_pairs_within_a_part_do_not(tmp_path, settings):
    root = put(tmp_path / "s", {
        "train/a/1.jpg": 1, "train/a/2.jpg": 2, "train/a/again.jpg": 2,
        "test/a/one.jpg": 1, "test/b/3.jpg": 3, "val/b/4.jpg": 4,
    })  # fmt: skip
    checked = check(root, settings)
    assert found_pairs(checked) == {frozenset(("train/a/1.jpg", "test/a/one.jpg"))}
    assert checked.kinds == {"exact file": 1}
    assert checked.affected == {"test": 1, "train": 1}
    assert checked.counts == {"train": {"a": 3}, "val": {"b": 1}, "test": {"a": 1, "b": 1}}
    assert "1 of 2 in test (50.0 %)" in checked.summary


def test_one_picture_under_two_labels_is_a_conflict_wherever_it_lies(tmp_path, settings):
    root = put(tmp_path / "s", {
        "train/a/1.jpg": 1, "train/b/2.jpg": 1, "test/a/3.jpg": 3, "test/b/4.jpg": 4,
    })  # fmt: skip
    checked = check(root, settings)
    assert not checked.leaks
    assert [{c.first, c.second} for c in checked.conflicts] == [{"train/a/1.jpg", "train/b/2.jpg"}]


def test_names_that_are_ids_tell_of_one_object_in_both_systems(tmp_path, settings):
    objid = encode(run=1000, camcol=3, field=40, obj=7)
    far = encode(run=2000, camcol=3, field=40, obj=7)
    root = put(tmp_path / "s", {
        f"train/{objid}.jpg": 1, f"test/{objid}_b.jpg": 2, f"test/{far}.jpg": 3,
        f"val/{encode(run=1000, camcol=3, field=40, obj=9)}.jpg": 4,
    })  # fmt: skip
    checked = check(root, settings)
    assert checked.kinds == {"same object": 1}
    assert checked.known_ids == 4
    assert checked.possible > 0  # the same field: nothing measures whether they share sky


def test_positions_and_scales_of_a_table_tell_of_shared_sky(tmp_path, settings):
    root = put(tmp_path / "s", {"train/a/1.jpg": 1, "test/a/2.jpg": 2, "test/a/3.jpg": 3})
    table = tmp_path / "where.csv"
    table.write_text(
        "file,ra,dec,pixscale\n1.jpg,0.0005,10,0.396\n2.jpg,359.9995,10,0.396\n3.jpg,1,10,0.396\n"
    )
    checked = check(root, settings, positions=table)
    assert checked.kinds == {"overlap": 1}
    assert found_pairs(checked) == {frozenset(("train/a/1.jpg", "test/a/2.jpg"))}
    without = table.with_name("no_scale.csv")
    without.write_text("file,ra,dec\n1.jpg,0.0005,10\n2.jpg,359.9995,10\n3.jpg,1,10\n")
    checked = check(root, settings, positions=without)
    assert (len(checked.leaks), checked.possible) == (0, 1)


def test_names_of_the_iau_are_positions(tmp_path, settings):
    """Read back to the last digit: one arcsec is one object, five are not."""
    from galaxycurate.pipeline.split.folder import read_folder

    root = put(tmp_path / "s", {
        "train/SDSS J104129.27+172836.6.jpg": 1, "test/SDSSJ104129.29+172836.9.jpg": 2,
        "test/SDSSJ104129.27+172841.6.jpg": 3, "val/J000000.00-003000.5.png": 4,
    })  # fmt: skip
    kept = read_folder(root, tmp_path).kept
    where = {path[-12:-4]: (a, d) for path, a, d in zip(kept.paths, kept.ra, kept.dec, strict=True)}
    assert where["+172836.6"[1:]] == pytest.approx((160.371958, 17.476833), abs=1e-6)
    assert where["003000.5"] == pytest.approx((0, -0.500139), abs=1e-6)
    checked = check(root, settings)
    assert checked.known_positions == 4
    assert checked.kinds == {"same object": 1}
    assert found_pairs(checked) == {
        frozenset(("train/SDSS J104129.27+172836.6.jpg", "test/SDSSJ104129.29+172836.9.jpg"))
    }


def test_pictures_taller_than_wide_meet_above_each_other(tmp_path, settings):
    rng = np.random.default_rng(2)
    tall = [
        jpeg(Image.fromarray(rng.integers(0, 90, (256, 64, 3), np.uint8))) for _ in range(3)
    ]  # fmt: skip
    root = put(tmp_path / "s", dict(zip(("train/1.jpg", "test/2.jpg", "test/3.jpg"), tall,
                                        strict=True)))  # fmt: skip
    table = tmp_path / "t.csv"
    table.write_text(f"file,ra,dec,pixscale\n1.jpg,10,5,1\n2.jpg,10,{5 + 100 / 3600},1\n"
                     f"3.jpg,{10 + 100 / 3600},5,1\n")  # fmt: skip
    checked = check(root, settings, positions=table)
    assert found_pairs(checked) == {frozenset(("train/1.jpg", "test/2.jpg"))}
    assert checked.leaks[0].amount == pytest.approx(156 / 256, abs=1e-4)


@pytest.mark.parametrize(
    "name", ["oval", "invalid", "interval", "partial", "latest", "contrails", "spiral"]
)
def test_classes_whose_names_hold_those_of_parts_are_classes(tmp_path, settings, name):
    root = put(tmp_path / "s", {f"train/{name}/1.jpg": 1, f"test/{name}/2.jpg": 1})
    checked = check(root, settings)
    assert checked.counts == {"test": {name: 1}, "train": {name: 1}}
    assert checked.kinds == {"exact file": 1}


@pytest.mark.parametrize(
    ("files", "counts"),
    [
        ({"train/val/1.jpg": 1, "train/test/2.jpg": 2, "test/val/3.jpg": 3, "test/test/4.jpg": 1},
         {"train": {"test": 1, "val": 1}, "test": {"test": 1, "val": 1}}),
        ({"spiral/train/1.jpg": 1, "spiral/test/2.jpg": 2, "round/train/3.jpg": 3,
          "round/test/4.jpg": 1}, {"train": {"round": 1, "spiral": 1},
                                   "test": {"round": 1, "spiral": 1}}),
        ({"fold-1/train/a/1.jpg": 1, "fold-1/test/a/2.jpg": 1, "fold-2/train/a/3.jpg": 3,
          "fold-2/test/a/4.jpg": 4}, {"fold-1/train": {"a": 1}, "fold-1/test": {"a": 1},
                                      "fold-2/train": {"a": 1}, "fold-2/test": {"a": 1}}),
        ({"fold1_train/1.jpg": 1, "fold1_val/2.jpg": 1}, {"fold1_train": {"all": 1},
                                                          "fold1_val": {"all": 1}}),
    ],
    ids=["classes named like parts", "classes first", "folds that are trees", "words with numbers"],
)  # fmt: skip
def test_layouts(tmp_path, settings, files, counts):
    checked = check(put(tmp_path / "s", files), settings)
    assert checked.counts == counts
    assert checked.kinds == {"exact file": 1}


def test_a_class_that_is_a_link_to_a_folder_is_looked_into(tmp_path, settings):
    root = put(tmp_path / "s", {"train/a/1.jpg": 1, "test/b/2.jpg": 2})
    put(tmp_path / "elsewhere", {"3.jpg": 2})
    (root / "train" / "b").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (root / "train" / "b" / "again").symlink_to(root / "train", target_is_directory=True)
    checked = check(root, settings)
    assert found_pairs(checked) == {frozenset(("train/b/3.jpg", "test/b/2.jpg"))}


def test_a_table_that_tells_of_none_of_the_images_is_refused(tmp_path, settings):
    root = put(tmp_path / "s", {"train/1.jpg": 1, "test/2.jpg": 2})
    (tmp_path / "t.csv").write_text("file,ra,dec\nother.jpg,1,2\n")
    with pytest.raises(LayoutError, match=r"none of the 2 images: it lists other.jpg, and here"):
        check(root, settings, positions=tmp_path / "t.csv")


def test_names_with_dots_and_blank_ids_of_a_table(tmp_path, settings):
    """A name without an ending is a name; a blank id takes nothing back that a file's name told."""
    objid = encode(run=1000, camcol=3, field=40, obj=7)
    root = put(tmp_path / "s", {
        "train/J1.27+17.6.jpg": 1, "test/J1.30+17.7.jpg": 2, f"test/a_{objid}.jpg": 3,
        f"train/b_{objid}.jpg": 4,
    })  # fmt: skip
    (tmp_path / "t.csv").write_text(
        f"name,ra,dec,objID\nJ1.27+17.6,10,5,\nJ1.30+17.7,10,5,\na_{objid}.jpg,,,\n"
    )
    checked = check(root, settings, positions=tmp_path / "t.csv")
    assert checked.told_of == 3
    assert checked.known_ids == 2
    assert checked.kinds == {"same object": 2}


def test_children_of_one_blend_may_bear_two_labels(tmp_path, settings):
    root = put(tmp_path / "s", {"train/a/1.jpg": 1, "train/b/2.jpg": 2, "test/b/3.jpg": 3})
    parent, one, other = (encode(run=1000, camcol=3, field=40, obj=k) for k in (7, 8, 9))
    (tmp_path / "t.csv").write_text(
        f"file,objID,parentID\n1.jpg,{one},{parent}\n2.jpg,{other},{parent}\n"
    )
    assert not check(root, settings, positions=tmp_path / "t.csv").conflicts


def test_a_table_without_files_is_refused(tmp_path, settings):
    root = put(tmp_path / "s", {"train/1.jpg": 1, "test/2.jpg": 2})
    (tmp_path / "t.csv").write_text("spam,eggs\n1,2\n")
    with pytest.raises(LayoutError, match="no columns of file and ra, dec or objID: spam, eggs"):
        check(root, settings, positions=tmp_path / "t.csv")


@pytest.mark.parametrize(
    ("files", "said"),
    [({"spiral/1.jpg": 1, "round/2.jpg": 2}, "round, spiral: these look like classes"),
     ({"train/a/1.jpg": 1}, "is no split: it needs two folders"),
     ({}, "no such folder")],
)  # fmt: skip
def test_folders_that_are_no_split_are_refused(tmp_path, settings, files, said):
    with pytest.raises(InputError, match=said):
        check(put(tmp_path / "s", files), settings)


def test_what_is_no_picture_is_named_and_stops_nothing(tmp_path, settings):
    root = put(
        tmp_path / "s", {"train/a/1.jpg": 1, "test/a/2.jpg": b"no picture", "test/a/3.jpg": 1}
    )
    checked = check(root, settings)
    assert list(checked.unreadable) == ["test/a/2.jpg"]
    assert len(checked.leaks) == 1


def test_folds_that_are_parts_are_compared_with_each_other(tmp_path, settings):
    root = put(tmp_path / "s", {"fold1/a/1.jpg": 1, "fold2/a/2.jpg": 2, "fold3/a/3.jpg": 1})
    assert check(root, settings).affected == {"fold1": 1, "fold3": 1}


@pytest.fixture
def project(tmp_path):
    """Two classes on disk, deduped: a scan, each cutout half a side from the next."""
    made, rows = Project(tmp_path), scan(100, seed=1)
    for k, label in enumerate(("spiral", "elliptical")):
        made.fetch(made.manifest(label, 50, ra=rows.ra[k::2], dec=rows.dec[k::2]))
    dedupe(made.settings, pixels=None)
    return made


@pytest.mark.parametrize(
    "manner", [Manner(), Manner(folds=3), Manner(folds=3, fractions=(0.7, 0.1, 0.2))]
)
def test_our_own_splits_and_folds_leak_nothing(project, manner):
    """A fold holds the same files as the next: that is no leak."""
    made = split(project.settings, manner)
    root = project.root / "dataset" / "split"
    checked = check(root, project.settings)
    assert made.pairs_checked["overlap"] > 200
    assert checked.images == checked.known_positions == 100 - made.dropped
    assert not checked.leaks
    moved = next((root / "train" / "spiral").iterdir() if not manner.folds else
                 (root / "fold-1" / "train" / "spiral").iterdir())  # fmt: skip
    target = moved.parents[2] / "test" / "spiral" / moved.name
    moved.rename(target)
    assert "overlap" in check(root, project.settings).kinds


def test_a_file_moved_by_hand_into_another_part_of_ours_is_found(project):
    split(project.settings)
    root = project.root / "dataset" / "split"
    image = next((root / "train" / "spiral").iterdir())
    (root / "test" / "spiral" / image.name).write_bytes(image.read_bytes())
    checked = check(project.root / "dataset", project.settings)
    assert checked.kinds == {"exact file": 1}


def test_the_command_says_what_leaks_draws_it_and_ends_with_3(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    put(tmp_path / "s", {"train/a/1.jpg": 1, "test/a/2.jpg": 1, "test/a/3.jpg": 3})
    assert main(["split", "--check", "s", "--page", "leaks.html"]) == 3
    said = capsys.readouterr()
    assert said.out.startswith("s: 1 pair lies across parts (1 exact file)")
    assert "exact file: test/a/2.jpg  train/a/1.jpg" in said.err
    assert "galaxycurate: s leaks (1 pair)" in said.err
    page = (tmp_path / "leaks.html").read_text()
    assert page.count("data:image/jpeg;base64,") == 2
    assert "Leaks of s" in page
    assert main(["split", "--check", "s", "--json"]) == 3
    answer = json.loads(capsys.readouterr().out)
    assert answer["leaks"][0]["kind"] == "exact file"
    assert not (tmp_path / "dataset").exists()


def test_the_command_ends_with_0_where_nothing_leaks(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    put(tmp_path / "s", {"train/a/1.jpg": 1, "test/a/2.jpg": 2})
    assert main(["split", "--check", "s"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("s: nothing found among 2 images (pixels compared; positions known of 0")


def test_what_makes_a_split_does_not_go_with_a_check(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    put(tmp_path / "s", {"train/a/1.jpg": 1, "test/a/2.jpg": 2})
    assert main(["split", "--check", "s", "--folds", "5", "--group", "object"]) == 2
    assert "--folds, --group would make a split, and --check makes none" in capsys.readouterr().err


def test_a_page_without_a_check_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["split", "--page", "leaks.html"]) == 2
    assert "--positions and --page go with --check" in capsys.readouterr().err
