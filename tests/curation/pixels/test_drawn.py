"""What is drawn into many pictures is no sky that they share; copies are no drawings."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from galaxycurate.curation.pixels import codes, drawn, marks
from galaxycurate.curation.pixels.fingerprint import fingerprint
from galaxycurate.curation.pixels.noise import search_noise
from galaxycurate.curation.pixels.prints import Prints
from tests.curation.pixels import noisy

N = 60
LINES = ("SDSS DR7 gri 0.396 arcsec/px", "cutout service")


@pytest.fixture(scope="module")
def skies() -> list:
    return [noisy.window(noisy.exposure(900 + k), 80, 80) for k in range(N)]


def lettered(picture):
    picture = picture.copy()
    for line, text in enumerate(LINES):
        cv2.putText(
            picture, text, (4, 18 + 80 * line), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1
        )
    return picture


def framed(picture, level):
    return cv2.copyMakeBorder(
        picture[16:-16, 16:-16], 16, 16, 16, 16, cv2.BORDER_CONSTANT, value=(level,) * 3
    )


def prints_of(pictures, quality=85) -> Prints:
    return Prints.of([fingerprint(noisy.saved(picture, quality)) for picture in pictures])


def test_letters_at_one_place_in_all_pictures_are_left_out_and_the_sky_is_not(skies):
    prints = prints_of([lettered(sky) for sky in skies])
    left, n = drawn.without(prints)
    assert n == N
    gone = prints.marks.counts - left.marks.counts
    assert gone.min() >= 5
    assert gone.max() < 40
    y = left.marks.values["y"] / marks.UNIT
    assert np.count_nonzero((y > 118) & (y < 240)) == np.count_nonzero(
        (prints.marks.values["y"] / marks.UNIT > 118)
        & (prints.marks.values["y"] / marks.UNIT < 240)
    )


def test_nothing_is_left_out_of_pictures_without_drawings_or_of_few(skies):
    assert drawn.without(prints_of(skies))[1] == 0
    assert drawn.without(prints_of([lettered(sky) for sky in skies[:40]]))[1] == 0


def test_copies_are_no_drawing_however_many(skies):
    copies = [noisy.saved(skies[0], quality) for quality in (50, 60, 70, 80, 85, 90, 92, 95)]
    prints = Prints.of([fingerprint(p) for p in [*copies, *skies]])
    assert drawn.without(prints)[0].marks.values.size == prints.marks.values.size


@pytest.mark.parametrize("level", [0, 128, 255])
def test_no_mark_looks_at_a_frame(skies, level):
    for sky in skies[:5]:
        found = fingerprint(noisy.saved(framed(sky, level), 85)).marks
        x, y = found["x"] / marks.UNIT, found["y"] / marks.UNIT
        assert found.size > 30
        assert min(x.min(), y.min()) > 16 + codes.REACH - 5
        assert max(x.max(), y.max()) < 255 - 16 - codes.REACH + 5


@pytest.mark.parametrize("level", [128, 255])
def test_the_frame_of_real_galaxies_makes_no_pairs(shared_data, level):
    files = sorted((shared_data / "images" / "gz1_dr7").glob("*"))[:40]
    if len(files) < 40:
        pytest.skip("the real galaxies are absent")
    pictures = [cv2.imread(str(file))[80:336, 80:336, ::-1] for file in files]
    assert not len(search_noise(prints_of([framed(picture, level) for picture in pictures])))
