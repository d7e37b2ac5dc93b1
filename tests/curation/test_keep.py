"""Of several pictures of one thing, which stays: on simulated and on real pictures."""

import io
from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image

from galaxycurate.curation.keep import Quality, best, blamed, depth, measure, survivors
from tests.pictures import saved, sky


def judged(rgb, quality=85):
    """A picture as a JPEG file, and its quality."""
    body = saved(rgb, "JPEG", quality=quality)
    made = np.asarray(Image.open(io.BytesIO(body)).convert("RGB"))
    return replace(measure(made), n_bytes=len(body))


def spoilt(rgb):
    yield "recompressed", judged(rgb, 50)
    yield "blurred", judged(cv2.GaussianBlur(rgb, (0, 0), 1.2))
    size = round(rgb.shape[1] * 0.8), round(rgb.shape[0] * 0.8)
    yield "shrunk", judged(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA))


def test_the_original_stays_before_everything_that_was_made_of_it():
    rgb = sky(1)
    for name, made in spoilt(rgb):
        assert best([made, judged(rgb)])[0] == 1, name


def test_real_pictures_stay_before_what_was_shrunk_or_recompressed(shared_data):
    lost = []
    for folder in ("gz2_asset", "kaggle_gz", "skyserver_dr12_getjpeg"):
        for file in sorted((shared_data / "images" / folder).rglob("*.jpg"))[:6]:
            rgb = np.asarray(Image.open(file).convert("RGB"))
            original = replace(measure(rgb), n_bytes=file.stat().st_size)
            lost += [
                (file.name, name)
                for name, made in spoilt(rgb)
                if name != "blurred" and best([made, original])[0] == 0
            ]
    assert not lost


def test_the_galaxy_in_the_middle_goes_before_sharpness():
    centred, aside = np.zeros((2, 128, 128, 3), np.uint8)
    centred[64, 64] = aside[64, 90] = 255
    centred, aside = (cv2.GaussianBlur(p, (0, 0), 3) * 20 for p in (centred, aside))
    assert measure(aside).off_centre == pytest.approx(26 / 128, abs=0.03)
    chosen, why = best([measure(aside), measure(cv2.GaussianBlur(centred, (0, 0), 2))])
    assert chosen == 1
    assert why[1] == ""
    assert why[0].startswith("less well centred: 0.")


def test_equal_pictures_go_by_size_then_score_then_order():
    small, large = Quality(detail=5.0, pixels=10), Quality(detail=5.0, pixels=20)
    assert best([small, large]) == (1, ["smaller: 50% of the pixels", ""])
    low, high = Quality(score=0.3), Quality(score=0.6)
    assert best([low, high]) == (1, ["lower score: 0.3 instead of 0.6", ""])
    assert best([low, low]) == (0, ["", "not the first of equal ones"])


def test_blank_tiny_and_flat_pictures_are_measured_too():
    for shape in ((1, 1), (3, 500), (64, 64)):
        found = measure(np.zeros((*shape, 3), np.uint8))
        assert (found.detail, found.pixels) == (0.0, shape[0] * shape[1])


def test_one_of_each_group_stays():
    group = np.array([0, 1, 0, 2, 0])
    quality = [Quality(score=s) for s in (0.1, 0.0, 0.9, 0.0, 0.2)]
    stays, why = survivors(group, quality=quality)
    assert stays.tolist() == [False, True, True, True, False]
    assert sorted(why) == [0, 4]
    assert survivors(group, keep="first")[0].tolist() == [True, True, False, True, False]
    assert survivors(group, keep="all")[0].all()


def test_depth_counts_pairs_from_the_one_that_stays():
    first, second = np.array([0, 1, 3]), np.array([1, 2, 4])
    roots = np.array([False, False, True, True, False])
    assert depth(5, first, second, roots).tolist() == [2, 1, 0, 0, 1]
    assert np.isinf(depth(2, first[:0], second[:0], np.zeros(2, bool))).all()


def test_of_two_that_disagree_the_one_that_nothing_vouches_for_is_blamed():
    pairs = np.array([0, 3]), np.array([2, 4])
    agreeing = np.array([0]), np.array([1])
    assert blamed(5, pairs, agreeing).tolist() == [False, False, True, True, True]


def test_scores_that_are_none_or_negative_are_judged_too():
    assert best([Quality(score=float("nan")), Quality(score=0.5)])[0] == 1
    assert best([Quality(score=-0.5), Quality(score=0.0)])[0] == 1


def test_what_was_turned_or_greyed_goes_and_bytes_count_within_one_form():
    rgb = sky(4)
    original = judged(rgb)
    grey = judged(np.repeat(rgb[..., :1], 3, axis=2), 99)
    assert best([grey, original])[0] == 1
    turned = replace(original, is_turned=True, n_bytes=10**6)
    assert best([turned, original])[0] == 1
    png = replace(original, form="PNG", n_bytes=10**6)
    assert best([replace(original, form="JPEG"), png])[0] == 0
