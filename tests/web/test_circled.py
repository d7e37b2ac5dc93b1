from __future__ import annotations

import numpy as np
import pytest

from galaxycurate.core.outcome import Verdict, VerdictKind
from galaxycurate.web.circled import figure
from tests import pictures

RGB = pictures.sky(1, 200)


def of(kind=VerdictKind.CONTAMINATED, **how) -> Verdict:
    return Verdict("images/negative/a.jpg", kind, **how)


def test_the_circle_stands_where_the_object_should_be_in_units_of_the_side():
    made = figure(of(dx=50.0, dy=-100.0, tier="light", score=0.9), RGB)
    assert made["circle"] == {"x": "0.2500", "y": "-0.5000", "r": "0.0300", "dashed": True}
    wide = figure(of(dx=50.0, tier="both"), RGB, 20.0)["circle"]
    assert (wide["r"], wide["dashed"]) == ("0.1000", False)


@pytest.mark.parametrize(
    "verdict", [of(VerdictKind.CLEAN), of(VerdictKind.CLEAN, score=0.4), of(VerdictKind.BORDERLINE)]
)
def test_nothing_is_circled_where_no_object_is_meant(verdict):
    assert figure(verdict, RGB)["circle"] is None


def test_without_a_picture_the_words_remain():
    made = figure(of(mag_r=17.456, partner="1237", evidence="a galaxy"), None)
    assert (made["url"], made["circle"]) == (None, None)
    assert made["caption"] == "r = 17.46 · 1237"
    assert made["tip"] == "images/negative/a.jpg · a galaxy"


def test_a_large_picture_is_sent_smaller():
    sizes = [len(figure(of(), np.array(pictures.sky(2, 600)), side_px=side)["url"])
             for side in (100, 500)]  # fmt: skip
    assert sizes[0] < sizes[1] / 3


def test_of_a_star_no_probability_of_a_galaxy_is_told():
    made = figure(of(VerdictKind.STAR_OVER, dx=3.0, tier="light", score=0.004), RGB)
    assert made["caption"] == "pixels alone"
