"""`galaxycurate catalogs`, and `catalog` of old: what it says and what it leaves."""

import gzip
import json

import pytest

from galaxycurate.cli import main
from galaxycurate.errors import ExitCode
from tests.archives import fileserver

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
    own = "if it is a table of your own: galaxycurate positives --table bad.csv --scheme FILE.toml"
    assert own in said.err
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


GZ1 = (
    "OBJID,RA,DEC,NVOTE,P_EL,P_CW,P_ACW,P_EDGE,P_DK,P_MG,P_CS,P_EL_DEBIASED,P_CS_DEBIASED,"
    "SPIRAL,ELLIPTICAL,UNCERTAIN\n"
    "587727178986356823,00:00:00.41,-10:22:25.7,59,.61,.034,0,.153,.153,.051,.186,.61,.186,0,0,1\n"
    "587727227300741210,00:00:00.74,-09:13:20.2,18,.02,0,.167,.8,0,0,.967,.03,.957,1,0,0\n"
)


def test_the_catalogues_are_listed_with_what_is_here(here, capsys):
    (here / "catalogs").mkdir()
    (here / "catalogs" / "RedSpiralsA1.txt").touch()
    assert main.main(["catalogs", "list"]) == ExitCode.DONE
    said = capsys.readouterr()
    lines = {line.split()[0]: line.split(maxsplit=4) for line in said.out.splitlines()}
    assert lines["gz1"] == [
        "gz1", "GalaxyZoo1_DR_table2", "667,944", "-", "galaxycurate catalogs fetch gz1",
    ]  # fmt: skip
    assert lines["red-spirals"][3] == "1"
    assert lines["gz-challenge"][4] == "log in where describe says"
    assert said.err == "next: galaxycurate catalogs describe gz1\n"
    main.main(["catalogs", "list", "--json"])
    found = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    assert found["red-spirals"]["here"] == ["catalogs/RedSpiralsA1.txt"]
    assert len(found) == 13


def test_a_catalogue_is_described_with_sources_papers_and_schemes(capsys):
    assert main.main(["catalogs", "describe", "gz1"]) == ExitCode.DONE
    said = capsys.readouterr().out
    assert "  cite: Lintott et al. 2008, MNRAS 389, 1179; Lintott et al. 2011" in said
    assert "  schemes: gz1-binary (default), " in said
    assert "  table: https://data.galaxyzoo.org/data/gz1/GalaxyZoo1_DR_table2.csv.gz\n" in said
    assert "    sha256:5121e43f5028" in said
    main.main(["catalogs", "describe", "zoospec"])
    assert "  p_el           fraction  fraction of votes for elliptical\n" in (
        capsys.readouterr().out
    )
    main.main(["catalogs", "describe", "gz2", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert [len(table["columns"]) for table in found["tables"]][:2] == [231, 233]


def test_a_file_is_described_by_what_it_holds(here, capsys):
    (here / "votes.csv").write_text(GZ1)
    assert main.main(["catalogs", "describe", "votes.csv"]) == ExitCode.DONE
    said = capsys.readouterr()
    assert said.out.startswith("votes.csv: GalaxyZoo1_DR_table2 of gz1\n  rows")
    assert "next: galaxycurate positives --table votes.csv --scheme gz1-binary" in said.err
    main.main(["catalogs", "check", "votes.csv", "--json"])
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["rows"], found["objects"], found["unknown"]) == (2, 2, [])


def test_a_file_that_cannot_be_trusted_is_refused_with_the_reason(here, capsys):
    (here / "bad.csv").write_text("objid,p_el,p_cs\n1.24E+18,0.9,0.1\n")
    assert main.main(["catalogs", "check", "bad.csv"]) == ExitCode.USAGE
    assert "column objid holds ids that went through a float" in capsys.readouterr().err
    (here / "votes.csv").write_text(GZ1)
    assert main.main(["catalogs", "check", "bad.csv", "votes.csv"]) == ExitCode.SOME_FAILED
    assert "votes.csv: GalaxyZoo1_DR_table2" in capsys.readouterr().out


def test_tables_of_cas_go_to_sql_and_others_are_kept_for_positives(here, capsys):
    (here / "votes.csv").write_text(GZ1)
    assert main.main(["catalogs", "add", "Field.csv", "votes.csv"]) == ExitCode.DONE
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "Field.csv: Field: 2 rows added, 0 were there before, 2 in all",
        "votes.csv: GalaxyZoo1_DR_table2 of gz1: 2 rows ready",
    ]
    assert "next: galaxycurate positives --table GalaxyZoo1_DR_table2" in said.err.splitlines()
    assert len(list((here / "catalogs").glob("GalaxyZoo1_DR_table2-*.parquet"))) == 1
    assert main.main(["positives", "--table", "GalaxyZoo1_DR_table2"]) == ExitCode.DONE


def test_what_would_be_fetched_is_said_and_nothing_is_touched(here, capsys):
    before = sorted(here.iterdir())
    assert main.main(["catalogs", "fetch", "gz1", "--dry-run"]) == ExitCode.DONE
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "catalogs/GalaxyZoo1_DR_table2.csv.gz",
        "  from https://data.galaxyzoo.org/data/gz1/GalaxyZoo1_DR_table2.csv.gz",
        "  size not published, "
        "sha256:5121e43f502856c9f73e31934a6e7d7282669c3ae065564a31f5d5115f45541d",
    ]
    assert said.err == "other tables are fetched by their names: GalaxyZoo1_DR_table3\n"
    main.main(["catalogs", "fetch", "gz2", "--images", "--dry-run", "--json", "--to", "data"])
    plan = json.loads(capsys.readouterr().out)
    assert [one["role"] for one in plan] == ["table", "mapping", "images"]
    assert plan[0]["path"] == "data/gz2_hart16.csv.gz"
    assert sorted(here.iterdir()) == before


def test_a_fetched_table_is_ready_for_positives(here, capsys):
    files = here / "server"
    files.mkdir()
    t01 = "t01_smooth_or_features_a0"
    names = ["dr7objid", f"{t01}1_smooth_debiased", f"{t01}2_features_or_disk_debiased"]
    table = f"{','.join(names)}\n587722981736120347,0.9,0.1\n"
    (files / "gz2_hart16.csv.gz").write_bytes(gzip.compress(table.encode()))
    with fileserver.serving(files) as mirror:
        command = ["catalogs", "fetch", "gz2", "--mirror", mirror]
        assert main.main(command) == ExitCode.DONE
        said = capsys.readouterr()
        assert said.out.splitlines()[0].startswith("catalogs/gz2_hart16.csv.gz: ")
        assert said.out.splitlines()[0].endswith("fetched, unverified: none is published")
        assert said.out.splitlines()[1] == (
            "catalogs/gz2_hart16.csv.gz: gz2_hart16 of gz2: 1 rows ready"
        )
        assert said.err.splitlines()[-1] == "next: galaxycurate positives --table gz2_hart16"
        main.main([*command, "--json"])
        found = json.loads(capsys.readouterr().out)
    assert found["files"][0]["how"] == "there"
    assert found["tables"][0]["rows"] == 1


def test_offline_it_is_said_what_to_put_where(here, capsys):
    command = ["catalogs", "fetch", "gz-challenge"]
    assert main.main(command) == ExitCode.FAILED
    assert capsys.readouterr().err.splitlines()[-1] == (
        "  hint: get training_solutions_rev1.zip (size not published, checksum not published) from "
        "https://www.kaggle.com/c/galaxy-zoo-the-galaxy-challenge/data, put it at "
        "catalogs/training_solutions_rev1.zip, then: galaxycurate catalogs fetch gz-challenge, "
        "which verifies it"
    )


@pytest.mark.parametrize(
    ("arguments", "words", "hint"),
    [
        (["describe", "gz3"], "no catalogue or table is called 'gz3'", "did you mean gz2 or gz1?"),
        (["fetch", "gz1", "--from", "moon"], "--from moon is no source",
         "--from vizier, or leave it out"),
        (["check", "none.csv"], "no such file: none.csv", ""),
    ],
)  # fmt: skip
def test_a_wrong_catalogue_is_said_with_a_hint(here, capsys, arguments, words, hint):
    assert main.main(["catalogs", *arguments]) == ExitCode.USAGE
    said = capsys.readouterr().err.splitlines()
    assert said[-2] == f"galaxycurate: {words}"
    assert said[-1].startswith(f"  hint: {hint}")
