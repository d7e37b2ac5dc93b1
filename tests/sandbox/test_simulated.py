"""The simulated survey: its geometry, its pixels, its tables, and that it says what it is."""

from __future__ import annotations

import tomllib
import warnings

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from galaxycurate.core import ids
from galaxycurate.core.geometry import separation, to_munu
from galaxycurate.errors import InputError, SettingError, StorageError

pytest.importorskip("galsim")

from galaxycurate.sandbox.simulated import build_simulated_sky, catalog, content, render, votes
from galaxycurate.sandbox.simulated.profiles import disc_map
from galaxycurate.sandbox.simulated.survey import (
    FRAME_COLUMNS,
    FRAME_ROWS,
    INCL,
    RUN_A,
    RUN_B,
    STEP,
    plan,
)
from galaxycurate.sandbox.sky import Sky

SEED = 7
SPARSE = content.Density(stars=120, faint=80, zoo=16)
VOTES = ["p_el", "p_cw", "p_acw", "p_edge", "p_dk", "p_mg"]


@pytest.fixture(scope="module")
def sky(tmp_path_factory):
    told = []
    folder = build_simulated_sky(
        tmp_path_factory.mktemp("simulated") / "sky",
        seed=SEED,
        fields=2,
        density=SPARSE,
        workers=2,
        progress=lambda part, text: told.append(part),
    )
    assert told == sorted(told)
    assert told[-1] == 1.0
    return folder


@pytest.fixture(scope="module")
def tables(sky):
    return {path.stem: pd.read_parquet(path) for path in (sky / "tables").iterdir()}


def frame(sky, band, run, camcol, field):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = sky / "frames" / f"frame-{band}-{run:06d}-{camcol}-{field:04d}.fits.fz"
        with fits.open(path) as hdus:
            return hdus[1].data.astype(np.float32), hdus[1].header


def test_every_id_decodes_to_its_columns(tables):
    objects = tables["PhotoObjAll"]
    assert objects["objID"].dtype == np.int64
    assert objects["objID"].is_unique
    assert ids.looks_like_sdss(objects["objID"]).all()
    for name, part in ids.decode(objects["objID"].to_numpy()).items():
        assert name == "firstField" or (objects[name] == part).all()
    assert (objects["fieldID"] == ids.field_of(objects["objID"].to_numpy())).all()
    assert ids.looks_like_sdss(tables["zooSpec"]["dr7objid"]).all()
    assert ids.decode(int(tables["zooSpec"]["dr7objid"].iloc[0])).release == "DR7"


@pytest.mark.parametrize("band", render.BANDS)
def test_overlapping_rows_of_neighbours_hold_the_same_pixels(sky, band):
    lower, _ = frame(sky, band, RUN_A, 1, 11)
    upper, _ = frame(sky, band, RUN_A, 1, 12)
    assert lower.shape == (FRAME_ROWS, FRAME_COLUMNS)
    assert np.array_equal(lower[STEP:], upper[: FRAME_ROWS - STEP])


def test_another_run_over_the_same_sky_has_its_own_noise(sky):
    first, _ = frame(sky, "r", RUN_A, 1, 11)
    again, _ = frame(sky, "r", RUN_B, 1, 11)
    shift = round(plan(2)[2].start_row)
    ripples = [np.diff(image, axis=1) for image in (first[shift:], again[:-shift])]
    quiet = (np.abs(ripples[0]) < 0.1) & (np.abs(ripples[1]) < 0.1)
    assert quiet.mean() > 0.9
    assert abs(np.corrcoef(ripples[0][quiet], ripples[1][quiet])[0, 1]) < 0.05


@pytest.mark.parametrize("band", render.BANDS)
def test_noise_is_that_of_real_frames(sky, band):
    image, _ = frame(sky, band, RUN_A, 1, 12)
    step = np.diff(image, axis=1)
    rms = 1.4826 * np.median(np.abs(step)) / np.sqrt(2)
    assert rms == pytest.approx(render.SKY_RMS[band], rel=0.05)
    assert abs(np.median(image)) < 0.2 * rms


def test_an_object_seen_twice_keeps_its_thing_id(tables):
    objects = tables["PhotoObjAll"]
    assert (objects.loc[objects["mode"] == 1, "thingId"].value_counts() == 1).all()
    first, again = (objects[objects["run"] == run] for run in (RUN_A, RUN_B))
    both = first.merge(again, on="thingId")
    assert len(both) > 100
    apart = separation(both["ra_x"], both["dec_x"], both["ra_y"], both["dec_y"])
    assert apart.max() < 2.0
    assert (both["r_x"] != both["r_y"]).mean() > 0.9
    assert not (again["mode"] == 1).any()
    assert set(again.loc[again["mode"] == 2, "resolveStatus"]) == {1025}


def test_overlaps_are_catalogued_in_both_fields_and_primary_in_one(tables):
    objects = tables["PhotoObjAll"]
    strip = objects[(objects["run"] == RUN_A) & (objects["camcol"] == 1)]
    twice = strip[strip.duplicated("thingId", keep=False)]
    assert len(twice) > 20
    inside = (twice["colc"] > 70) & (twice["colc"] < FRAME_COLUMNS - 70)
    modes = twice[inside].groupby("thingId")["mode"].agg(sorted)
    assert all(mode == [1, 4] for mode in modes)


def test_ntotal_is_the_number_of_rows(tables):
    objects, fields = tables["PhotoObjAll"], tables["Field"].set_index("fieldID")
    childless = objects[(objects["type"] == 3) & (objects["nChild"] == 0)]
    for column, rows in (
        ("nTotal", objects),
        ("nGalaxy", childless),
        ("nStars", objects[objects["type"] == 6]),
    ):
        counted = rows["fieldID"].value_counts().reindex(fields.index, fill_value=0)
        assert (fields[column] == counted).all()


def test_the_failed_field_has_neither_rows_nor_a_frame(sky, tables):
    fields, objects = tables["Field"], tables["PhotoObjAll"]
    failed = fields[fields["photoStatus"] != 0]
    assert len(failed) == 1
    (row,) = failed.itertuples()
    assert (row.photoStatus, row.quality, row.score, row.nTotal) == (3, 1, 0, 0)
    assert not (objects["fieldID"] == row.fieldID).any()
    assert not list((sky / "frames").glob(f"*-{row.run:06d}-{row.camcol}-{row.field:04d}*"))
    beside = objects[(objects["run"] == row.run) & (objects["camcol"] == row.camcol)]
    assert (beside["resolveStatus"] & 4 > 0).any()  # its sky is seen in the neighbour's overlap


def test_scores_tell_good_from_poor_fields(tables):
    scores = sorted(tables["Field"]["score"])
    assert scores[:2] == pytest.approx([0.0, catalog.POOR_SCORE], abs=1e-7)
    assert all(0.7 < score < 0.9 for score in scores[2:])


def test_field_bounds_are_those_of_its_primary_objects(tables):
    objects = tables["PhotoObjAll"]
    for field in tables["Field"].itertuples():
        own = objects[(objects["fieldID"] == field.fieldID) & (objects["mode"] == 1)]
        mu, nu = to_munu(own["ra"], own["dec"], INCL)
        slack = 1.0 / 3600  # errors of measured positions
        assert ((mu > field.muStart - slack) & (mu < field.muEnd + slack)).all()
        assert ((nu > field.nuStart - slack) & (nu < field.nuEnd + slack)).all()


@pytest.mark.parametrize(
    ("run", "camcol", "field"), [(RUN_A, 1, 12), (RUN_A, 2, 12), (RUN_B, 1, 11)]
)
def test_wcs_leads_catalogue_positions_to_the_light(sky, tables, run, camcol, field):
    image, header = frame(sky, "r", run, camcol, field)
    objects = tables["PhotoObjAll"]
    here = (objects["run"] == run) & (objects["camcol"] == camcol) & (objects["field"] == field)
    bright = objects[here & (objects["clean"] == 1) & objects["r"].between(14.5, 17.5)]
    x, y = WCS(header).all_world2pix(bright["ra"], bright["dec"], 0)
    assert np.abs(x + 0.5 - bright["colc"]).max() < 0.1
    assert np.abs(y + 0.5 - bright["rowc"]).max() < 0.1
    missed = [peak_distance(image, *place) for place in zip(x, y, strict=True)]
    assert len(missed) > 10
    assert np.median(missed) < 0.3
    assert np.mean(np.array(missed) < 1.0) > 0.9  # arms and neighbours move a few


def peak_distance(image, x, y, half=3):
    """From a position to the centre of light around the brightest pixel near it [pixel]."""
    col, row = round(x), round(y)
    if not (half <= col < image.shape[1] - half and half <= row < image.shape[0] - half):
        return 0.0
    part = image[row - half : row + half + 1, col - half : col + half + 1]
    part = np.maximum(part - np.percentile(part, 30), 0)
    dy, dx = np.indices(part.shape) - half
    return np.hypot(
        *((part * d).sum() / part.sum() + p - q for d, p, q in ((dx, col, x), (dy, row, y)))
    )


def test_votes_add_up_and_flags_follow(tables):
    zoo = tables["zooSpec"]
    assert zoo[VOTES].sum(axis=1).to_numpy() == pytest.approx(1.0)
    assert zoo["p_cs"].to_numpy() == pytest.approx(zoo[["p_cw", "p_acw", "p_edge"]].sum(axis=1))
    assert zoo["nvote"].between(20, 60).all()
    assert (zoo[["spiral", "elliptical", "uncertain"]].sum(axis=1) == 1).all()
    assert (zoo["elliptical"] == (zoo["p_el_debiased"] > 0.8)).all()
    objects = tables["PhotoObjAll"].set_index("objID")
    assert (objects.loc[zoo["objid"], "mode"] == 1).all()


def test_galaxy_zoo_2_counts_follow_its_tree(tables):
    zoo = tables["zoo2MainSpecz"]
    asked = [zoo.filter(regex=f"^{task}.*_count$").sum(axis=1) for task in ("t01", "t02", "t04")]
    assert (asked[0] == zoo["total_classifications"]).all()
    assert (asked[1] == zoo["t01_smooth_or_features_a02_features_or_disk_count"]).all()
    assert (asked[2] == zoo["t02_edgeon_a05_no_count"]).all()
    assert set(zoo["dr8objid"]) <= set(tables["zooSpec"]["objid"])


def test_votes_know_which_way_the_arms_open(tables):
    seen = tables["PhotoObjAll"][["objID", "thingId"]].merge(tables["truth"], on="thingId")
    known = tables["zooSpec"].merge(seen, left_on="objid", right_on="objID")
    spirals = known[known["kind"] == content.SPIRAL].groupby("handed")[["p_cw", "p_acw"]].mean()
    assert spirals.loc[1, "p_cw"] > 0.7 > 0.3 > spirals.loc[1, "p_acw"]
    assert spirals.loc[-1, "p_acw"] > 0.7 > 0.3 > spirals.loc[-1, "p_cw"]


@pytest.mark.parametrize("handed", [1, -1])
def test_arms_open_the_way_the_truth_says(handed):
    galaxy = pd.DataFrame([{
        "kind": content.SPIRAL, "re": 8.0, "axis_ratio": 1.0, "angle": 0.0, "bulge": 0.1,
        "arms": 0.3, "pitch": 20.0, "handed": handed, "bar": False, "seed": 5,
    }]).iloc[0]  # fmt: skip
    grid = np.arange(-30, 30, 0.2)
    light = disc_map(galaxy, "r", grid[None, :], grid[:, None])
    theta = np.arange(0, 2 * np.pi, 0.02)
    phase = [two_fold_phase(light, grid, radius, theta) for radius in (7.0, 8.0)]
    turned = (phase[1] - phase[0] + np.pi) % (2 * np.pi) - np.pi
    expected = handed * 2 * np.log(8.0 / 7.0) / np.tan(np.radians(20.0))
    assert turned == pytest.approx(expected, abs=0.15)


def two_fold_phase(light, grid, radius, theta):
    """Where the two arms stand on a ring, as a phase of cos(2 theta)."""
    col = np.rint((radius * np.cos(theta) - grid[0]) / 0.2).astype(int)
    row = np.rint((radius * np.sin(theta) - grid[0]) / 0.2).astype(int)
    return np.angle((light[row, col] * np.exp(2j * theta)).sum())


def test_the_default_sky_holds_enough_of_each_class():
    strips = plan(6)
    truth = content.populate(strips, content.Density(), 42)
    objects = pd.concat([catalog.photo_objects(s, truth, 42) for s in strips], ignore_index=True)
    zoo = votes.zoo1(votes.zoo_sample(truth, objects), 42)
    assert 180 <= (zoo["p_el_debiased"] >= 0.85).sum() <= 220
    assert 180 <= (zoo["p_cs_debiased"] >= 0.85).sum() <= 220


def test_a_seed_repeats_and_another_differs(sky, tables, tmp_path):
    strips = plan(2)
    truth = content.populate(strips, SPARSE, SEED)
    pd.testing.assert_frame_equal(truth, tables["truth"])
    written = tables["PhotoObjAll"]
    objects = catalog.photo_objects(strips[2], truth, SEED)
    there = written[written["run"] == RUN_B].reset_index(drop=True)
    pd.testing.assert_frame_equal(objects.astype(there.dtypes), there)  # `real` in the file
    render.write_strip(tmp_path, strips[2], "g", truth, SEED)
    (again,) = tmp_path.iterdir()
    assert again.read_bytes() == (sky / "frames" / again.name).read_bytes()
    assert not content.populate(strips, SPARSE, SEED + 1)["ra"].equals(truth["ra"])


def test_everything_says_that_it_is_simulated(sky):
    about = tomllib.loads((sky / "sky.toml").read_text())
    assert about["kind"] == "simulated"
    assert "simulated" in about["name"]
    assert "SIMULATED, not SDSS" in about["note"]
    assert f"{SPARSE.zoo_excess:.0f} times as many galaxies" in about["note"]
    _, header = frame(sky, "g", RUN_A, 1, 11)
    assert "SIMULATED" in header.comments["SIMULATD"]
    assert "SIMULATED" in str(header["COMMENT"])
    assert (header["NODE"], header["INCL"], header["FILTER"]) == (95.0, INCL, "g")


def test_the_sandbox_serves_it(sky, tables):
    served = Sky.open(sky)
    assert served.simulated
    assert len(served.frames) == 4
    star = tables["PhotoObjAll"].query("type == 6 and mode == 1 and 15 < r < 16").iloc[0]
    picture = served.cutout(star.ra, star.dec, scale=0.396, width=65, height=65)
    assert picture[30:35, 30:35].max() > 200


def test_a_folder_in_use_is_refused(sky):
    with pytest.raises(InputError, match="is there already"):
        build_simulated_sky(sky)


@pytest.mark.parametrize("wrong", [{"fields": 1}, {"fields": 61}, {"seed": -1}])
def test_numbers_out_of_range_are_refused(tmp_path, wrong):
    with pytest.raises(SettingError):
        build_simulated_sky(tmp_path / "sky", **wrong)
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot write"):
        build_simulated_sky(tmp_path / "file" / "sky")


def test_a_broken_build_leaves_nothing(tmp_path):
    def stop(part, text):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_simulated_sky(tmp_path / "sky", fields=2, progress=stop)
    assert not list(tmp_path.iterdir())
