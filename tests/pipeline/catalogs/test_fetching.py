"""Files of catalogues: planned, fetched, and what is said where nobody answers."""

import gzip
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from galaxycurate.catalogs.table import read
from galaxycurate.errors import InputError, LayoutError, ServiceError, Unreachable
from galaxycurate.pipeline.catalogs import fetching
from galaxycurate.pipeline.catalogs import known as catalogs
from tests.archives import fileserver

T01 = "t01_smooth_or_features_a0{}_debiased"
HART = ",".join(
    ["dr7objid", "ra", "dec", "sample", "gz2_class", "total_classifications"]
    + [T01.format(k) for k in ("1_smooth", "2_features_or_disk", "3_star_or_artifact")]
)
FIRST = 587722981736120347
NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "catalogs"


@pytest.fixture
def mirror(tmp_path):
    """A server with a small gz2_hart16 and its list of images."""
    files = tmp_path / "server"
    files.mkdir()
    ids = FIRST + 7 * np.arange(50)
    rows = [f"{i},1.5,-0.5,original,Ei,45,0.9,0.1,0.0" for i in ids]
    (files / "gz2_hart16.csv.gz").write_bytes(gzip.compress("\n".join([HART, *rows]).encode()))
    (files / "GalaxyZoo1_DR_table2.csv.gz").write_bytes(b"another day's table")
    with fileserver.serving(files) as root:
        yield root


def get(wanted):
    return fetching.fetch(wanted, sleep=lambda _: None)


def test_a_catalogue_stands_for_its_first_table(folder):
    (one,) = fetching.plan(["gz1"], folder)
    assert one.layout.name == "GalaxyZoo1_DR_table2"
    assert one.path == folder / "GalaxyZoo1_DR_table2.csv.gz"
    assert not folder.exists()
    (other,) = fetching.plan(["gz1"], folder, table="GalaxyZoo1_DR_table3")
    assert fetching.plan(["GalaxyZoo1_DR_table3"], folder) == [other]


def test_images_come_with_the_list_of_which_shows_what(folder):
    names = [one.path.name for one in fetching.plan(["gz2"], folder, images=True)]
    assert names == ["gz2_hart16.csv.gz", "gz2_filename_mapping.csv", "images_gz2.zip"]


def test_a_mirror_has_the_same_paths(folder):
    (one,) = fetching.plan(["galaxy10"], folder, mirror="http://127.0.0.1:8080/gz/")
    assert one.url == "http://127.0.0.1:8080/gz/~bovy/Galaxy10/Galaxy10.h5"


@pytest.mark.parametrize(
    ("names", "more", "words"),
    [
        (["gz3"], {}, "no catalogue or table is called 'gz3'"),
        (["zooSpec"], {}, "no server is known that offers zooSpec as a file"),
        (["gz1"], {"table": "gz2_hart16"}, "gz2_hart16 is no table of gz1"),
        (["hart-subset"], {}, "no server is known that offers gz2_hart16_subset_3744 as a file"),
    ],
)
def test_what_nobody_offers_is_refused(folder, names, more, words):
    with pytest.raises(InputError, match=words) as error:
        fetching.plan(names, folder, **more)
    assert error.value.hint


def test_what_was_fetched_is_ready_and_a_second_time_it_is_there(folder, mirror):
    (wanted,) = fetching.plan(["gz2"], folder, mirror=mirror)
    fetched = get(wanted)
    assert (fetched.how, fetched.verified) == ("fetched", False)
    kept = catalogs.keep(fetched.path, folder)
    assert (kept.catalog, kept.table, kept.rows) == ("gz2", "gz2_hart16", 50)
    assert [p.suffix for p in catalogs.here(wanted.layout, folder)] == [".gz", ".parquet"]
    again = get(wanted)
    assert (again.how, again.verified) == ("there", True)


def test_another_file_than_the_published_one_is_set_aside(folder, mirror):
    (wanted,) = fetching.plan(["gz1"], folder, mirror=mirror)
    with pytest.raises(ServiceError, match="is not the published file"):
        get(wanted)
    assert [path.name for path in folder.iterdir()] == ["GalaxyZoo1_DR_table2.csv.gz.bad"]


def test_without_a_network_it_is_said_what_to_put_where(folder):
    (wanted,) = fetching.plan(["gz1"], folder, mirror=NOBODY)
    with pytest.raises(Unreachable) as error:
        get(wanted)
    assert error.value.hint == (
        "get GalaxyZoo1_DR_table2.csv.gz (size not published, "
        "sha256:5121e43f502856c9f73e31934a6e7d7282669c3ae065564a31f5d5115f45541d) from "
        "https://data.galaxyzoo.org/data/gz1/GalaxyZoo1_DR_table2.csv.gz, put it at "
        f"{wanted.path}, then: galaxycurate catalogs fetch gz1, which verifies it"
    )


def test_what_needs_a_login_is_taken_from_where_it_was_put(folder):
    (wanted,) = fetching.plan(["gz-challenge"], folder)
    with pytest.raises(ServiceError, match="only to who is logged in") as error:
        get(wanted)
    assert (
        f"put it at {wanted.path}, then: galaxycurate catalogs fetch gz-challenge"
        in error.value.hint
    )
    folder.mkdir()
    wanted.path.write_bytes(b"as Kaggle gave it")
    assert get(wanted).how == "there"


def test_a_published_file_that_was_put_there_is_verified_and_used(folder, shared_data):
    (wanted,) = fetching.plan(["red-spirals"], folder, mirror=NOBODY)
    folder.mkdir()
    wanted.path.write_bytes((shared_data / "gz_tables" / "RedSpiralsA1.txt").read_bytes())
    fetched = get(wanted)
    assert (fetched.how, fetched.verified) == ("there", True)
    assert catalogs.keep(fetched.path, folder).rows == 294


def test_vizier_is_asked_only_for_what_is_known_of_it():
    assert fetching.vizier_table("gz1").vizier == "J/MNRAS/410/166/galaxies"
    with pytest.raises(InputError, match="no table of VizieR is known for GalaxyZoo1_DR_table3"):
        fetching.vizier_table("GalaxyZoo1_DR_table3")


def test_columns_that_are_not_known_at_vizier_are_refused_and_named(tmp_path, folder):
    pytest.importorskip("astroquery")
    with serving_vizier(tmp_path) as server:
        layout = fetching.vizier_table("gz1")
        path = fetching.fetch_vizier(layout, folder, mirror=server)
        assert catalogs.keep(path, folder).table == "GalaxyZoo1_vizier"
        table = read(path)
        assert table.dr7objid.tolist() == [587727178986356823, 587727227300741210]
        assert table.ra == pytest.approx([0.0017083, 0.0030833], abs=1e-6)
        assert "nvote" not in table.columns, "nobody knows that N is the number of votes"
        with pytest.raises(LayoutError, match="has other columns than are known here: objid, ra"):
            fetching.fetch_vizier(replace(layout, needs=("p_el",)), folder, mirror=server)


@contextmanager
def serving_vizier(tmp_path):
    command = [sys.executable, "-m", "tests.archives.test_vizier", str(tmp_path / "asked")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()
