"""Crosswalks on disk: ids exact in every format, the header with them."""

import json

import numpy as np
import pandas as pd
import pytest
from astropy.table import Table

from galaxycurate.errors import UsageError
from galaxycurate.store import crosswalk

OLD, NEW = 587722982284656773, 1237648703509561483


@pytest.fixture
def table():
    return crosswalk.arrow_table({
        "row": np.array([1, 3]), "dr7objid": np.array([OLD, OLD + 1]), "objID": np.array([NEW, 0]),
        "how": np.array(["PhotoObjDR7", ""], object),
        "distance_arcsec": np.array([0.25, np.nan]),
        "reason": np.array(["", "no position"], object),
    })  # fmt: skip


def test_parquet_keeps_types_units_and_header(table, tmp_path):
    import pyarrow.parquet as pq

    crosswalk.write(tmp_path / "x.parquet", table, '{"a": 1}')
    read = pq.read_table(tmp_path / "x.parquet")
    assert read.to_pylist() == table.to_pylist()
    assert read.schema.metadata[b"galaxycurate_crosswalk"] == b'{"a": 1}'
    assert read.schema.field("distance_arcsec").metadata[b"unit"] == b"arcsec"
    assert table["distance_arcsec"].null_count == 1


def test_csv_quotes_ids_and_has_its_header_beside(table, tmp_path):
    crosswalk.write(tmp_path / "x.csv", table, '{"a": 1}')
    assert f'1,"{OLD}","{NEW}","PhotoObjDR7",0.25,""' in (tmp_path / "x.csv").read_text()
    read = pd.read_csv(tmp_path / "x.csv", dtype=str)
    assert read.objID.tolist() == [str(NEW), "0"]
    about = json.loads((tmp_path / "x.csv-metadata.json").read_text())
    assert about["galaxycurate_crosswalk"] == '{"a": 1}'
    assert [c["name"] for c in about["tableSchema"]["columns"]] == list(crosswalk.COLUMNS)


def test_ecsv_keeps_ids_units_and_header(table, tmp_path):
    crosswalk.write(tmp_path / "x.ecsv", table, '{"a": 1}')
    read = Table.read(tmp_path / "x.ecsv")
    assert read["dr7objid"].tolist() == [OLD, OLD + 1]
    assert str(read["distance_arcsec"].unit) == "arcsec"
    assert read.meta["galaxycurate_crosswalk"] == '{"a": 1}'


@pytest.mark.parametrize("ending", ["parquet", "csv", "ecsv"])
def test_the_header_is_read_back_and_another_file_has_none(table, tmp_path, ending):
    path = tmp_path / f"x.{ending}"
    assert crosswalk.header_of(path) is None
    crosswalk.write(path, table, '{"a": 1}')
    assert crosswalk.header_of(path) == {"a": 1}
    path.with_name("x.csv-metadata.json").unlink(missing_ok=True)
    path.write_text("a,b\n1,2\n")
    assert crosswalk.header_of(path) is None


def test_another_ending_is_refused(table, tmp_path):
    with pytest.raises(UsageError, match=r"no crosswalk has the ending '.txt'"):
        crosswalk.write(tmp_path / "x.txt", table, "")
    assert list(tmp_path.iterdir()) == []
