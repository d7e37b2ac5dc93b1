import json
import subprocess
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest

from galaxycurate.errors import InputError, LayoutError
from galaxycurate.store import formats
from galaxycurate.store.manifest import Header, Manifest
from galaxycurate.store.manifestfile import ManifestFile

N = 10_000


def columns(n=N, **more):
    made = {
        "name": [f"n{k}" for k in range(n)], "label": ["a", "b"] * (n // 2),
        "ra": np.linspace(0, 359, n).tolist(), "dec": [None, *[1.5] * (n - 1)],
        "pixscale": [0.4] * n, "size_px": [64] * n,
        "objID": [1237662226208063489 + k for k in range(n)],
    }  # fmt: skip
    return made | more


def written(folder, name="m.parquet", **more):
    header = Header("test", "2026-01-01T00:00:00+00:00", archive="x")
    return Manifest.build(header, columns(**more), where="t").write(folder / name)


@pytest.mark.parametrize("name", ["m.parquet", "m.csv"])
def test_the_rows_are_those_of_the_whole_manifest(tmp_path, name):
    whole = written(tmp_path, name)
    file = ManifestFile.open(tmp_path / name)
    assert (len(file), file.sha256, file.header) == (N, whole.sha256, whole.header)
    asked = ("name", "ra", "dec", "size_px", "objID", "petroRad_r")
    walked = [row for c in file.walk(asked) for row in zip(*c.values(), strict=True)]
    assert (
        walked[1:] == [(*(row[k] for k in asked[:-1]), None) for row in whole.rows(asked[:-1])][1:]
    )
    assert walked[0][4] == 1237662226208063489
    assert np.isnan(walked[0][2])


def test_only_the_rows_that_are_asked_for_come(tmp_path):
    written(tmp_path)
    only = np.zeros(N, bool)
    only[[0, 4095, 4096, 9999]] = True
    found = [n for c in ManifestFile.open(tmp_path / "m.parquet").walk(["name"], only)
             for n in c["name"]]  # fmt: skip
    assert found == ["n0", "n4095", "n4096", "n9999"]


def test_what_is_no_manifest_is_refused_as_ever(tmp_path):
    (tmp_path / "x.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(InputError, match="cannot be read as parquet"):
        ManifestFile.open(tmp_path / "x.parquet")
    (tmp_path / "x.csv").write_text("name,label\n")
    with pytest.raises(LayoutError, match="is no manifest"):
        ManifestFile.open(tmp_path / "x.csv")
    with pytest.raises(InputError, match="no such manifest"):
        ManifestFile.open(tmp_path / "y.parquet")


@pytest.mark.parametrize(
    "header", ["{", "[]", "{}", '{"command": "x"}', '{"command": 1, "created_utc": "2026"}',
               '{"command": "x", "created_utc": "2026", "parents": 3}'],
)  # fmt: skip
def test_a_damaged_header_is_told_as_such(tmp_path, header):
    whole = written(tmp_path)
    formats.writer(whole.path)(whole.path, whole.table, header)
    for read in (ManifestFile.open, Manifest.read):
        with pytest.raises(LayoutError, match=r"m\.parquet: its galaxycurate header is damaged"):
            read(whole.path)


def test_another_file_under_the_same_name_is_not_walked(tmp_path):
    written(tmp_path)
    file = ManifestFile.open(tmp_path / "m.parquet")
    begun = file.walk(["name"])
    first = next(begun)["name"]
    written(tmp_path, name="m.parquet", label=["c"] * N)
    assert len(first) + sum(len(c["name"]) for c in begun) == N, "what is open stays whole"
    with pytest.raises(InputError, match=r"m\.parquet was replaced while it was at work"):
        next(file.walk(["name"]))
    assert next(ManifestFile.open(tmp_path / "m.parquet").walk(["label"]))["label"][0] == "c"


def test_only_texts_that_repeat_have_a_dictionary(tmp_path):
    path = written(tmp_path).path
    with pq.ParquetFile(path) as file:
        group = file.metadata.row_group(0)
        kept = {group.column(k).path_in_schema: group.column(k) for k in range(group.num_columns)}
    assert {name for name, column in kept.items() if column.has_dictionary_page} == {"label"}


WALK = """
import json, resource, sys
from galaxycurate.store.manifestfile import ManifestFile
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
few, many = (ManifestFile.open(p) for p in sys.argv[1:])
found = []
for file in (few, many):
    n = sum(len(c["name"]) for c in file.walk(("name", "ra", "objID")))
    found.append((n, peak()))
print(json.dumps([found, "pandas" in sys.modules]))
"""


def test_memory_does_not_grow_with_the_rows_and_pandas_stays_away(tmp_path):
    written(tmp_path, "few.parquet")
    big = columns(200_000)
    Manifest.build(Header("t", "2026"), big, where="t").write(tmp_path / "many.parquet")
    paths = [str(tmp_path / f"{name}.parquet") for name in ("few", "many")]
    done = subprocess.run([sys.executable, "-c", WALK, *paths], capture_output=True, text=True,
                          check=True)  # fmt: skip
    ((few, before), (many, after)), pandas = json.loads(done.stdout)
    assert (few, many, pandas) == (N, 200_000, False)
    assert after - before < 12, "the whole table would be more"
