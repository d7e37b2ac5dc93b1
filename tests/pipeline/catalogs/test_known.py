"""Catalogues on this machine: checked and kept, and counted as the document says."""

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from galaxycurate.catalogs import known
from galaxycurate.catalogs.rules import shipped
from galaxycurate.catalogs.rules.labels import label
from galaxycurate.catalogs.table import read
from galaxycurate.errors import IdentityError, InputError, LayoutError
from galaxycurate.pipeline.catalogs import known as catalogs

GZ1 = (
    "OBJID,RA,DEC,NVOTE,P_EL,P_CW,P_ACW,P_EDGE,P_DK,P_MG,P_CS,P_EL_DEBIASED,P_CS_DEBIASED,"
    "SPIRAL,ELLIPTICAL,UNCERTAIN\n"
    "587727178986356823,00:00:00.41,-10:22:25.7,59,.61,.034,0,.153,.153,.051,.186,.61,.186,0,0,1\n"
    "587727227300741210,00:00:00.74,-09:13:20.2,18,.611,0,.167,.222,0,0,.389,.203,.797,1,0,0\n"
    "587727225153257596,00:00:00.74,-09:13:20.2,68,.735,.029,0,.147,.074,.015,.176,.432,.428,0,0,1\n"
    "587727225153257596,00:00:00.74,-09:13:20.2,68,.735,.029,0,.147,.074,.015,.176,.432,.428,0,0,1\n"
)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "catalogs"


def test_check_tells_table_columns_repeats_and_who_can_use_it(tmp_path):
    path = tmp_path / "votes.csv"
    path.write_text(GZ1)
    found = catalogs.check(path)
    assert (found.catalog, found.table, found.rows) == ("gz1", "GalaxyZoo1_DR_table2", 4)
    assert (len(found.known), found.unknown, found.missing) == (16, (), ())
    assert (found.objects, found.repeated) == (3, 1)
    assert (found.close, found.same) == (3, 3)
    assert "gz1-binary" in found.schemes
    assert any("sexagesimal" in note.what for note in found.notes)


def test_check_names_columns_that_the_catalogue_does_not_know(tmp_path):
    path = tmp_path / "part.csv"
    path.write_text("objid,p_el,p_cs,mine\n1237662226208063489,0.9,0.1,5\n")
    found = catalogs.check(path)
    assert (found.table, found.unknown) == ("zooSpec", ("mine",))
    assert "nvote" in found.missing


def test_check_refuses_ids_that_went_through_a_float(tmp_path):
    path = tmp_path / "rounded.csv"
    path.write_text("objid,p_el,p_cs\n1.23766222620806E+18,0.9,0.1\n")
    with pytest.raises(IdentityError, match="went through a float"):
        catalogs.check(path)


def test_images_in_hdf5_are_checked_and_not_kept(tmp_path, folder):
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "Galaxy10.h5"
    with h5py.File(path, "w") as file:
        file["images"] = np.zeros((4, 69, 69, 3), np.uint8)
        file["ans"] = np.arange(4, dtype=np.uint8)
    found = catalogs.check(path)
    assert (found.table, found.rows, found.missing) == ("Galaxy10", 4, ())
    assert found.command == f"galaxycurate import {path}"
    assert "galaxy10" in found.schemes
    assert not catalogs.is_for_cas(path)
    with pytest.raises(InputError) as error:
        catalogs.keep(path, folder)
    assert error.value.hint == f"galaxycurate import {path}"


def test_a_table_of_the_users_own_stays_where_it_is(tmp_path, folder):
    path = tmp_path / "mine.csv"
    path.write_text("objid,ra,dec,kind\n1237662226208063489,1,2,ring\n")
    with pytest.raises(LayoutError, match="no table of a known catalogue") as error:
        catalogs.keep(path, folder)
    assert error.value.hint.startswith(f"galaxycurate positives --table {path} --scheme")


def test_a_dry_run_keeps_nothing(tmp_path, folder):
    path = tmp_path / "votes.csv"
    path.write_text(GZ1)
    assert catalogs.keep(path, folder, dry_run=True).rows == 4
    assert not folder.exists()


@pytest.mark.parametrize(
    ("text", "of_cas"),
    [
        (GZ1, False),
        ("specobjid,objid8,ra,dec,spiral,elliptical,uncertain\n", True),
        ("objid,ra,dec,type,modelMag_r\n", True),
        ("GalaxyID,Class1.1,Class1.2,Class1.3\n", False),
    ],
)
def test_tables_of_cas_are_for_sql_and_the_others_are_not(tmp_path, text, of_cas):
    path = tmp_path / "table.csv"
    path.write_text(text)
    assert catalogs.is_for_cas(path) == of_cas


@pytest.mark.parametrize(
    ("name", "objects", "repeated", "close"),
    [
        ("Galaxy10_coord.csv", 0, 0, 59),
        ("galaxy-builder-catalog.csv", 198, 98, 98),
        ("skyserver_zooSpec_flags_10000.csv", 9987, 1, 0),
        ("overlap-catalog.txt", 1962, 1, 0),
        ("mergers_gz2.fits", 1777, 9, 9),
    ],
)
def test_check_finds_what_is_repeated_in_real_files(shared_data, name, objects, repeated, close):
    found = catalogs.check(shared_data / "gz_tables" / name)
    assert (found.objects, found.repeated, found.close) == (objects, repeated, close)
    assert found.unknown == ()


def test_every_catalogue_has_a_scheme_or_says_none():
    without = [one.name for one in known.catalogs() if not catalogs.schemes_of(one)]
    assert without == ["hoyle-bars", "overlaps", "galaxy-builder", "green-peas"]


DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "catalogues.md"
COUNTED = re.findall(r"^\| `(\S+)` \| ([\d,]+) \| `(\S+)` \| (.*) \|$", DOCUMENT.read_text(), re.M)


@pytest.mark.parametrize(("file", "rows", "name", "classes"), COUNTED)
def test_the_document_counts_as_the_schemes_do(shared_data, file, rows, name, classes):
    table = read(shared_data / "gz_tables" / file)
    found = Counter(label(table, shipped.load(name)).label.tolist())
    said = dict(one.rsplit(" ", 1) for one in classes.split(", "))
    assert len(table) == int(rows.replace(",", ""))
    assert found == {name: int(n.replace(",", "")) for name, n in said.items()}


def test_the_document_names_every_catalogue_table_and_scheme_as_the_entries_do():
    choice = DOCUMENT.read_text().partition("## Getting them")[0]
    lines = dict(re.findall(r"^\| `([\w-]+)` \| (.*) \|$", choice, re.M))
    for one in known.catalogs():
        first = f"`{one.tables[0].name}` ({one.tables[0].rows:,})"
        assert first in lines[one.name]
        assert not one.scheme or f"| `{one.scheme}` |" in lines[one.name]
        others = [t for t in one.tables[1:] if t.files and t.rows]
        assert all(f"`{t.name}` ({t.rows:,}" in lines[one.name] for t in others)
    assert len(COUNTED) >= 10


def test_a_refused_table_is_not_kept(tmp_path, folder):
    path = tmp_path / "rounded.csv"
    path.write_text(GZ1.replace("587727178986356823", "5.87727E+17"))
    with pytest.raises(IdentityError):
        catalogs.keep(path, folder)
    assert not folder.exists()
