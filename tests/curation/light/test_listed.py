"""Cutouts against rows of a catalogue whose places, sizes and magnitudes are chosen."""

import numpy as np
import pytest

from galaxycurate.core.geometry import from_plane
from galaxycurate.core.outcome import VerdictKind
from galaxycurate.curation.light.listed import clearance_px, explains, of_negative, of_positive
from galaxycurate.curation.light.sky import Found, Listed, Sky

SCALE, SIDE = 0.396127, 128
WIDTH = SCALE * SIDE
CENTRES = [(150.0, 2.0), (359.9999, -10.0), (0.0001, 89.99), (200.0, -90.0)]


def sky_of(objects, centre=CENTRES[0]):
    """A catalogue of objects at pixels from a middle: (dx, dy, r, radius, galaxy, doubt)."""
    dx, dy, mag, radius, galaxy, doubt = (np.array(c) for c in zip(*objects, strict=True))
    ra, dec = from_plane(-dx * SCALE, -dy * SCALE, *centre)
    return Sky(
        Listed(
            np.arange(1, dx.size + 1), np.atleast_1d(ra), np.atleast_1d(dec), mag.astype(float),
            radius.astype(float), galaxy.astype(bool), doubt.astype(str),
        )
    )  # fmt: skip


def negative(objects, centre=CENTRES[0], margin_arcsec=5.0, limit=20.0):
    sky = sky_of(objects, centre)
    near = sky.near(*centre, WIDTH, SCALE, margin_arcsec)
    found = of_negative(near, sky.listed, SIDE, limit_mag_r=limit, margin_px=margin_arcsec / SCALE)
    return found[0] if found else Found(VerdictKind.CLEAN)


def positive(objects, **more):
    sky = sky_of(objects)
    near = sky.near(*CENTRES[0], WIDTH, SCALE, 5.0)
    return {found.kind: found for found in of_positive(near, sky.listed, SIDE, **more)}


@pytest.mark.parametrize("centre", CENTRES)
def test_a_galaxy_in_a_negative_is_found_where_it_is(centre):
    found = negative([(30.0, -12.0, 18.5, 4.0, True, "")], centre)
    assert found.kind is VerdictKind.CONTAMINATED
    assert (found.dx, found.dy) == (pytest.approx(30, abs=0.01), pytest.approx(-12, abs=0.01))
    assert found.radius_px == pytest.approx(4.0 / SCALE)
    assert found.why == "a galaxy of r = 18.50 lies in it"


def test_the_light_of_a_galaxy_outside_counts_as_far_as_it_reaches():
    edge = SIDE / 2
    touching = [(edge + 10, 0.0, 17.0, 10.5 * SCALE, True, "")]
    assert negative(touching).kind is VerdictKind.CONTAMINATED
    assert negative(touching).why == "a galaxy of r = 17.00 reaches in from outside"
    beside = [(edge + 10, 0.0, 17.0, 9.5 * SCALE, True, "")]
    assert negative(beside).kind is VerdictKind.BORDERLINE
    assert negative(beside, margin_arcsec=0.1).kind is VerdictKind.CLEAN
    corner = [(edge + 10, edge + 10, 17.0, 11 * SCALE, True, "")]  # 14.1 px from the corner
    assert negative(corner, margin_arcsec=1.0).kind is VerdictKind.CLEAN


def test_a_giant_far_outside_is_found_and_does_not_slow_the_others():
    found = negative([(600.0, 0.0, 11.0, 250.0, True, ""), (0.0, 20.0, 21.5, 2.0, True, "")])
    assert found.kind is VerdictKind.CONTAMINATED
    assert found.row == 0


def test_near_the_limit_is_borderline_on_one_side_and_clean_beyond():
    at_mag = {r: negative([(0.0, 0.0, r, 3.0, True, "")]).kind for r in (19.99, 20.1, 20.31)}
    assert list(at_mag.values()) == [
        VerdictKind.CONTAMINATED, VerdictKind.BORDERLINE, VerdictKind.CLEAN
    ]  # fmt: skip


def test_near_the_limit_and_beside_the_cutout_is_clean():
    """Two half reasons make none: nothing of it is to the limit, nor in the cutout."""
    assert negative([(SIDE / 2 + 12, 0.0, 20.2, 3.0, True, "")]).kind is VerdictKind.CLEAN


def test_a_doubtful_or_unmeasured_row_is_borderline_and_says_why():
    doubted = negative([(5.0, 5.0, 18.0, 3.0, True, "its photometry is not clean")])
    assert doubted.kind is VerdictKind.BORDERLINE
    assert doubted.why == "a galaxy is listed: its photometry is not clean"
    unmeasured = negative([(5.0, 5.0, np.nan, 3.0, True, "")])
    assert unmeasured.kind is VerdictKind.BORDERLINE
    assert unmeasured.why.endswith("its magnitude was not measured")


def test_stars_contaminate_nothing():
    assert negative([(0.0, 0.0, 14.0, 0.0, False, "")]).kind is VerdictKind.CLEAN


def test_of_several_the_brightest_is_named():
    found = negative([(9.0, 9.0, 19.0, 3.0, True, ""), (-20.0, 0.0, 16.0, 5.0, True, "")])
    assert found.row == 1


def test_every_doubtful_row_is_a_suspect_not_only_the_brightest():
    rows = [(SIDE / 2 + 10, 0.0, 15.0, 2 * SCALE, True, ""),
            (0.0, 0.0, 18.0, 4.0, True, "its photometry is not clean")]  # fmt: skip
    sky = sky_of(rows)
    near = sky.near(*CENTRES[0], WIDTH, SCALE, 5.0)
    found = of_negative(near, sky.listed, SIDE, limit_mag_r=20.0, margin_px=5.0 / SCALE)
    assert [(one.row, one.doubted) for one in found] == [(0, False), (1, True)]


def test_without_an_id_the_galaxy_in_the_middle_is_the_bright_one():
    """Not a dwarf that lies a pixel nearer, nor a doubtful row."""
    dwarf = (1.0, 0.0, 18.9, 2.0, True, "")
    doubted = (0.0, 1.0, 14.0, 2.0, True, "its photometry is not clean")
    assert positive([dwarf, doubted, (4.0, 3.0, 15.0, 16.0, True, "")]) == {}


def test_a_lone_galaxy_in_the_middle_is_good():
    assert positive([(1.0, 0.0, 17.0, 8.0, True, "")]) == {}


def test_what_spoils_a_positive_is_told_with_its_place():
    rows = [
        (0.0, 0.0, 17.0, 8.0, True, ""),
        (40.0, 30.0, 17.6, 6.0, True, ""),
        (10.0, -8.0, 16.0, 0.0, False, ""),
        (50.0, 0.0, 19.5, 2.0, True, ""),
        (-50.0, 0.0, 15.0, 0.0, False, ""),
    ]
    found = positive(rows, own_id=1)
    assert set(found) == {VerdictKind.SECOND_GALAXY, VerdictKind.STAR_OVER}
    assert found[VerdictKind.SECOND_GALAXY].row == 1
    assert found[VerdictKind.STAR_OVER].row == 2


def test_a_galaxy_off_the_middle_or_over_the_border_is_told():
    assert set(positive([(30.0, 0.0, 17.0, 4.0, True, "")], own_id=1)) == {VerdictKind.OFF_CENTRE}
    assert set(positive([(0.0, 0.0, 14.0, 40.0, True, "")], own_id=1)) == {VerdictKind.CUT}


def test_a_galaxy_that_nobody_lists_is_told():
    found = positive([(40.0, 0.0, 17.0, 4.0, True, "")])
    assert set(found) == {VerdictKind.BORDERLINE}
    assert found[VerdictKind.BORDERLINE].why == "no galaxy is listed in its middle"


def test_pieces_of_the_galaxy_itself_are_no_second_galaxy():
    rows = [(0.0, 0.0, 15.0, 20.0, True, ""), (5.0, 3.0, 15.5, 4.0, True, "")]
    assert positive(rows, own_id=1) == {}


def explained(objects, dx, dy, mag_r=0.0):
    """The number of the object that explains light."""
    sky = sky_of(objects)
    near = sky.near(*CENTRES[0], WIDTH, SCALE, 200.0)
    k = explains(near, sky.listed, dx, dy, mag_r=mag_r, pixscale=SCALE, limit_mag_r=20.0)
    return None if k is None else int(near.rows[k])


def test_light_is_explained_by_what_is_listed_there():
    rows = [(20.0, 0.0, 21.0, 2.0, True, ""), (-20.0, 0.0, 15.0, 0.0, False, "")]
    assert explained(rows, -22.0, 1.0) == 1
    assert explained(rows, 21.0, 3.0) == 0
    assert explained(rows, 0.0, 40.0) is None


@pytest.mark.parametrize(
    ("what", "mag_r", "holds"),
    [
        ((0.0, 0.0, 21.4, 0.0, False, ""), 20.5, True),
        ((0.0, 0.0, 21.4, 0.0, False, ""), 15.0, False),
        ((0.0, 0.0, np.nan, 0.0, False, ""), 15.0, False),
        ((0.0, 0.0, np.nan, 0.0, False, ""), 0.0, False),
        ((0.0, 0.0, 15.0, 0.0, False, ""), 15.3, True),
        ((0.0, 0.0, 19.0, 5.0, True, ""), 19.0, False),  # a galaxy to the limit is no excuse
    ],
)
def test_nothing_explains_what_is_much_brighter_than_it(what, mag_r, holds):
    assert (explained([what], 2.0, 1.0, mag_r) == 0) is holds


def test_a_faint_galaxy_explains_no_more_sky_than_its_light_fills():
    """Its Petrosian radius failed: 300 pixels at r = 21.3."""
    giant = [(0.0, 0.0, 21.3, 300 * SCALE, True, "")]
    assert explained(giant, 5.0, 4.0, 21.0) == 0
    assert explained(giant, 40.0, 0.0, 21.0) is None


def test_clearance_is_that_of_the_search_for_negatives():
    """The audit must not contradict `negatives`: the same discs, the same distances."""
    from galaxycurate.curation.vacancy import clearance

    rng = np.random.default_rng(4)
    n = 400
    rows = [
        (x, y, 18.0, radius, True, "")
        for x, y, radius in zip(*rng.uniform(-150, 150, (2, n)), rng.uniform(1, 40, n), strict=True)
    ]
    sky = sky_of(rows)
    near = sky.near(*CENTRES[0], WIDTH, SCALE, 1e4)
    ours = clearance_px(near, SIDE).min() * SCALE
    discs = (sky.listed.ra, sky.listed.dec, sky.listed.radius_arcsec)
    ra, dec = (np.array([v]) for v in CENTRES[0])
    theirs = clearance(ra, dec, WIDTH, discs)[0]
    assert ours == pytest.approx(theirs, abs=1e-6)
