"""Pairs of one exposure are found and laid on each other; others are not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from galaxycurate.curation.pixels import turns
from galaxycurate.curation.pixels.fingerprint import fingerprint
from galaxycurate.curation.pixels.noise import search_noise
from galaxycurate.curation.pixels.prints import Prints
from galaxycurate.curation.pixels.search import _surest, identical, search
from tests.curation.pixels import noisy

SINGLE = 24


@pytest.fixture(scope="module")
def singles() -> list:
    return [noisy.saved(noisy.window(noisy.exposure(900 + k), 80, 80), 80) for k in range(SINGLE)]


def prints_of(pictures) -> Prints:
    return Prints.of([fingerprint(p) for p in pictures])


def found(matches) -> dict:
    pairs = zip(matches.first.tolist(), matches.second.tolist(), strict=True)
    return {pair: row for row, pair in enumerate(pairs)}


@pytest.mark.parametrize("flip", range(8))
def test_the_second_picture_can_be_rebuilt_from_the_first(singles, flip):
    sky = noisy.exposure(7)
    first = noisy.window(sky, 100, 90)
    second = turns.turned(noisy.window(sky, 141, 60, 200)[:180], turns.inverse(flip))
    matches = search_noise(prints_of([first, second, *singles]))
    assert found(matches) == {(0, 1): 0}
    assert matches.flip[0] == flip
    dx, dy = matches.dx[0], matches.dy[0]
    assert abs(dx - 41) < 0.1
    assert abs(dy + 30) < 0.1
    laid = turns.turned(second, int(matches.flip[0]))
    dx, dy = round(dx), round(dy)
    assert (laid[-dy:] == first[: 180 + dy, dx : dx + 200]).all()
    assert matches.amount[0] == pytest.approx(150 / 180, abs=0.01)
    assert matches.fdr[0] < 1e-6


def test_drifts_between_pixels_and_jpeg_are_found_with_few_shared_pixels(singles):
    pictures, truth = [*singles], {}
    rng = np.random.default_rng(4)
    for seed in range(24):
        sky = noisy.exposure(seed)
        along, across = rng.uniform(90, 168), rng.uniform(-20, 20)
        dx, dy = (along, across) if seed % 2 else (along * 0.6, along * 0.6)
        x, y = 0.0, max(0.0, -dy)
        truth[len(pictures), len(pictures) + 1] = dx, dy
        pictures += [noisy.saved(noisy.window(sky, x + a * dx, y + a * dy), 75) for a in (0, 1)]
    matches = search_noise(prints_of(pictures))
    rows = found(matches)
    assert set(rows) == set(truth)
    for pair, row in rows.items():
        assert np.hypot(*(np.array(truth[pair]) - (matches.dx[row], matches.dy[row]))) < 0.5


def test_recompressed_pictures_are_found_down_to_quality_50(singles):
    again = [noisy.saved(p, q) for p, q in zip(singles, (50, 60, 70, 90) * 6, strict=True)]
    matches = search_noise(prints_of([*singles, *again]), flips=False)
    assert set(found(matches)) == {(k, SINGLE + k) for k in range(SINGLE)}
    assert (matches.amount > 0.99).all()


def test_another_exposure_of_the_same_objects_shares_no_noise(singles):
    sky = noisy.exposure(7)
    again = sky - noisy.exposure(7, objects=0) + noisy.exposure(8, objects=0)
    pictures = [noisy.window(s, 80, 80) for s in (sky, again)]
    assert len(search_noise(prints_of([*pictures, *singles]))) == 0


def test_a_new_batch_is_compared_with_the_old_alone(singles):
    sky = noisy.exposure(7)
    old = [noisy.window(sky, x, 50) for x in (0, 60)]
    prints = prints_of([*old, *singles, noisy.window(sky, 120, 50)])
    last = len(prints) - 1
    assert set(found(search_noise(prints, new=last))) == {(0, last), (1, last)}
    assert set(found(search_noise(prints))) == {(0, 1), (0, last), (1, last)}


def test_little_memory_finds_the_same(singles):
    sky = noisy.exposure(7)
    prints = prints_of([*singles, *(noisy.window(sky, x, 50) for x in (0, 60, 120))])
    assert found(search_noise(prints)) == found(search_noise(prints, memory_mb=0.02))


def test_large_pictures_are_laid_in_their_own_pixels(singles):
    sky = np.kron(noisy.exposure(7, side=800, objects=100), np.ones((2, 2, 1), np.float32))
    first, second = (noisy.window(sky, x, 30, 1200) for x in (0, 250))
    matches = search_noise(prints_of([first, second, *singles]))
    assert found(matches) == {(0, 1): 0}
    assert abs(matches.dx[0] - 250) < 1
    assert matches.amount[0] == pytest.approx(950 / 1200, abs=0.01)


def test_pictures_alike_to_the_pixel_are_chained_to_the_first(singles):
    prints = prints_of([singles[0], singles[1], singles[0], singles[0], singles[1]])
    same, once = identical(prints)
    assert set(found(same)) == {(0, 2), (0, 3), (1, 4)}
    assert once.tolist() == [0, 1]


def test_each_pair_is_told_once_by_its_surest_tier(singles):
    sky = noisy.exposure(7)
    drifted = [noisy.window(sky, x, 50) for x in (0, 60)]
    prints = prints_of([*drifted, *singles, drifted[0], noisy.saved(singles[3], 60)])
    matches = search(prints)
    rows = found(matches)
    assert len(rows) == len(matches)
    first_copy, again = len(prints) - 2, len(prints) - 1
    assert matches.tier[rows[0, first_copy]] == "pixels"
    assert matches.tier[rows[0, 1]] == "noise"
    assert matches.tier[rows[5, again]] == "noise"
    assert search(prints, new=len(prints)).first.size == 0


def test_thousands_of_blank_or_identical_pictures_are_no_square(singles):
    prints = prints_of([singles[0], np.zeros((64, 64, 3), np.uint8)])
    many = prints.take(np.tile([0, 1], 5000))
    matches = search(many)
    assert len(matches) == 9998
    assert set(matches.tier) == {"pixels"}


def test_many_copies_saved_again_and_again_hang_together_without_a_square(singles):
    from galaxycurate.curation.groups import groups

    rng = np.random.default_rng(1)
    one = prints_of([singles[0]])
    many = one.take(np.zeros(400, np.int64))
    marks = many.marks.values.copy()
    for _ in range(4):  # what another compression does to codes
        marks["code"] ^= np.uint64(1) << rng.integers(0, 63, marks.size).astype(np.uint64)
    digests = np.arange(800, dtype=np.uint64).view("V16")
    many = replace(many, marks=replace(many.marks, values=marks), pixels=digests)
    matches = search_noise(many)
    assert len(matches) < 400 * 399 / 2
    assert groups(400, [matches]).max() == 0


@pytest.mark.parametrize(("side", "of_80"), [(128, 80), (96, 76)])
def test_a_small_collection_of_small_pictures_has_all_its_pairs(side, of_80):
    """Most rows are true pairs: their decoys must say what chance does, not find them again."""
    skies = [noisy.exposure(seed, side=200, objects=5) for seed in range(40)]
    first = [noisy.window(sky, 20, 30, side) for sky in skies]
    drifted = [noisy.window(sky, 20 + side // 4, 30, side) for sky in skies]
    saved = [noisy.saved(p, q) for lot, q in ((first, 90), (first, 85), (drifted, 90)) for p in lot]
    matches = search_noise(prints_of(saved))
    assert (matches.first % 40 == matches.second % 40).all()
    assert np.count_nonzero(matches.first < 40) >= of_80


def test_copies_of_64_pixels_are_found_and_strangers_of_64_pixels_are_not():
    skies = [noisy.window(noisy.exposure(k, 120, 3), 20, 20, 64) for k in range(120)]
    matches = search_noise(prints_of([noisy.saved(p, q) for q in (90, 80) for p in skies]))
    assert (matches.second - matches.first == 120).all()
    assert len(matches) >= 110


def test_two_hundred_unrelated_pictures_are_no_pairs():
    skies = [noisy.exposure(5000 + k, side=140, objects=6) for k in range(220)]
    pictures = [noisy.saved(noisy.window(sky, 6, 6, 128), 85) for sky in skies]
    assert not len(search(prints_of(pictures), resized=False))


def test_a_tall_narrow_picture_is_compared_within_bounds(singles):
    sky = noisy.exposure(3, side=900, objects=60)
    pictures = [np.ascontiguousarray(noisy.window(sky, x, 4, 880)[:, :60]) for x in (10, 12)]
    assert found(search_noise(prints_of([*pictures, *singles]))) == {(0, 1): 0}


def test_a_pair_says_how_many_marks_were_met_of_those_expected(singles):
    sky = noisy.exposure(7)
    matches = search_noise(prints_of([*(noisy.window(sky, x, 50) for x in (0, 60)), *singles]))
    assert 60 < matches.met[0] <= matches.expected[0] <= 128


def test_an_unsure_tier_does_not_hide_a_surer_one(singles):
    sky = noisy.exposure(7)
    told = search_noise(prints_of([*(noisy.window(sky, x, 50) for x in (0, 60)), *singles]))
    unsure, sure = (
        replace(told, fdr=np.full(1, fdr), tier=np.full(1, tier))
        for fdr, tier in ((0.01, "noise"), (1e-6, "sources"))
    )
    assert _surest([unsure, sure], 0.001).tier.tolist() == ["sources"]
    assert _surest([unsure, sure], 0.05).tier.tolist() == ["noise"]


def test_no_pair_is_told_of_a_larger_share_of_false_ones_than_asked_for(singles):
    again = prints_of([*singles, *(noisy.saved(p, 70) for p in singles)])
    assert (search(again, max_fdr=1e-5).fdr <= 1e-5).all()
    assert len(search(again, max_fdr=1e-5)) >= SINGLE
