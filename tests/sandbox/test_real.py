"""The sky of real frames: what is measured on them agrees with what is known of them."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from galaxycurate.core import ids
from galaxycurate.core.geometry import unit_vectors
from galaxycurate.core.pixels import flaw, zero_block_fraction
from galaxycurate.errors import InputError
from galaxycurate.sandbox.sky import Sky

pytest.importorskip("sep")
from galaxycurate.sandbox.frames import FrameCache, find_frames
from galaxycurate.sandbox.measure import measure
from galaxycurate.sandbox.real import build_real_sky, field_row, known_types


@pytest.fixture(scope="module")
def sdss(shared_data):
    return shared_data / "sdss"


@pytest.fixture(scope="module")
def sky(sdss, tmp_path_factory):
    """The two ordinary fields; the crowded one takes ten times as long."""
    data = tmp_path_factory.mktemp("data")
    (data / "catalogs").symlink_to(sdss / "catalogs")
    (data / "frames").mkdir()
    for path in sdss.glob("frames/*"):
        if "005405" not in path.name:
            (data / "frames" / path.name).symlink_to(path)
    return Sky.open(build_real_sky(data, data.parent / f"{data.name}-sky"))


@pytest.fixture(scope="module")
def measured(sdss):
    """Field 3918-3-213, the types by its pixels alone."""
    frame = next(f for f in find_frames(sdss / "frames") if f.run == 3918)
    return frame, measure(frame, FrameCache(1).get(frame))


def test_extended_sources_are_the_listed_galaxies(measured, sdss):
    frame, objects = measured
    known = known_types(frame, sdss / "catalogs")
    bright = objects[objects["modelMag_r"] < 21]
    tree = cKDTree(np.stack([bright["colc"] - 0.5, bright["rowc"] - 0.5], axis=1))
    share = {}
    for name, listed in (("galaxies", known.galaxies), ("stars", known.stars)):
        distance, nearest = tree.query(listed, distance_upper_bound=3)
        share[name] = bright["extended"].to_numpy()[nearest[np.isfinite(distance)]].mean()
    assert share["galaxies"] > 0.96
    assert share["stars"] < 0.04


def test_saturated_stars_are_stars_of_a_size(measured):
    objects = measured[1]
    saturated = objects[(objects["flags"] & (1 << 18)) != 0]
    assert len(saturated) > 5
    assert (saturated["type"] == 6).all()
    assert (saturated["petroRad_r"] > 3).all()


def test_magnitudes_and_positions_agree_with_the_surveys_own_stars(sky, sdss):
    from astropy.io import fits

    stars = fits.getdata(sdss / "catalogs" / "calibObj-004510-4-star.fits.gz")
    stars = stars[(stars["FIELD"] == 30) & (stars["PSFFLUX"][:, 2] > 10)]
    magnitude = 22.5 - 2.5 * np.log10(stars["PSFFLUX"][:, 2])
    ours = sky.archive.execute("SELECT ra, dec, psfMag_r FROM PhotoObjAll WHERE run = 4510")
    tree = cKDTree(unit_vectors(ours["ra"], ours["dec"]))
    chord, nearest = tree.query(unit_vectors(stars["RA"], stars["DEC"]))
    arcsec = np.degrees(chord) * 3600
    found = (arcsec < 1) & (magnitude > 16)
    assert found.sum() > 25
    assert np.median(arcsec[found]) < 0.1
    difference = ours["psfMag_r"].to_numpy()[nearest[found]] - magnitude[found]
    assert abs(np.median(difference)) < 0.05


def test_rows_of_the_survey_are_exact(sky):
    table = sky.archive.execute(
        "SELECT p.objID, p.flags_r FROM PhotoObjAll AS p WHERE p.run = 3900 AND p.obj = 1"
    )
    assert table.iloc[0].tolist() == [1237662226208063489, 5192817771272376322]
    count = sky.archive.execute("SELECT COUNT(*) AS n FROM Field WHERE run = 3900")
    assert count["n"][0] == 815


def test_fields_count_their_rows(sky):
    table = sky.archive.execute(
        "SELECT f.nTotal, f.nGalaxy, COUNT(p.objID) AS n, "
        "SUM(CASE WHEN p.type = 3 THEN 1 ELSE 0 END) AS g FROM Field AS f "
        "JOIN PhotoObjAll AS p ON p.fieldID = f.fieldID WHERE f.run <> 3900 "
        "GROUP BY f.fieldID, f.nTotal, f.nGalaxy"
    )
    assert len(table) == 2
    assert (table["nTotal"] == table["n"]).all()
    assert (table["nGalaxy"] == table["g"]).all()


def test_the_field_lies_in_its_stripe_as_the_surveys_own_fields_do(measured):
    frame, objects = measured
    row = field_row(frame, objects)
    assert row["fieldID"] == ids.encode(run=3918, camcol=3, field=213)
    assert row["muEnd"] - row["muStart"] == pytest.approx(0.149701, abs=2e-4)  # run 3900 camcol 6
    assert row["nuEnd"] - row["nuStart"] == pytest.approx(0.211199, abs=2e-4)
    assert row["raMin"] < row["ra"] < row["raMax"]
    assert row["decMin"] < row["dec"] < row["decMax"]


def test_the_note_says_which_rows_are_whose(sky):
    assert sky.kind == "real"
    assert "run 3900 camcol 6" in sky.note
    assert "3918-3-213, 4510-4-30 were measured" in sky.note


def test_pictures_inside_a_field_are_whole_and_partly_black_at_its_edge(sky):
    fields = sky.archive.execute("SELECT ra, dec, raMax FROM Field WHERE run = 3918")
    ra, dec, edge = fields.iloc[0]
    inside = sky.cutout(ra, dec, scale=0.396127, width=256, height=256)
    assert flaw(inside) is None
    assert zero_block_fraction(inside) == 0
    assert zero_block_fraction(sky.cutout(edge, dec, scale=0.396127, width=512, height=512)) > 0.1
    assert sky.cutout(ra + 2, dec, scale=0.396127, width=256, height=256) is None


def test_a_folder_in_use_is_left_alone(tmp_path, sdss):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="is there already"):
        build_real_sky(sdss, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_a_folder_without_frames_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds no frames"):
        build_real_sky(tmp_path, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
