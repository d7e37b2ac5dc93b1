"""What becomes of the two evidences together."""

from dataclasses import replace

import numpy as np
import pytest

from galaxycurate.core.outcome import VerdictKind
from galaxycurate.curation.light.sky import Listed, Placed
from galaxycurate.pipeline.audit.findings import Light
from galaxycurate.pipeline.audit.images import Image
from galaxycurate.pipeline.audit.judged import Seen, worst
from galaxycurate.pipeline.audit.negatives import verdict_on
from galaxycurate.pipeline.audit.verdicts import verdicts_on

NEGATIVE = Image("images/negative/a.jpg", "negative", "a", True, 150.0, 2.0, 100.0, 250, 20.0)
POSITIVE = Image("images/spiral/b.jpg", "spiral", "b", False, 150.0, 2.0, 100.0, 250, 20.0)
CLEAN, BORDERLINE, CONTAMINATED = (
    VerdictKind.CLEAN, VerdictKind.BORDERLINE, VerdictKind.CONTAMINATED,
)  # fmt: skip
NOTHING = Light(CLEAN)


def seen(*objects, covered=1.0):
    """A catalogue of (dx, dy, r, radius [pixel], galaxy, doubt)."""
    dx, dy, mag, radius, galaxy, doubt = (
        (np.array(c) for c in zip(*objects, strict=True)) if objects else [np.empty(0)] * 6
    )
    n = len(objects)
    listed = Listed(np.arange(1, n + 1), np.full(n, 150.0), np.full(n, 2.0), mag.astype(float),
                    radius.astype(float), galaxy.astype(bool), doubt.astype(str))  # fmt: skip
    placed = Placed(np.arange(n), dx.astype(float), dy.astype(float), radius.astype(float))
    return Seen(placed, listed, covered)


def on(image, known, *lights, strict=False):
    told = None if lights == (None,) else lights
    return verdicts_on(image, known, told, margin_arcsec=5.0, strict=strict)


def one(image, known, *lights, **more):
    return on(image, known, *lights, **more)[0].verdict


GALAXY = (30.0, 20.0, 18.0, 10.0, True, "")
DOUBTED = (30.0, 20.0, 18.0, 10.0, True, "its photometry is not clean")
THERE = Light(CONTAMINATED, 31.0, 19.0, 0.97, 40.0, 18.1, "an extended source")


@pytest.mark.parametrize(
    ("light", "tier", "words"),
    [
        (None, "catalogue", "a galaxy of r = 18.00 lies in it"),
        (THERE, "both", "a galaxy of r = 18.00 lies in it; its pixels show it"),
        (NOTHING, "catalogue", "a galaxy of r = 18.00 lies in it; its pixels do not show it"),
        (Light(CONTAMINATED, -90.0, 0.0, 0.9, 30.0), "catalogue",
         "a galaxy of r = 18.00 lies in it; its pixels show another"),
    ],
)  # fmt: skip
def test_a_listed_galaxy_is_contamination_whatever_the_pixels_show(light, tier, words):
    verdict = one(NEGATIVE, seen(GALAXY), light)
    assert (verdict.kind, verdict.keep) == (CONTAMINATED, False)
    assert (verdict.tier, verdict.evidence) == (tier, words)
    assert (verdict.partner, verdict.dx, verdict.dy, verdict.mag_r) == ("1", 30.0, 20.0, 18.0)


def test_a_doubtful_row_that_the_pixels_show_is_contamination():
    assert one(NEGATIVE, seen(DOUBTED), NOTHING).kind is BORDERLINE
    assert one(NEGATIVE, seen(DOUBTED), THERE).kind is CONTAMINATED


MARGIN = (-140.0, 0.0, 15.0, 10.0, True, "")  # its disc ends 5 px outside
NEAR = (-60.0, 0.0, 20.1, 10.0, True, "")


@pytest.mark.parametrize("beside", [(), (MARGIN,), (NEAR,), (MARGIN, NEAR)])
def test_a_harmless_neighbour_excuses_nothing(beside):
    """What the pixels show, and a doubtful row that they show, count whatever else is listed."""
    assert one(NEGATIVE, seen(*beside, covered=0.3), THERE).kind is CONTAMINATED
    verdict = one(NEGATIVE, seen(*beside, DOUBTED), THERE)
    assert (verdict.kind, verdict.tier, verdict.dx) == (CONTAMINATED, "both", DOUBTED[0])


@pytest.mark.parametrize(
    ("listed", "light", "in_whole", "in_part"),
    [
        (CLEAN, CLEAN, CLEAN, CLEAN),
        (CLEAN, BORDERLINE, CLEAN, BORDERLINE),
        (CLEAN, CONTAMINATED, BORDERLINE, CONTAMINATED),
        (BORDERLINE, CLEAN, BORDERLINE, BORDERLINE),
        (BORDERLINE, BORDERLINE, BORDERLINE, BORDERLINE),
        (BORDERLINE, CONTAMINATED, BORDERLINE, CONTAMINATED),
        (CONTAMINATED, CLEAN, CONTAMINATED, CONTAMINATED),
        (CONTAMINATED, BORDERLINE, CONTAMINATED, CONTAMINATED),
        (CONTAMINATED, CONTAMINATED, CONTAMINATED, CONTAMINATED),
    ],
)
def test_the_worse_of_catalogue_and_pixels_counts(listed, light, in_whole, in_part):
    assert verdict_on(listed, light, whole=True) is in_whole
    assert verdict_on(listed, light, whole=False) is in_part


def test_a_galaxy_near_the_limit_stays_borderline_though_the_pixels_show_it():
    near = (30.0, 20.0, 20.1, 10.0, True, "")
    verdict = one(NEGATIVE, seen(near), THERE)
    assert (verdict.kind, verdict.keep) == (BORDERLINE, True)


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ((31.0, 19.0, 16.0, 0.0, False, ""), "a star of r = 16.00"),
        ((31.0, 19.0, 21.0, 4.0, True, ""), "a galaxy of r = 21.00, beyond the limit"),
    ],
)
def test_light_that_the_catalogue_explains_is_no_contamination(what, words):
    light = replace(THERE, mag_r=0.0)
    verdict = one(NEGATIVE, seen(what), light)
    assert verdict.kind is CLEAN
    assert verdict.evidence == f"light at +31, +19 px is listed as {words}"
    assert one(NEGATIVE, seen(what, covered=0.5), light).kind is CLEAN


@pytest.mark.parametrize(
    "what",
    [(31.0, 19.0, 21.4, 0.0, False, ""), (31.0, 19.0, np.nan, 0.0, False, ""),
     (100.0, 0.0, 21.3, 300.0, True, "")],
)  # fmt: skip
def test_what_is_much_fainter_than_light_or_far_from_it_explains_nothing(what):
    assert one(NEGATIVE, seen(what, covered=0.3), THERE).kind is CONTAMINATED
    assert one(NEGATIVE, seen(what), THERE).kind is BORDERLINE


def test_all_light_must_be_explained_not_only_the_brightest():
    star = (-60.0, 0.0, 15.0, 0.0, False, "")
    on_star = Light(CONTAMINATED, -60.0, 1.0, 0.6, 900.0, 15.1, "a saturated star")
    assert one(NEGATIVE, seen(star), on_star).kind is CLEAN
    both = one(NEGATIVE, seen(star), on_star, THERE)
    assert (both.kind, both.dx) == (BORDERLINE, THERE.dx)


@pytest.mark.parametrize(("mag", "kind"), [(0, CONTAMINATED), (19.9, CONTAMINATED),
                                           (20.1, BORDERLINE), (20.4, CLEAN)])  # fmt: skip
def test_pixels_alone_mind_the_limit_where_magnitudes_are_known(mag, kind):
    light = Light(CONTAMINATED, 31.0, 19.0, 0.97, 40.0, mag, "a galaxy")
    assert one(NEGATIVE, None, light).kind is kind


def test_a_picture_that_cannot_be_judged_is_never_clean():
    blank = Light(BORDERLINE, evidence="blank: every pixel is 0 to 0")
    for known in (None, seen(), seen(covered=0.5)):
        verdict = one(NEGATIVE, known, blank)
        assert (verdict.kind, verdict.evidence[:5]) == (BORDERLINE, "blank")


def test_light_that_a_whole_catalogue_lacks_is_borderline():
    verdict = one(NEGATIVE, seen(), THERE)
    assert (verdict.kind, verdict.keep, verdict.tier) == (BORDERLINE, True, "light")
    assert verdict.evidence == (
        "an extended source; the catalogue lists nothing there to explain it"
    )


def test_where_the_catalogue_is_not_whole_the_pixels_decide():
    contaminated = one(NEGATIVE, seen(covered=0.6), THERE)
    assert (contaminated.kind, contaminated.keep) == (CONTAMINATED, False)
    assert contaminated.evidence.endswith("the catalogue covers 60% of it")
    assert one(NEGATIVE, seen(covered=0.6), NOTHING).kind is CLEAN
    assert one(NEGATIVE, seen(covered=0.6), None).kind is BORDERLINE


def test_without_a_catalogue_the_pixels_decide():
    assert one(NEGATIVE, None, THERE).kind is CONTAMINATED
    assert one(NEGATIVE, None, NOTHING).kind is CLEAN


def test_a_catalogue_of_unknown_completeness_proves_nothing():
    assert one(NEGATIVE, seen(covered=np.nan), THERE).kind is CONTAMINATED
    assert one(NEGATIVE, seen(covered=np.nan), NOTHING).kind is CLEAN
    verdict = one(NEGATIVE, seen(covered=np.nan), None)
    assert verdict.kind is BORDERLINE
    assert "whether the catalogue is complete there is not known" in verdict.evidence


def test_positives_are_flagged_and_kept_unless_strict():
    rows = [(0.0, 0.0, 16.0, 20.0, True, ""), (60.0, 0.0, 16.4, 15.0, True, ""),
            (5.0, -9.0, 15.0, 0.0, False, "")]  # fmt: skip
    light = Light(VerdictKind.SECOND_GALAXY, 61.0, 1.0, 0.9, evidence="two galaxies")
    found = on(POSITIVE, seen(*rows), light)
    assert {(v.verdict.kind, v.verdict.tier) for v in found} == {
        (VerdictKind.SECOND_GALAXY, "both"), (VerdictKind.STAR_OVER, "catalogue"),
    }  # fmt: skip
    assert all(v.verdict.keep for v in found)
    assert not any(v.verdict.keep for v in on(POSITIVE, seen(*rows), light, strict=True))
    assert worst(found).verdict.kind is VerdictKind.SECOND_GALAXY


def test_pixels_show_what_is_listed_only_where_it_is_and_all_else_is_told_too():
    rows = [(0.0, 0.0, 16.0, 20.0, True, ""), (60.0, 0.0, 16.4, 15.0, True, "")]
    others = [Light(VerdictKind.SECOND_GALAXY, x, -90.0, 0.9, evidence="a galaxy")
              for x in (-80.0, 10.0)]  # fmt: skip
    found = [v.verdict for v in on(POSITIVE, seen(*rows), *others)]
    assert [(v.dx, v.tier) for v in found] == [(60.0, "catalogue"), (-80.0, "light"),
                                               (10.0, "light")]  # fmt: skip
    assert "its pixels show it" not in found[0].evidence


def test_a_verdict_names_the_picture_that_was_looked_at():
    assert one(NEGATIVE, seen(GALAXY), THERE).sha256 == NEGATIVE.sha256
    assert one(POSITIVE, None, None).sha256 == POSITIVE.sha256


def test_a_galaxy_that_a_whole_catalogue_does_not_list_is_borderline():
    verdict = one(POSITIVE, seen(), NOTHING)
    assert (verdict.kind, verdict.partner) == (BORDERLINE, "")
    assert one(POSITIVE, seen(covered=0.9), NOTHING).kind is CLEAN


def test_what_the_pixels_alone_hold_against_a_positive_is_told():
    lone = seen((0.0, 0.0, 16.0, 20.0, True, ""))
    found = on(POSITIVE, lone, Light(VerdictKind.OFF_CENTRE, 50.0, 0.0, evidence="off"))
    assert [(v.verdict.kind, v.verdict.tier) for v in found] == [(VerdictKind.OFF_CENTRE, "light")]
    assert one(POSITIVE, lone, NOTHING).kind is CLEAN


def test_strict_leaves_out_borderline_negatives_too():
    assert one(NEGATIVE, seen(DOUBTED), None, strict=True).keep is False
    assert one(NEGATIVE, seen(), None, strict=True).keep is True


def test_a_file_that_cannot_be_read_is_left_out():
    verdict = one(NEGATIVE, seen(), Light(VerdictKind.UNREADABLE, evidence="truncated"))
    assert (verdict.kind, verdict.keep, verdict.evidence) == (
        VerdictKind.UNREADABLE, False, "truncated",
    )  # fmt: skip
