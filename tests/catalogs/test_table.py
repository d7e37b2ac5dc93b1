import gzip
import os

import numpy as np
import pytest

from galaxycurate.catalogs.reading import cache
from galaxycurate.catalogs.table import Note, names_of, read
from galaxycurate.errors import IdentityError, InputError, LayoutError

ID, ID_2 = 587722952767439450, 1237648720693755918
GZ1 = (
    "OBJID,RA,DEC,NVOTE,P_EL,P_CW,P_ACW,P_EDGE,P_DK,P_MG,P_CS,P_EL_DEBIASED,P_CS_DEBIASED,SPIRAL,"
    "ELLIPTICAL,UNCERTAIN\n"
    "587727178986356823,00:00:00.41,-10:22:25.7,59,0.61,0,0,0,0,0,0.1,0.61,0.1,0,0,1\n"
    "587727227300741210,12:30:00.00,+15:30:00.0,18,0.9,0,0,0,0,0,0.05,0.86,0.1,0,1,0\n"
    "587727225153257596,00:00:01.00,-00:30:00.0,68,0.1,0,0,0,0,0,0.9,0.05,0.93,1,0,0\n"
)
COUNTS = {  # file: table, rows, DR8+ ids, DR7 ids
    "BlueSpiralsA2.txt": ("BlueSpiralsA2", 5139, 0, 5139),
    "Galaxy10_coord.csv": ("Galaxy10_coord", 17736, 0, 0),
    "RedSpiralsA1.txt": ("RedSpiralsA1", 294, 0, 294),
    "Skyserver_SQL_2018-07-16_16_41_13.csv": ("zooSpec_gtype", 10000, 9988, 0),
    "darg_mergers.csv": ("darg_mergers", 3003, 0, 3003),
    "galaxy-builder-catalog.csv": ("galaxy-builder-catalog", 296, 0, 296),
    "gz2_hart16_labels_master_top_n.json": ("gz2_hart16_labels_master_top_n", 3744, 0, 3744),
    "gz2_hart16_subset_3744.csv": ("gz2_hart16_subset_3744", 3744, 0, 3744),
    "hoyle_barlengths.csv": ("hoyle_barlengths", 3150, 0, 3150),
    "mergers_gz2.fits": ("mergers_gz2", 1786, 1717, 1786),
    "overlap-catalog.txt": ("overlap-catalog", 1989, 0, 1963),
    "peas_tbl4.csv": ("peas_tbl4", 80, 0, 80),
    "skyserver_zoo2MainSpecz_flags_10000.csv": ("zoo2MainSpecz", 10000, 9839, 0),
    "skyserver_zooSpec_flags_10000.csv": ("zooSpec", 10000, 9988, 0),
    "zoo2MainSpecz_subset.csv.gz": ("zoo2MainSpecz", 1777, 1708, 1777),
}


@pytest.fixture
def gz1(tmp_path):
    path = tmp_path / "GalaxyZoo1_DR_table2.csv.gz"
    path.write_bytes(gzip.compress(GZ1.encode()))
    return path


def written(tmp_path, text, name="votes.csv"):
    (tmp_path / name).write_text(text)
    return tmp_path / name


def test_galaxy_zoo_1_is_read_with_ra_in_sexagesimal_hours(gz1):
    table = read(gz1, columns=["p_el", "NVOTE"])
    assert (table.catalog, table.table, len(table)) == ("gz1", "GalaxyZoo1_DR_table2", 3)
    assert table.ra == pytest.approx([0.41 / 240, 187.5, 1 / 240])
    assert table.dec == pytest.approx([-(10 + 22 / 60 + 25.7 / 3600), 15.5, -0.5])
    assert table.dr7objid[0] == 587727178986356823
    assert (table.objid == 0).all()
    assert {name: v.tolist() for name, v in table.columns.items()} == {
        "p_el": [0.61, 0.9, 0.1], "nvote": [59, 18, 68],
    }  # fmt: skip
    assert table.notes[0] == Note("RA", "is sexagesimal, read as hours, minutes, seconds", 3)


@pytest.mark.parametrize("name", COUNTS)
def test_every_real_table_is_read_by_name_and_by_sniffing(shared_data, tmp_path, name):
    real = shared_data / "gz_tables" / name
    table, rows, newer, older = COUNTS[name]
    (tmp_path / "download").symlink_to(real)
    for path, layout in ((real, ""), (tmp_path / "download", ""), (real, table)):
        found = read(path, layout=layout)
        assert (found.table, len(found)) == (table, rows)
        assert ((found.objid != 0).sum(), (found.dr7objid != 0).sum()) == (newer, older)
    layout, names = names_of(real)
    assert layout.name == table
    assert set(found.columns) <= set(names)


def notes_of(table):
    return {(note.column, note.rows) for note in table.notes}


def test_the_traps_of_the_real_tables_are_told(shared_data):
    tables = shared_data / "gz_tables"
    mergers = read(tables / "darg_mergers.csv")
    assert ("object2", 3003) in notes_of(mergers)
    with pytest.raises(
        LayoutError, match=r"no column object2; it holds ids that went through a float"
    ):
        read(tables / "darg_mergers.csv", columns=["object2"])
    galaxy10 = read(tables / "Galaxy10_coord.csv")
    assert ("redshift", 17736) in notes_of(galaxy10)
    assert "redshift" not in galaxy10.columns
    assert galaxy10.name[-1] == "17735"
    index = read(tables / "Skyserver_SQL_2018-07-16_16_41_13.csv").notes[0]
    assert index == Note("", "a column without a name counts rows: left out", 10000)
    overlaps = read(tables / "overlap-catalog.txt")
    assert {("", 26), ("objid", 1)} <= notes_of(overlaps)
    at = overlaps.name == "235727.30-302737.0"
    assert (overlaps.columns["cross_id"][at], overlaps.key[at]) == ("AM 2354-304", 0)
    assert overlaps.columns["r2"][990] == 20.5
    bare = read(tables / "skyserver_zooSpec_flags_10000.csv").notes
    assert bare[0] == Note("", "rows have no SDSS id; their position stands for it", 12)


def test_rounded_ids_of_a_real_table_are_refused(shared_data):
    path = shared_data / "sdss" / "catalogs" / "Skyserver_SQL2_27_2018_6_51_39_PM.csv"
    with pytest.raises(IdentityError, match=r"column objid .* 10,000 cells written as floats"):
        read(path)
    with pytest.raises(IdentityError, match="went through a float"):
        read(path, identity=False, columns=["ra"])


def test_the_real_galaxy_zoo_2_tables_agree_cell_by_cell(shared_data):
    """A CSV.gz derived from a FITS table: the same 1,777 galaxies."""
    csv = read(shared_data / "gz_tables" / "zoo2MainSpecz_subset.csv.gz")
    fits = read(shared_data / "gz_tables" / "mergers_gz2.fits")
    ids, first = np.unique(fits.dr7objid, return_index=True)
    assert sorted(csv.dr7objid) == ids.tolist()
    same = first[np.searchsorted(ids, csv.dr7objid)]
    assert len(csv.columns) == 232
    for name, values in csv.columns.items():
        other = fits.columns[name][same]
        if values.dtype.kind == "f":
            assert np.allclose(values, other, rtol=2e-6, atol=1e-7, equal_nan=True), name
        else:
            assert (values == other).all(), name
    assert np.allclose(csv.ra, fits.ra[same], rtol=0, atol=2e-5)


def test_ids_are_sorted_by_what_their_bits_say(tmp_path):
    table = read(written(tmp_path, f"objid,x\n{ID},1\n{ID_2},2\n"))
    assert table.dr7objid.tolist() == [ID, 0]
    assert table.objid.tolist() == [0, ID_2]
    assert table.key.tolist() == [ID, ID_2]
    assert table.columns["objid"].tolist() == [ID, ID_2]


def test_a_rounded_column_of_ids_is_left_out_beside_an_intact_one(tmp_path):
    rows = "".join(f"{ID + 7 * k},{(ID_2 >> 7) + k << 7}\n" for k in range(9))
    table = read(written(tmp_path, "dr7objid,dr8objid\n" + rows))
    assert (table.objid == 0).all()
    assert ("dr8objid", 9) in notes_of(table)


def test_a_column_of_other_ids_may_hold_words_until_it_is_asked_for(tmp_path):
    path = written(tmp_path, f"objid,specobjid,ra,dec,p_el\n{ID},none yet,1,1,0\n")
    assert read(path, columns=["p_el"]).table == "zooSpec"
    with pytest.raises(LayoutError, match=r"column specobjid holds 1 cell with no id"):
        read(path, columns=["specobjid"])


def test_repeated_ids_are_counted_not_merged(tmp_path):
    table = read(written(tmp_path, f"objid,ra\n{ID},1\n{ID},1\n{ID_2},2\n"))
    assert len(table) == 3
    assert table.notes == (Note("objid", "rows repeat the id of a row above", 1),)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("p_el,p_cs\n0.9,0.1\n", IdentityError, "has no column of ids"),
        ("objid,p_el,p_cs\n,0.9,0.1\n", IdentityError, r"1 rows have no id in objid"),
        ("objid,p_el,p_cs\n12345,0.9,0.1\n", IdentityError, "holds no SDSS objIDs"),
        ("objid,p_el,p_cs\n1.24E+18,0.9,0.1\n", IdentityError, "went through a float"),
        (f"objid,p_el,p_cs\n{ID},95,5\n", LayoutError, r"column p_el holds 1 cell beyond 0 to 1"),
        (f"objid,p_el,p_cs\n{ID},x,5\n", LayoutError, r"column p_el holds 1 cell with no number"),
        (f"objid,ra,dec\n{ID},400,5\n", LayoutError, r"column ra holds 1 cell outside 0 to 360"),
    ],
)
def test_a_bad_table_names_its_fault(tmp_path, text, error, message):
    path = written(tmp_path, text)
    for folder in (None, tmp_path / "cache", tmp_path / "cache"):
        with pytest.raises(error, match=message) as caught:
            read(path, cache=folder)
        assert "votes.csv" in str(caught.value)
        assert caught.value.hint


def test_a_fault_matters_only_where_it_is_asked_for(tmp_path):
    path = written(tmp_path, f"objid,p_el,p_cs\n{ID},0.9,5\n")
    for folder in (None, tmp_path / "cache", tmp_path / "cache"):
        assert read(path, columns=["p_el"], cache=folder).columns["p_el"].tolist() == [0.9]
        with pytest.raises(LayoutError, match="column p_cs"):
            read(path, columns=["p_cs"], cache=folder)


def test_a_column_that_is_absent_is_named_with_those_that_are_there(gz1):
    with pytest.raises(LayoutError, match=r"has no column p_bar, p_odd") as caught:
        read(gz1, columns=["p_el", "p_bar", "p_odd"])
    assert caught.value.hint.startswith("its columns are objid, ra, dec, nvote")
    assert caught.value.hint.endswith("and 4 more")


def test_a_layout_that_does_not_fit_is_refused(gz1):
    with pytest.raises(LayoutError, match=r"is no training_solutions_rev1: that has galaxyid"):
        read(gz1, layout="gz-challenge")
    with pytest.raises(InputError, match="no catalogue or table is called"):
        read(gz1, layout="gz3")


def test_a_table_of_the_users_own_keeps_its_names(tmp_path):
    path = written(tmp_path, f"ObjID,Ring,Class\n{ID},0.7,ringed\n")
    table = read(path)
    assert (table.catalog, table.table) == ("", "")
    assert table.columns["ring"].tolist() == [0.7]
    assert table.columns["class"].tolist() == ["ringed"]
    assert names_of(path) == (None, ("objid", "ring", "class"))


def test_kaggles_rows_have_names_of_their_own(tmp_path):
    answers = ["Class1.1", "Class1.2", "Class1.3"]
    path = written(tmp_path, f"GalaxyID,{','.join(answers)}\n100008,0.4,0.6,0\n100023,1,0,0\n")
    table = read(path)
    assert table.catalog == "gz-challenge"
    assert table.name.tolist() == ["100008", "100023"]
    assert table.columns["class1.1"].tolist() == [0.4, 1]


def same_tables(one, other):
    assert (one.catalog, one.table, one.sha256, one.notes) == (
        other.catalog, other.table, other.sha256, other.notes,
    )  # fmt: skip
    for name in ("objid", "dr7objid", "ra", "dec"):
        assert np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True)
    assert list(one.columns) == list(other.columns)
    for name, values in one.columns.items():
        assert values.dtype == other.columns[name].dtype
        assert np.array_equal(values, other.columns[name], equal_nan=values.dtype.kind == "f")


def test_the_second_reading_is_from_a_typed_copy_and_the_same(gz1, tmp_path):
    fresh = read(gz1)
    first = read(gz1, cache=tmp_path / "kept")
    (copy,) = (tmp_path / "kept" / ".read").iterdir()
    assert copy.name == f"{fresh.sha256[:12]}.parquet"
    written_at = copy.stat().st_mtime_ns
    second = read(gz1, cache=tmp_path / "kept")
    assert copy.stat().st_mtime_ns == written_at
    for table in (first, second, read(copy)):
        same_tables(table, fresh)
    assert names_of(copy)[0].name == "GalaxyZoo1_DR_table2"
    assert list(read(copy, columns=["p_el"]).columns) == ["p_el"]


def test_real_tables_come_back_from_their_copies(shared_data, tmp_path):
    for name in ("overlap-catalog.txt", "Galaxy10_coord.csv", "mergers_gz2.fits"):
        path = shared_data / "gz_tables" / name
        read(path, cache=tmp_path)
        same_tables(read(path, cache=tmp_path), read(path))


@pytest.mark.parametrize("harm", ["cut", "flip", "version"])
def test_a_copy_that_is_damaged_or_of_another_version_is_made_again(
    gz1, tmp_path, harm, monkeypatch
):
    folder = tmp_path / "kept"
    if harm == "version":
        with monkeypatch.context() as patch:
            patch.setattr(cache, "READER", 0)
            read(gz1, cache=folder)
    fresh = read(gz1, cache=folder)
    (copy,) = (folder / ".read").iterdir()
    data = bytearray(copy.read_bytes())
    if harm == "cut":
        copy.write_bytes(data[:-100])
    elif harm == "flip":
        for at in range(4, 200):
            data[at] ^= 0xFF
        copy.write_bytes(data)
    same_tables(read(gz1, cache=folder), fresh)
    same_tables(read(copy), fresh)
    assert [p.name for p in (folder / ".read").iterdir()] == [copy.name]


def test_a_copy_of_another_version_is_refused_by_itself(gz1, tmp_path, monkeypatch):
    read(gz1, cache=tmp_path / "kept")
    (copy,) = (tmp_path / "kept" / ".read").iterdir()
    monkeypatch.setattr(cache, "READER", 0)
    with pytest.raises(InputError, match="made by another version") as caught:
        read(copy)
    assert "catalogs add GalaxyZoo1_DR_table2.csv.gz" in caught.value.hint


def test_a_changed_file_is_read_anew(gz1, tmp_path):
    read(gz1, cache=tmp_path / "kept")
    gz1.write_bytes(gzip.compress(GZ1.replace("0.61", "0.62").encode()))
    assert read(gz1, cache=tmp_path / "kept").columns["p_el"][0] == 0.62


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_costs_nothing_but_time(gz1, tmp_path):
    (tmp_path / "kept").mkdir(mode=0o500)
    assert len(read(gz1, cache=tmp_path / "kept")) == 3


def test_a_file_in_the_way_of_the_folder_costs_nothing_but_time(gz1, tmp_path):
    (tmp_path / "kept").touch()
    assert len(read(gz1, cache=tmp_path / "kept")) == 3


def test_a_copy_gets_a_name_only_when_it_is_given_one(gz1, tmp_path):
    folder = tmp_path / "kept"
    fresh = read(gz1, cache=folder)
    assert cache.named_copies(folder) == []
    cache.give_name(folder, fresh.sha256, fresh.table)
    (copy,) = cache.named_copies(folder, "GalaxyZoo1_DR_table2")
    assert copy.name == f"GalaxyZoo1_DR_table2-{fresh.sha256[:12]}.parquet"
    written_at = copy.stat().st_mtime_ns
    same_tables(read(gz1, cache=folder), fresh)
    assert copy.stat().st_mtime_ns == written_at
    assert not list((folder / ".read").iterdir())


def test_foreign_damaged_and_hidden_files_are_no_named_copies(gz1, tmp_path, monkeypatch):
    import pyarrow as pa
    import pyarrow.parquet as pq

    fresh = read(gz1, cache=tmp_path)
    cache.give_name(tmp_path, fresh.sha256, fresh.table)
    (copy,) = cache.named_copies(tmp_path)
    (tmp_path / ".x.part.parquet").write_bytes(copy.read_bytes())
    (tmp_path / "broken.parquet").write_bytes(copy.read_bytes()[:-100])
    (tmp_path / "words.parquet").write_text("no parquet")
    (tmp_path / "folder.parquet").mkdir()
    pq.write_table(pa.table({"a": [1]}), tmp_path / "mine.parquet")
    assert cache.named_copies(tmp_path) == [copy]
    monkeypatch.setattr(cache, "READER", 0)
    assert cache.named_copies(tmp_path) == []


def test_a_copy_is_made_again_when_its_table_is_known_by_another_name(gz1, tmp_path):
    mine = gz1.rename(tmp_path / "mine.csv.gz")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("galaxycurate.catalogs.known.recognise", lambda *_, **__: None)
        assert read(mine, cache=tmp_path).table == ""
    assert read(mine, cache=tmp_path).table == names_of(mine)[0].name == "GalaxyZoo1_DR_table2"


def test_positions_and_ids_besides_those_of_a_layout_count(tmp_path):
    text = f"objid,sample,asset_id,RA,DEC\n{ID},original,100,1,-2\n"
    table = read(written(tmp_path, text))
    assert table.table == "gz2_filename_mapping"
    assert (table.dr7objid.tolist(), table.ra.tolist(), table.dec.tolist()) == ([ID], [1], [-2])


def test_an_index_of_pandas_hides_no_ids(tmp_path):
    text = f",objid,ra,dec,redshift,label\n0,{ID},1,2,0.1,a\n1,{ID_2},3,4,0.2,b\n"
    table = read(written(tmp_path, text))
    assert (table.table, table.key.tolist(), table.name) == ("", [ID, ID_2], None)


def test_ids_of_spectra_are_no_objids(tmp_path):
    rows = "".join(f"{299489676975171584 + 2048 * k},1\n" for k in range(5))
    with pytest.raises(IdentityError, match="holds no SDSS objIDs"):
        read(written(tmp_path, "objid,x\n" + rows))


@pytest.mark.parametrize("wrong", ["5.877E+17", "1"])
def test_wrong_ids_are_refused_even_where_none_are_needed(tmp_path, wrong):
    path = written(tmp_path, f"objid,ra,dec\n{wrong},1,2\n")
    with pytest.raises(IdentityError, match="column objid"):
        read(path, identity=False)
    assert len(read(written(tmp_path, "x,label\n1,a\n"), identity=False)) == 1


def test_a_column_of_no_use_matters_only_where_it_is_asked_for(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "mine.parquet"
    odd = {"lists": [[1, 2]], "structs": [{"a": 1}], "bytes": [b"\xff"]}
    pq.write_table(pa.table({"objid": [ID], "label": ["a"], **odd}), path)
    for folder in (None, tmp_path / "cache", tmp_path / "cache"):
        assert read(path, columns=["label"], cache=folder).key.tolist() == [ID]
        for name in odd:
            with pytest.raises(LayoutError, match=f"column {name} holds neither numbers nor texts"):
                read(path, columns=[name], cache=folder)


@pytest.mark.parametrize("form", ["fits", "votable", "ascii.ecsv"])
def test_angles_become_degrees_and_other_units_are_refused(tmp_path, form):
    from astropy.table import Table

    path = tmp_path / "mine"
    table = Table({"objid": [ID], "ra": [1.0], "dec": [0.5]}, units={"ra": "rad", "dec": "deg"})
    table.write(path, format=form)
    found = read(path)
    assert found.ra == pytest.approx([57.29577951308232])
    assert found.dec.tolist() == [0.5]
    assert Note("ra", "is in rad: made degrees", 1) in found.notes
    table["ra"].unit = "km"
    table.write(path, format=form, overwrite=True)
    with pytest.raises(LayoutError, match="column ra is in km, which is no unit of angles"):
        read(path)
