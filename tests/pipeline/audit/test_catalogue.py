"""What archives list around cutouts: few questions, one answer, and honesty about gaps.

The catalogue is simulated.
"""

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import requests

from galaxycurate.cli.main import main
from galaxycurate.core.geometry import separation, to_plane
from galaxycurate.core.outcome import VerdictKind
from galaxycurate.errors import InputError, LayoutError
from galaxycurate.pipeline.audit.audit import audit
from galaxycurate.pipeline.audit.catalogue import can_ask, plan
from galaxycurate.pipeline.audit.circles import AT_ONCE, circles
from galaxycurate.pipeline.audit.images import Image
from galaxycurate.pipeline.audit.left_out import left_out
from galaxycurate.store.database import insert
from galaxycurate.store.ledger import Ledger
from tests.pipeline.audit import sky
from tests.pipeline.test_archives import environment
from tests.sandbox.test_server import start

N = 120
WIDTH = sky.SIDE * sky.SCALE


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    return sky.tables(tmp_path_factory.mktemp("audit") / "sky" / "tables")


def image(ra, dec, *, limit=20.0, width=WIDTH, name="a"):
    path = f"images/negative/{name}.jpg"
    return Image(path, "negative", name, True, float(ra), float(dec), width, sky.SIDE, limit)


def contaminated(objects, ra, dec, limit=20.0):
    """The slow way: every galaxy against every cutout."""
    bright = objects[(objects.type == 3) & (objects.r < limit) & (objects.clean == 1)]
    found = []
    for a, d in zip(ra, dec, strict=True):
        xi, eta = to_plane(bright.ra.to_numpy(), bright.dec.to_numpy(), a, d)
        gap = np.hypot(*(np.maximum(np.abs(v) - WIDTH / 2, 0) for v in (xi, eta)))
        found.append(bool((gap < bright.petroRad_r.to_numpy()).any()))
    return np.array(found)


def test_circles_cover_every_cutout_also_at_the_pole_and_across_ra_0():
    rng = np.random.default_rng(1)
    ra = np.r_[rng.uniform(0, 360, 300), rng.uniform(-0.1, 0.1, 50) % 360, rng.uniform(0, 360, 50)]
    dec = np.r_[rng.uniform(-90, 90, 300), rng.uniform(-1, 1, 50), rng.uniform(89.9, 90, 50)]
    reach = rng.uniform(20, 600, ra.size)
    made = circles(ra, dec, reach)
    away = separation(ra[:, None], dec[:, None], made.ra, made.dec) + reach[:, None]
    assert (away <= made.reach).any(axis=1).all()
    assert made.reach.max() < 1600


def test_a_cell_whose_circle_would_be_too_large_is_asked_for_in_parts():
    """Forty cutouts at one corner of a long cell, one at the other: 1,685 arcsec at once."""
    rng = np.random.default_rng(0)
    ra = np.r_[179.99576020785906 - rng.uniform(0, 0.002, 40), 179.45717643469465]
    dec = np.r_[60.24266810687527 - rng.uniform(0, 0.002, 40), 59.87050782305009]
    made = circles(ra, dec, np.full(41, WIDTH / np.sqrt(2) + 5.0))
    assert made.reach.max() <= 1600
    away = separation(ra[:, None], dec[:, None], made.ra, made.dec) + WIDTH / np.sqrt(2) + 5.0
    assert (away <= made.reach).any(axis=1).all()
    assert len(plan([image(a, d) for a, d in zip(ra, dec, strict=True)], 5.0)) == 2


def test_a_width_and_margin_that_no_question_reaches_are_not_asked():
    wide = image(150.0, 2.0, width=899.0)
    assert can_ask(wide, 600.0)
    assert not can_ask(wide, 1000.0)
    assert len(plan([wide], 1000.0)) == 0


def test_around_galaxies_of_unknown_brightness_fainter_ones_are_asked_for():
    galaxy = replace(image(150.0, 2.0), negative=False, own_id=5)
    for own_mag, depth in ((np.nan, 22.2), (17.0, 19.0), (19.5, 20.5)):
        asked = plan([replace(galaxy, own_mag=own_mag)], 5.0).objects
        assert [query.values["limit_mag_r"] for query in asked] == [depth]


def test_both_files_ask_for_the_same_circles():
    from galaxycurate.store import sqlfiles

    objects, fields = (sqlfiles.read(name) for name in ("audit_objects", "audit_fields"))
    assert len(fields.parameters) == 3 * AT_ONCE + 2
    assert fields.parameters.items() <= objects.parameters.items()
    first, second = (
        file.statement[file.statement.index("FROM (VALUES") : file.statement.index(") AS g")]
        for file in (objects, fields)
    )
    assert first == second


def test_a_dense_scan_is_asked_in_few_questions():
    step = WIDTH / 2 / 3600
    ra, dec = (g.ravel() for g in np.meshgrid(150 + step * np.arange(100), step * np.arange(100)))
    asked = plan([image(a, d) for a, d in zip(ra, dec, strict=True)], 5.0)
    cells = math.ceil(100 * step / 0.2) ** 2 * 4
    assert len(asked.objects) <= math.ceil(cells / AT_ONCE)  # 10,000 cutouts, two questions or so


def test_the_audit_finds_what_the_slow_way_finds(tables, tmp_path):
    ra, dec = sky.places(tables, N)
    made = sky.project(tmp_path, f"local:{tables}", ra, dec)
    found = audit(made.settings, pixels=False)
    kinds = {one.verdict.path: one.verdict.kind for one in found.judged}
    said = np.array([kinds[f"images/negative/{name}.jpg"] is VerdictKind.CONTAMINATED
                     for name in made_names(made)])  # fmt: skip
    wanted = contaminated(pd.read_parquet(tables / "PhotoObjAll.parquet"), ra, dec)
    assert 20 < wanted.sum() < N - 20
    assert (said == wanted).all()
    assert found.dropped == wanted.sum()


def made_names(made):
    from galaxycurate.store.manifest import Manifest

    return Manifest.read(made.root / "manifests" / "negative.parquet").column("name")


def test_a_contaminated_negative_names_the_galaxy_its_place_and_brightness(tables, tmp_path):
    objects = pd.read_parquet(tables / "PhotoObjAll.parquet")
    galaxies = objects[(objects.type == 3) & (objects.clean == 1)]
    bright = next(galaxies.nsmallest(1, "r").itertuples())
    ra, dec = sky.beside(bright.ra, bright.dec, -40, 25)  # so the galaxy lies 40 right, 25 up
    made = sky.project(tmp_path, f"local:{tables}", [ra], [dec])
    verdict = audit(made.settings, pixels=False).judged[0].verdict
    assert verdict.partner == str(bright.objID)
    assert verdict.mag_r == pytest.approx(bright.r, abs=1e-3)
    assert (verdict.dx, verdict.dy) == (pytest.approx(40, abs=0.02), pytest.approx(-25, abs=0.02))
    assert (verdict.keep, verdict.tier) == (False, "catalogue")


def test_a_giant_that_reaches_in_from_far_outside_is_asked_for(tables, tmp_path):
    objects = pd.read_parquet(tables / "PhotoObjAll.parquet")
    fields = pd.read_parquet(tables / "Field.parquet")
    row = fields.iloc[3]
    away = objects.index[objects.fieldID == fields.fieldID[3]][1]
    objects.loc[away, ["ra", "dec"]] = sky.beside(row.ra, row.dec, 0, 600)  # 238 arcsec south
    objects.loc[away, ["type", "r", "clean"]] = [3, 10.5, 1]
    objects["petroRad_r"] = objects.petroRad_r.astype(float)
    for radius in (200.0, -9999.0):
        objects.loc[away, "petroRad_r"] = radius  # not measured: 238 arcsec for r = 10.5
        folder = tmp_path / f"{radius:g}"
        folder.mkdir()
        objects.to_parquet(folder / "PhotoObjAll.parquet")
        fields.to_parquet(folder / "Field.parquet")
        made = sky.project(folder / "p", f"local:{folder}", [row.ra], [row.dec])
        verdict = audit(made.settings, pixels=False).judged[0].verdict
        assert verdict.partner == str(objects.objID[away])
        assert verdict.kind is VerdictKind.CONTAMINATED
        assert verdict.dy == pytest.approx(600, abs=0.5)


def test_sky_that_no_whole_field_covers_is_not_called_clean(tables, tmp_path):
    fields = pd.read_parquet(tables / "Field.parquet")
    objects = pd.read_parquet(tables / "PhotoObjAll.parquet")
    gone = fields.fieldID[0]
    holes = tmp_path / "holes"
    holes.mkdir()
    fields.to_parquet(holes / "Field.parquet")
    objects[objects.fieldID != gone].to_parquet(holes / "PhotoObjAll.parquet")
    row = fields.iloc[0]
    made = sky.project(tmp_path / "p", f"local:{holes}", [row.ra], [row.dec])
    verdict = audit(made.settings, pixels=False).judged[0].verdict
    assert verdict.kind is VerdictKind.BORDERLINE
    assert verdict.evidence == "the catalogue covers 0% of it"
    assert verdict.keep


def test_an_archive_that_does_not_tell_how_whole_it_is_proves_no_negative(tables, tmp_path):
    blind = tmp_path / "blind"
    blind.mkdir()
    pd.read_parquet(tables / "PhotoObjAll.parquet").to_parquet(blind / "PhotoObjAll.parquet")
    fields = pd.read_parquet(tables / "Field.parquet").drop(columns="nTotal")
    fields.to_parquet(blind / "Field.parquet")
    made = sky.project(tmp_path / "p", f"local:{blind}", [300.0], [-20.0])  # far from any field
    found = audit(made.settings, pixels=False)
    assert [one.verdict.kind for one in found.judged] == [VerdictKind.BORDERLINE]
    assert any("does not tell how complete" in note for note in found.notes)


def test_an_audit_that_dies_while_it_writes_leaves_the_last_one(tables, tmp_path, monkeypatch):
    made = sky.project(tmp_path, f"local:{tables}", *sky.places(tables, 20))
    audit(made.settings, pixels=False)
    with Ledger.open(made.settings.ledger_url) as ledger:
        before = left_out(ledger)

    def full(db, table, lines):
        if table.name == "verdict":
            raise OSError(28, "No space left on device")
        insert(db, table, lines)

    with monkeypatch.context() as patch:
        patch.setattr("galaxycurate.store.ledger.insert", full)
        with pytest.raises(OSError, match="No space"):
            audit(made.settings, pixels=False, limit_mag_r=12.0)
    with Ledger.open(made.settings.ledger_url) as ledger:
        assert before
        assert left_out(ledger) == before


def test_an_archive_without_clean_is_asked_without_it_and_that_is_said(tables, tmp_path):
    bare = tmp_path / "bare"
    bare.mkdir()
    objects = pd.read_parquet(tables / "PhotoObjAll.parquet").drop(columns="clean")
    objects.to_parquet(bare / "PhotoObjAll.parquet")
    pd.read_parquet(tables / "Field.parquet").to_parquet(bare / "Field.parquet")
    ra, dec = sky.places(tables, 30)
    made = sky.project(tmp_path / "p", f"local:{bare}", ra, dec)
    found = audit(made.settings, pixels=False)
    wanted = contaminated(objects.assign(clean=1), ra, dec)
    assert found.dropped == wanted.sum()
    assert any("lacks PhotoObjAll.clean" in note for note in found.notes)


def test_an_archive_that_lacks_what_matters_is_refused(tables, tmp_path):
    objects = pd.read_parquet(tables / "PhotoObjAll.parquet").drop(columns="petroRad_r")
    objects.to_parquet(tmp_path / "PhotoObjAll.parquet")
    pd.read_parquet(tables / "Field.parquet").to_parquet(tmp_path / "Field.parquet")
    made = sky.project(tmp_path / "p", f"local:{tmp_path}", *sky.places(tables, 3))
    with pytest.raises(LayoutError, match=r"lacks PhotoObjAll\.petroRad_r") as caught:
        audit(made.settings, pixels=False)
    assert "--no-catalogue" in caught.value.hint


def test_images_without_a_place_or_too_wide_are_not_asked_about(tables, tmp_path):
    (ra,), (dec,) = sky.places(tables, 1)
    made = sky.project(tmp_path, f"local:{tables}", [None, 150.0, ra], [None, 2.0, dec],
                       pixscale=[0.396, 4.0, 0.396])  # fmt: skip
    found = audit(made.settings, pixels=False)
    unasked = [one.verdict for one in found.judged if not one.verdict.tier]
    assert [verdict.kind for verdict in unasked] == [VerdictKind.BORDERLINE] * 2
    assert "2 images have no position or scale, or are wider than 900 arcsec" in found.notes[0]


def test_where_no_image_has_a_place_no_archive_is_asked_and_that_is_said(tmp_path):
    made = sky.project(tmp_path, "skyserver", [None, None], [None, None])
    made.settings = replace(made.settings, server="http://127.0.0.1:9")  # nobody is there
    found = audit(made.settings)
    assert (found.images, found.archive, found.questions) == (2, "", 0)
    assert found.told == {"light": 2}
    assert found.notes[0].startswith("warning: no image has a position and a scale")
    assert found.notes[0].endswith("no catalogue can be asked, pixels judge alone")
    with pytest.raises(InputError, match="no catalogue can be asked"):
        audit(made.settings, pixels=False)


def test_the_answer_does_not_depend_on_the_archive(tables, tmp_path, capsys):
    """SkyServer that gives few rows at once, CasJobs, and the tables themselves: one audit."""
    root = tables.parent
    (root / "frames").mkdir()
    (root / "sky.toml").write_text('kind = "simulated"\nname = "survey"\n')
    ra, dec = sky.places(tables, N)
    process, url = start(root, "--queries-per-minute", "0")
    told, asked, questions = {}, {}, {}
    try:
        for archive in ("skyserver", "skyserver in parts", "casjobs", f"local:{tables}"):
            limit = {"sql_max_rows": 500} if "parts" in archive else {}
            requests.post(f"{url}/__faults__", json=limit, timeout=10)
            before = n_asked(url)
            folder = tmp_path / archive.replace("/", "_")
            sky.project(folder, archive, ra, dec)
            with pytest.MonkeyPatch.context() as patch:
                patch.chdir(folder)
                named = environment(url, archive.split(" ")[0], folder)
                for name, value in named.items():
                    patch.setenv(name, value)
                assert main(["audit", "--no-pixels", "--json"]) == 0
            with Ledger.open(f"sqlite:///{folder}/dataset/ledger.sqlite") as ledger:
                told[archive] = [vars(verdict) for verdict in ledger.verdicts("audit")]
                asked[archive] = ledger.last_run("audit")["parameters"]["archive"]
            questions[archive] = n_asked(url) - before
            if archive == "skyserver":
                again = n_asked(url)
                with pytest.MonkeyPatch.context() as patch:
                    patch.chdir(folder)
                    for name, value in named.items():
                        patch.setenv(name, value)
                    capsys.readouterr()
                    assert main(["audit", "--no-pixels"]) == 0
                assert n_asked(url) - again <= 1, "one question tells who the server is"
                says = capsys.readouterr().err
                assert "rows from last time" in says
                assert " answers are from last time, at most a week old" in says
    finally:
        process.terminate()
        process.wait(20)
    first, *others = told.values()
    assert len(first) == N
    for other in others:
        assert json.dumps(other) == json.dumps(first)
    assert len(set(asked.values())) > 1
    assert questions["skyserver"] <= 4
    assert questions["skyserver in parts"] > 8


def n_asked(url):
    return sum(requests.get(f"{url}/__stats__", timeout=10).json().values())
