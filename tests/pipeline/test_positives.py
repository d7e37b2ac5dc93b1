"""Positives, from a vote table and from an archive: the same labels."""

import numpy as np
import pandas as pd
import pytest

from galaxycurate.core.ids import encode
from galaxycurate.errors import SettingError
from galaxycurate.pipeline.positives import positives
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
    })  # fmt: skip


@pytest.fixture
def sky(tmp_path):
    table = zoo_spec()
    table.to_parquet(tmp_path / "zooSpec.parquet")
    table.to_csv(tmp_path / "votes.csv", index=False)
    return tmp_path


def settings(folder, **more):
    return load({"archive": f"local:{folder}", **more}, folder=folder, environ={})


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
        assert row["p_el"] == pytest.approx(truth.p_el_debiased, abs=1e-6)
        assert row["n_votes"] == truth.nvote >= 10
        assert row["vote_fraction"] >= 0.9 - 1e-6
        assert row["label_source"] == "gz1 debiased"
        assert row["dr7objid"] == truth.dr7objid
    assert manifest.header.counts == labels.funnel
    assert manifest.header.parents[0]


def test_a_limit_draws_repeatably(sky):
    few = [positives(settings(sky, limit=20), table=sky / "votes.csv")[0] for _ in range(2)]
    assert len(few[0]) == 20
    assert few[0].table.equals(few[1].table)
    assert positives(settings(sky, limit=20))[0].column("name") != few[0].column("name")


def test_nothing_that_passes_is_an_empty_manifest(sky):
    manifest, labels = positives(settings(sky, min_votes=1000), table=sky / "votes.csv")
    assert len(manifest) == 0
    assert labels.funnel["at least 1000 votes"] == 0


def test_real_tables_make_manifests_without_rounded_ids(shared_data, tmp_path):
    table = shared_data / "gz_tables" / "zoo2MainSpecz_subset.csv.gz"
    manifest, labels = positives(load({}, folder=tmp_path, environ={}), threshold=0.7, table=table)
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
