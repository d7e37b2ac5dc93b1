import numpy as np
import pytest

pytest.importorskip("distributed")

from galaxycurate.curation.sky.footprints import Footprints, overlapping
from galaxycurate.errors import InputError
from galaxycurate.pipeline.cluster.sky import overlapping_in_catalogue, overlapping_on_cluster


@pytest.fixture(scope="module")
def cluster():
    """A scheduler with two worker processes."""
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as made:
        yield made.scheduler_address


def positions(n, seed=1):
    """Around where six of the twelve large cells of HEALPix meet, across RA 0 and the equator."""
    rng = np.random.default_rng(seed)
    at = rng.uniform(-0.5, 0.5, n) + 45 * rng.integers(0, 2, n), rng.uniform(-0.5, 0.5, n)
    return at[0] % 360, at[1]


def assert_alike(one, other):
    assert len(one) > 0
    assert one.first.tolist() == other.first.tolist()
    assert one.second.tolist() == other.second.tolist()
    assert (one.amount == other.amount).all()


def test_two_processes_find_what_one_finds(cluster):
    ra, dec = positions(6_000)
    ra[5] = np.nan
    f = Footprints(ra, dec, np.random.default_rng(2).uniform(60, 200, ra.size))
    told = []
    found = overlapping_on_cluster(cluster, f, most_rows=1000, min_overlap=0.1,
                                   progress=lambda *news: told.append(news))  # fmt: skip
    assert_alike(found, f.overlapping(min_overlap=0.1))
    assert told[-1][0] == told[-1][1] > 5


def test_no_footprints_need_no_cluster():
    assert len(overlapping_on_cluster("nowhere", Footprints([], [], 60.0))) == 0


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    """A small HATS catalogue with partitions of different orders."""
    lsdb = pytest.importorskip("lsdb")
    import pandas as pd

    ra, dec = positions(3000, seed=3)
    ids = 1237662226208063489 + np.arange(ra.size)
    table = pd.DataFrame({"objID": ids, "ra": ra, "dec": dec, "r": 17.0})
    path = tmp_path_factory.mktemp("hats") / "galaxies"
    made = lsdb.from_dataframe(table, ra_column="ra", dec_column="dec", partition_rows=800)
    made.write_catalog(path, catalog_name="galaxies")
    return path, table


def test_a_hats_catalogue_is_searched_by_its_own_partitions(cluster, catalogue):
    path, table = catalogue
    found = overlapping_in_catalogue(cluster, path, 101.4)
    assert sorted(found.ids.tolist()) == table["objID"].tolist()
    there = table.set_index("objID").loc[found.ids]
    assert_alike(found.pairs, overlapping(there["ra"].to_numpy(), there["dec"].to_numpy(), 101.4))


def test_what_is_no_catalogue_or_lacks_the_ids_is_refused(catalogue, tmp_path):
    path, _ = catalogue
    with pytest.raises(InputError, match="has no column id"):
        overlapping_in_catalogue("local", path, 101.4, id_column="id")
    with pytest.raises(InputError, match="no HATS catalogue"):
        overlapping_in_catalogue("local", tmp_path, 101.4)
