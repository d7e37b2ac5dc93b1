import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest

from galaxycurate.errors import IdentityError, InputError, LayoutError, UsageError
from galaxycurate.store import formats
from galaxycurate.store.keeping import keep
from galaxycurate.store.manifest import Header, Manifest, read_all

HEADER = Header(
    command="galaxycurate negatives --score 0.2 'é\"",
    created_utc="2026-01-02T03:04:05+00:00",
    archive="https://skyserver.sdss.org (Microsoft-IIS/10.0)",
    release="dr17",
    query="negatives_cell",
    query_sha256="ab" * 32,
    cuts={"score": 0.2, "strategy": "cell"},
    counts={"fields": 815, "negative": 2},
    parents=("cd" * 32,),
)
COLUMNS = dict(
    name=["1237662226208063489", "J0"], label=["spiral", "negative"],
    label_source=['gz1, "debiased"', ""], ra=[164.34342615728403, 359.9], dec=[39.0, -1.25],
    pixscale=[0.396127] * 2, size_px=[256, 256], objID=[1237662226208063489, None],
    fieldID=[1237662226208063488] * 2, n_votes=[41, None], score=[0.5, None],
)  # fmt: skip


def made():
    return Manifest.build(HEADER, COLUMNS, where="test")


@pytest.mark.parametrize("ending", sorted(formats.ENDINGS))
def test_ids_units_and_header_survive_every_format(tmp_path, ending):
    path = tmp_path / f"m{ending}"
    written = made().write(path)
    back = Manifest.read(path)
    assert back.header == HEADER
    assert back.table.equals(made().table)
    assert back.table.schema.field("ra").metadata[b"unit"] == b"deg"
    assert back.sha256 == written.sha256
    assert back.column("objID") == [1237662226208063489, 0]


@pytest.mark.parametrize("ending", [".fits", ".ecsv", ".vot", ".parquet"])
def test_astropy_reads_units_and_ids_on_its_own(tmp_path, ending):
    from astropy.table import Table

    path = tmp_path / f"m{ending}"
    made().write(path)
    table = Table.read(path, **({"format": "parquet.votable"} if ending == ".parquet" else {}))
    assert str(table["ra"].unit) == "deg"
    assert table["objID"].dtype.kind == "i"
    assert int(table["objID"][0]) == 1237662226208063489


def test_fits_tells_ucds_and_meanings_and_escapes_what_ascii_has_not(tmp_path):
    from astropy.io import fits

    columns = COLUMNS | {"source_file": ["Gr\xf6\xdfe.jpg", "plain.jpg"]}
    Manifest.build(HEADER, columns, where="test").write(tmp_path / "m.fits")
    head = fits.getheader(tmp_path / "m.fits", 1)
    n = next(k for k in range(1, 99) if head[f"TTYPE{k}"] == "ra")
    assert head[f"TUCD{n}"] == "pos.eq.ra;meta.main"
    assert head[f"TCOMM{n}"] == "right ascension of the centre, ICRS"
    back = Manifest.read(tmp_path / "m.fits").column("source_file")
    assert back == [r"Gr\xf6\xdfe.jpg", "plain.jpg"]


def test_pandas_reads_whole_ids_from_parquet(tmp_path):
    import pandas as pd

    made().write(tmp_path / "m.parquet")
    table = pd.read_parquet(tmp_path / "m.parquet")
    assert table.objID.dtype == np.int64
    assert table.objID[0] == 1237662226208063489


def test_csv_keeps_its_header_beside_it_as_the_w3c_says(tmp_path):
    made().write(tmp_path / "m.csv")
    about = json.loads((tmp_path / "m.csv-metadata.json").read_text())
    assert about["@context"] == "http://www.w3.org/ns/csvw"
    units = {c["name"]: c["unit"] for c in about["tableSchema"]["columns"]}
    assert units["pixscale"] == "arcsec/pixel"
    assert (tmp_path / "m.csv").read_text().startswith('"name","label"')


def test_an_empty_manifest_survives_every_format(tmp_path):
    none = {name: [] for name in COLUMNS}
    for ending in formats.ENDINGS:
        Manifest.build(HEADER, none, where="test").write(tmp_path / f"m{ending}")
        assert len(Manifest.read(tmp_path / f"m{ending}")) == 0


def test_a_csv_whose_ids_became_floats_is_refused(tmp_path):
    path = tmp_path / "m.csv"
    made().write(path)
    path.write_text(path.read_text().replace('"1237662226208063489","spiral"', '"a","spiral"')
                    .replace(",1237662226208063489,", ",1.2376622262080635e+18,"))  # fmt: skip
    with pytest.raises(IdentityError, match=r"m.csv: column objID .* went through a float"):
        Manifest.read(path)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"redshfit": [1, 2]}, LayoutError, "no column of a manifest is called redshfit"),
        ({"ra": [400.0, 0.0]}, InputError, "ra = 400.0 is outside 0 to 360 degrees"),
        ({"dec": [-91.0, 0.0]}, InputError, "dec = -91.0 is outside -90 to 90 degrees"),
        ({"name": ["a", "a"], "label": ["x", "x"]}, InputError, "a stands twice with label x"),
    ],
)
def test_bad_columns_are_refused_at_the_door(change, error, message):
    with pytest.raises(error, match=message):
        Manifest.build(HEADER, COLUMNS | change, where="test")


def test_a_table_without_header_is_no_manifest(tmp_path):
    (tmp_path / "mine.csv").write_text("name,label,ra,dec,pixscale,size_px\na,b,1,2,0.4,256\n")
    with pytest.raises(LayoutError, match=r"no galaxycurate header: mine.csv-metadata.json, which"):
        Manifest.read(tmp_path / "mine.csv")


def test_positions_of_ones_own_are_told_the_way(tmp_path):
    (tmp_path / "mine.csv").write_text("ra,dec\n1,2\n")
    with pytest.raises(LayoutError, match=r"carries no galaxycurate header\n") as told:
        Manifest.read(tmp_path / "mine.csv")
    assert "galaxycurate positives --table" in told.value.hint


def test_a_broken_file_is_named(tmp_path):
    (tmp_path / "m.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(InputError, match=r"m.parquet cannot be read as parquet"):
        Manifest.read(tmp_path / "m.parquet")


def test_the_same_request_is_written_once(tmp_path):
    path = tmp_path / "m.parquet"
    first = keep(made(), path)
    later = Manifest.build(
        Header(**{**HEADER.__dict__, "created_utc": "later"}), COLUMNS, where="test"
    )
    assert keep(later, path).sha256 == first.sha256


def test_another_request_never_replaces_a_manifest_unasked(tmp_path):
    path = tmp_path / "m.parquet"
    first = keep(made(), path)
    other = Manifest.build(
        Header(**{**HEADER.__dict__, "cuts": {"score": 0.6}}), COLUMNS, where="test"
    )
    with pytest.raises(UsageError, match=r"m.parquet holds another request"):
        keep(other, path)
    assert Manifest.read(path).sha256 == first.sha256
    keep(other, path, replace_old=True)
    aside = tmp_path / "old" / f"m-{first.sha256[:8]}.parquet"
    assert Manifest.read(aside).sha256 == first.sha256


def test_more_rows_of_the_same_request_take_the_place_of_fewer(tmp_path):
    """As when a missing image was found and the import is repeated."""
    path = tmp_path / "m.csv"
    first = keep(made(), path)
    fewer = {name: values[:1] for name, values in COLUMNS.items()}
    second = keep(Manifest.build(HEADER, fewer, where="test"), path)
    assert len(Manifest.read(path)) == 1
    assert second.sha256 != first.sha256
    aside = Manifest.read(tmp_path / "old" / f"m-{first.sha256[:8]}.csv")
    assert aside.table.equals(made().table)


def test_a_banner_of_the_server_is_no_other_request():
    other = Header(**{**HEADER.__dict__, "archive": "https://skyserver.sdss.org (nginx)"})
    assert HEADER.asks_the_same(other)
    moved = Header(**{**HEADER.__dict__, "archive": "https://elsewhere.org (nginx)"})
    assert not HEADER.asks_the_same(moved)


def test_a_manifest_edited_to_nonsense_is_refused(tmp_path):
    path = tmp_path / "m.csv"
    made().write(path)
    path.write_text(path.read_text().replace("164.34342615728403", "999"))
    with pytest.raises(InputError, match=r"m.csv: ra = 999.0 is outside 0 to 360 degrees"):
        Manifest.read(path)


def test_no_manifest_and_an_empty_one_are_told_apart(tmp_path):
    with pytest.raises(InputError, match="no manifests in"):
        read_all([], folder=tmp_path)
    Manifest.build(HEADER, {n: [] for n in COLUMNS}, where="t").write(tmp_path / "m.parquet")
    with pytest.raises(InputError, match=r"m.parquet is empty: it lists no cutouts"):
        read_all([], folder=tmp_path)


def test_a_manifest_that_was_made_anew_from_another_stands_for_both(tmp_path):
    parent = made().write(tmp_path / "m.parquet")
    header = dataclasses.replace(HEADER, parents=(parent.sha256,))
    Manifest.build(header, COLUMNS, where="test").write(tmp_path / "m-with-ids.parquet")
    assert [m.path.name for m in read_all([], folder=tmp_path)] == ["m-with-ids.parquet"]
    assert len(read_all([tmp_path / "m.parquet"], folder=tmp_path)) == 1


def test_a_killed_writer_leaves_the_old_manifest_whole(tmp_path):
    path = tmp_path / "m.parquet"
    keep(made(), path)
    code = (
        "import os, sys\nfrom galaxycurate.store.files import replacing\n"
        "with replacing(__import__('pathlib').Path(sys.argv[1])) as part:\n"
        "    part.write_bytes(b'half'); os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert done.returncode == -9
    assert Manifest.read(path).table.equals(made().table)
    assert [m.path for m in read_all([], folder=tmp_path)] == [path]
