"""Every format is opened by whoever is to open it, and holds the pictures byte by byte."""

import csv
import io
import json
import math
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from galaxycurate.core.outcome import Outcome, Status
from galaxycurate.pipeline.export import (
    hf_parquet,
    imagefolder,
    tables,
    webdataset,
    zoobot,
    zooniverse,
)
from galaxycurate.pipeline.export.choosing import select
from galaxycurate.pipeline.export.export import Request, export
from galaxycurate.pipeline.export.formats import FORMATS
from galaxycurate.pipeline.export.selection import Picture, Selection
from galaxycurate.pipeline.export.writing import cell
from galaxycurate.store.manifest import Manifest

COUNTS = {"merger": 21, "nothing": 20, "spiral": 38}


@pytest.fixture(scope="module")
def made(exported, tmp_path_factory):
    """All formats, each in its folder."""
    root = tmp_path_factory.mktemp("made")
    project, _ = exported
    return {
        name: (root / name, export(project.settings, Request(name, root / name)))
        for name in FORMATS
    }  # fmt: skip


@pytest.fixture(scope="module")
def selection(exported) -> Selection:
    return select(exported[0].settings)


def pixels(body):
    return np.asarray(Image.open(io.BytesIO(body)).convert("RGB"))


def total(counts):
    whole = Counter()
    for some in counts.values():
        whole.update(some)
    return dict(sorted(whole.items()))


@pytest.mark.parametrize("name", FORMATS)
def test_each_export_holds_the_same_and_says_where_it_came_from(made, name):
    folder, result = made[name]
    assert (result.pictures, total(result.counts)) == (79, COUNTS)
    facts = json.loads((folder / "provenance.json").read_text())
    assert (facts["format"], facts["simulated"], facts["splits"]) == (name, False, result.counts)
    assert [len(one["sha256"]) for one in facts["manifests"]] == [64] * 3
    assert facts["decisions"]["relabelled"] == 1
    assert facts["left_out"] == {"rejected: satellite trail": 1}
    card = (folder / "README.md").read_text()
    assert "SDSS DR17: Abdurro'uf et al. 2022" in card
    assert "Funding for the Sloan Digital Sky Survey IV" in card
    assert "SIMULATED" not in card
    everything = "".join(p.read_text(errors="replace") for p in folder.rglob("*") if p.is_file())
    assert "ann" not in everything.replace("annot", "").replace("Planck", "").split()
    assert str(folder) not in everything  # no path of this machine


def test_imagefolder_is_opened_by_torchvision(made, selection):
    torchvision = pytest.importorskip("torchvision")
    folder, result = made["imagefolder"]
    for split, counts in result.counts.items():
        found = torchvision.datasets.ImageFolder(folder / split, allow_empty=True)
        assert found.classes == list(COUNTS)
        assert Counter(found.classes[k] for k in found.targets) == counts
    bodies = {p.place: selection.read(p) for p in selection.pictures}
    assert {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*.jpg")
    } == bodies
    said = "torchvision.datasets.ImageFolder('DIR/train', allow_empty=True)"
    assert said in (folder / "README.md").read_text()


def test_votes_are_told_of_the_label_that_they_were_for(selection):
    relabelled = [
        p for p in selection.pictures if str(p.row.get("label_source")).startswith("people")
    ]
    assert [p.row["label"] for p in relabelled] == ["merger"]
    assert all(math.isnan(p.row["vote_fraction"]) for p in relabelled)
    others = [p for p in selection.pictures if p not in relabelled]
    assert not any(math.isnan(p.row["vote_fraction"]) for p in others)


def test_a_class_that_a_split_lacks_keeps_its_number(selection, tmp_path):
    torchvision = pytest.importorskip("torchvision")
    some = [p for p in selection.pictures if (p.split, p.label) != ("val", "merger")]
    fewer = Selection(some, [], selection.dataset)
    told = imagefolder.write(fewer, tmp_path, lambda *_: None)
    assert told[-1].endswith("numbers: val has no merger.")
    found = torchvision.datasets.ImageFolder(tmp_path / "val", allow_empty=True)
    assert found.class_to_idx == {"merger": 0, "nothing": 1, "spiral": 2}


def test_imagefolder_is_opened_by_datasets_with_ids_that_are_exact(made, tmp_path):
    datasets = pytest.importorskip("datasets")
    folder, result = made["imagefolder"]
    found = datasets.load_dataset("imagefolder", data_dir=str(folder), cache_dir=str(tmp_path))
    names = {"train": "train", "val": "validation", "test": "test"}
    for split, counts in result.counts.items():
        assert Counter(found[names[split]]["label"]) == counts
    train = found["train"]
    assert train.features["objID"].dtype == "int64"  # nothing has 0: no float
    one = next(row for row in train if row["label"] == "merger" and row["objID"])
    assert one["image"].size == (24, 24)


def test_hf_parquet_is_opened_by_datasets_as_a_folder_and_as_parquet(made, selection, tmp_path):
    datasets = pytest.importorskip("datasets")
    folder, result = made["hf-parquet"]
    found = datasets.load_dataset(str(folder), cache_dir=str(tmp_path))
    assert {k: len(v) for k, v in found.items()} == {
        "train": sum(result.counts["train"].values()), "test": sum(result.counts["test"].values()),
        "validation": sum(result.counts["val"].values()),
    }  # fmt: skip
    train = found["train"]
    assert train.features["label"].names == list(COUNTS)
    rows = {p.row["name"]: p for p in selection.splits["train"]}
    for line in train:
        picture = rows[line["name"]]
        assert train.features["label"].int2str(line["label"]) == picture.label
        assert line["objID"] == (str(picture.row["objID"]) if picture.row["objID"] else None)
        assert np.array_equal(np.asarray(line["image"]), pixels(selection.read(picture)))
    plain = datasets.load_dataset(
        "parquet", data_files={"train": f"{folder}/data/train-*.parquet"}, cache_dir=str(tmp_path)
    )["train"]
    assert plain.features["label"].names == list(COUNTS)
    assert plain[0]["image"].size == (24, 24)


def test_the_card_of_hf_parquet_is_yaml_that_datasets_reads(made):
    yaml = pytest.importorskip("yaml")
    text = (made["hf-parquet"][0] / "README.md").read_text()
    front = yaml.safe_load(text.split("---\n")[1])
    assert [one["split"] for one in front["configs"][0]["data_files"]] == [
        "train", "validation", "test",
    ]  # fmt: skip
    assert front["dataset_info"]["features"][1]["dtype"]["class_label"]["names"] == {
        "0": "merger", "1": "nothing", "2": "spiral",
    }  # fmt: skip
    assert front["size_categories"] == ["n<1K"]


def test_webdataset_is_opened_by_webdataset_with_classes_mixed(made, selection):
    wds = pytest.importorskip("webdataset")
    folder, result = made["webdataset"]
    classes = (folder / "classes.txt").read_text().split()
    assert classes == list(COUNTS)
    for split, counts in result.counts.items():
        shards = sorted(str(path) for path in folder.glob(f"{split}-*.tar"))
        data = wds.WebDataset(shards, shardshuffle=False).to_tuple("__key__", "jpg", "cls", "json")
        seen = [(key, body, classes[int(k)], json.loads(told)) for key, body, k, told in data]
        assert Counter(label for _key, _body, label, _told in seen) == counts
        assert [label for *_, label, _ in seen] != sorted(label for *_, label, _ in seen)
        rows = {p.row["name"]: p for p in selection.splits[split]}
        for _key, body, label, told in seen:
            picture = rows[told["name"]]
            assert (body, label) == (selection.read(picture), picture.label)
            assert told.get("objID", "0") == str(picture.row["objID"])


def test_large_splits_go_into_several_files(exported, tmp_path, monkeypatch):
    datasets = pytest.importorskip("datasets")
    wds = pytest.importorskip("webdataset")
    monkeypatch.setattr(hf_parquet, "SHARD_BYTES", 20_000)
    monkeypatch.setattr(webdataset, "MAX_IMAGES", 10)
    settings = exported[0].settings
    export(settings, Request("hf-parquet", tmp_path / "hf"))
    assert len(list((tmp_path / "hf" / "data").glob("train-*.parquet"))) > 1
    found = datasets.load_dataset(str(tmp_path / "hf"), cache_dir=str(tmp_path / "cache"))
    assert sum(map(len, found.values())) == 79
    made = export(settings, Request("webdataset", tmp_path / "wds"))
    shards = sorted(str(path) for path in (tmp_path / "wds").glob("train-*.tar"))
    assert len(shards) == -(-sum(made.counts["train"].values()) // 10)
    assert f"train-{{000000..{len(shards) - 1:06d}}}.tar" in made.usage[1]
    data = wds.WebDataset(shards, shardshuffle=False)
    assert sum(1 for _ in data) == sum(made.counts["train"].values())


def test_zoobots_catalogue_has_what_catalogdataset_asks_for(made, selection, exported):
    folder, _ = made["zoobot"]
    with (folder / "catalog.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len({row["id_str"] for row in rows}) == 79
    assert all((folder / row["file_loc"]).is_file() for row in rows)
    numbers = dict(zip(COUNTS, range(3), strict=True))
    assert all(int(row["label"]) == numbers[row["label_name"]] for row in rows)
    spiral = next(row for row in rows if row["label_name"] == "spiral")
    names = ("gz1-binary_spiral_fraction", "gz1-binary_spiral", "gz1-binary_elliptical")
    assert [spiral[name] for name in names] == ["0.75", "31", "10"]
    moved = next(r for r in rows if r["id_str"] == Path(exported[1]["spiral"][0]).stem)
    # Zoobot takes no empty count
    assert [moved["label_name"], *(moved[name] for name in names)] == ["merger", "", "0", "0"]
    assert moved["label_source"] == "people (before: spiral)"


def test_no_two_pictures_share_an_id_for_zoobot(selection):
    places = ["a/b_c.jpg", "x/b_c.jpg", "q/a_b_c.jpg", "q/b_c.png", "q/alone.jpg"]
    one = selection.pictures[0]
    some = [Picture(one.outcome, place, place[0], "", {}) for place in places]
    ids = zoobot._ids(Selection(some, [], selection.dataset))
    assert len(set(ids.values())) == len(places)
    assert (ids["q/alone.jpg"], ids["q/a_b_c.jpg"]) == ("alone", "a_b_c")


def test_zooniverse_hides_the_class_and_has_no_empty_cell(made):
    """As the Panoptes command line takes it: a cell that is a path below the manifest is a file,
    and an empty one is the folder itself."""
    folder, _ = made["zooniverse"]
    with (folder / "manifest.csv").open() as file:
        rows = list(csv.DictReader(file, skipinitialspace=True))
    assert len(rows) == 79
    head = list(rows[0])
    assert head[0] == "image"
    assert {"!name", "#label", "#split", "!objID", "#vote_fraction"} <= set(head)
    assert all(name[0] in "!#" for name in head[1:])
    for row in rows:
        paths = [name for name, value in row.items() if (folder / value).exists()]
        assert paths == ["image"]
        assert not any(word in row["image"] for word in COUNTS)
    assert "unknown" in {row["!objID"] for row in rows}
    assert [row["#label"] for row in rows] != sorted(row["#label"] for row in rows)


def test_pictures_too_large_for_zooniverse_are_left_out_and_counted(selection, tmp_path):
    large = selection.pictures[0]
    outcome = Outcome(**{**vars(large.outcome), "n_bytes": zooniverse.MOST_BYTES + 1})
    others = selection.pictures[1:3]
    some = Selection(
        [Picture(**{**vars(large), "outcome": outcome}), *others], [], selection.dataset
    )
    told = zooniverse.write(some, tmp_path, lambda *_: None)
    assert "2 subjects. Left out because they are larger than 1 MB: 1." in told
    assert outcome.status is Status.OK


@pytest.mark.parametrize("name", ["fits", "votable", "csv"])
def test_a_table_is_a_manifest_that_comes_back_the_same(made, selection, name):
    folder, _ = made[name]
    file = next(path for path in folder.glob("galaxies.*") if "metadata" not in path.name)
    back = Manifest.read(file)
    assert len(back) == 79
    assert (
        back.header.archive
        == "https://skyserver.sdss.org; skyserver dr17 @ https://skyserver.sdss.org"
    )
    for column in ("name", "label", "split", "objID", "group", "ra", "soft_spiral"):
        mine = [picture.row.get(column) for picture in selection.pictures]
        theirs = back.column(column)
        assert theirs == (pytest.approx(mine) if column == "ra" else mine)


@pytest.mark.parametrize("name", ["fits", "votable"])
def test_astropy_finds_units_and_exact_ids_in_a_table(made, name):
    from astropy.table import Table

    file = next(made[name][0].glob("galaxies.*"))
    table = Table.read(file)
    assert str(table["ra"].unit) == "deg"
    assert table["objID"].dtype.kind == "i"
    assert {str(word) for word in table["label"]} == set(COUNTS)


@pytest.mark.parametrize("name", ["fits", "votable", "csv"])
def test_stilts_reads_a_table(made, name):
    if not (stilts := shutil.which("stilts")):
        pytest.skip("no stilts here: not read by it")
    file = next(path for path in made[name][0].glob("galaxies.*") if "metadata" not in path.name)
    said = subprocess.run(
        [stilts, "tpipe", f"in={file}", "omode=count"], capture_output=True, text=True, check=True
    )
    assert "rows: 79" in said.stdout


def test_free_text_is_no_formula_in_a_csv_and_names_stay_as_they_are(selection, tmp_path):
    one = selection.pictures[0]
    row = {
        **one.row,
        "name": "+12.5",
        "source_file": "=HYPERLINK(1)",
        "label_source": "-2",
        "dec": -5.0,
    }
    picture = Picture(one.outcome, one.name, one.label, one.split, row)
    said = [cell(picture, column) for column in ("name", "source_file", "label_source", "dec")]
    assert said == ["+12.5", "'=HYPERLINK(1)", "'-2", "-5.0"]
    some = Selection([picture], [], selection.dataset, {"split": "all splits"})
    for to in ("csv", "fits"):
        tables.write(some, tmp_path, lambda *_: None, to=to)
    assert Manifest.read(tmp_path / "galaxies.csv").column("source_file") == ["'=HYPERLINK(1)"]
    assert Manifest.read(tmp_path / "galaxies.fits").column("source_file") == ["=HYPERLINK(1)"]


def test_ids_are_digits_and_floats_come_back_the_same(selection):
    spiral = next(p for p in selection.pictures if p.label == "spiral")
    nothing = next(p for p in selection.pictures if p.label == "nothing")
    assert cell(spiral, "objID") == str(spiral.row["objID"])
    assert (cell(nothing, "objID"), cell(nothing, "n_votes")) == ("0", "")
    assert np.float32(cell(spiral, "vote_fraction")) == np.float32(spiral.row["vote_fraction"])
