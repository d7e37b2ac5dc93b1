from __future__ import annotations

import numpy as np
import pytest

from galaxycurate.catalogs.known import layout
from galaxycurate.errors import InputError
from tests.train.shapes import write_picture
from tests.train.voted import cumulative, shares, write_challenge, write_votes
from train.data.vote_table import read_votes
from train.data.votes import COLUMNS, misses

ROW = cumulative(shares(0.4, 0.2, 0.5, 0.7))


def pictures(folder, *names):
    for name in names:
        write_picture(folder / f"{name}.jpg", np.full((16, 16, 3), len(name), np.uint8))
    return folder


@pytest.fixture
def twenty(tmp_path):
    """A folder of twenty images and its table's rows."""
    names = [str(100000 + k) for k in range(20)]
    return pictures(tmp_path / "images", *names), dict.fromkeys(names, ROW)


def test_the_challenges_own_layout_is_found_beside_the_images(tmp_path):
    folder = write_challenge(tmp_path, 30)
    tree, votes = read_votes(folder)
    assert votes.shares.shape == (30, 37)
    assert np.abs(misses(votes.shares)).max() < 1e-6
    train, val, test = (tree.rows(part).size for part in ("train", "val", "test"))
    assert train > 20
    assert min(val, test) > 1
    assert (tree.label == votes.shares[:, :3].argmax(1)).all()


def test_a_split_of_folders_is_kept_and_its_table_may_name_paths(tmp_path):
    for part, count in {"train": 4, "val": 1, "test": 2}.items():
        pictures(tmp_path / part / "Spiral", *(f"{part}{k}" for k in range(count)))
    files = [path.relative_to(tmp_path).as_posix() for path in sorted(tmp_path.rglob("*.jpg"))]
    write_votes(tmp_path / "soft.csv", dict.fromkeys(files, ROW), key="path")
    tree, votes = read_votes(tmp_path)
    assert [tree.rows(part).size for part in ("train", "val", "test")] == [4, 1, 2]
    assert tree.split_kind == "folders, unproved"
    assert votes.known == 7


def test_images_without_votes_are_left_out_and_named(twenty):
    folder, rows = twenty
    pictures(folder, "100900", "100901")
    write_votes(folder / "votes.csv", {**rows, "777": ROW})
    said: list[str] = []
    tree, votes = read_votes(folder, say=said.append)
    assert len(tree.files) == len(votes.shares) == 20
    assert said == [
        "warning: 2 of 22 images have no votes; left out: 100900.jpg, 100901.jpg",
        f"1 of 21 lines of {folder / 'votes.csv'} have no image here",
    ]


def test_rows_that_miss_the_sums_are_told_by_line(twenty):
    folder, rows = twenty
    odd = ROW.copy()
    odd[COLUMNS.index("Class7.1")] += 0.05
    path = write_votes(folder / "votes.csv", {**rows, "100002": odd})
    said: list[str] = []
    read_votes(folder, say=said.append)
    assert said == [
        f"warning: {path}: 1 of 20 lines miss the sums of the tree: "
        "line 4 (Class7 is +0.050 off Class1.1); learnt as they are"
    ]


def test_shares_of_those_who_were_asked_are_refused(twenty):
    folder, rows = twenty
    flat = np.concatenate(shares(0.4, 0.2, 0.5, 0.7))
    write_votes(folder / "votes.csv", dict.fromkeys(rows, flat))
    with pytest.raises(InputError, match="20 of 20 lines miss the sums") as caught:
        read_votes(folder)
    assert "multiply each by the fraction of the answer" in caught.value.hint


@pytest.mark.parametrize("value", [1.2, -0.1, float("nan")])
def test_what_is_no_fraction_is_named_by_line_and_column(twenty, value):
    folder, rows = twenty
    bad = ROW.copy()
    bad[COLUMNS.index("Class3.1")] = value
    write_votes(folder / "votes.csv", {**rows, "100004": bad, "100009": bad})
    said = r"line 6 has no fraction from 0 to 1 in Class3.1; 2 such lines"
    with pytest.raises(InputError, match=said):
        read_votes(folder)


def test_a_cut_line_and_an_id_that_stands_twice_are_named(twenty):
    folder, rows = twenty
    path = write_votes(folder / "votes.csv", rows)
    whole = path.read_text()
    path.write_text(whole[:-40])
    with pytest.raises(InputError, match=r"line 21 has no fraction .* in Class11\.\d"):
        read_votes(folder)
    path.write_text(whole + whole.splitlines()[3] + "\n")
    with pytest.raises(InputError, match="100002 stands in line 4 and in line 22"):
        read_votes(folder)


def test_a_missing_table_says_what_was_looked_for(twenty, tmp_path):
    folder, rows = twenty
    with pytest.raises(InputError, match=r"there is none of votes.csv, training_solutions_rev1"):
        read_votes(folder)
    (folder / "votes.csv").write_text("GalaxyID,Class1.1,Class1.2\n100000,0.5,0.5\n")
    with pytest.raises(InputError, match=r"votes.csv has no Class1.3, Class2.1, Class2.2 and 32"):
        read_votes(folder)
    with pytest.raises(InputError, match=r"no file nowhere\.csv"):
        read_votes(folder, votes="nowhere.csv")
    elsewhere = write_votes(tmp_path / "mine.csv", rows)
    assert read_votes(folder, votes=str(elsewhere))[1].known == 20


def test_a_table_of_other_images_is_refused(twenty):
    folder, _ = twenty
    write_votes(folder / "votes.csv", {"555": ROW})
    with pytest.raises(InputError, match="has votes for none of the 20 images"):
        read_votes(folder)


def test_the_columns_are_those_that_the_catalogue_knows():
    known = layout("training_solutions_rev1")
    assert [name.lower() for name in COLUMNS] == [one.name for one in known.columns][1:]


@pytest.mark.parametrize(
    ("encoding", "mended"),
    [("utf-8-sig", None), ("latin-1", "is not UTF-8"), ("utf-16", "is not UTF-8")],
)
def test_a_table_of_another_encoding_is_named(twenty, encoding, mended):
    folder, rows = twenty
    table = write_votes(folder / "votes.csv", rows)
    table.write_text(table.read_text() + "\u00e9t\u00e9" + ",0" * 37 + "\n", encoding=encoding)
    if mended is None:
        text = table.read_text(encoding=encoding).splitlines()[:-1]
        table.write_text("\n".join(text) + "\n", encoding=encoding)
        assert len(read_votes(folder)[0].files) == 20
        return
    with pytest.raises(InputError, match=f"votes.csv {mended}") as caught:
        read_votes(folder)
    assert "UTF-8" in caught.value.hint


def test_a_table_that_is_no_csv_is_named(twenty):
    folder, rows = twenty
    table = write_votes(folder / "votes.csv", rows)
    table.write_text(table.read_text() + "1" * 200_000 + "\n")
    with pytest.raises(InputError, match="is no CSV table: field larger"):
        read_votes(folder)
