"""Copies at another pixel scale are found, turned or not, and their registration is right."""

import csv

import cv2
import numpy as np
import pytest
from PIL import Image

from galaxycurate.curation.pixels import resized
from galaxycurate.curation.pixels.fingerprint import fingerprint
from galaxycurate.curation.pixels.prints import Prints
from tests.curation.pixels.exposures import Sky, picture, turn, undo, unrelated

NOISE = 5.0
"""Of the survey's pictures; smoother ones have few marks after a JPEG."""
SCALES = (0.8, 0.87, 0.95, 1.06, 1.12, 1.2, 1.25, 1.3)


def _saved(rgb: np.ndarray, quality: int) -> np.ndarray:
    _, body = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.ascontiguousarray(cv2.imdecode(body, cv2.IMREAD_COLOR)[..., ::-1])


@pytest.fixture(scope="module")
def prints() -> Prints:
    """Rows 2k and 2k + 1: a window and another of the same exposure at SCALES[k % 8]."""
    made = []
    for k in range(16):
        exposure, step = Sky(100 + k, 60).exposure(k, NOISE), SCALES[k % 8]
        made.append(fingerprint(_saved(picture(exposure, 60.0, 60.0), 85)))
        second = picture(exposure, 70.3, 64.6, size=int(256 / step), step=step)
        made.append(fingerprint(_saved(turn(second, undo(k // 2)), 75)))
    return Prints.of(made)


@pytest.fixture(scope="module")
def found(prints):
    return resized.search_resized(prints)


def test_resized_copies_are_found_and_nothing_else(found):
    pairs = set(zip(found.first.tolist(), found.second.tolist(), strict=True))
    assert pairs <= {(2 * k, 2 * k + 1) for k in range(16)}
    assert len(pairs) == 16
    assert set(found.tier) == {"resized"}


def test_triangles_find_what_lines_find_where_pictures_are_many(prints, found, monkeypatch):
    monkeypatch.setattr(resized, "SINGLE", 0)
    by_triangles = resized.search_resized(prints)
    assert by_triangles.first.tolist() == found.first.tolist()
    np.testing.assert_allclose(by_triangles.scale, found.scale, rtol=0.005)


@pytest.mark.parametrize("single", [resized.SINGLE, 0])
def test_nothing_is_found_among_unrelated_pictures(single, monkeypatch):
    monkeypatch.setattr(resized, "SINGLE", single)
    assert not len(resized.search_resized(unrelated(200)))


def test_the_scale_the_turn_and_the_shift_are_right(found):
    k = found.first // 2
    assert (found.flip == k // 2).all()
    np.testing.assert_allclose(found.scale, np.array(SCALES)[k % 8], rtol=0.01)
    middle = found.scale * 100
    np.testing.assert_allclose(found.dx + middle, 10.3 + np.array(SCALES)[k % 8] * 100, atol=1.5)
    np.testing.assert_allclose(found.dy + middle, 4.6 + np.array(SCALES)[k % 8] * 100, atol=1.5)


def test_known_duplicates_of_galaxy_zoo_are_found_among_real_images(shared_data):
    with (shared_data / "labels" / "known_duplicates_sample.csv").open(newline="") as file:
        known = [(row["file_a"], row["file_b"]) for row in csv.DictReader(file)]
    others = sorted((shared_data / "images" / "gz1_dr7").iterdir())[:60]
    names = [name for pair in known for name in pair]
    names += [str(path.relative_to(shared_data)) for path in others]
    names = list(dict.fromkeys(names))
    prints = Prints.of(
        [fingerprint(np.asarray(Image.open(shared_data / name).convert("RGB"))) for name in names]
    )
    matches = resized.search_resized(prints, flips=False)
    pairs = zip(matches.first, matches.second, strict=True)
    told = {frozenset((names[i], names[j])) for i, j in pairs}
    assert told == {frozenset(pair) for pair in known}
