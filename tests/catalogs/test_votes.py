import numpy as np
import pytest

from galaxycurate.catalogs.labels import label_votes
from galaxycurate.catalogs.tables import read_table
from galaxycurate.catalogs.votes import read_votes
from galaxycurate.errors import IdentityError, InputError, LayoutError, SettingError

GZ1 = (
    "OBJID,RA,DEC,NVOTE,P_EL,P_CS,P_EL_DEBIASED,P_CS_DEBIASED\n"
    "587727178986356823,00:00:00.41,-10:22:25.7,59,0.61,0.1,0.61,0.1\n"
    "587727227300741210,12:30:00.00,+15:30:00.0,18,0.9,0.05,0.86,0.1\n"
    "587727225153257596,00:00:01.00,-00:30:00.0,68,0.1,0.9,0.05,0.93\n"
    "587727225153257597,00:00:01.00,-00:30:00.0,5,0.1,0.9,0.05,0.99\n"
)


@pytest.fixture
def gz1(tmp_path):
    (tmp_path / "GalaxyZoo1_DR_table2.csv").write_text(GZ1)
    return tmp_path / "GalaxyZoo1_DR_table2.csv"


def test_galaxy_zoo_1_is_read_with_ra_in_sexagesimal_hours(gz1):
    votes = read_votes(gz1)
    assert (votes.catalog, votes.kind, len(votes)) == ("Galaxy Zoo 1", "debiased", 4)
    assert votes.ra == pytest.approx([0.41 / 240, 187.5, 1 / 240, 1 / 240])
    assert votes.dec == pytest.approx([-(10 + 22 / 60 + 25.7 / 3600), 15.5, -0.5, -0.5])
    assert votes.dr7objid[0] == 587727178986356823
    assert (votes.objid == 0).all()


def test_each_cut_is_counted_and_no_galaxy_has_two_classes(gz1):
    labels = label_votes(read_votes(gz1), threshold=0.85, min_votes=10)
    assert labels.funnel == {
        "rows": 4, "at least 10 votes": 3, "debiased fraction >= 0.85": 2, "different objects": 2,
        "elliptical": 1, "spiral": 1,
    }  # fmt: skip
    assert labels.label.tolist() == ["elliptical", "spiral"]
    assert labels.fraction.tolist() == [0.86, 0.93]


def test_raw_votes_are_another_question(gz1):
    labels = label_votes(read_votes(gz1, kind="raw"), threshold=0.9, min_votes=10)
    assert labels.fraction.tolist() == [0.9, 0.9]


@pytest.mark.parametrize("threshold", [0.5, 0.4, 1.01, -1])
def test_a_threshold_that_allows_two_classes_is_refused(gz1, threshold):
    with pytest.raises(SettingError, match=r"must be above 0.5 and at most 1"):
        label_votes(read_votes(gz1), threshold=threshold, min_votes=1)


def test_several_spectra_of_one_object_are_one_object(tmp_path):
    path = tmp_path / "zooSpec.csv"
    row = "1237648720693755918,180.0,1.0,30,0.95,0.02,0.95,0.02\n"
    path.write_text("objid,ra,dec,nvote,p_el,p_cs,p_el_debiased,p_cs_debiased\n" + row * 2)
    labels = label_votes(read_votes(path), threshold=0.85, min_votes=10)
    assert labels.funnel["different objects"] == 1


def test_one_object_under_two_labels_is_left_out_and_counted(tmp_path):
    path = tmp_path / "zooSpec.csv"
    rows = ["1237648720693755918,30,0.95,0.02", "1237648720693755918,30,0.02,0.95",
            "1237648720693755919,30,0.95,0.02"]  # fmt: skip
    path.write_text("\n".join(["objid,nvote,p_el,p_cs", *rows]))
    labels = label_votes(read_votes(path), threshold=0.85, min_votes=10)
    assert labels.funnel["different objects"] == 2
    assert labels.funnel["not under two labels"] == 1
    assert labels.row.tolist() == [2]


def test_sexagesimal_positions_may_lack_seconds_or_stand_beside_empty_cells(tmp_path):
    path = tmp_path / "votes.csv"
    places = [",", "12:30,-10:30", "187.5,-0.5", "x:y,1:2:3:4"]
    rows = [f"{1237648720693755918 + k},{place},0.9,0" for k, place in enumerate(places)]
    path.write_text("\n".join(["objid,ra,dec,p_el,p_cs", *rows]))
    votes = read_votes(path)
    assert votes.ra == pytest.approx([np.nan, 187.5, 187.5, np.nan], nan_ok=True)
    assert votes.dec == pytest.approx([np.nan, -10.5, -0.5, np.nan], nan_ok=True)


def test_percentages_are_not_taken_for_fractions(tmp_path):
    path = tmp_path / "votes.csv"
    path.write_text("objid,p_el,p_cs\n1237648720693755918,95,5\n")
    with pytest.raises(LayoutError, match="column p_el holds 95, which is no fraction of votes"):
        read_votes(path)


def test_the_real_galaxy_zoo_2_tables_agree_in_three_formats(shared_data):
    """A CSV.gz derived from a FITS table: the same 1,777 galaxies, the same labels."""
    tables = shared_data / "gz_tables"
    csv_gz = read_votes(tables / "zoo2MainSpecz_subset.csv.gz")
    fits = read_votes(tables / "mergers_gz2.fits")
    assert (len(csv_gz), len(fits)) == (1777, 1786)
    assert set(csv_gz.dr7objid) == set(fits.dr7objid)
    a, b = (label_votes(v, threshold=0.7, min_votes=10) for v in (csv_gz, fits))
    by_id = dict(zip(fits.dr7objid[b.row].tolist(), b.label.tolist(), strict=True))
    mine = dict(zip(csv_gz.dr7objid[a.row].tolist(), a.label.tolist(), strict=True))
    assert mine == by_id  # though one keeps 0.7 and the other 0.69999999
    assert set(np.unique(a.label)) == {"elliptical", "spiral"}


def test_the_real_hart16_subset_is_labelled_without_vote_counts(shared_data):
    votes = read_votes(shared_data / "gz_tables" / "gz2_hart16_subset_3744.csv")
    assert np.isnan(votes.ra).all()
    labels = label_votes(votes, threshold=0.85, min_votes=10)
    assert labels.funnel["at least 10 votes (3,744 unknown)"] == 3744
    assert labels.funnel["elliptical"] + labels.funnel["spiral"] == labels.row.size > 2000


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("skyserver_zooSpec_flags_10000.csv", "p_el_debiased"),
        ("skyserver_zoo2MainSpecz_flags_10000.csv", "t01_smooth_or_features_a01_smooth_debiased"),
    ],
)
def test_real_flag_tables_say_what_is_missing_and_what_works(shared_data, name, missing):
    with pytest.raises(LayoutError, match="carries no vote fractions") as caught:
        read_votes(shared_data / "gz_tables" / name)
    assert missing in str(caught.value)
    assert "leave --table out to ask the archive" in caught.value.hint


def test_real_mergers_are_refused_for_their_rounded_ids_only_where_used(shared_data):
    with pytest.raises(LayoutError, match="no vote table that is known here"):
        read_votes(shared_data / "gz_tables" / "darg_mergers.csv")


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("", InputError, "is empty"),
        ("ra,dec\n1,2\n", LayoutError, "its columns start ra, dec"),
        ("p_el,p_cs\n0.9,0.1\n", IdentityError, "has no column of ids"),
        ("objid,p_el,p_cs\n,0.9,0.1\n", IdentityError, r"1 rows have no id in objid"),
        ("objid,p_el,p_cs\n12345,0.9,0.1\n", IdentityError, "holds no SDSS objIDs"),
        ("objid,p_el,p_cs\n1.24E+18,0.9,0.1\n", IdentityError, "went through a float"),
    ],
)
def test_a_bad_table_names_its_fault(tmp_path, text, error, message):
    path = tmp_path / "votes.csv"
    path.write_text(text)
    with pytest.raises(error, match=message) as caught:
        read_votes(path)
    assert "votes.csv" in str(caught.value)


def test_skyservers_first_line_is_left_out(tmp_path):
    path = tmp_path / "reply.csv"
    path.write_text("#Table1\nobjid,ra\n1237648720693755918,1\n")
    assert read_table(path).objid.tolist() == ["1237648720693755918"]
