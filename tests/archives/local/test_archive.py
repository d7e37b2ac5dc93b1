"""CAS tables on this machine."""

from concurrent.futures import ThreadPoolExecutor

import duckdb
import numpy as np
import pandas as pd
import pytest

from galaxycurate.archives.local.adding import add
from galaxycurate.archives.local.archive import LocalArchive
from galaxycurate.archives.local.tsql import columns_used, to_duckdb
from galaxycurate.core import ids
from galaxycurate.core.origin import is_simulated
from galaxycurate.core.query import Query
from galaxycurate.errors import IdentityError, InputError, QueryRefused
from galaxycurate.store import sqlfiles

POSITIONS = [  # ra, dec, mode, type
    (180.0, 0.0, 1, 3),
    (180.0, 0.01, 2, 3),
    (0.001, 10.0, 1, 6),
    (359.999, 10.0, 1, 3),
    (10.0, 89.999, 1, 6),
    (190.0, 89.999, 1, 3),
]


@pytest.fixture
def folder(tmp_path):
    ra, dec, mode, kind = zip(*POSITIONS, strict=True)
    objects = pd.DataFrame(
        dict(ra=ra, dec=dec, mode=mode, type=kind, modelMag_r=np.arange(6) + 15.0)
    )
    objects.insert(0, "objID", ids.encode(run=3900, camcol=6, field=269, obj=np.arange(1, 7)))
    objects.to_parquet(tmp_path / "PhotoObjAll.parquet")
    fields = ids.encode(run=3900, camcol=6, field=np.array([269, 270]))
    text = "#Table1\nfieldID,run,score\n" + "".join(f"{n},3900,0.8\n" for n in fields)
    (tmp_path / "Field.csv").write_text(text)
    return tmp_path


def distances(archive, sql):
    return archive.execute(sql)["distance"].round(6).tolist()


def test_ids_survive_a_left_join_that_leaves_gaps(folder):
    table = LocalArchive(folder).execute(
        "SELECT f.field, p.objID FROM (SELECT fieldID, 270 - (fieldID - fieldID) AS field "
        "FROM Field) AS f LEFT JOIN PhotoObjAll AS p ON p.fieldID = f.fieldID"
    )
    assert str(table["objID"].dtype) == "Int64"
    assert table["objID"].isna().sum() == 1
    assert 1237662226208063489 in table["objID"].dropna().tolist()


def test_text_stays_text(folder):
    table = LocalArchive(folder).execute("SELECT CAST(objID AS varchar(20)) AS objID FROM Star")
    assert table["objID"].tolist() == ["1237662226208063491", "1237662226208063493"]


def test_r_and_the_parts_of_the_id_are_derived_as_cas_has_them(folder):
    table = LocalArchive(folder).execute("SELECT TOP 1 r, run, camcol, field, obj FROM PhotoObjAll")
    assert table.iloc[0].tolist() == [15.0, 3900, 6, 269, 1]


def test_views_follow_mode_and_type(folder):
    archive = LocalArchive(folder)
    counts = {
        view: archive.execute(f"SELECT COUNT(*) AS n FROM {view}")["n"][0]
        for view in ("PhotoObjAll", "PhotoObj", "PhotoPrimary", "PhotoSecondary", "Galaxy", "Star")
    }
    assert list(counts.values()) == [6, 6, 5, 1, 3, 2]


def test_nearby_objects_come_nearest_first_with_their_distance_in_arcmin(folder):
    archive = LocalArchive(folder)
    every = "SELECT distance FROM dbo.fGetNearbyObjAllEq(180, 0, 1)"
    assert distances(archive, every) == [0.0, 0.6]
    assert distances(archive, every.replace("All", "")) == [0.0]
    assert distances(archive, every.replace("0, 1)", "0, 0.5)")) == [0.0]


def test_nearby_objects_are_found_across_ra_0(folder):
    found = distances(LocalArchive(folder), "SELECT * FROM dbo.fGetNearbyObjEq(0.001, 10, 0.2)")
    np.testing.assert_allclose(found, [0, 0.12 * np.cos(np.radians(10))], atol=1e-6)


def test_nearby_objects_are_found_across_the_pole(folder):
    found = distances(LocalArchive(folder), "SELECT * FROM dbo.fGetNearbyObjEq(10, 89.999, 0.2)")
    np.testing.assert_allclose(found, [0, 0.12], atol=1e-6)


def test_a_rectangle_may_cross_ra_0(folder):
    sql = "SELECT objID FROM dbo.fGetObjFromRectEq({}, 9, {}, 11)"
    archive = LocalArchive(folder)
    assert len(archive.execute(sql.format(359, 1))) == 2
    assert len(archive.execute(sql.format(1, 359))) == 0


@pytest.mark.parametrize(
    ("call", "value"),
    [
        ("dbo.fPhotoTypeN(type)", "STAR"),
        ("dbo.fPhotoType('GALAXY')", 3),
        ("dbo.fPhotoModeN(mode)", "PRIMARY"),
        ("dbo.fPhotoMode('Secondary')", 2),
        ("dbo.fSkyVersion(objID)", 2),
        ("dbo.fRerun(objID)", 301),
        ("dbo.fRun(objID)", 3900),
        ("dbo.fCamcol(objID)", 6),
        ("dbo.fField(objID)", 269),
        ("dbo.fObj(objID)", 3),
        ("dbo.fSDSS(objID)", "2-3900-301-6-269-3"),
        ("dbo.fObjidFromSDSS(2, 3900, 301, 6, 269, 1)", 1237662226208063489),
        ("dbo.fDistanceArcMinEq(359.5, 0, 0.5, 0)", 60.0),
        ("dbo.fDistanceArcMinEq(10, 89.5, 190, 89.5)", 60.0),
    ],
)
def test_functions_of_cas_answer(folder, call, value):
    answer = LocalArchive(folder).execute(f"SELECT TOP 1 {call} AS a FROM Star ORDER BY objID")
    assert answer["a"][0] == (pytest.approx(value) if isinstance(value, float) else value)


@pytest.mark.parametrize(("ra", "dec"), [(0.0, 0.0), (359.9, -35.0), (123.0, 89.9), (7.0, -90.0)])
def test_neighbours_and_their_distances_are_those_of_astropy(tmp_path, ra, dec):
    from astropy import units as u
    from astropy.coordinates import SkyCoord

    rng = np.random.default_rng(3)
    centre = SkyCoord(ra, dec, unit="deg")
    around = centre.directional_offset_by(
        rng.uniform(0, 360, 300) * u.deg, 0.5 * rng.uniform(0, 1, 300) * u.deg
    )
    frame = pd.DataFrame({"ra": around.ra.deg, "dec": around.dec.deg, "mode": 1, "type": 3})
    frame.insert(0, "objID", ids.encode(run=94, camcol=1, field=11, obj=np.arange(1, 301)))
    frame.to_parquet(tmp_path / "PhotoObjAll.parquet")
    found = LocalArchive(tmp_path).execute(
        f"SELECT objID, distance FROM dbo.fGetNearbyObjEq({ra}, {dec}, 20) ORDER BY objID"
    )
    far = centre.separation(around).arcmin
    assert found["objID"].tolist() == frame["objID"][far < 20].tolist()
    np.testing.assert_allclose(found["distance"], far[far < 20], atol=1e-6)
    nearest = f"SELECT objID FROM dbo.fGetNearestObjEq({ra}, {dec}, 30)"
    assert LocalArchive(tmp_path).execute(nearest)["objID"].tolist() == [
        frame["objID"][far.argmin()]
    ]


def test_reals_come_as_skyserver_prints_them(folder):
    objects = pd.read_parquet(folder / "PhotoObjAll.parquet")
    objects.assign(psfMag_r=np.float32(17.123456)).to_parquet(folder / "PhotoObjAll.parquet")
    table = LocalArchive(folder).execute("SELECT TOP 1 psfMag_r, ra FROM PhotoObjAll")
    assert table["psfMag_r"].tolist() == [17.12346]
    assert table["psfMag_r"].dtype == "float64"


def test_what_a_statement_lacks_is_named(folder):
    archive = LocalArchive(folder)
    assert archive.lacks("SELECT f.RUN, p.r, f.ra FROM Field AS f, PhotoObjAll AS p") == [
        "Field.ra"
    ]
    assert archive.lacks("SELECT z.p_el FROM zooSpec AS z") == ["zooSpec"]


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        ("SELECT petroRad_r FROM PhotoObjAll", "Invalid column name 'petroRad_r'."),
        ("SELECT p.petroRad_r FROM PhotoObjAll AS p", "Invalid column name 'petroRad_r'."),
        ("SELECT ra FROM zooSpec", "Invalid object name 'zooSpec'."),
        ("SELECT dbo.fNone(ra) FROM Field", "'fnone' is not a recognized function name."),
    ],
)
def test_what_is_not_there_is_named(folder, sql, text):
    with pytest.raises(QueryRefused) as refusal:
        LocalArchive(folder).execute(sql)
    assert str(refusal.value) == text
    assert "PhotoObjAll" in refusal.value.hint


def test_no_query_reads_another_file(folder):
    with pytest.raises(QueryRefused):
        LocalArchive(folder).execute(f"SELECT * FROM read_csv('{folder / 'Field.csv'}')")


def test_a_query_gets_its_columns_in_their_types(folder):
    columns = (("objID", "varchar"), ("r", "float"), ("mode", "int"))
    query = Query("q", "SELECT mode, r, CAST(objID AS varchar(20)) AS OBJID FROM Galaxy", columns)
    table = LocalArchive(folder).run(query)
    assert list(table.columns) == ["objID", "r", "mode"]
    assert table["objID"][0] == "1237662226208063489"
    assert [str(table[c].dtype) for c in ("r", "mode")] == ["float64", "Int64"]


def test_an_empty_answer_is_an_empty_typed_table(folder):
    query = Query("q", "SELECT r FROM Galaxy WHERE r < 0", (("r", "float"),))
    table = LocalArchive(folder).run(query)
    assert len(table) == 0
    assert table["r"].dtype == "float64"


def test_threads_may_share_an_archive(folder):
    archive = LocalArchive(folder)
    sql = "SELECT COUNT(*) AS n FROM PhotoObjAll WHERE type = {}"
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda n: archive.execute(sql.format(n))["n"][0], [3, 6] * 20))
    assert answers == [4, 2] * 20


def test_a_duckdb_file_is_asked_where_it_lies(folder, tmp_path):
    file = tmp_path / "cas.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(f"CREATE TABLE PhotoObjAll AS FROM '{folder / 'PhotoObjAll.parquet'}'")
    archive = LocalArchive(file)
    assert archive.name == f"local: {file}"
    assert archive.execute("SELECT TOP 1 r, run FROM Galaxy").iloc[0].tolist() == [15.0, 3900]


@pytest.mark.parametrize("cells", [["1.237E+18"] * 3, ["1237662226208063489.0"]])
def test_ids_written_as_floats_are_refused_by_file_and_column(tmp_path, cells):
    (tmp_path / "Field.csv").write_text("fieldID,run\n" + "".join(f"{c},1\n" for c in cells))
    with pytest.raises(IdentityError, match=r"Field\.csv: column fieldID"):
        LocalArchive(tmp_path)


def test_ids_stored_as_floats_are_refused(tmp_path):
    pd.DataFrame({"objID": [1.2376e18]}).to_parquet(tmp_path / "PhotoObjAll.parquet")
    with pytest.raises(IdentityError, match="floating point"):
        LocalArchive(tmp_path)


def rounded(n=20):
    return (ids.encode(run=94, camcol=1, field=11, obj=np.arange(1, n)) // 128 + 1) * 128


def put(folder, frame, kind):
    """A table Mine of a frame, as a Parquet or a DuckDB file."""
    path = folder / "Mine.parquet"
    frame.to_parquet(path)
    if kind == "parquet":
        return folder
    with duckdb.connect(str(folder / "cas.duckdb")) as connection:
        connection.execute(f"CREATE TABLE Mine AS FROM '{path}'")
    return folder / "cas.duckdb"


@pytest.mark.parametrize("kind", ["parquet", "duckdb"])
@pytest.mark.parametrize("column", ["objID", "dr7objid", "bestObjID"])
@pytest.mark.parametrize(
    ("values", "words"),
    [(rounded(), "multiples of 128"), (rounded().astype(str), "multiples of 128"),
     (rounded().astype(float), "floating point")],
    ids=["integers", "text", "floats"],
)  # fmt: skip
def test_rounded_ids_are_refused_in_every_kind_of_file(tmp_path, kind, column, values, words):
    path = put(tmp_path, pd.DataFrame({column: values}), kind)
    with pytest.raises(IdentityError, match=f"Mine.*: column {column} .*{words}"):
        LocalArchive(path)


@pytest.mark.parametrize("kind", ["parquet", "duckdb"])
def test_ids_that_end_in_zero_bits_by_nature_are_good(tmp_path, kind):
    fields = ids.encode(run=94, camcol=1, field=np.arange(11, 31))
    spectra = np.arange(1, 21) * 1024 + (1 << 59)
    frame = pd.DataFrame({"fieldID": fields.astype(str), "specObjID": spectra, "objID": fields + 7})
    table = LocalArchive(put(tmp_path, frame, kind)).execute("SELECT * FROM Mine")
    assert (table.fieldID & 0xFFFF == 0).all()
    assert table.specObjID.tolist() == spectra.tolist()


@pytest.mark.parametrize("name", ["Field.parquet", "Field.csv.gz", "cas.duckdb"])
def test_a_damaged_file_is_an_input_error_of_one_line(tmp_path, name):
    (tmp_path / name).write_bytes(b"PAR1 not at all " * 40)
    with pytest.raises(InputError, match=f"{name} cannot be read as a table: ") as caught:
        LocalArchive(tmp_path / name if name.endswith("duckdb") else tmp_path)
    assert "\n" not in str(caught.value)
    assert "whole" in caught.value.hint


@pytest.mark.parametrize(("kind", "simulated"), [("simulated", True), ("real", False)])
def test_the_tables_of_a_sandboxs_sky_are_called_simulated_when_they_are(folder, kind, simulated):
    tables = folder / "tables"
    tables.mkdir()
    (folder / "Field.csv").rename(tables / "Field.csv")
    (folder / "sky.toml").write_text(f'kind = "{kind}"\nname = "tiny"\n')
    assert is_simulated(LocalArchive(tables).name) == simulated


@pytest.mark.parametrize("make", [lambda p: p, lambda p: p / "none"])
def test_a_folder_without_tables_is_an_input_error(tmp_path, make):
    with pytest.raises(InputError):
        LocalArchive(make(tmp_path))


def test_the_failed_fields_of_run_3900_are_found(shared_data, tmp_path):
    catalogs = shared_data / "sdss" / "catalogs"
    (tmp_path / "Field.csv").symlink_to(catalogs / "Field_run3900_camcol6.csv")
    (tmp_path / "PhotoObjAll.csv").symlink_to(catalogs / "PhotoObjAll_run3900_camcol6_field269.csv")
    archive = LocalArchive(tmp_path)
    failed = archive.execute("SELECT field FROM Field WHERE nTotal = 0 ORDER BY field")
    assert failed["field"].tolist() == [745, 830]
    near = archive.execute(
        "SELECT p.objID FROM dbo.fGetNearbyObjAllEq(164.343, 39.045, 30) AS n "
        "JOIN PhotoObjAll AS p ON p.objID = n.objID WHERE p.type = 3 AND p.nChild = 0"
    )
    assert len(near) == 528


QUESTIONS = sorted(path.stem for path in sqlfiles.folder().glob("*.sql"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A catalogue with every column that a question names, 40 fields and 10 objects in each."""
    folder = tmp_path_factory.mktemp("whole")
    used = {}
    for name in QUESTIONS:
        for table, columns in columns_used(sqlfiles.read(name).bind().sql).items():
            used.setdefault(table, set()).update(columns)
    number = np.arange(400)
    field = ids.encode(run=94, camcol=1, field=11 + number // 10)
    known = {
        "fieldID": field, "objID": field + number % 10 + 1, "objid": field + number % 10 + 1,
        "dr8objid": field + number % 10 + 1, "maskID": number + 1, "ra": 10 + number / 1000,
        "dec": 0.5, "run": 94, "rerun": 301, "camcol": 1, "field": 11 + number // 10, "score": 0.8,
        "photoStatus": 0, "nTotal": 10, "type": number % 2 * 3 + 3, "mode": 1, "filter": 2,
    }  # fmt: skip
    for table, columns in used.items():
        frame = pd.DataFrame({"n": number} | {c: known.get(c, 15) for c in columns | {"objID"}})
        kept = frame.drop(columns="n").drop(columns=[] if "objID" in columns else "objID")
        kept = kept.drop_duplicates("fieldID") if table == "Field" else kept
        kept.to_csv(folder / f"{table}.csv", index=False)
    add([folder / f"{table}.csv" for table in used], folder / "whole.duckdb")
    return LocalArchive(folder / "whole.duckdb")


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_is_answered(whole, name):
    query = sqlfiles.read(name).bind()
    assert whole.lacks(query.sql) == []
    table = whole.run(query)
    assert list(table.columns) == [column for column, _ in query.columns]
    assert len(table) > 0 or name in (
        "audit_fields",  # about circles; the default ones lie elsewhere
        "audit_objects",
        "bright_stars",
        "crosswalk_from_dr7",
        "crosswalk_from_dr8",
        "crosswalk_position",
        "negatives_field",
        "fields_left_out",
        "secondaries",
    )


@pytest.mark.parametrize("name", ["fields_good", "negatives_star", "positives_gz1_raw"])
def test_the_answers_to_two_halves_are_the_answer_to_the_whole(whole, name):
    query = sqlfiles.read(name).bind()
    halves = pd.concat([whole.run(half) for half in query.halves()], ignore_index=True)
    pd.testing.assert_frame_equal(halves, whole.run(query))


@pytest.mark.parametrize("name", ["negatives_cell", "negatives_star", "fields_good"])
def test_no_question_of_many_rows_compares_each_with_each(whole, name):
    """Joins by hash: a nested loop over 5,000,000 objects would not end."""
    sql = to_duckdb(sqlfiles.read(name).bind().sql, schema=whole.schema)
    cursor = whole._connection.cursor()
    cursor.execute("SET search_path = 'main,cas.main'")
    plan = cursor.execute(f"EXPLAIN {sql}").fetchall()[0][1].upper()
    assert "HASH" in plan
    assert not any(slow in plan for slow in ("NESTED_LOOP", "NESTED LOOP", "BLOCKWISE"))


def lost_objects(folder, kind):
    """Objects of a field that Field lacks, on both sides of RA 0."""
    lost = ids.encode(run=94, camcol=1, field=20)
    objects = pd.DataFrame(dict(objID=lost + np.arange(1, 3), ra=[359.9, 0.1], dec=[5.0, 6.0]))
    objects = objects.assign(mode=1, type=3)
    known = ids.encode(run=94, camcol=1, field=11)
    fields = pd.DataFrame([dict(fieldID=known, run=94, field=11, ra=50.0, dec=1.0, score=0.8)])
    fields.to_parquet(folder / "Field.parquet")
    objects.to_parquet(folder / "PhotoObjAll.parquet")
    if kind == "folder":
        return folder
    path = folder / "cas.duckdb"
    if kind == "added":
        add([folder / "Field.parquet", folder / "PhotoObjAll.parquet"], path)
    else:
        db = duckdb.connect(str(path))
        db.execute("CREATE TABLE Field AS SELECT * FROM fields")
        db.execute("CREATE TABLE PhotoObjAll AS SELECT * FROM objects")
        db.close()
    return path


def test_a_field_without_an_id_hides_no_other(tmp_path):
    """NOT IN of a NULL is never true."""
    folder = lost_objects(tmp_path, "folder")
    nameless = pd.DataFrame([dict(fieldID=None, run=94, field=12, ra=50.0, dec=1.0, score=0.8)])
    fields = pd.concat([pd.read_parquet(folder / "Field.parquet"), nameless])
    fields.astype({"fieldID": "Int64"}).to_parquet(folder / "Field.parquet")
    objects = "SELECT p.objID FROM PhotoObjAll AS p JOIN Field AS f ON f.fieldID = p.fieldID"
    assert len(LocalArchive(folder).execute(objects)) == 2


@pytest.mark.parametrize("kind", ["folder", "added", "foreign"])
def test_objects_whose_field_was_not_added_have_a_field_of_their_place(tmp_path, kind):
    path = lost_objects(tmp_path, kind)
    table = LocalArchive(path).execute(
        "SELECT f.run, f.field, f.ra, f.dec, f.score, COUNT(*) AS n FROM Field AS f "
        "JOIN PhotoObjAll AS p ON p.fieldID = f.fieldID "
        "GROUP BY f.run, f.field, f.ra, f.dec, f.score"
    )
    assert len(table) == 1
    assert table[["run", "field", "dec", "n"]].iloc[0].tolist() == [94, 20, 5.5, 2]
    assert min(table.ra[0], 360 - table.ra[0]) < 1e-9
    assert pd.isna(table.score[0])
    assert len(LocalArchive(path).execute("SELECT fieldID FROM Field")) == 2


def test_a_position_off_the_sky_is_refused(folder):
    objects = pd.read_parquet(folder / "PhotoObjAll.parquet")
    objects.loc[2, "ra"] = 999.0
    objects.to_parquet(folder / "PhotoObjAll.parquet")
    with pytest.raises(InputError, match=r"PhotoObjAll.parquet: column ra is 999\.0 in row 3"):
        LocalArchive(folder)


def test_a_file_whose_name_no_question_can_ask_for_is_no_table(tmp_path):
    (tmp_path / "zooSpec-0123456789ab.csv").write_text("objid\n1237662226208063489\n")
    with pytest.raises(InputError, match="holds no tables"):
        LocalArchive(tmp_path)


def test_what_is_not_here_is_said_with_the_command_that_adds_it(folder):
    with pytest.raises(QueryRefused) as refused:
        LocalArchive(folder).execute("SELECT ra FROM zooSpec")
    assert refused.value.hint.startswith("galaxycurate catalogs add FILE... adds it")
    with pytest.raises(InputError, match=r"there is no file or folder .*nosuch\.duckdb"):
        LocalArchive(folder / "nosuch.duckdb")
