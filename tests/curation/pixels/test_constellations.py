"""Other exposures of one sky are found by their stars, and nothing else is."""

import numpy as np
import pytest

from galaxycurate.curation.pixels import starfield
from galaxycurate.curation.pixels.constellations import SHEAR, search_sources, stars_of
from galaxycurate.curation.pixels.fingerprint import fingerprint
from galaxycurate.curation.pixels.prints import Prints
from tests.curation.pixels.exposures import Sky, picture, turn, undo, unrelated

N_SKIES = 24


@pytest.fixture(scope="module")
def shifts() -> np.ndarray:
    return np.random.default_rng(5).uniform(-110, 110, (N_SKIES, 2))


@pytest.fixture(scope="module")
def prints(shifts) -> Prints:
    """Rows 2k and 2k + 1 are two exposures of sky k, the second one turned by k % 8."""
    made = []
    for k, (dx, dy) in enumerate(shifts):
        sky, x, y = Sky(k), max(0, -dx) + 5.25, max(0, -dy) + 5.5
        made.append(fingerprint(picture(sky.exposure(2 * k), x, y)))
        second = picture(sky.exposure(2 * k + 1), x + dx, y + dy)
        made.append(fingerprint(turn(second, undo(k % 8))))
    return Prints.of(made)


@pytest.fixture(scope="module")
def found(prints):
    return search_sources(prints)


def test_every_second_exposure_is_found_and_nothing_else(found):
    expected = {(2 * k, 2 * k + 1) for k in range(N_SKIES)}
    pairs = set(zip(found.first.tolist(), found.second.tolist(), strict=True))
    assert pairs <= expected
    assert len(pairs) >= 0.9 * N_SKIES
    assert set(found.tier) == {"sources"}


def test_the_registration_is_right_to_half_a_pixel_in_all_turns(found, shifts):
    k = found.first // 2
    assert (found.flip == k % 8).all()
    assert set(found.flip.tolist()) == set(range(8))
    off = np.hypot(found.dx - shifts[k, 0], found.dy - shifts[k, 1])
    assert np.median(off) < 0.2
    assert off.max() < 0.6


def test_the_amount_is_the_shared_area(found, shifts):
    k = found.first // 2
    expected = np.prod(256 - np.abs(shifts[k]), axis=1) / 256**2
    np.testing.assert_allclose(found.amount, expected, atol=0.01)


def test_without_flips_only_pictures_that_are_not_turned_are_found(prints):
    alone = search_sources(prints, flips=False)
    assert len(alone) > 0
    assert set((alone.first // 2 % 8).tolist()) == {0}


def test_new_pictures_are_compared_with_old_ones_and_among_themselves(prints, found):
    later = search_sources(prints, new=31)
    pairs = set(zip(later.first.tolist(), later.second.tolist(), strict=True))
    sure = (found.second >= 31) & (found.score > 30)
    assert sure.sum() >= 6
    assert set(zip(found.first[sure].tolist(), found.second[sure].tolist(), strict=True)) <= pairs
    assert (later.second >= 31).all()


def test_the_parts_of_an_index_find_what_the_whole_finds(prints, found, monkeypatch):
    from galaxycurate.curation.pixels import sweep

    monkeypatch.setattr(sweep, "_INDEXED_LEAST", 10)
    parts = search_sources(prints, memory_mb=0)
    assert parts.first.tolist() == found.first.tolist()
    np.testing.assert_allclose(parts.score, found.score)


def test_a_thousand_copies_of_one_picture_chain_without_all_meeting(prints):
    copies = prints.take(np.zeros(1000, int))
    met = search_sources(copies, flips=False)
    assert len(met) <= 64 * 1000
    assert {(k, k + 1) for k in range(999)} <= set(
        zip(met.first.tolist(), met.second.tolist(), strict=True)
    )


def test_nothing_is_found_among_unrelated_pictures():
    assert not len(search_sources(unrelated(200)))


def test_blank_pictures_and_none_have_no_matches():
    blank = fingerprint(np.zeros((64, 64, 3), np.uint8))
    tiny = fingerprint(np.full((1, 1, 3), 7, np.uint8))
    assert len(search_sources(Prints.of([blank, blank, tiny]))) == 0
    assert len(search_sources(Prints.of([]))) == 0


def test_decoys_keep_every_source_in_the_frame_but_not_its_place(prints):
    stars = stars_of(prints)
    x, y = stars.columns[:, 0], stars.columns[:, 1]
    slid = np.array([starfield.slid(u, v, 256.0, SHEAR) for u, v in zip(x, y, strict=True)])
    assert ((slid >= 0) & (slid < 256)).all()
    assert np.mean(np.abs(slid - x) > 5) > 0.9
