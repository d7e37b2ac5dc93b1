"""`galaxycurate catalog`: what it says and what it leaves."""

import json

import pytest

from galaxycurate.cli import main
from galaxycurate.errors import ExitCode

FIELDS = (
    "fieldID,run,rerun,camcol,field,ra,dec,muStart,muEnd,nuStart,nuEnd,score,quality,photoStatus,"
    "nTotal,nGalaxy,primaryArea\n"
    "1237662226208063488,3900,301,6,269,164.2,39.1,1,2,3,4,0.8,3,0,3,1,0.03\n"
    "1237662226208129024,3900,301,6,270,164.3,39.2,2,3,3,4,0.8,3,0,7,5,0.03\n"
)
OBJECTS = (
    "objid,ra,dec,type,modelMag_r,petroRad_r,psfMag_r\n"
    "1237662226208063489,164.2,39.1,3,17.5,4.2,17.6\n"
    "1237662226208063490,164.3,39.1,6,18.5,1.2,18.6\n"
)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Field.csv").write_text(FIELDS)
    (tmp_path / "PhotoPrimary.csv").write_text("#Table1\n" + OBJECTS)
    return tmp_path


def test_add_says_what_was_added_and_what_comes_next(here, capsys):
    assert main.main(["catalog", "add", "Field.csv", "PhotoPrimary.csv"]) == ExitCode.DONE
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "Field.csv: Field: 2 rows added, 0 were there before, 2 in all",
        "PhotoPrimary.csv: PhotoObjAll: 2 rows added, 0 were there before, 2 in all",
    ]
    assert "  mode = 1 for all" in said.err.splitlines()
    assert "only primary detections are here" in said.err
    assert said.err.splitlines()[-1] == (
        "next: galaxycurate negatives --archive local:catalog.duckdb"
    )


def test_show_says_which_fields_have_no_objects_and_what_cannot_be_asked(here, capsys):
    main.main(["catalog", "add", "Field.csv", "PhotoPrimary.csv"])
    capsys.readouterr()
    assert main.main(["catalog", "show"]) == ExitCode.DONE
    said = capsys.readouterr().out
    assert "  without objects: 3900-6-270\n" in said
    assert "  positives_gz1_raw cannot be asked: there is no zooSpec\n" in said
    main.main(["catalog", "show", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["rows"] == {"Field": 2, "PhotoObjAll": 2}
    assert (found["covered"], found["bare"], found["only_primaries"]) == (1, 1, True)
    assert found["missing"]["negatives_cell"] == []


def test_columns_that_positives_need_are_named(here, capsys):
    (here / "zoo.csv").write_text(
        "#Table1\nspecobjid,objid8,spiral,elliptical,uncertain\n5,6,1,0,0\n"
    )
    assert main.main(["catalog", "add", "zoo.csv"]) == ExitCode.DONE
    said = capsys.readouterr().err
    gaps = "zooSpec.dr7objid, zooSpec.ra, zooSpec.dec, zooSpec.nvote, zooSpec.p_el, zooSpec.p_cs"
    assert f"positives_gz1_raw needs {gaps}: add a file that has them" in said


def test_what_was_completed_and_what_differs_is_said(here, capsys):
    main.main(["catalog", "add", "PhotoPrimary.csv"])
    other = OBJECTS.replace("psfMag_r", "psfMag_g").replace("164.3", "164.4")
    (here / "PhotoPrimary.csv").write_text(other + other.splitlines()[-1] + "\n")
    capsys.readouterr()
    assert main.main(["catalog", "add", "PhotoPrimary.csv"]) == ExitCode.DONE
    assert capsys.readouterr().out.splitlines() == [
        "PhotoPrimary.csv: PhotoObjAll: 0 rows added, 3 were there before, 2 in all",
        "  2 rows completed: psfMag_g",
        "  3 rows there before, 1 of them differ: kept as they were",
    ]
    (here / "PhotoPrimary.csv").write_text(OBJECTS + OBJECTS.splitlines()[-1] + "\n")
    main.main(["catalog", "add", "PhotoPrimary.csv", "--to", "new.duckdb"])
    assert "  1 repeated in this file: the first of each counts" in capsys.readouterr().out


def test_one_bad_file_is_named_and_the_others_are_added(here, capsys):
    (here / "bad.csv").write_text("a,b\n1,2\n")
    command = ["catalog", "add", "bad.csv", "Field.csv", "none.csv"]
    assert main.main(command) == ExitCode.SOME_FAILED
    said = capsys.readouterr()
    assert said.out == "Field.csv: Field: 2 rows added, 0 were there before, 2 in all\n"
    assert "galaxycurate: bad.csv: its columns do not tell its table: a, b" in said.err
    assert "galaxycurate: there is no file none.csv" in said.err
    assert "galaxycurate: 2 of 3 files were not added" in said.err
    assert main.main(["catalog", "add", "bad.csv", "none.csv"]) == ExitCode.USAGE


def test_fields_that_only_objects_tell_of_are_said_apart(here, capsys):
    (here / "Field.csv").write_text("\n".join(FIELDS.splitlines()[::2]) + "\n")
    main.main(["catalog", "add", "Field.csv", "PhotoPrimary.csv"])
    capsys.readouterr()
    main.main(["catalog", "show", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert (found["rows"]["Field"], found["fields_made_up"]) == (1, 1)
    main.main(["catalog", "show"])
    assert "fields that only their objects tell of" in capsys.readouterr().out


def test_votes_of_galaxy_zoo_2_are_asked_for_by_name(here, capsys):
    t01 = "t01_smooth_or_features_a0"
    t04 = "t04_spiral_a08_spiral_"
    columns = [
        "specobjid", "dr8objid", "dr7objid", "ra", "dec", "total_classifications",
        f"{t04}count", "t04_spiral_a09_no_spiral_count", f"{t01}1_smooth_debiased",
        f"{t01}2_features_or_disk_debiased", f"{t04}debiased",
    ]  # fmt: skip
    (here / "votes.csv").write_text(f"{','.join(columns)}\n{','.join('1' for _ in columns)}\n")
    main.main(["catalog", "add", "votes.csv"])
    assert capsys.readouterr().err.splitlines()[-1] == (
        "next: galaxycurate positives --catalog gz2 --archive local:catalog.duckdb"
    )


def test_a_dry_run_leaves_nothing(here, capsys):
    assert main.main(["catalog", "add", "--dry-run", "--json", "Field.csv"]) == ExitCode.DONE
    (result,) = json.loads(capsys.readouterr().out)
    assert (result["added"], result["there_before"]) == (2, 0)
    assert not (here / "catalog.duckdb").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["add", "none.csv"], "galaxycurate: there is no file none.csv"),
        (["show"], "galaxycurate: there is no catalogue catalog.duckdb"),
        (["add", "Field.csv", "--to", "cat"], "galaxycurate: cat is no name of a DuckDB file"),
        (["add", "Field.csv", "--table", "Feild"], "galaxycurate: no table is called 'Feild' here"),
    ],
)
def test_a_wrong_word_is_said_with_a_hint_and_touches_nothing(here, capsys, arguments, words):
    assert main.main(["catalog", *arguments]) == ExitCode.USAGE
    said = capsys.readouterr().err.splitlines()
    assert said[-2] == words
    assert said[-1].startswith("  hint: ")
    assert not (here / "catalog.duckdb").exists()
