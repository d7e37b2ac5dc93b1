"""The catalogues that are known: their entries agree with the project's own documents."""

import csv
import gzip
import hashlib
import json
import re
from collections import Counter

import pytest

from galaxycurate.catalogs import known
from galaxycurate.catalogs.rules import shipped
from galaxycurate.errors import InputError

TABLES = [table for catalog in known.catalogs() for table in catalog.tables]
KINDS = {"id", "key", "name", "ra", "dec", "fraction", "count", "flag", "number", "text"}
HEADERS = {
    "GalaxyZoo1_DR_table2": "OBJID,RA,DEC,NVOTE,P_EL,P_CW,P_ACW,P_EDGE,P_DK,P_MG,P_CS,"
    "P_EL_DEBIASED,P_CS_DEBIASED,SPIRAL,ELLIPTICAL,UNCERTAIN",
    "GalaxyZoo1_DR_table3": "OBJID,RA,DEC,NVOTE,P_EL,P_CW,P_ACW,P_EDGE,P_DK,P_MG,P_CS",
    "gz2_filename_mapping": "objid,sample,asset_id",
    "training_solutions_rev1": "GalaxyID,Class1.1,Class1.2,Class1.3,Class2.1,Class11.6",
    "Galaxy10": "ans,images",
    "Galaxy10_DECals": "ans,dec,images,pxscale,ra,redshift",
    "GalaxyZoo1_vizier": "objID,RAJ2000,DEJ2000,S,N,pcS,paS,pDK,fE,fS,fU,Nt",
}
REAL = {
    "BlueSpiralsA2.txt": None,
    "Galaxy10_coord.csv": "Galaxy10_coord",
    "RedSpiralsA1.txt": None,
    "Skyserver_SQL_2018-07-16_16_41_13.csv": "zooSpec_gtype",
    "darg_mergers.csv": "darg_mergers",
    "galaxy-builder-catalog.csv": "galaxy-builder-catalog",
    "gz2_hart16_labels_master_top_n.json": "gz2_hart16_labels_master_top_n",
    "gz2_hart16_subset_3744.csv": "gz2_hart16_subset_3744",
    "hoyle_barlengths.csv": "hoyle_barlengths",
    "mergers_gz2.fits": "mergers_gz2",
    "overlap-catalog.txt": None,
    "peas_tbl4.csv": "peas_tbl4",
    "skyserver_zoo2MainSpecz_flags_10000.csv": "zoo2MainSpecz",
    "skyserver_zooSpec_flags_10000.csv": "zooSpec",
    "zoo2MainSpecz_subset.csv.gz": "zoo2MainSpecz",
}


def header(path):
    if path.suffix == ".fits":
        from astropy.table import Table

        return Table.read(path).colnames
    if path.suffix == ".json":
        record = json.loads(path.read_text())[0]
        return [name for name in record if name != "metrics"] + list(record["metrics"])
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    return next(row for row in csv.reader(text.splitlines()) if row != ["#Table1"])


def documented(path):
    """Column names of a document of the project, in order."""
    text = path.read_text()
    return re.findall(r"^(\w+)\s+(?:bigint|real|varchar|int|float)\s", text, re.M)


def test_names_are_told_apart():
    assert max(Counter(table.name.lower() for table in TABLES).values()) == 1
    assert len({catalog.name for catalog in known.catalogs()}) == len(known.catalogs())


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_an_entry_is_whole(table):
    names = [column.name for column in table.columns]
    assert max(Counter(names).values()) == 1
    assert names == [name.lower() for name in names]
    assert {column.kind for column in table.columns} <= KINDS
    assert all(column.meaning for column in table.columns)
    assert table.fits(names)
    assert known.layout(table.name) == table
    for file in table.files:
        assert file.url.startswith("https://")
        assert re.fullmatch(r"|sha256:[0-9a-f]{64}|md5:[0-9a-f]{32}", file.checksum)
        assert file.role in ("table", "copy", "mapping", "images")


@pytest.mark.parametrize("catalog", known.catalogs(), ids=lambda catalog: catalog.name)
def test_a_catalogue_names_papers_licence_and_a_scheme_that_reads_it(catalog):
    assert catalog.licence
    assert all(re.search(r" 20\d\d[ab]?, ", paper) for paper in catalog.cite)
    if catalog.scheme:
        assert catalog.name in shipped.load(catalog.scheme).catalogs


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_is_recognised(name):
    side = known.layout(name).options.get("side", 0)
    assert known.recognise(HEADERS[name].split(","), side=side).name == name


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_whole_table_is_recognised_as_itself(table):
    columns = [column.name.upper() for column in table.columns]
    twins = [t.name for t in TABLES if {c.name for c in t.columns} == {c.lower() for c in columns}]
    side = table.options.get("side", 0)
    assert known.recognise(columns, side=side).name == twins[0]
    for twin in twins:
        name = f"some/{twin}.csv.gz"
        assert known.recognise(columns, file_name=name, side=side).name == twin


def test_a_file_called_as_another_table_is_what_its_columns_say():
    columns = HEADERS["GalaxyZoo1_DR_table3"].split(",")
    assert known.recognise(columns, file_name="zoo2MainSpecz.csv").name == "GalaxyZoo1_DR_table3"


@pytest.mark.parametrize(
    "columns",
    [
        "", "objid,ra,dec,redshift,class", ",objid,ra,dec,redshift,label", ",ra,dec,redshift,label",
        "objid,ra,dec,spiral", "p_el,p_cs", "spiral,elliptical,uncertain", "dr7objid,tag_old",
        "images,ans", "images,ans,ra,dec",
    ],
)  # fmt: skip
def test_a_table_of_the_users_own_is_none(columns):
    assert known.recognise(columns.split(",")) is None


def test_zoo_spec_is_known_by_an_id_and_votes_or_all_three_flags():
    for columns in ("objid,p_el", "dr7objid,p_el_debiased", "objid,spiral,elliptical,uncertain"):
        assert known.recognise(columns.split(",")).name == "zooSpec"


def test_images_of_another_side_are_another_collection():
    columns = ["images", "ans", "ra", "dec"]
    assert known.recognise(columns, side=256).name == "Galaxy10_DECals"
    assert known.recognise(columns, side=69).name == "Galaxy10"
    assert known.recognise(columns, side=64) is None


def test_both_spellings_of_the_class_are_one_column():
    assert known.layout("gz2").names_in(["gz2_class"]) == {"gz2_class": "gz2class"}


def test_of_two_columns_with_one_meaning_the_documented_one_is_taken():
    names = known.layout("zooSpec").names_in(["objid8", "OBJID", "x"])
    assert names == {"OBJID": "objid"}


@pytest.mark.parametrize(
    ("asked", "hint"), [("gz3", "did you mean gz2 or gz1?"), ("zoospek", "did you mean zooSpec")]
)
def test_a_wrong_name_is_answered_with_what_is_close(asked, hint):
    with pytest.raises(InputError) as error:
        known.find(asked)
    assert error.value.hint.startswith(hint)


def test_a_table_finds_its_catalogue():
    assert known.find("ZOOSPEC").name == "gz1"
    assert known.layout("gz2").name == "gz2_hart16"


@pytest.mark.parametrize("name", ["gz2_hart16", "zoo2MainSpecz", "zoo2MainPhotoz"])
def test_columns_are_those_of_the_documents(shared_data, name):
    path = shared_data / "gz_docs" / f"{name}.txt"
    names = [column.name for column in known.layout(name).columns]
    assert names == documented(path)
    told = {column.name: column.meaning for column in known.layout(name).columns}
    said = dict(re.findall(r"^(t\d\d_\w+)\s+(?:int|float)\s+\d\s+(.*)$", path.read_text(), re.M))
    typos = ("a21_disturbed", "a22_irregular")  # a quotation mark is lost there
    for column in (column for column in said if not any(typo in column for typo in typos)):
        assert told[column].split() == said[column].split()


def test_columns_of_mergers_are_those_of_the_document(shared_data):
    text = (shared_data / "gz_docs" / "mergers_columndescription.txt").read_text()
    names = [column.name for column in known.layout("darg_mergers").columns]
    assert names == [n.lower() for n in re.findall(r"^([A-Z_0-9]+)\s+-\s", text, re.M)]


@pytest.mark.parametrize("table", ["zooSpec", "zooNoSpec", "zoo2MainSpecz", "zoo2MainPhotoz",
                                   "zoo2Stripe82Normal", "zoo2Stripe82Coadd1",
                                   "zoo2Stripe82Coadd2"])  # fmt: skip
def test_columns_of_cas_are_those_of_its_schema(shared_data, table):
    path = shared_data / "sdss" / "schema" / "SDSSDR19_schema_subset.csv"
    with path.open() as file:
        cas = [r["column_name"] for r in csv.DictReader(file) if r["table_name"] == table]
    ours = [column.name for column in known.layout(table).columns]
    assert [name for name in ours if name != "gz2class"] == cas


@pytest.mark.parametrize("name", [name for name in REAL if REAL[name]])
def test_a_real_file_is_recognised_and_all_its_columns_are_known(shared_data, name):
    columns = header(shared_data / "gz_tables" / name)
    table = known.recognise(columns)
    assert table.name == REAL[name]
    unnamed = {""} if REAL[name] == "zooSpec_gtype" else set()
    assert set(columns) - set(table.names_in(columns)) == unnamed


def test_checksums_are_those_of_the_real_files(shared_data):
    offered = {f.name: f for table in TABLES for f in table.files if f.n_bytes}
    seen = [name for name in REAL if name in offered]
    assert len(seen) == 7
    for name in seen:
        data = (shared_data / "gz_tables" / name).read_bytes()
        assert offered[name].checksum == f"sha256:{hashlib.sha256(data).hexdigest()}"
        assert offered[name].n_bytes == len(data)
