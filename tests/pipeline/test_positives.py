"""Positives, from a vote table and from an archive: the same labels."""

import numpy as np
import pandas as pd
import pytest

from galaxycurate.catalogs.rules.shipped import load as load_scheme
from galaxycurate.core.ids import encode
from galaxycurate.errors import InputError, LayoutError, SettingError, UsageError
from galaxycurate.pipeline.archive import archive_of
from galaxycurate.pipeline.catalogs.known import keep
from galaxycurate.pipeline.positives import explain, positives
from galaxycurate.pipeline.radii import radii_of
from galaxycurate.pipeline.wish import Wish, query
from galaxycurate.store.manifest import Manifest
from galaxycurate.store.settings import load


def zoo_spec(n=400, seed=0):
    rng = np.random.default_rng(seed)
    p_el = rng.random(n)
    p_cs = (1 - p_el) * rng.random(n)
    return pd.DataFrame({
        "objid": encode(run=94, camcol=1, field=20, obj=np.arange(1, n + 1)),
        "dr7objid": encode(skyVersion=1, rerun=40, run=94, camcol=1, field=20,
                           obj=np.arange(1, n + 1)),
        "ra": rng.uniform(150, 160, n), "dec": rng.uniform(0, 5, n),
        "nvote": rng.integers(5, 60, n), "p_el": p_el, "p_cs": p_cs,
        "p_el_debiased": np.clip(p_el - 0.02, 0, 1), "p_cs_debiased": np.clip(p_cs + 0.02, 0, 1),
        **{f"p_{answer}": rng.random(n) for answer in ("cw", "acw", "edge", "dk", "mg")},
        "spiral": 0, "elliptical": 0, "uncertain": 1,
    })  # fmt: skip


@pytest.fixture
def sky(tmp_path):
    table = zoo_spec()
    table.to_parquet(tmp_path / "zooSpec.parquet")
    table.to_csv(tmp_path / "votes.csv", index=False)
    return tmp_path


def settings(folder, **more):
    given = {"archive": f"local:{folder}", "catalogs": str(folder / "catalogs"), **more}
    return load(given, folder=folder, environ={})


@pytest.mark.parametrize("kind", ["debiased", "raw"])
def test_the_archive_and_the_file_give_the_same_labels(sky, kind):
    asked, _ = positives(settings(sky), kind=kind)
    read, _ = positives(settings(sky), kind=kind, table=sky / "votes.csv")
    rows = [dict(zip(m.column("objID"), m.column("label"), strict=True)) for m in (asked, read)]
    assert rows[0] == rows[1]
    assert set(rows[0].values()) == {"elliptical", "spiral"}


def test_every_row_keeps_its_votes_and_where_they_are_from(sky):
    manifest, labels = positives(settings(sky), threshold=0.9, table=sky / "votes.csv")
    table = zoo_spec().set_index("objid")
    for row in manifest.rows():
        truth = table.loc[row["objID"]]
        share = truth[f"p_{'el' if row['label'] == 'elliptical' else 'cs'}_debiased"]
        assert row["vote_fraction"] == pytest.approx(share, abs=1e-6)
        assert row["n_votes"] == truth.nvote >= 10
        assert row["vote_fraction"] >= 0.9 - 1e-6
        assert row["label_source"] == "gz1-binary debiased"
        assert (row["scheme"], row["catalog"]) == ("gz1-binary", "gz1")
        assert row["dr7objid"] == truth.dr7objid
    assert manifest.header.counts == labels.funnel
    assert manifest.header.parents[0]
    assert manifest.header.cuts["scheme_sha256"] == load_scheme("gz1-binary").sha256


@pytest.mark.parametrize("limit", [1, 20, 50])
def test_the_archive_and_the_file_give_the_same_draw(sky, limit):
    few = [positives(settings(sky, limit=limit), table=t)[0] for t in (sky / "votes.csv", None)]
    assert len(few[0]) == limit
    assert set(few[0].column("name")) == set(few[1].column("name"))
    assert few[0].table.equals(
        positives(settings(sky, limit=limit), table=sky / "votes.csv")[0].table
    )


def test_the_archive_is_asked_again_where_the_rules_left_too_few(sky):
    """Of the rows that SQL passes most are repeats of an object, or outvoted."""
    table = zoo_spec()
    passing = table[(table.p_el_debiased >= 0.85) & (table.nvote >= 10)]
    torn = pd.concat([passing.iloc[[k]].assign(p_el_debiased=0.1, nvote=90) for k in range(20)])
    many = pd.concat([table, torn] + [passing.iloc[[0]]] * 300)
    many.to_parquet(sky / "zooSpec.parquet")
    many.to_csv(sky / "votes.csv", index=False)
    few = [positives(settings(sky, limit=30), table=t) for t in (None, sky / "votes.csv")]
    assert len(few[0][0]) == len(few[1][0]) == 30
    assert set(few[0][0].column("name")) == set(few[1][0].column("name"))


def test_fractions_kept_in_32_bits_pass_the_threshold_in_sql_too(sky):
    table = zoo_spec()
    table.loc[:9, ["p_el_debiased", "p_cs_debiased", "nvote"]] = 0.7, 0.1, 50
    table = table.astype({"p_el_debiased": "float32", "nvote": int})
    table.to_parquet(sky / "zooSpec.parquet")
    manifest, _ = positives(settings(sky, limit=1000), threshold=0.7)
    assert set(table.objid[:10]) <= set(manifest.column("objID"))


def test_an_archive_is_explained_and_compared_over_all_its_rows(sky):
    told = [
        explain(settings(sky, limit=20), Wish(table=t, kind="raw"), other="gz1-binary")
        for t in (None, sky / "votes.csv")
    ]
    assert told[0].labels.funnel == told[1].labels.funnel
    assert told[0].labels.funnel["rows"] == 400
    assert told[0].compared == told[1].compared
    assert set(told[0].compared["elliptical"]) == {"elliptical", "spiral", "(none)"}
    assert told[0].compared["elliptical"]["(none)"] == 0  # both of the raw votes


def test_votes_that_no_scheme_knows_are_refused_with_those_that_are_there(sky):
    with pytest.raises(SettingError, match="gz1-binary knows no foo votes") as caught:
        query(settings(sky), Wish(kind="foo"))
    assert caught.value.hint == "--votes debiased or raw"


def test_a_table_without_rows_is_an_empty_answer(tmp_path):
    (tmp_path / "none.csv").write_text("objid,ra,dec,m\n")
    (tmp_path / "own.toml").write_text(
        'title = "x"\n[columns]\nm = "m"\n[[class]]\nname = "s"\ncuts = ["m == \'s\'"]\n'
    )
    wish = Wish(scheme=str(tmp_path / "own.toml"), table=tmp_path / "none.csv")
    assert len(positives(settings(tmp_path), wish)[0]) == 0


def test_nothing_that_passes_is_an_empty_manifest(sky):
    manifest, labels = positives(settings(sky, min_votes=1000), table=sky / "votes.csv")
    assert len(manifest) == 0
    assert labels.funnel["at least 1000 votes"] == 0


def test_real_tables_make_manifests_without_rounded_ids(shared_data, tmp_path):
    table = shared_data / "gz_tables" / "zoo2MainSpecz_subset.csv.gz"
    manifest, labels = positives(settings(tmp_path), threshold=0.7, table=table)
    assert labels.funnel["elliptical"] + labels.funnel["spiral"] == len(manifest) == 355
    path = tmp_path / "p.ecsv"
    manifest.write(path)
    source = pd.read_csv(table, dtype=str).dr8objid.dropna()
    ids = [str(i) for i in manifest.column("objID") if i]
    assert set(ids) <= set(source)


@pytest.mark.parametrize("threshold", [0.5, 1.2])
def test_a_threshold_outside_its_range_is_refused(sky, threshold):
    with pytest.raises(SettingError, match=r"must be above 0.5 and at most 1"):
        positives(settings(sky), threshold=threshold)


MINE = """
title = "One sort"
catalogs = ["gz1"]
choose = "first"
[columns]
el = "p_el_debiased"
cs = "p_cs_debiased"
[[class]]
name = "sure"
cuts = ["max(el, cs) >= 0.9"]
fraction = "max(el, cs)"
[[class]]
name = "unsure"
rest = true
fraction = "1 - max(el, cs)"
"""


@pytest.fixture
def mine(sky):
    (sky / "mine.toml").write_text(MINE)
    return str(sky / "mine.toml")


def test_a_scheme_of_the_users_own_labels_a_file_and_an_archive_alike(sky, mine):
    told = settings(sky, limit=1000)
    made = [positives(told, scheme=mine, table=t)[0] for t in (None, sky / "votes.csv")]
    rows = [dict(zip(m.column("objID"), m.column("label"), strict=True)) for m in made]
    assert rows[0] == rows[1]
    assert set(rows[0].values()) == {"sure", "unsure"}
    assert [m.header.query for m in made] == ["votes_gz1", ""]
    assert made[0].header.cuts["scheme"] == "mine"


def test_columns_that_no_question_asks_for_are_refused_before_anybody_is_asked(sky, mine):
    (sky / "mine.toml").write_text(MINE.replace("p_el_debiased", "p_odd"))
    with pytest.raises(
        LayoutError, match=r"sql/votes_gz1.sql\) lacks what scheme mine reads: p_odd"
    ):
        query(settings(sky), Wish(scheme=mine, catalog="gz1"))


def test_a_scheme_for_another_catalogue_is_not_asked_of_the_archive(sky):
    with pytest.raises(UsageError, match="reads gz-challenge, which no archive holds") as caught:
        query(settings(sky), Wish(scheme="gz-challenge-tree6"))
    assert caught.value.hint == "--table gz-challenge"


@pytest.mark.parametrize("ending", ["parquet", "ecsv", "fits", "vot", "csv"])
def test_soft_labels_come_back_from_every_format(sky, ending):
    manifest, labels = positives(settings(sky), table=sky / "votes.csv", soft=True)
    path = sky / f"soft.{ending}"
    manifest.write(path)
    back = Manifest.read(path)
    assert back.table.equals(manifest.table)
    assert back.column("soft_spiral") == pytest.approx(labels.soft["spiral"], abs=1e-6)


def test_a_scheme_may_ask_for_rows_and_size_but_the_user_decides(sky):
    votes = {"scheme": "table2-irregular", "table": sky / "votes.csv"}
    by_scheme = positives(settings(sky), **votes)[0].header.cuts
    assert (by_scheme["limit"], by_scheme["size_px"], by_scheme["min_votes"]) == (2000, 224, 0)
    by_user = positives(settings(sky, limit=30, size_px=96, min_votes=7), **votes)[0].header.cuts
    assert (by_user["limit"], by_user["size_px"], by_user["min_votes"]) == (30, 96, 7)


def test_rows_without_ids_are_named_by_their_catalogue(tmp_path):
    answers = {f"Class{k}": [0.1, 0.2] for k in ("1.3", "2.1", "3.1", "4.1", "8.4")}
    answers |= {"GalaxyID": [100008, 100023], "Class1.1": [0.6, 0.1], "Class1.2": [0.3, 0.7]}
    pd.DataFrame(answers).to_csv(tmp_path / "training_solutions_rev1.csv", index=False)
    manifest, _ = positives(
        settings(tmp_path), scheme="gz-challenge-argmax6",
        table=tmp_path / "training_solutions_rev1.csv",
    )  # fmt: skip
    assert manifest.column("name") == ["100008", "100023"]
    assert manifest.column("label") == ["Elliptical", "Star_Artifact"]
    assert manifest.column("run") == [None, None]


def test_a_table_that_was_put_away_is_found_by_its_name(sky):
    with pytest.raises(InputError, match="gz1 is not on this machine") as caught:
        positives(settings(sky), table="gz1")
    assert "galaxycurate catalogs fetch gz1" in caught.value.hint
    (sky / "zooSpec.csv").write_bytes((sky / "votes.csv").read_bytes())
    first, _ = positives(settings(sky), table=sky / "zooSpec.csv")
    keep(sky / "zooSpec.csv", sky / "catalogs")
    for name in ("zooSpec", "GZ1"):
        again, _ = positives(settings(sky), table=name)
        assert again.table.equals(first.table)
        assert again.header.parents == first.header.parents


def test_what_is_explained_is_what_would_be_written(sky):
    wish = Wish(table=sky / "votes.csv", threshold=0.8)
    told = explain(settings(sky), wish, other="table2-irregular")
    _, labels = positives(settings(sky), wish)
    assert told.labels.funnel == labels.funnel
    assert told.labels.steps == labels.steps
    assert told.spreads["spiral"].cut == 0.8
    both = told.compared
    assert sum(n for row in both.values() for n in row.values()) == 400
    assert both["elliptical"]["elliptical"] == labels.funnel["elliptical"]


def test_radii_come_from_the_archive_by_id(sky):
    votes = zoo_spec()
    photo = pd.DataFrame({"objID": votes["objid"], "petroRad_r": np.arange(len(votes)) / 10 + 1.0})
    photo.loc[3, "petroRad_r"] = -9999.0
    photo.drop(index=5).to_parquet(sky / "PhotoObjAll.parquet")  # one object CAS does not know
    truth = dict(zip(photo["objID"], photo["petroRad_r"], strict=True))
    for table in (None, sky / "votes.csv"):
        manifest, _ = positives(settings(sky, limit=300), threshold=0.51, radii=True, table=table)
        rows = {row["objID"]: row["petroRad_r"] for row in manifest.rows()}
        unknown = {photo["objID"][3], photo["objID"][5]}
        assert len(rows) > 200
        assert all(r is None for i, r in rows.items() if i in unknown)
        known = {i: r for i, r in rows.items() if i not in unknown}
        assert known == pytest.approx({i: truth[i] for i in known}, rel=1e-6)
        assert manifest.header.cuts["radii"] is True


def test_a_table_with_radii_brings_its_own(sky):
    votes = zoo_spec().assign(petroRad_r=np.r_[-9999.0, np.linspace(2, 30, 399)])
    votes.to_csv(sky / "sized.csv", index=False)
    manifest, _ = positives(settings(sky), threshold=0.51, table=sky / "sized.csv")
    truth = votes.set_index("objid")["petroRad_r"]
    for row in manifest.rows():
        expected = truth[row["objID"]]
        assert row["petroRad_r"] == (pytest.approx(expected, rel=1e-6) if expected > 0 else None)


def test_radii_of_other_catalogues_are_refused_with_the_way_out(sky):
    with pytest.raises(UsageError, match="radii are known of gz1 and gz2 only") as refused:
        radii_of(archive_of(settings(sky)), "hoyle-bars", np.array([1]), seed=1)
    assert "petroRad_r" in refused.value.hint
