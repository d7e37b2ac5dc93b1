"""Negatives, asked of CAS tables on this machine: the real run 3900-6, and a made field."""

import numpy as np
import pandas as pd
import pytest

from galaxycurate.core.geometry import from_munu, separation, to_plane
from galaxycurate.core.ids import encode
from galaxycurate.errors import InputError, LayoutError, SettingError
from galaxycurate.pipeline.negatives import negatives
from galaxycurate.pipeline.search import Strategy
from galaxycurate.store.settings import load

INCL = 40.0
MU, NU = (169.10, 169.25), (-0.105, 0.105)
WIDTH = 256 * 0.396127


def settings(folder, **more):
    return load({"archive": f"local:{folder}", **more}, folder=folder, environ={})


def made_sky(folder, *, n_galaxies=60, seed=0, loaded=True, beside=0):
    """One field with galaxies and stars at random; `beside` galaxies lie just outside it."""
    rng = np.random.default_rng(seed)
    n = n_galaxies + 40
    mu, nu = rng.uniform(*MU, n + beside), rng.uniform(*NU, n + beside)
    nu[n:] = NU[1] + 20 / 3600
    ra, dec = from_munu(mu, nu, INCL)
    kind = np.r_[np.full(n_galaxies, 3), np.full(40, 6), np.full(beside, 3)]
    field = np.r_[np.full(n, 20), np.full(beside, 99)]
    objid = encode(run=3900, camcol=6, field=field, obj=np.arange(1, n + beside + 1))
    objects = pd.DataFrame({
        "objID": objid, "fieldID": objid & ~0xFFFF, "run": 3900, "rerun": 301, "camcol": 6,
        "field": field, "mode": 1, "nChild": 0, "type": kind, "ra": ra, "dec": dec,
        "r": rng.uniform(15, 21.5, n + beside), "petroRad_r": rng.uniform(2, 12, n + beside),
    })  # fmt: skip
    objects.loc[n:, ["r", "petroRad_r"]] = [15.0, 60.0]
    centre = from_munu(sum(MU) / 2, sum(NU) / 2, INCL)
    fields = pd.DataFrame([{
        "fieldID": encode(run=3900, camcol=6, field=20), "run": 3900, "rerun": 301, "camcol": 6,
        "field": 20, "ra": float(centre[0]), "dec": float(centre[1]), "muStart": MU[0],
        "muEnd": MU[1], "nuStart": NU[0], "nuEnd": NU[1], "score": 0.8, "quality": 3,
        "photoStatus": 0, "nTotal": n, "nGalaxy": n_galaxies, "primaryArea": 0.03,
    }])  # fmt: skip
    fields.to_parquet(folder / "Field.parquet")
    (objects if loaded else objects[objects.type == 99]).to_parquet(folder / "PhotoObjAll.parquet")
    return objects


def reaching(manifest, objects, limit=20.0, margin=5.0):
    """Galaxies to the limit whose disc and margin touch a cutout, counted the slow way."""
    bright = objects[(objects.type == 3) & (objects.r < limit)]
    count = 0
    for row in manifest.rows(["ra", "dec"]):
        xi, eta = to_plane(bright.ra.to_numpy(), bright.dec.to_numpy(), row["ra"], row["dec"])
        dx, dy = (np.maximum(np.abs(v) - WIDTH / 2, 0) for v in (xi, eta))
        count += int((np.hypot(dx, dy) < bright.petroRad_r.to_numpy() + margin - 1e-6).sum())
    return count


@pytest.fixture(scope="module")
def real_run(shared_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cas")
    catalogs = shared_data / "sdss" / "catalogs"
    (folder / "Field.csv").symlink_to(catalogs / "Field_run3900_camcol6.csv")
    name = "PhotoObjAll_run3900_camcol6_field269.csv"
    (folder / "PhotoObjAll.csv").symlink_to(catalogs / name)
    return folder


@pytest.fixture(scope="module")
def real_cells(real_run):
    """Cells of the real run, searched once: the same seed gives the same manifest."""
    return negatives(settings(real_run))


def test_the_literal_question_finds_exactly_the_two_failed_fields(real_run):
    manifest, search = negatives(settings(real_run), score=None, strategy=Strategy.FIELD)
    assert sorted(manifest.column("field")) == [745, 830]
    assert manifest.column("photoStatus") == [3, 3]
    assert len(search.dropped) == 812
    assert all(why.startswith("catalogue rows missing: 0 of") for _, why in search.dropped)
    assert sorted(search.warnings)[0] == (
        "field 3900-6-745 is a failed reduction, not empty sky: photoStatus 3 (too long), "
        "quality 1, score 0, nTotal 0"
    )


def test_with_the_score_cut_the_literal_question_finds_none(real_run):
    manifest, search = negatives(settings(real_run), score=0.2, strategy=Strategy.FIELD)
    assert len(manifest) == 0
    assert search.census == {
        "fields": 815, "failed reduction": 3, "score too low": 0, "nothing detected": 0
    }  # fmt: skip


def test_a_field_whose_rows_were_never_loaded_is_never_a_negative(real_run, real_cells):
    for manifest, search in (
        real_cells, negatives(settings(real_run), strategy=Strategy.STAR),
    ):  # fmt: skip
        assert set(manifest.column("field")) <= {269}
        missing = [why for _, why in search.dropped if why.startswith("catalogue rows missing")]
        assert len(missing) == 811


def test_cells_of_the_real_field_hold_no_galaxy_to_the_limit(real_cells, shared_data):
    manifest, _ = real_cells
    objects = pd.read_csv(
        shared_data / "sdss" / "catalogs" / "PhotoObjAll_run3900_camcol6_field269.csv"
    ).rename(columns={"modelMag_r": "r"})
    objects = objects[objects["mode"] <= 2]  # parents and outliers do not count: see the question
    objects.petroRad_r = objects.petroRad_r.clip(0, 300)
    assert len(manifest) >= 3
    assert reaching(manifest, objects) == 0
    assert min(manifest.column("clear_arcsec")) >= 5


@pytest.mark.parametrize("strategy", [Strategy.CELL, Strategy.STAR])
def test_no_galaxy_reaches_into_a_negative(tmp_path, strategy):
    objects = made_sky(tmp_path, n_galaxies=30)
    manifest, _ = negatives(settings(tmp_path), strategy=strategy)
    assert len(manifest) >= 2
    assert reaching(manifest, objects) == 0


def test_a_galaxy_of_another_field_that_reaches_in_is_seen(tmp_path):
    """Large galaxies just outside the field: their discs reach 40 arcsec into it."""
    objects = made_sky(tmp_path, n_galaxies=10, beside=200)
    manifest, _ = negatives(settings(tmp_path))
    assert len(manifest) >= 2
    assert reaching(manifest, objects) == 0


def test_a_giant_far_outside_the_field_is_seen(tmp_path):
    """Its disc of 290 arcsec reaches in from 250 arcsec beyond the edge."""
    objects = made_sky(tmp_path, n_galaxies=3)
    ra, dec = from_munu(sum(MU) / 2, NU[1] + 250 / 3600, INCL)
    giant = objects.iloc[[0]].assign(
        objID=encode(run=3900, camcol=6, field=99, obj=1), ra=float(ra), dec=float(dec), r=11.0,
        fieldID=encode(run=3900, camcol=6, field=99), petroRad_r=290.0, type=3,
    )  # fmt: skip
    both = pd.concat([objects, giant])
    both.to_parquet(tmp_path / "PhotoObjAll.parquet")
    manifest, _ = negatives(settings(tmp_path))
    assert len(manifest) >= 2
    assert reaching(manifest, both) == 0


def test_an_unmeasured_bright_galaxy_is_kept_clear_of(tmp_path):
    objects = made_sky(tmp_path, n_galaxies=3)
    objects.loc[:2, ["r", "petroRad_r"]] = [13.0, -9999.0]
    objects.to_parquet(tmp_path / "PhotoObjAll.parquet")
    manifest, _ = negatives(settings(tmp_path))
    assert reaching(manifest, objects.assign(petroRad_r=objects.petroRad_r.clip(75.3))) == 0


def test_the_search_goes_on_until_it_meets_a_loaded_field(real_run):
    """Of 812 good fields one is loaded; it is the 549th of the shuffle."""
    manifest, _ = negatives(settings(real_run, limit=5))
    assert len(manifest) == 5
    assert set(manifest.column("field")) == {269}


def test_beside_unloaded_fields_cutouts_keep_further_from_the_edge(real_cells):
    manifest, search = real_cells
    assert "rows of a neighbouring field are missing" in search.warnings[0]
    assert max(manifest.column("clear_arcsec")) <= 300


def test_a_fainter_limit_leaves_less_room(tmp_path):
    made_sky(tmp_path, n_galaxies=40)
    n = [len(negatives(settings(tmp_path, limit_mag_r=m))[0]) for m in (17.0, 19.0, 21.5)]
    assert n[0] > n[1] > n[2]


def test_the_cutouts_of_a_field_share_no_sky_and_lie_inside_it(tmp_path):
    made_sky(tmp_path, n_galaxies=5)
    manifest, _ = negatives(settings(tmp_path))
    ra, dec = (np.array(manifest.column(n)) for n in ("ra", "dec"))
    i, j = np.triu_indices(ra.size, 1)
    assert separation(ra[i], dec[i], ra[j], dec[j]).min() >= WIDTH
    centre = from_munu(sum(MU) / 2, sum(NU) / 2, INCL)
    assert separation(ra, dec, *centre).max() < 1800 * np.hypot(MU[1] - MU[0], NU[1] - NU[0])


def test_the_same_seed_gives_the_same_manifest(tmp_path):
    made_sky(tmp_path)
    first, second = (negatives(settings(tmp_path))[0].table for _ in range(2))
    assert first.equals(second)
    assert not first.equals(negatives(settings(tmp_path, seed=1))[0].table)


def test_stars_keep_their_objid_and_the_row_says_star(tmp_path):
    objects = made_sky(tmp_path, n_galaxies=5)
    manifest, _ = negatives(settings(tmp_path), strategy=Strategy.STAR)
    stars = set(objects[objects.type == 6].objID)
    assert set(manifest.column("objID")) <= stars
    assert set(manifest.column("type")) == {6}


def test_unloaded_rows_are_named_with_their_numbers(tmp_path):
    made_sky(tmp_path, loaded=False)
    manifest, search = negatives(settings(tmp_path))
    assert len(manifest) == 0
    assert search.dropped == [("3900-6-20", "catalogue rows missing: 0 of 100 objects loaded")]


def test_the_header_tells_the_whole_question(tmp_path):
    made_sky(tmp_path)
    header = negatives(settings(tmp_path), score=0.3, command="typed")[0].header
    assert header.command == "typed"
    assert header.query == "negatives_cell"
    assert len(header.query_sha256) == 64
    assert header.cuts["score"] == 0.3
    assert header.cuts["limit_mag_r"] == 20.0
    assert header.archive.startswith("local:")


@pytest.mark.parametrize("score", [1.4, -0.1])
def test_a_score_outside_its_range_is_refused(tmp_path, score):
    with pytest.raises(SettingError, match="is outside 0 to 1"):
        negatives(settings(tmp_path), score=score)


def test_a_catalogue_of_primaries_alone_is_warned_of(tmp_path):
    objects = made_sky(tmp_path, n_galaxies=5)
    _, search = negatives(settings(tmp_path))
    assert "primary detections only" in search.warnings[-1]
    objects["mode"] = [2] + [1] * (len(objects) - 1)
    objects.to_parquet(tmp_path / "PhotoObjAll.parquet")
    assert negatives(settings(tmp_path))[1].warnings == []


def test_a_field_gives_no_more_than_it_must(tmp_path):
    """Two fields far apart, each with room for many: two cutouts come from both, not from one."""
    made_sky(tmp_path, n_galaxies=5)
    fields = pd.read_parquet(tmp_path / "Field.parquet")
    objects = pd.read_parquet(tmp_path / "PhotoObjAll.parquet")
    more = fields.assign(run=3901, fieldID=encode(run=3901, camcol=6, field=20))
    for name in ("muStart", "muEnd"):
        more[name] += 40
    ra, dec = from_munu(more.muStart.mean() + 0.07, 0.0, INCL)
    twin = objects.assign(objID=objects.objID + (1 << 32), fieldID=objects.fieldID + (1 << 32))
    twin["ra"] = (twin.ra + float(ra) - fields.ra[0]) % 360
    pd.concat([fields, more.assign(ra=float(ra), dec=float(dec))]).to_parquet(
        tmp_path / "Field.parquet"
    )
    pd.concat([objects, twin]).to_parquet(tmp_path / "PhotoObjAll.parquet")
    runs = [negatives(settings(tmp_path, limit=n))[0].column("run") for n in (2, 4, 6)]
    assert [(r.count(3900), r.count(3901)) for r in runs] == [(1, 1), (2, 2), (3, 3)]
    few, _ = negatives(settings(tmp_path, limit=9, per_field=2))
    assert len(few) == 4


def test_a_bright_star_and_a_mask_are_kept_clear_of(tmp_path):
    objects = made_sky(tmp_path, n_galaxies=0)
    star = objects.index[0]
    objects["psfMag_r"] = 20.0
    objects.loc[star, "psfMag_r"] = 8.0
    objects.to_parquet(tmp_path / "PhotoObjAll.parquet")
    place = objects.loc[star, ["ra", "dec"]].astype(float)
    plain = negatives(settings(tmp_path))[0]
    near = [separation(r["ra"], r["dec"], *place) for r in plain.rows(["ra", "dec"])]
    assert min(near) < 100
    halo = negatives(settings(tmp_path, star_mag_r=12.0))[0]
    clear = [separation(r["ra"], r["dec"], *place) for r in halo.rows(["ra", "dec"])]
    assert min(clear) > WIDTH / 2 + 112 + 5
    mask = {
        "maskID": 1,
        "run": 3900,
        "rerun": 301,
        "camcol": 6,
        "field": 20,
        "filter": 2,
        "type": 1,
    }
    pd.DataFrame([mask | {"ra": place.ra, "dec": place.dec, "radius": 112 / 3600}]).to_parquet(
        tmp_path / "Mask.parquet"
    )
    masked = negatives(settings(tmp_path), masks=True)[0]
    clear = [separation(r["ra"], r["dec"], *place) for r in masked.rows(["ra", "dec"])]
    assert min(clear) > WIDTH / 2 + 112 + 5
    assert len(masked) < len(plain)


def test_a_galaxy_without_a_magnitude_is_kept_clear_of(tmp_path):
    objects = made_sky(tmp_path, n_galaxies=8)
    objects.loc[objects.type == 3, "r"] = np.nan
    objects.to_parquet(tmp_path / "PhotoObjAll.parquet")
    manifest, _ = negatives(settings(tmp_path))
    assert len(manifest) >= 2
    assert reaching(manifest, objects.assign(r=19.0)) == 0


def test_a_column_that_holds_nothing_is_named_before_anything_is_searched(tmp_path):
    objects = made_sky(tmp_path)
    objects.assign(petroRad_r=np.nan).to_parquet(tmp_path / "PhotoObjAll.parquet")
    with pytest.raises(LayoutError, match=r"lacks PhotoObjAll.petroRad_r") as caught:
        negatives(settings(tmp_path))
    assert "galaxycurate catalogs add" in caught.value.hint
    with pytest.raises(LayoutError, match=r"lacks Mask, PhotoObjAll\.petroRad_r"):
        negatives(settings(tmp_path), masks=True)


def test_a_galaxy_without_a_position_stops_the_search(tmp_path):
    objects = made_sky(tmp_path, n_galaxies=8)
    objects.loc[0, ["ra", "r"]] = [np.nan, 15.0]
    objects.to_parquet(tmp_path / "PhotoObjAll.parquet")
    with pytest.raises(InputError, match="1 galaxies, stars or masks near the fields have no pos"):
        negatives(settings(tmp_path))
