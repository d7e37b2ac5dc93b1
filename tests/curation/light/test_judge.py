import numpy as np
import pytest

from galaxycurate.core.colour import lupton_irg
from galaxycurate.core.outcome import VerdictKind
from galaxycurate.curation.light.judge import judge
from tests.curation.light.scenes import Scene

MIDDLE = 127.5


def negative(scene, **how):
    return judge(scene.rgb, pixscale=0.396, positive=False, **how)


def positive(scene, **how):
    return judge(scene.rgb, pixscale=0.396, positive=True, **how)


def kinds(found):
    return {found.kind, *(other.kind for other in found.also)}


def test_a_window_of_stars_is_clean():
    told = [negative(Scene(seed=k).field_stars(8, seed=k)).kind for k in range(6)]
    assert told.count(VerdictKind.CONTAMINATED) == 0


@pytest.mark.parametrize(("x", "y"), [(128, 90), (3, 200), (128, 253)])
def test_a_galaxy_contaminates_wherever_it_stands(x, y):
    found = negative(Scene().field_stars(8).galaxy(x, y, 18.0, 4.5), scheme="sdss")
    assert found.kind is VerdictKind.CONTAMINATED
    assert np.hypot(found.x - x, found.y - y) < 3
    assert f"({found.x:.0f}, {found.y:.0f})" in found.evidence


def test_a_galaxy_whose_centre_lies_outside_contaminates():
    found = negative(Scene().field_stars(8).galaxy(-4, 130, 16.5, 7.0))
    assert found.kind is VerdictKind.CONTAMINATED
    assert found.x < 12


def test_magnitudes_are_right_from_fluxes_and_near_from_pictures():
    scene = Scene().field_stars(4).galaxy(120, 120, 18.5, 4.0)
    measured = negative(scene, flux=scene.flux).mag_r
    assert measured == pytest.approx(18.5, abs=0.15)
    drawn = negative(scene, scheme="sdss")
    assert drawn.mag_r == pytest.approx(18.5, abs=0.35)
    assert "about" in drawn.evidence
    assert negative(scene).mag_r == 0.0


def test_the_brightest_of_several_galaxies_is_told_first():
    found = negative(Scene().field_stars(6).galaxy(60, 60, 19, 4).galaxy(180, 190, 17, 6))
    assert np.hypot(found.x - 180, found.y - 190) < 3
    assert any(np.hypot(f.x - 60, f.y - 60) < 3 for f in found.also)


@pytest.mark.parametrize("expected", [True, False])
@pytest.mark.parametrize(
    "rgb",
    [
        np.zeros((256, 256, 3), np.uint8),
        np.full((256, 256, 3), 255, np.uint8),
        np.zeros((1, 1, 3), np.uint8),
        np.zeros((5, 400, 3), np.uint8),
        np.full((64, 64), 9, np.uint8),
    ],
)
def test_nothing_to_judge_is_borderline(rgb, expected):
    found = judge(rgb, pixscale=0.396, positive=expected)
    assert found.kind is VerdictKind.BORDERLINE
    assert found.evidence


@pytest.mark.parametrize("expected", [True, False])
@pytest.mark.parametrize("colour", [(9, 9, 9), (9, 9, 40), (200, 30, 30)])
def test_one_colour_alone_is_blank(colour, expected):
    solid = np.full((64, 80, 3), colour, np.uint8)
    found = judge(solid, pixscale=0.396, positive=expected)
    assert found.kind is VerdictKind.BORDERLINE
    assert found.evidence.startswith("blank")


def test_a_calibrated_frame_without_light_is_blank():
    flat = np.full((3, 64, 64), 0.1, np.float32)
    found = judge(lupton_irg(*flat), pixscale=0.396, positive=False, flux=flat)
    assert found.evidence.startswith("blank")


@pytest.mark.parametrize(("high", "wide"), [(24, 112_800), (50, 112_801), (112_800, 49)])
def test_long_strips_keep_their_aspect(high, wide):
    strip = Scene(64).field_stars(2).rgb[:24, :48]
    rgb = np.tile(strip, (-(-high // 24), -(-wide // 48), 1))[:high, :wide]
    found = judge(rgb, pixscale=0.1, positive=False)
    assert abs(found.x - (wide - 1) / 2) < 2
    assert abs(found.y - (high - 1) / 2) < 2


def test_a_strip_too_long_to_judge_says_so():
    rgb = np.zeros((30, 150_000, 3), np.uint8)
    rgb[::2] = 99
    assert "too long a strip" in judge(rgb, positive=False).evidence


def test_odd_pictures_get_a_verdict():
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (120, 77, 3)).astype(np.uint8)
    flood = Scene().star(128, 128, 8).rgb
    grey = Scene().field_stars().rgb.mean(axis=2).astype(np.uint8)
    for rgb in (noise, flood, grey, np.tile(np.uint8([[0, 255], [255, 0]]), (40, 40))):
        for expected in (True, False):
            assert judge(rgb, pixscale=0.0, positive=expected).evidence


def test_large_pictures_are_looked_at_smaller_and_told_in_their_own_pixels():
    scene = Scene(300).field_stars(10).galaxy(150, 170, 16.5, 8)
    large = np.repeat(np.repeat(scene.rgb, 8, axis=0), 8, axis=1)
    found = judge(large, pixscale=0.396 / 8, positive=False)
    assert found.kind is VerdictKind.CONTAMINATED
    assert np.hypot(found.x / 8 - 150, found.y / 8 - 170) < 4


def test_a_crowded_field_says_that_it_cannot_be_judged():
    scene = Scene().field_stars(300, seed=3)
    found = negative(scene.galaxy(128, 128, 17.0, 5))
    assert found.kind is VerdictKind.BORDERLINE
    assert "too crowded to judge" in found.evidence


def test_a_galaxy_in_the_middle_is_clean():
    found = positive(Scene().field_stars(3).galaxy(MIDDLE, MIDDLE, 16.5, 8))
    assert found.kind is VerdictKind.CLEAN
    assert not found.also


def test_a_galaxy_off_the_middle_is_told():
    assert VerdictKind.OFF_CENTRE in kinds(positive(Scene().galaxy(150, 120, 16.5, 8)))


def test_a_second_galaxy_of_comparable_light_is_told_a_fainter_one_is_not():
    scene = Scene().galaxy(MIDDLE, MIDDLE, 16.5, 8)
    assert VerdictKind.SECOND_GALAXY not in kinds(positive(scene.galaxy(60, 60, 19.5, 4)))
    assert VerdictKind.SECOND_GALAXY in kinds(positive(scene.galaxy(200, 190, 17.2, 6)))


def test_a_galaxy_larger_than_its_picture_is_cut():
    found = positive(Scene(96).galaxy(47.5, 47.5, 14.0, 22))
    assert VerdictKind.CUT in kinds(found)


def test_a_star_over_the_galaxy_is_told():
    scene = Scene().field_stars(4).galaxy(MIDDLE, MIDDLE, 15.5, 14, q=0.9)
    assert VerdictKind.STAR_OVER in kinds(positive(scene.star(150, 128, 16.5)))


def test_a_positive_without_a_galaxy_is_borderline():
    found = positive(Scene().field_stars(8))
    assert found.kind is VerdictKind.BORDERLINE
    assert "none of them a galaxy" in found.evidence
