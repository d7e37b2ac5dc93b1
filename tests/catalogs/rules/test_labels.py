"""Labels by schemes: small tables by hand, real ones against a computation of their own."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from galaxycurate.catalogs.rules.labels import crossed, label
from galaxycurate.catalogs.rules.objects import names as names_given
from galaxycurate.catalogs.rules.shipped import load
from galaxycurate.catalogs.rules.walk import Walk
from galaxycurate.catalogs.table import names_of, read
from galaxycurate.errors import LayoutError, SettingError
from tests.catalogs.tables import FIRST, table

OLD = 587722952767439450
NEAR = 1e-6  # tables keep fractions in 32 bits
T01, T02, T04 = "t01_smooth_or_features_", "t02_edgeon_", "t04_spiral_"


def gz1(el, cs, ids=None, n=30):
    n = n if isinstance(n, list) else [n] * len(el)
    return table(ids, p_el_debiased=el, p_cs_debiased=cs, nvote=n)


def counts(found):
    names, n = np.unique(found.label, return_counts=True)
    return dict(zip(names.tolist(), n.tolist(), strict=True))


def test_each_cut_is_counted_and_no_galaxy_has_two_classes():
    votes = gz1([0.61, 0.86, 0.05, 0.05, 0.9], [0.1, 0.1, 0.93, 0.99, 0.9], n=[59, 18, 68, 5, 40])
    found = label(votes, load("gz1-binary"))
    assert found.funnel == {
        "rows": 5, "at least 10 votes": 4, "in a class": 2, "different objects": 2,
        "elliptical": 1, "spiral": 1,
    }  # fmt: skip
    assert found.label.tolist() == ["elliptical", "spiral"]
    assert found.fraction.tolist() == [0.86, 0.93]
    assert found.n_votes.tolist() == [18, 68]
    assert found.cuts == {
        "scheme": "gz1-binary", "scheme_sha256": load("gz1-binary").sha256, "votes": "debiased",
        "threshold": 0.85, "min_votes": 10, "soft": False,
    }  # fmt: skip


def test_other_fractions_are_taken_and_said_only_when_nobody_asked():
    votes = table(p_el=[0.9], p_cs=[0.1], nvote=[30])
    assert label(votes, load("gz1-binary")).warnings == [
        "there are no debiased fractions: the raw ones were taken"
    ]
    assert label(votes, load("gz1-binary"), kind="raw").warnings == []


def test_unknown_numbers_of_votes_pass_and_are_counted():
    votes = table(p_el_debiased=[0.9, 0.9], p_cs_debiased=[0.1, 0.1])
    found = label(votes, load("gz1-binary"))
    assert found.funnel["at least 10 votes (2 unknown)"] == 2
    assert found.n_votes.tolist() == [-1, -1]


def test_of_several_rows_of_one_object_the_one_with_most_votes_is_kept():
    same = [FIRST] * 3
    found = label(gz1([0.9, 0.95, 0.93], [0, 0, 0], same, [20, 40, 40]), load("gz1-binary"))
    assert found.row.tolist() == [1]
    assert found.funnel["different objects"] == 1


def test_an_object_under_two_labels_has_none_and_is_listed():
    ids = [FIRST, FIRST + 9, FIRST]
    found = label(gz1([0.9, 0.9, 0.0], [0.0, 0.0, 0.9], ids), load("gz1-binary"))
    assert found.row.tolist() == [1]
    assert found.funnel["different objects"] == 2
    assert found.funnel["not under two labels"] == 1
    assert [vars(c) for c in found.conflicts] == [
        {"object": str(FIRST), "rows": (0, 2), "labels": ("elliptical", "spiral")}
    ]


def test_rows_without_ids_are_told_apart_by_name_or_else_by_row():
    columns = {"p_el_debiased": [0.9] * 3, "p_cs_debiased": [0.0] * 3}
    assert label(table([0] * 3, **columns), load("gz1-binary")).row.size == 3
    named = table([0] * 3, name=["7", "8", "7"], **columns)
    assert label(named, load("gz1-binary")).row.tolist() == [0, 1]


def test_the_largest_answer_wins_and_the_first_among_equals():
    columns = {f"p_{a}": [0.1] for a in ("el", "cw", "acw", "edge", "dk", "mg")}
    found = label(table(**(columns | {"p_mg": [0.4]})), load("gz1-leaf"))
    assert (found.label.tolist(), found.fraction.tolist()) == (["merger"], [0.4])
    assert label(table(**columns), load("gz1-leaf")).label.tolist() == ["elliptical"]


def test_the_rest_are_irregular_with_the_share_of_neither_and_a_warning():
    votes = gz1([0.65, 0.66, 0.1, np.nan], [0.2, 0.2, 0.66, np.nan])
    found = label(votes, load("table2-irregular"))
    assert found.label.tolist() == ["irregular", "elliptical", "spiral"]
    assert found.fraction == pytest.approx([0.15, 0.66, 0.66])
    assert "catch-all" in found.warnings[0]


def test_soft_labels_are_the_fractions_of_all_classes():
    found = label(gz1([0.9, 0.2], [0.1, 0.86]), load("gz1-binary"), soft=True)
    assert {k: v.tolist() for k, v in found.soft.items()} == {
        "elliptical": [0.9, 0.2], "spiral": [0.1, 0.86]
    }  # fmt: skip
    assert found.columns("gz1")["soft_spiral"] == [0.1, 0.86]
    with pytest.raises(SettingError, match="gz1-flags has no vote fractions to keep"):
        label(table(spiral=[1], elliptical=[0], uncertain=[0]), load("gz1-flags"), soft=True)


def test_a_column_of_labels_needs_no_cuts():
    decals = table(ans=[2, 5, 0, 9, np.nan], catalog="galaxy10-decals")
    found = label(decals, load("galaxy10-binary"))
    assert (found.row.tolist(), found.label.tolist()) == ([0, 1], ["Round_Smooth", "Barred_Spiral"])
    assert np.isnan(found.fraction).all()
    assert found.columns("galaxy10-decals")["vote_fraction"] == [None, None]
    gtypes = table(gtype=["S", "E", "UN", ""])
    assert label(gtypes, load("gz1-gtype")).label.tolist() == ["spiral", "elliptical", "uncertain"]


def test_the_numbers_of_another_catalogue_are_not_given_names():
    with pytest.raises(
        LayoutError, match=r"names the values of ans in galaxy10; t\.csv is galaxy10"
    ):
        label(table(ans=[1, 2], catalog="galaxy10-decals"), load("galaxy10"))


def test_a_fraction_that_is_none_is_refused_with_its_class(tmp_path):
    own = tmp_path / "own.toml"
    own.write_text(
        'title = "percent"\n[columns]\na = "p_el"\n[[class]]\nname = "round"\n'
        'cuts = ["a >= 0.5"]\nfraction = "a * 100"\n'
    )
    with pytest.raises(SettingError, match="the fraction of class round is 96, which is no"):
        label(table(p_el=[0.96, 0.1]), load(str(own)))


def test_the_steps_tell_what_each_cut_leaves():
    votes = gz1([0.9, 0.9, 0.1], [0.0, 0.0, 0.9])
    told = [(s.node, s.cut, s.rows) for s in label(votes, load("gz1-binary")).steps]
    assert told == [("elliptical", "elliptical >= 0.85", 2), ("spiral", "spiral >= 0.85", 1)]


def test_the_spread_of_the_votes_knows_where_the_class_begins():
    walk = Walk(gz1([0.9, 0.31, 1.0], [0, 0.5, 0]), load("gz1-binary"), kind=None, threshold=0.7,
                min_votes=None)  # fmt: skip
    spread = walk.spreads()["elliptical"]
    assert spread.cut == 0.7
    assert np.flatnonzero(spread.counts).tolist() == [6, 18, 19]


# ---- the challenge: two ways to read one table

KAGGLE = ("1.1", "1.2", "1.3", "2.1", "2.2", "3.1", "3.2", "4.1", "4.2", "6.1", "6.2",
          *(f"8.{k}" for k in range(1, 8)))  # fmt: skip


def challenge(n=500, seed=3):
    """Cumulative fractions as the challenge has them, and the conditional ones they are made of."""
    rng = np.random.default_rng(seed)
    c: dict[str, np.ndarray] = {}

    def question(number, answers, share):
        for k, part in enumerate(rng.dirichlet([0.6] * answers, n).T, 1):
            c[f"{number}.{k}"] = part * share

    question(1, 3, 1.0)
    question(2, 2, c["1.2"])
    question(3, 2, c["2.2"])
    question(4, 2, c["2.2"])
    question(6, 2, 1.0)
    question(8, 7, c["6.1"])
    return c


def flat(c, row):
    six = {"Elliptical": "1.1", "Star_Artifact": "1.3", "On_Edge": "2.1", "Spiral_Barred": "3.1",
           "Spiral": "4.1", "Irregular": "8.4"}  # fmt: skip
    return max(six, key=lambda name: c[six[name]][row])


def by_tree(c, row):
    v = {k: x[row] for k, x in c.items()}
    if v["6.1"] > v["6.2"] and v["8.4"] == max(v[f"8.{k}"] for k in range(1, 8)):
        return "Irregular"
    first = max(("1.1", "1.2", "1.3"), key=v.get)
    if first != "1.2":
        return {"1.1": "Elliptical", "1.3": "Star_Artifact"}[first]
    if v["2.1"] > v["2.2"]:
        return "On_Edge"
    if v["4.1"] < v["4.2"]:
        return None
    return "Spiral_Barred" if v["3.1"] > v["3.2"] else "Spiral"


@pytest.mark.parametrize(("scheme", "rule"), [("argmax6", flat), ("tree6", by_tree)])
def test_the_challenge_is_labelled_as_a_walk_row_by_row_does(scheme, rule):
    c = challenge()
    votes = table([0] * 500, name=[str(k) for k in range(500)],
                  **{f"class{k}": v for k, v in c.items()})  # fmt: skip
    found = label(votes, load(f"gz-challenge-{scheme}"))
    mine = dict(zip(found.row.tolist(), found.label.tolist(), strict=True))
    assert {r: mine.get(r) for r in range(500)} == {r: rule(c, r) for r in range(500)}


def test_fractions_of_the_tree_are_those_of_who_was_asked():
    c = {f"class{k}": [0.0] for k in KAGGLE} | {"class6.2": [1.0]}
    c |= {"class1.2": [1.0], "class2.2": [0.8], "class2.1": [0.2], "class4.1": [0.6],
          "class4.2": [0.2], "class3.1": [0.72], "class3.2": [0.08]}  # fmt: skip
    found = label(table(**c), load("gz-challenge-tree6"))
    assert found.label.tolist() == ["Spiral_Barred"]
    assert found.fraction == pytest.approx([0.75])  # of spiral, the least on the way


def test_two_schemes_are_counted_against_each_other():
    votes = gz1([0.9, 0.7, 0.1, 0.5], [0.1, 0.1, 0.9, 0.5])
    told = crossed(label(votes, load("table2-irregular")), label(votes, load("gz1-binary")))
    assert told == {
        "elliptical": {"elliptical": 1, "spiral": 0, "(none)": 1},
        "spiral": {"elliptical": 0, "spiral": 1, "(none)": 0},
        "irregular": {"elliptical": 0, "spiral": 0, "(none)": 1},
    }


# ---- real tables, against plain pandas


def real(shared_data, name, scheme, **more):
    path = shared_data / "gz_tables" / name
    scheme = load(scheme)
    _, there = names_of(path)
    return label(read(path, columns=scheme.wants(None, there)), scheme, **more)


@pytest.fixture(scope="module")
def zoo2(shared_data):
    raw = pd.read_csv(shared_data / "gz_tables" / "zoo2MainSpecz_subset.csv.gz")
    return raw.rename(columns=lambda name: name.replace("_debiased", ""))


@pytest.mark.parametrize("threshold", [0.6, 0.7, 0.8, 0.85, 0.95])
def test_gz2_simple_equals_plain_pandas_on_the_real_subset(shared_data, zoo2, threshold):
    t, least = zoo2, threshold - NEAR
    enough = t.total_classifications >= 10
    smooth = (t[T01 + "a01_smooth"] >= least) & enough
    asked = t[T04 + "a08_spiral_count"] + t[T04 + "a09_no_spiral_count"] >= 10
    spiral = (t[T01 + "a02_features_or_disk"] >= least) & (t[T04 + "a08_spiral"] >= least) & asked
    found = real(shared_data, "zoo2MainSpecz_subset.csv.gz", "gz2-simple", threshold=threshold)
    assert counts(found) == alone({"elliptical": smooth, "spiral": spiral})


def five(t):
    n7 = t.filter(regex="^t07_.*_count$").sum(axis=1) >= 20
    n2, n4 = (t.filter(regex=f"^{k}_.*_count$").sum(axis=1) >= 20 for k in ("t02", "t04"))
    smooth = t[T01 + "a01_smooth"] >= 0.469 - NEAR
    features = t[T01 + "a02_features_or_disk"] >= 0.430 - NEAR
    shape = {name: smooth & n7 & (t[f"t07_rounded_{a}"] >= 0.5 - NEAR) for name, a in (
        ("completely_round", "a16_completely_round"), ("in_between", "a17_in_between"),
        ("cigar_shaped", "a18_cigar_shaped"))}  # fmt: skip
    edge = features & n2 & (t[T02 + "a04_yes"] >= 0.602 - NEAR)
    face = features & (t[T02 + "a05_no"] >= 0.715 - NEAR)
    return shape | {"edge_on": edge, "spiral": face & n4 & (t[T04 + "a08_spiral"] >= 0.619 - NEAR)}


def tree(t, threshold):
    over = threshold + NEAR
    n = {k: t.filter(regex=f"^{k}_.*_count$").sum(axis=1) >= 20 for k in
         ("t01", "t03", "t04", "t07", "t09")}  # fmt: skip
    smooth = (t[T01 + "a01_smooth"] >= 0.469 - NEAR) & n["t07"]
    features = t[T01 + "a02_features_or_disk"] >= 0.430 - NEAR
    edge = features & (t[T02 + "a04_yes"] >= 0.602 - NEAR) & n["t09"]
    face = features & (t[T02 + "a05_no"] >= 0.715 - NEAR) & n["t03"] & n["t04"]
    bar, no_bar = t["t03_bar_a06_bar"] > over, t["t03_bar_a07_no_bar"] > over
    arms, no_arms = t[T04 + "a08_spiral"] > over, t[T04 + "a09_no_spiral"] > over
    return {
        "completely_round": smooth & (t["t07_rounded_a16_completely_round"] > over),
        "in_between": smooth & (t["t07_rounded_a17_in_between"] > over),
        "cigar_shaped": smooth & (t["t07_rounded_a18_cigar_shaped"] > over),
        "edge_on_rounded_bulge": edge & (t["t09_bulge_shape_a25_rounded"] > over),
        "edge_on_boxy_bulge": edge & (t["t09_bulge_shape_a26_boxy"] > over),
        "edge_on_no_bulge": edge & (t["t09_bulge_shape_a27_no_bulge"] > over),
        "barred_spiral": face & bar & arms, "unbarred_spiral": face & no_bar & arms,
        "barred_disk": face & bar & no_arms, "unbarred_disk": face & no_bar & no_arms,
        "star_or_artifact": (t[T01 + "a03_star_or_artifact"] > over)
        & (t.total_classifications >= 20),
    }  # fmt: skip


def alone(fits):
    """How many are in each class and in no other."""
    in_all = sum(mask.astype(int) for mask in fits.values())
    told = {name: int((mask & (in_all == 1)).sum()) for name, mask in fits.items()}
    return {name: n for name, n in told.items() if n}


def test_gz2_five_equals_plain_pandas_on_the_real_subset(shared_data, zoo2):
    assert counts(real(shared_data, "zoo2MainSpecz_subset.csv.gz", "gz2-five")) == alone(five(zoo2))


@pytest.mark.parametrize("threshold", [0.55, 0.7, 0.8, 0.9])
def test_gz2_tree_equals_plain_pandas_on_the_real_subset(shared_data, zoo2, threshold):
    found = real(shared_data, "zoo2MainSpecz_subset.csv.gz", "gz2-tree", threshold=threshold)
    assert counts(found) == alone(tree(zoo2, threshold))


def test_the_strict_scheme_gives_every_row_of_the_real_hart_subset_its_class(shared_data):
    name = "gz2_hart16_subset_3744.csv"
    truth = pd.read_csv(shared_data / "gz_tables" / name).repo_class
    found = real(shared_data, name, "gz2-hart-strict")
    assert found.row.tolist() == list(range(3744))
    assert found.label.tolist() == truth.tolist()


@pytest.mark.parametrize("threshold", [0.7, 0.85])
def test_the_real_hart_subset_is_labelled_without_vote_counts(shared_data, threshold):
    name = "gz2_hart16_subset_3744.csv"
    t = pd.read_csv(shared_data / "gz_tables" / name)
    smooth = t[T01 + "a01_smooth_debiased"] >= threshold - NEAR
    both = t[[T01 + "a02_features_or_disk_debiased", T04 + "a08_spiral_debiased"]].min(axis=1)
    found = real(shared_data, name, "gz2-simple", threshold=threshold)
    assert counts(found) == alone({"elliptical": smooth, "spiral": both >= threshold - NEAR})
    assert found.funnel["at least 10 votes (3,744 unknown)"] == 3744
    torn = int((smooth & (both >= threshold - NEAR)).sum())  # Hart's fractions may add up to over 1
    assert (torn == 1) == (threshold == 0.7)
    assert found.warnings == ["1 row fits two classes and is in none"][:torn]


def test_the_flags_of_the_real_zoo_spec_are_the_counts_of_the_flags(shared_data):
    name = "skyserver_zooSpec_flags_10000.csv"
    t = pd.read_csv(shared_data / "gz_tables" / name, comment="#")
    found = real(shared_data, name, "gz1-flags")
    assert found.conflicts[0].object == "1237651801770950656"
    torn = t[t.objid8 == 1237651801770950656]
    assert len(torn) == 2
    told = {n: int(t[n].sum() - torn[n].sum()) for n in ("spiral", "elliptical", "uncertain")}
    assert counts(found) == told


def test_the_real_galaxy_zoo_2_tables_agree_in_two_formats(shared_data):
    """A CSV.gz derived from a FITS table: the same 1,777 galaxies, the same labels."""
    found = {}
    for name in ("zoo2MainSpecz_subset.csv.gz", "mergers_gz2.fits"):
        path = shared_data / "gz_tables" / name
        scheme = load("gz2-simple")
        votes = read(path, columns=scheme.wants(None, names_of(path)[1]))
        labels = label(votes, scheme, threshold=0.7)
        ids = votes.dr7objid[labels.row].tolist()
        found[name] = dict(zip(ids, labels.label.tolist(), strict=True))
    first, second = found.values()  # though one keeps 0.7 and the other 0.69999999
    assert first == second
    assert len(first) == 355


# ---- one object, several rows


def test_a_row_with_the_dr7_id_alone_is_the_object_that_another_row_gives_both_ids():
    votes = gz1([0.9, 0.0, 0.9], [0.0, 0.9, 0.0], [FIRST, 0, 0])
    votes = replace(votes, dr7objid=np.array([OLD, OLD, OLD + 5]))
    found = label(votes, load("gz1-binary"))
    assert found.row.tolist() == [2]
    assert found.conflicts[0].rows == (0, 1)
    assert names_given(votes, np.arange(2)) == [str(FIRST)] * 2


def test_nameless_rows_at_one_position_are_one_object():
    votes = gz1([0.9, 0.9, 0.9], [0.0] * 3, [0] * 3, [20, 40, 30])
    votes = replace(votes, ra=np.array([1.0, 1.000001, 2.0]), dec=np.array([5.0, 5.0, 5.0]))
    assert label(votes, load("gz1-binary")).row.tolist() == [1, 2]


def test_a_row_without_label_outvotes_one_with_fewer_votes():
    votes = gz1([0.9, 0.6, 0.9], [0.0] * 3, [FIRST, FIRST, FIRST + 9], [20, 40, 20])
    found = label(votes, load("gz1-binary"))
    assert found.row.tolist() == [2]
    assert found.funnel["different objects"] == 2
    assert found.funnel["whose row with most votes has a label"] == 1
    assert found.left_out == {
        "no label by gz1-binary": 1, "no label by the object's row with most votes": 1
    }  # fmt: skip


def test_repeats_are_left_out_as_repeats():
    found = label(gz1([0.9, 0.9], [0, 0], [FIRST] * 2), load("gz1-binary"))
    assert found.left_out == {"repeats of an object": 1}


def test_a_draw_does_not_depend_on_the_order_of_the_rows():
    rng = np.random.default_rng(1)
    ids = FIRST + rng.permutation(400)
    names = [f"g{k}" for k in range(400)]
    for given, named in ((ids, None), ([0] * 400, names)):
        drawn = []
        for order in (np.arange(400), rng.permutation(400)):
            votes = table(np.array(given)[order], name=named and np.array(named)[order],
                          p_el_debiased=[0.9] * 400, p_cs_debiased=[0.0] * 400)  # fmt: skip
            few = label(votes, load("gz1-binary")).at_most(50, 7)
            drawn.append(set(names_given(votes, few.row)))
        assert drawn[0] == drawn[1]
        assert len(drawn[0]) == 50


# ---- soft labels, the rest, columns of labels


def test_soft_labels_of_the_leaves_of_a_tree_add_up_to_at_most_one():
    columns = {load("gz2-tree").column(short, "raw"): [30.0 if short[:2] in ("n", "n_") else 0.0]
               for short in load("gz2-tree").columns}  # fmt: skip
    columns |= {load("gz2-tree").column(s, "raw"): [v] for s, v in {
        "features": 0.9, "smooth": 0.1, "face_on": 0.9, "edge_on": 0.1, "bar": 0.9, "no_bar": 0.1,
        "spiral": 0.85, "no_spiral": 0.15}.items()}  # fmt: skip
    found = label(table(**columns), load("gz2-tree"), kind="raw", soft=True)
    assert found.label.tolist() == ["barred_spiral"]
    assert found.fraction.tolist() == [0.85]  # the least of its path
    assert found.soft["barred_spiral"] == pytest.approx([0.9 * 0.9 * 0.85 * 0.9])
    assert sum(float(share[0]) for share in found.soft.values()) <= 1
    assert found.warnings == []


def test_classes_that_are_no_alternatives_are_warned_of_with_soft_labels():
    c = {f"class{k}": [0.0] for k in KAGGLE} | {"class1.1": [1.0], "class6.1": [0.6]}
    c |= {"class6.2": [0.4], "class8.4": [0.6]}
    found = label(table(**c), load("gz-challenge-tree6"), soft=True)
    assert (found.label.tolist(), found.soft["Spiral"].tolist()) == (["Irregular"], [0.0])
    assert found.warnings == ["1 of 1 labels are not the class with the largest soft label"]


REST = """
[columns]
a = "a"
[[class]]
name = "high"
cuts = ["a >= 0.8"]
[[class]]
name = "low"
rest = true
"""


def own(tmp_path, text):
    path = tmp_path / "own.toml"
    path.write_text('title = "x"\n' + text)
    return load(str(path))


def test_the_rest_are_only_those_whom_all_other_classes_surely_refuse(tmp_path):
    found = label(table(a=[0.9, 0.1, np.nan]), own(tmp_path, REST))
    assert (found.row.tolist(), found.label.tolist()) == ([0, 1], ["high", "low"])
    assert [(s.node, s.cut, s.rows) for s in found.steps] == [
        ("high", "a >= 0.8", 1), ("low", "in no other class", 1)
    ]  # fmt: skip


def test_whole_numbers_name_classes_as_they_are_written(tmp_path):
    found = label(table(m=[1000001, 1000002, np.nan]), own(tmp_path, 'label = "m"'))
    assert found.label.tolist() == ["1000001", "1000002"]


@pytest.mark.parametrize("value", ["../x", "a/b", "a b"])
def test_values_that_cannot_be_folders_are_refused(tmp_path, value):
    with pytest.raises(LayoutError, match=f"column m holds {value!r}, which cannot name a class"):
        label(table(m=["fine", value]), own(tmp_path, 'label = "m"'))


def test_values_that_differ_only_in_capitals_are_refused(tmp_path):
    with pytest.raises(LayoutError, match="holds S and s: on some systems one folder"):
        label(table(m=["S", "s"]), own(tmp_path, 'label = "m"'))


def test_values_that_labels_lack_are_counted():
    found = label(table(gtype=["S", "E", "SP", "EL", "odd", "odd", ""]), load("gz1-gtype"))
    assert found.label.tolist() == ["spiral", "elliptical"] * 2
    assert found.funnel["no label for: odd 2"] == 2


def test_votes_are_not_asked_of_a_scheme_that_counts_none():
    with pytest.raises(SettingError, match="gz1-gtype counts no votes: 5 of them"):
        label(table(gtype=["S"]), load("gz1-gtype"), min_votes=5)


def test_a_column_of_labels_may_count_votes(tmp_path):
    scheme = own(tmp_path, 'label = "m"\nvotes = "n"\n[columns]\nn = "nvote"')
    found = label(table(m=["a", "b"], nvote=[3, 30]), scheme, min_votes=10)
    assert (found.label.tolist(), found.min_votes) == (["b"], 10)
