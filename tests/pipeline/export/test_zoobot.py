"""Counts of votes for Zoobot are what volunteers clicked, or they are not told."""

import csv
from dataclasses import replace

import pytest

from galaxycurate.catalogs.rules import shipped
from galaxycurate.catalogs.rules.labels import label
from galaxycurate.pipeline.export import zoobot
from galaxycurate.pipeline.export.choosing import select
from galaxycurate.pipeline.export.selection import Picture, Selection
from tests.catalogs.tables import table


@pytest.fixture(scope="module")
def selection(exported) -> Selection:
    return select(exported[0].settings)


def voted(selection, scheme, kind, **row):
    """One picture as a scheme labels it."""
    one = next(p for p in selection.pictures if p.label == "spiral")
    votes = dict.fromkeys(k for k in one.row if k.startswith("soft_"))
    row = one.row | votes | {"scheme": scheme, "label_source": f"{scheme} {kind}"} | row
    return Selection([Picture(one.outcome, one.name, one.label, one.split, row)], [],
                     selection.dataset, {"split": "all splits"})  # fmt: skip


def counted(some, folder):
    """Of an export for Zoobot: its fractions, its counts, and what its README is told."""
    folder.mkdir()
    told = zoobot.write(some, folder, lambda *_: None)
    with (folder / "catalog.csv").open() as file:
        [row] = csv.DictReader(file)
    scheme = some.pictures[0].row["scheme"]
    mine = {k.removeprefix(f"{scheme}_"): v for k, v in row.items() if k.startswith(scheme)}
    fractions = {k: v for k, v in mine.items() if k.endswith("_fraction")}
    return fractions, {k: v for k, v in mine.items() if k not in fractions}, " ".join(told)


# 40 volunteers: 26 saw features, of those 24 a face, of those 21 arms; who decided were 24
GZ2 = {
    "t01_smooth_or_features_a01_smooth": 14, "t01_smooth_or_features_a02_features_or_disk": 26,
    "t02_edgeon_a04_yes": 2, "t02_edgeon_a05_no": 24,
    "t04_spiral_a08_spiral": 21, "t04_spiral_a09_no_spiral": 3,
    "t07_rounded_a16_completely_round": 4, "t07_rounded_a17_in_between": 8,
    "t07_rounded_a18_cigar_shaped": 2,
}  # fmt: skip


def asked(name):
    """How many answered the question of an answer."""
    return sum(n for other, n in GZ2.items() if other[:3] == name[:3])


def test_zoobot_gets_no_counts_of_a_tree_whose_shares_are_of_all_volunteers(selection, tmp_path):
    columns = {f"{k}_fraction": [n / asked(k)] for k, n in GZ2.items()}
    columns |= {f"{k}_count": [n] for k, n in GZ2.items()}
    found = table(catalog="gz2", total_classifications=[40], **columns)
    labels = label(found, shipped.load("gz2-five"), kind="raw", soft=True)
    assert (labels.label.tolist(), labels.n_votes.tolist()) == (["spiral"], [24])
    soft = {f"soft_{name}": float(share[0]) for name, share in labels.soft.items()}
    some = voted(selection, "gz2-five", "raw", n_votes=24, **soft)
    fractions, counts, told = counted(some, tmp_path / "tree")
    assert float(fractions["spiral_fraction"]) * 40 == pytest.approx(21)  # of all, not of 24
    assert counts == {}
    assert "There are no counts of votes" in told


@pytest.mark.parametrize(
    ("scheme", "kind", "has_counts"),
    [
        ("gz1-binary", "raw", True),
        ("gz1-binary", "debiased", False),
        ("gz2-simple", "raw", False),  # two questions
        ("gz-challenge-argmax6", "raw", False),  # without branches, and of no counted question
        ("mine", "raw", False),  # nobody here knows what it asks
    ],
)
def test_zoobot_gets_counts_of_raw_fractions_of_one_question_only(
    selection, tmp_path, scheme, kind, has_counts
):
    some = voted(selection, scheme, kind, n_votes=40, soft_spiral=0.7, soft_elliptical=0.3)
    fractions, counts, told = counted(some, tmp_path / "out")
    assert fractions == {"spiral_fraction": "0.7", "elliptical_fraction": "0.3"}
    assert counts == ({"spiral": "28", "elliptical": "12"} if has_counts else {})
    assert ("no counts of votes" in told) is not has_counts


def test_a_scheme_of_ones_own_under_the_name_of_ours_gives_no_counts(selection, tmp_path):
    one, *_ = selection.manifests
    for sha256, has_counts in ((shipped.load("gz1-binary").sha256, True), ("0" * 64, False)):
        cuts = {"scheme": "gz1-binary", "scheme_sha256": sha256}
        some = voted(selection, "gz1-binary", "raw", n_votes=40, soft_spiral=0.7)
        some.manifests.append(replace(one, header=replace(one.header, cuts=cuts)))
        _fractions, counts, _told = counted(some, tmp_path / sha256)
        assert bool(counts) is has_counts
