"""DR7 to DR8 and back: tables, PhotoObjDR7, positions; one answer from every archive."""

import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import requests

from galaxycurate.archives.local.archive import LocalArchive
from galaxycurate.cli.main import main
from galaxycurate.core.ids import encode, field_of
from galaxycurate.curation.crosswalk import CLAIMED, TWO_NEAR
from galaxycurate.errors import IdentityError, QueryRefused, SettingError
from galaxycurate.pipeline.archive import archive_of, shelf_of
from galaxycurate.pipeline.crosswalk.counterparts import Asker
from galaxycurate.pipeline.crosswalk.crosswalk import crosswalk
from galaxycurate.sandbox.simulated import dr7
from galaxycurate.store.manifest import Header, Manifest
from galaxycurate.store.settings import load
from tests import survey
from tests.pipeline.test_archives import environment
from tests.sandbox.test_server import start

VANISHED, MOVED, PLACELESS = 5, 5, 5


@pytest.fixture(scope="module")
def sky(tmp_path_factory):
    """The tables of 12 fields, with PhotoObjDR7 and, for a part of it, zooSpec."""
    folder = tmp_path_factory.mktemp("crosswalk") / "sky"
    survey.write(folder / "tables", 12)
    objects = pd.read_parquet(folder / "tables/PhotoObjAll.parquet").assign(psfMag_r=lambda t: t.r)
    objects.to_parquet(folder / "tables/PhotoObjAll.parquet")
    dr7.matched(objects, 3).to_parquet(folder / "tables/PhotoObjDR7.parquet")
    zoo = objects.iloc[:1500:2]
    zoo = pd.DataFrame({"objid": zoo.objID, "dr7objid": dr7.ids_of(zoo.objID.to_numpy())})
    zoo.to_parquet(folder / "tables/zooSpec.parquet")
    (folder / "frames").mkdir()
    (folder / "sky.toml").write_text('kind = "simulated"\nname = "survey"\n')
    return folder


@pytest.fixture(scope="module")
def asked(sky):
    """1,300 objects as DR7 knew them, the last ones in some trouble, and what they are."""
    objects = pd.read_parquet(sky / "tables/PhotoObjAll.parquet").iloc[200:1500]
    truth = objects.objID.to_numpy().copy()
    table = pd.DataFrame({"dr7objid": dr7.ids_of(truth), "ra": objects.ra, "dec": objects.dec})
    table = table.reset_index(drop=True)
    lost, moved = slice(0, VANISHED), slice(10, 10 + MOVED)
    ids = table.dr7objid.to_numpy(copy=True)
    ids[lost] += 5000  # an object that nobody has, 3.2" from one that is there
    table.loc[table.index[lost], "dec"] += 3.2 / 3600
    truth[lost] = 0
    ids[moved] += (1 << 16) + 5000  # in DR7 it was one of the next field
    table["dr7objid"] = ids
    nowhere = pd.DataFrame({"dr7objid": ids[:PLACELESS] + 100, "ra": np.nan, "dec": np.nan})
    return pd.concat([table, nowhere], ignore_index=True), [*truth.tolist(), *[0] * PLACELESS]


@pytest.fixture(scope="module")
def answers(sky, asked, tmp_path_factory):
    """The crosswalk by every archive, from the command line."""
    process, url = start(sky, "--queries-per-minute", "0")
    made = {}
    for archive in ("skyserver", "casjobs", f"local:{sky / 'tables'}"):
        folder = tmp_path_factory.mktemp("asked")
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            for name, value in environment(url, archive, folder).items():
                patch.setenv(name, value)
            asked[0].to_csv("mine.csv", index=False)
            assert main(["crosswalk", "mine.csv", "--to", "dr8"]) == 0
            made[archive.split(":")[0]] = pq.read_table("crosswalk.parquet")
            assert not (folder / "manifests/.answers").exists(), "an answer was left behind"
    made["stats"] = requests.get(f"{url}/__stats__", timeout=10).json()
    process.terminate()
    process.wait(20)
    return made


def settings(folder, archive="none", **more):
    flags = {"archive": archive, "manifests": str(folder / "manifests"), **more}
    return load({**flags, "catalogs": str(folder / "catalogs")}, folder=folder, environ={})


def csv(folder, name, **columns):
    path = folder / name
    pd.DataFrame(columns).to_csv(path, index=False)
    return path


def objid(n):
    return encode(run=94, camcol=1, field=20, obj=np.arange(1, n + 1))


def test_the_crosswalk_does_not_depend_on_the_archive(answers):
    rows = [answers[a].to_pylist() for a in ("skyserver", "casjobs", "local")]
    assert rows[0] == rows[1] == rows[2]
    header = json.loads(answers["skyserver"].schema.metadata[b"galaxycurate_crosswalk"])
    assert "simulated sky: survey" in header["archive"]


def test_every_object_is_a_row_with_what_it_is_or_a_reason(answers, asked):
    table, truth = asked
    found = answers["local"].to_pandas()
    assert found.dr7objid.tolist() == table.dr7objid.tolist()
    assert found.objID.tolist() == truth
    assert ((found.objID == 0) == (found.how == "")).all()
    assert (found.reason[found.objID == 0] != "").all()


def test_each_row_says_how_it_was_found(answers):
    found = answers["local"].to_pandas()
    how = found.how.value_counts().to_dict()
    assert set(how) == {"table zooSpec", "PhotoObjDR7", "field and position", "position", ""}
    assert how["table zooSpec"] > 600
    assert how["PhotoObjDR7"] > 500
    assert how["position"] == MOVED
    assert how[""] == VANISHED + PLACELESS
    lost = found.reason[found.how == ""].tolist()
    assert lost[VANISHED:] == ["no position"] * PLACELESS
    assert "no object within 1.0 arcsec (nearest 3.2)" in lost[:VANISHED]
    assert all(text.startswith("no object within 1.0 arcsec") for text in lost[:VANISHED])
    by_cas = found.distance_arcsec[found.how == "PhotoObjDR7"]
    assert by_cas.between(0, 1).all()
    assert by_cas.max() > 0.1, "PhotoObjDR7 counts in arcmin"


def test_the_way_back_gives_the_same_pairs(sky, answers, tmp_path):
    there = answers["local"].to_pandas()
    there = there[there.how == "PhotoObjDR7"]
    mine = csv(tmp_path, "mine.csv", objid=there.objID)
    archive = LocalArchive(sky / "tables")
    back = crosswalk(settings(tmp_path), mine, to="dr7")
    assert back.counts == {"objects": len(there), "not in any table that was given": len(there)}
    back = crosswalk(settings(tmp_path, f"local:{sky}"), mine, to="dr7", asker=Asker(archive))
    assert back.table["dr7objid"].to_pylist() == there.dr7objid.tolist()


def test_a_dry_run_counts_the_questions_and_asks_nobody(sky, asked, tmp_path):
    asked[0].to_csv(tmp_path / "mine.csv", index=False)
    planned = settings(tmp_path, "skyserver", server="http://127.0.0.1:9")
    nobody = Asker(archive_of(planned), dry_run=True)
    plan = crosswalk(planned, tmp_path / "mine.csv", to="dr8", asker=nobody)
    assert plan.questions == {
        "crosswalk_zoospec": 1, "crosswalk_zoonospec": 1,
        "crosswalk_from_dr7": 14, "crosswalk_from_dr8": 14, "crosswalk_position": 33,
    }  # fmt: skip
    assert not (tmp_path / "manifests").exists()


class Mortal(LocalArchive):
    """Is far away and dies at a question."""

    last = 5

    @property
    def name(self):
        return f"far away: {self.path} {super().name}"

    def run(self, query, **more):
        if not self.last:
            raise KeyboardInterrupt
        self.last -= 1
        return super().run(query, **more)


def test_an_interrupted_crosswalk_goes_on(sky, asked, answers, tmp_path):
    asked[0].to_csv(tmp_path / "mine.csv", index=False)
    where = settings(tmp_path, f"local:{sky / 'tables'}")
    archive = Mortal(sky / "tables")
    with pytest.raises(KeyboardInterrupt):
        crosswalk(where, tmp_path / "mine.csv", to="dr8", asker=Asker(archive, shelf_of(where)))
    archive.last = 100
    again = Asker(archive, shelf_of(where))
    found = crosswalk(where, tmp_path / "mine.csv", to="dr8", asker=again)
    assert found.table.to_pylist() == answers["local"].to_pylist()
    asked_now = sum(found.questions.values()) - 1 - 5 + 1  # no zooNoSpec, and who answers
    assert 100 - archive.last == asked_now
    assert "simulated sky: survey" in found.header.archive


def test_the_answers_of_another_archive_are_not_used(sky, asked, tmp_path):
    asked[0][:120].to_csv(tmp_path / "mine.csv", index=False)
    where = settings(tmp_path, "local:somewhere")
    one, other = Mortal(sky / "tables"), Mortal(sky / "tables")
    other.path = tmp_path / "another"  # answers under another name
    for archive in (one, other):
        archive.last = 100
        crosswalk(where, tmp_path / "mine.csv", to="dr8", asker=Asker(archive, shelf_of(where)))
    assert one.last == 100 - 5  # 120 ids are two questions, and two back; positions are one
    assert other.last == 100 - 1 - 5


def test_an_archive_without_the_tables_is_no_failure(tmp_path):
    folder = tmp_path / "tables"
    folder.mkdir()
    pd.DataFrame({"fieldID": [encode(run=94, camcol=1, field=20)], "score": 0.8}).to_parquet(
        folder / "Field.parquet"
    )
    mine = csv(tmp_path, "mine.csv", dr7objid=dr7.ids_of(objid(3)), ra=[1.0, 2, 3], dec=0.0)
    found = crosswalk(settings(tmp_path, f"local:{folder}"), mine)
    assert found.unmatched == 3
    assert "PhotoObjDR7" in found.notes[0]


class Moody(LocalArchive):
    """Is far away and refuses one question."""

    refused = 2

    @property
    def name(self):
        return f"far away: {self.path}"

    def run(self, query, **more):
        self.refused -= query.name == "crosswalk_from_dr7"
        if query.name == "crosswalk_from_dr7" and not self.refused:
            raise QueryRefused("too long")
        return super().run(query, **more)


def test_one_refused_question_leaves_its_own_ids_and_no_others(sky, tmp_path):
    pairs = pd.read_parquet(sky / "tables/PhotoObjDR7.parquet")
    mine = csv(tmp_path, "mine.csv", dr7objid=np.unique(pairs.dr7objid)[:250])
    where, archive = settings(tmp_path), Moody(sky / "tables")
    found = crosswalk(where, mine, to="dr8", asker=Asker(archive, shelf_of(where)))
    assert found.unasked == 100
    reasons = found.table["reason"].to_pylist()
    assert reasons.count("not asked: the archive refused: too long") == 100
    assert found.counts["PhotoObjDR7"] > 140
    again = Asker(archive, shelf_of(where))
    found = crosswalk(where, mine, to="dr8", asker=again)
    assert (found.unasked, found.counts["PhotoObjDR7"] > 240) == (0, True)
    assert archive.refused == 2 - 3 - 1, "what was answered is not asked again"


def test_objects_that_were_not_asked_about_end_with_three_and_keep_what_came(
    sky, tmp_path, monkeypatch, capsys
):
    pairs = pd.read_parquet(sky / "tables/PhotoObjDR7.parquet")
    csv(tmp_path, "mine.csv", dr7objid=np.unique(pairs.dr7objid)[:250])
    monkeypatch.chdir(tmp_path)
    moody = Moody(sky / "tables")
    monkeypatch.setattr("galaxycurate.pipeline.archive.open_archive", lambda *_: moody)
    assert main(["crosswalk", "mine.csv", "--to", "dr8", "--json"]) == 3
    told = capsys.readouterr()
    assert json.loads(told.out)["not_asked"] == 100
    assert "100 of 250 objects were not asked about" in told.err
    assert any((tmp_path / "manifests/.answers").iterdir())
    assert main(["crosswalk", "mine.csv", "--to", "dr8"]) == 0
    assert not (tmp_path / "manifests/.answers").exists()


def test_an_archive_without_the_table_is_said_in_the_reason(tmp_path):
    folder = tmp_path / "tables"
    folder.mkdir()
    pd.DataFrame({"fieldID": [1], "run": [1]}).to_parquet(folder / "Field.parquet")
    mine = csv(tmp_path, "mine.csv", dr7objid=dr7.ids_of(objid(2)))
    found = crosswalk(settings(tmp_path, f"local:{folder}"), mine)
    assert found.table["reason"].to_pylist() == [f"local: {folder} lacks PhotoObjDR7"] * 2
    assert found.unasked == 0


def matched(folder, ids7, ids8):
    """A local archive with these pairs, the first of an object the nearest."""
    (folder / "cas").mkdir(exist_ok=True)
    pd.DataFrame(
        {"dr7objid": ids7, "dr8objid": ids8, "modeDR7": 1, "modeDR8": 1,
         "distance": 0.001 + 0.01 * np.arange(len(ids7))}
    ).to_parquet(folder / "cas/PhotoObjDR7.parquet")  # fmt: skip
    return settings(folder, f"local:{folder / 'cas'}")


def test_local_tables_that_changed_are_asked_anew(tmp_path):
    ids7, ids8 = dr7.ids_of(objid(3)), objid(3)
    mine = csv(tmp_path, "mine.csv", dr7objid=ids7)
    for n in (1, 3):
        found = crosswalk(matched(tmp_path, ids7[:n], ids8[:n]), mine, to="dr8")
        assert found.counts["PhotoObjDR7"] == n
    assert not (tmp_path / "manifests").exists()


@pytest.mark.parametrize("by", ["archive", "table"])
def test_a_match_does_not_depend_on_what_else_was_asked(tmp_path, by):
    ids7, ids8 = dr7.ids_of(objid(3)), objid(3)[[0, 0, 2]]
    where = matched(tmp_path, ids7, ids8)
    tables = [tmp_path / "cas/PhotoObjDR7.parquet"] if by == "table" else []
    where = where if by == "archive" else settings(tmp_path)
    all_of_them = csv(tmp_path, "all.csv", dr7objid=ids7)
    together = crosswalk(where, all_of_them, to="dr8", tables=tables).table["objID"].to_pylist()
    alone = [
        crosswalk(where, csv(tmp_path, "one.csv", dr7objid=[one]), to="dr8", tables=tables)
        .table["objID"].to_pylist()[0] for one in ids7
    ]  # fmt: skip
    assert together == alone == [ids8[0], 0, ids8[2]]


def test_conflicts_between_sources_are_listed(tmp_path):
    ids7, ids8 = dr7.ids_of(objid(4)).tolist(), objid(4).tolist()
    mine = csv(tmp_path, "mine.csv", dr7objid=ids7[:2], objid=[ids8[0], 0])
    one = csv(tmp_path, "one.csv", dr7objid=ids7[:2], objid=[ids8[2], ids8[1]])
    two = csv(tmp_path, "two.csv", dr7objid=[ids7[1]], objid=[ids8[3]])
    found = crosswalk(settings(tmp_path), mine, tables=[one, two])
    assert found.table["how"].to_pylist() == ["own", "table one"]
    assert found.table["objID"].to_pylist() == ids8[:2]
    said = [f"table one says {ids8[2]}", f"table two says {ids8[3]}"]
    assert found.table["reason"].to_pylist() == said
    assert found.conflicts == found.counts["conflicts"] == 2


def test_rows_that_contradict_each_other_are_listed(tmp_path):
    ids7, ids8 = dr7.ids_of(objid(1)).tolist(), objid(2).tolist()
    mine = csv(tmp_path, "mine.csv", dr7objid=ids7 * 2, objid=ids8)
    found = crosswalk(settings(tmp_path), mine)
    assert found.table["reason"].to_pylist() == [f"another row says {i}" for i in ids8[::-1]]


def test_a_row_without_ids_may_share_the_object_of_a_named_row(tmp_path):
    ids7, ids8 = dr7.ids_of(objid(1)).tolist(), objid(1).tolist()
    mine = csv(tmp_path, "mine.csv", dr7objid=[ids7[0], 0], ra=10.0, dec=1.0)
    both = csv(tmp_path, "both.csv", dr7objid=ids7, objid=ids8, ra=10.0, dec=1.0)
    found = crosswalk(settings(tmp_path), mine, tables=[both])
    assert found.table["objID"].to_pylist() == ids8 * 2


def test_strange_files_among_the_catalogues_stop_nobody(tmp_path):
    (tmp_path / "catalogs").mkdir()
    (tmp_path / "catalogs/junk.parquet").write_bytes(b"PAR1 no")
    (tmp_path / "catalogs/.part.parquet").write_bytes(b"PAR1 no")
    mine = csv(tmp_path, "mine.csv", dr7objid=dr7.ids_of(objid(1)))
    found = crosswalk(settings(tmp_path), mine)
    assert [note.partition(" was left out")[0] for note in found.notes] == [
        f"junk.parquet in {tmp_path / 'catalogs'}"
    ]


def test_ids_that_went_through_a_float_are_refused(tmp_path):
    mine = csv(tmp_path, "mine.csv", dr7objid=["5.877240479563120e+17"] * 2, ra=[10, 11], dec=5)
    with pytest.raises(IdentityError, match=r"mine\.csv: column dr7objid .* 2 cells"):
        crosswalk(settings(tmp_path), mine)


def test_tables_with_both_ids_are_believed_first(tmp_path):
    mine = csv(tmp_path, "mine.csv", dr7objid=dr7.ids_of(objid(4)), ra=[1.0, 2, 3, 4], dec=0.0)
    both = csv(
        tmp_path, "both.csv", dr7objid=dr7.ids_of(objid(2)), dr8objid=objid(2), ra=9.0, dec=0.0
    )
    (tmp_path / "catalogs").mkdir()
    third = pd.DataFrame({"dr7objid": dr7.ids_of(objid(3))[2:], "objid": objid(3)[2:]})
    third.to_parquet(tmp_path / "catalogs/third.parquet")
    found = crosswalk(settings(tmp_path), mine, tables=[both])
    assert found.table["objID"].to_pylist() == [*objid(3).tolist(), 0]
    assert found.table["how"].to_pylist() == ["table both", "table both", "table third", ""]
    assert len(found.header.parents) == 3


def test_a_file_of_photoobjdr7_is_taken_for_what_it_is(tmp_path):
    ids = objid(3)
    pairs = csv(
        tmp_path, "PhotoObjDR7.csv", dr7objid=dr7.ids_of(ids)[[0, 0, 1]], dr8objid=ids,
        distance=[0.001, 0.004, 0.002], modeDR7=[1, 1, 1], modeDR8=[2, 1, 1],
    )  # fmt: skip
    mine = csv(tmp_path, "mine.csv", dr7objid=dr7.ids_of(ids)[:2])
    found = crosswalk(settings(tmp_path), mine, tables=[pairs])
    assert found.table["how"].to_pylist() == ["PhotoObjDR7"] * 2
    assert found.table["objID"].to_pylist() == ids[1:].tolist()
    assert found.table["reason"].to_pylist() == ["primary of 2", ""]
    assert found.table["distance_arcsec"].to_pylist() == pytest.approx([0.24, 0.12])


def test_repeated_rows_are_one_object(tmp_path):
    ids = dr7.ids_of(objid(2))[[0, 1, 0, 0]]
    mine = csv(tmp_path, "mine.csv", dr7objid=ids, ra=[1.0, 2, 1, 1], dec=0.0)
    found = crosswalk(settings(tmp_path), mine)
    assert found.table["row"].to_pylist() == [1, 2]
    assert found.of_row.tolist() == [0, 1, 0, 0]


def test_a_row_is_told_by_another_row_of_the_same_object(tmp_path):
    ids = dr7.ids_of(objid(1))[0]
    mine = csv(tmp_path, "mine.csv", dr7objid=[ids, ids], objid=[objid(1)[0], 0])
    found = crosswalk(settings(tmp_path), mine)
    assert found.table["objID"].to_pylist() == [objid(1)[0]]
    assert found.counts == {"objects": 1, "own": 1}
    assert found.of_row.tolist() == [0, 0]


def test_a_table_that_names_nothing_is_refused(tmp_path):
    mine = csv(tmp_path, "mine.csv", petal=["a", "b"], width=[1, 2])
    with pytest.raises(IdentityError, match="neither SDSS ids nor positions"):
        crosswalk(settings(tmp_path), mine)


def test_positions_alone_find_the_newer_objects(tmp_path):
    mine = csv(tmp_path, "mine.csv", ra=[10.0, 20.0, 10.0], dec=[5.0, 5.0, 5.0])
    given = csv(tmp_path, "dr8.csv", objid=objid(1), ra=[10.0], dec=[5.0 + 0.3 / 3600])
    found = crosswalk(settings(tmp_path), mine, tables=[given])
    assert found.table["objID"].to_pylist() == [objid(1)[0], 0, objid(1)[0]]
    assert found.table["how"].to_pylist() == ["position", "", "position"]
    assert found.table["reason"].to_pylist()[1] == "no object within 1.0 arcsec"


@pytest.mark.parametrize("ending", [".parquet", ".csv", ".ecsv"])
def test_what_is_written_can_be_used_as_a_table(tmp_path, ending):
    mine = csv(tmp_path, "mine.csv", dr7objid=dr7.ids_of(objid(2)))
    both = csv(tmp_path, "both.csv", dr7objid=dr7.ids_of(objid(2)), objid=objid(2))
    found = crosswalk(settings(tmp_path), mine, tables=[both])
    path = tmp_path / f"crosswalk{ending}"
    found.write(path)
    assert "galaxycurate_crosswalk" in (
        path.read_bytes() + b"".join(p.read_bytes() for p in tmp_path.glob("*-metadata.json"))
    ).decode("latin1")
    if ending == ".ecsv":
        from astropy.table import Table

        assert Table.read(path)["objID"].tolist() == objid(2).tolist()
        return
    if ending == ".csv":
        assert f'"{objid(2)[0]}"' in path.read_text()
    again = crosswalk(settings(tmp_path), mine, tables=[path])
    assert again.table["objID"].to_pylist() == objid(2).tolist()
    assert again.counts == {"objects": 2, "table crosswalk": 2}
    assert crosswalk(settings(tmp_path), path).counts == {"objects": 2, "own": 2}


def manifest(folder, **columns):
    n = len(columns["dr7objid"])
    header = Header(
        command="x", created_utc="2026-01-02T03:04:05+00:00", archive="file mine.csv",
        cuts={"threshold": 0.85}, counts={"rows": n},
    )  # fmt: skip
    base = {
        "name": [str(k) for k in range(n)], "label": ["spiral"] * n, "pixscale": [0.4] * n,
        "size_px": [256] * n, "ra": [10.0 + k for k in range(n)], "dec": [5.0] * n,
    }  # fmt: skip
    return Manifest.build(header, {**base, **columns}, where="test").write(folder / "mine.parquet")


def test_applied_ids_stand_in_the_same_rows_of_a_new_manifest(tmp_path, monkeypatch, capsys):
    ids7, ids8 = dr7.ids_of(objid(3)).tolist(), objid(3).tolist()
    parent = manifest(tmp_path, dr7objid=[ids7[1], ids7[0], ids7[1], ids7[2]], n_votes=[9, 8, 7, 6])
    csv(tmp_path, "both.csv", dr7objid=ids7[:2], objid=ids8[:2])
    monkeypatch.chdir(tmp_path)
    words = "crosswalk mine.parquet --with both.csv --archive none --apply new/mine.parquet --json"
    assert main(words.split()) == 0
    told = json.loads(capsys.readouterr().out)
    lost = {"not in any table that was given": 1}
    assert told["counts"] == {"objects": 3, "table both": 2, **lost}
    made = Manifest.read(tmp_path / "new/mine.parquet")
    assert made.column("objID") == [ids8[1], ids8[0], ids8[1], 0]
    assert made.header.parents == (parent.sha256,)
    assert made.header.archive == "file mine.csv"
    assert made.header.cuts["threshold"] == 0.85
    for name in parent.table.column_names:
        assert made.column(name) == parent.column(name), name


def test_the_field_of_a_filled_row_is_that_of_its_new_id(tmp_path):
    id7, id8 = dr7.ids_of(objid(1)).tolist()[0], objid(1).tolist()[0]
    manifest(tmp_path, dr7objid=[id7], fieldID=[field_of(id7)], rerun=[40])
    csv(tmp_path, "both.csv", dr7objid=[id7], objid=[id8])
    found = crosswalk(settings(tmp_path), tmp_path / "mine.parquet", tables=[tmp_path / "both.csv"])
    made = found.applied()
    assert made.column("fieldID") == [field_of(id8)]
    assert made.column("rerun") == [301]


def test_a_file_that_is_no_crosswalk_is_not_overwritten(tmp_path, monkeypatch, capsys):
    csv(tmp_path, "mine.csv", dr7objid=dr7.ids_of(objid(2)))
    monkeypatch.chdir(tmp_path)
    words = ["crosswalk", "mine.csv", "--archive", "none", "--out", "precious.csv"]
    (tmp_path / "precious.csv").write_text("a,b\n1,2\n")
    assert main(words) == 2
    assert "precious.csv is no crosswalk" in capsys.readouterr().err
    assert main([*words, "--replace"]) == 0
    assert main(words) == 0, "the same request again"
    assert main([*words, "--to", "dr8"]) == 2
    assert "precious.csv answers another request" in capsys.readouterr().err


def test_no_crosswalk_goes_where_manifests_are(tmp_path, monkeypatch, capsys):
    csv(tmp_path, "mine.csv", dr7objid=dr7.ids_of(objid(2)))
    monkeypatch.chdir(tmp_path)
    assert main(["crosswalk", "mine.csv", "--archive", "none", "--out", "manifests/x.csv"]) == 2
    assert "a crosswalk is none" in capsys.readouterr().err


def test_what_cannot_be_applied_is_said_before_anybody_is_asked(tmp_path, monkeypatch, capsys):
    csv(tmp_path, "mine.csv", dr7objid=dr7.ids_of(objid(2)))
    monkeypatch.chdir(tmp_path)
    server = "--server http://127.0.0.1:9"
    assert main(f"crosswalk mine.csv {server} --apply new.parquet".split()) == 2
    assert "mine.csv is no manifest" in capsys.readouterr().err


def test_ids_are_filled_into_manifests_only(tmp_path):
    mine = csv(tmp_path, "mine.csv", dr7objid=dr7.ids_of(objid(1)))
    with pytest.raises(SettingError, match="manifest only"):
        crosswalk(settings(tmp_path), mine).applied()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--radius-arcsec 60", "radius-arcsec = 60 is outside 0 to 10"),
        ("--out x.txt", "no crosswalk has the ending '.txt'"),
        ("--out mine.csv", "mine.csv would be written over itself"),
        ("--archive nobody", "no archive is called 'nobody'"),
        ("--with nothing.csv", "no such file: nothing.csv"),
    ],
)
def test_wrong_words_end_with_two_and_touch_nothing(tmp_path, monkeypatch, capsys, words, message):
    csv(tmp_path, "mine.csv", dr7objid=dr7.ids_of(objid(1)))
    monkeypatch.chdir(tmp_path)
    words = words if "--archive" in words else f"{words} --archive none"
    assert main(["crosswalk", "mine.csv", *words.split()]) == 2
    assert message in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["mine.csv"]


# ---- real tables


def zoo2(shared_data):
    path = shared_data / "gz_tables/zoo2MainSpecz_subset.csv.gz"
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    return path, table[["dr8objid", "dr7objid", "ra", "dec"]]


def test_hidden_ids_of_real_mergers_are_found_again_by_another_papers_positions(
    shared_data, tmp_path
):
    """Darg's DR7 positions against those that Galaxy Zoo 2 gives with DR8 ids; truth by the ids."""
    _, table = zoo2(shared_data)
    both = table[table.dr8objid != ""]
    assert (len(table), len(both)) == (1777, 1708)
    given = csv(tmp_path, "dr8.csv", dr8objid=both.dr8objid, ra=both.ra, dec=both.dec)
    darg = pd.read_csv(shared_data / "gz_tables/darg_mergers.csv", dtype=str)
    mine = csv(tmp_path, "mine.csv", dr7objid=darg.object1, ra=darg.ra1, dec=darg.dec1)
    found = crosswalk(settings(tmp_path), mine, tables=[given]).table.to_pandas()
    truth = found.dr7objid.astype(str).map(dict(zip(both.dr7objid, both.dr8objid, strict=True)))
    got, right = found.objID != 0, found.objID.astype(str) == truth.fillna("none")
    assert truth.notna().sum() == 1694
    assert (right.sum(), (got & ~right).sum()) == (1694, 0)  # recall 1, precision 1
    assert set(found.how[got]) == {"field and position"}
    assert found.distance_arcsec.max() < 0.3


def test_real_mergers_are_found_by_a_table_with_both_ids(shared_data, tmp_path):
    path, table = zoo2(shared_data)
    mine = csv(tmp_path, "mine.csv", dr7objid=table.dr7objid)
    found = crosswalk(settings(tmp_path), mine, tables=[path]).table.to_pandas()
    assert found.objID.tolist() == [int(i or 0) for i in table.dr8objid]
    assert (found.reason[found.objID == 0] == "no position").all()


def test_the_ids_of_real_pictures_say_why_they_are_not_found(shared_data, tmp_path):
    names = sorted(p.stem for p in (shared_data / "images/gz1_dr7").glob("*.jpeg"))
    path, _ = zoo2(shared_data)
    mine = csv(tmp_path, "mine.csv", dr7objid=names)
    found = crosswalk(settings(tmp_path), mine, tables=[path])
    assert (len(found), found.counts["no position"]) == (3985, 3972)
    assert set(found.table["how"].to_pylist()) == {"", f"table {found.header.cuts['tables'][0]}"}


def crowded(shared_data, folder, *, modes):
    """A real field's detections, shifted by some 0.05" and counted anew; asked for by mode."""
    path = shared_data / "sdss/catalogs/PhotoObjAll_run3900_camcol6_field269.csv"
    real = pd.read_csv(path, dtype={"objID": "int64"})
    given = csv(folder, "dr8.csv", objid=real.objID, ra=real.ra, dec=real.dec, mode=real["mode"])
    real = real[real["mode"].isin(modes)]
    shift = np.random.default_rng(5).normal(0, 0.05 / 3600, (2, len(real)))
    place = {"ra": real.ra + shift[0] / np.cos(np.radians(real.dec)), "dec": real.dec + shift[1]}
    mine = csv(folder, "mine.csv", dr7objid=dr7.ids_of(real.objID.to_numpy()), **place)
    found = crosswalk(settings(folder), mine, tables=[given]).table.to_pandas()
    return found, real.objID.to_numpy()


def test_the_primaries_of_a_crowded_real_field_are_told_apart(shared_data, tmp_path):
    found, truth = crowded(shared_data, tmp_path, modes=[1])
    assert len(truth) == 703
    assert (found.objID == truth).all()


def test_parents_and_children_at_one_place_are_refused_rather_than_confused(shared_data, tmp_path):
    found, truth = crowded(shared_data, tmp_path, modes=[1, 2, 3, 4])
    assert len(truth) == 981
    right = found.objID == truth
    assert ((found.objID != 0) & ~right).sum() == 0
    assert set(found.reason[found.how == ""]) <= {CLAIMED, TWO_NEAR}
    assert right.mean() > 0.7
