"""Pictures that are made to break a search: it says nothing false of them, and stays linear.

All pictures here are simulated, but for the survey's own error tile.
"""

from __future__ import annotations

import time
import tracemalloc
from dataclasses import fields

import cv2
import numpy as np
import pytest
import simplejpeg

from galaxycurate.curation.groups import groups
from galaxycurate.curation.pairs import Matches
from galaxycurate.curation.pixels.fingerprint import fingerprint
from galaxycurate.curation.pixels.prints import Prints
from galaxycurate.curation.pixels.search import search

pytestmark = pytest.mark.slow
SIDE = 128
PER_PICTURE = 60
"""Pairs for each picture, at most, of a crowd in which all are alike; all pairs would be 150 a
picture among 300, 200 among 400."""


def saved(rgb, quality=85):
    """As it comes back from a JPEG."""
    body = simplejpeg.encode_jpeg(np.ascontiguousarray(rgb, np.uint8), quality, "RGB", "420")
    return simplejpeg.decode_jpeg(body)


def sky(seed, *, side=SIDE, stars=6, level=6.0):
    """Noise as of an exposure, and a few stars."""
    rng = np.random.default_rng(seed)
    grey = cv2.GaussianBlur(rng.normal(0, 6, (side, side)), (0, 0), 0.7) + level
    y, x = np.mgrid[:side, :side]
    for px, py, log_flux in rng.uniform((0, 0, 1.3), (side, side, 2.2), (stars, 3)):
        grey += 10**log_flux * np.exp(-((x - px) ** 2 + (y - py) ** 2) / 4.5)
    tint = 1 + rng.normal(0, 0.02, 3)
    return np.clip(grey[..., None] * tint, 0, 255).astype(np.uint8)


def prints_of(pictures):
    return Prints.of([fingerprint(picture) for picture in pictures])


def cpu_s(of):
    """The search's pairs and CPU seconds."""
    started = time.process_time()
    found = search(of)
    return found, time.process_time() - started


def found_in_linear_time(prints):
    """Pairs; their CPU is held against that of a half of the pictures: 4 would be quadratic."""
    half = prints.take(np.arange(len(prints) // 2))
    search(half.take(np.arange(2)))  # compiled
    found, whole_s = cpu_s(prints)
    assert whole_s < 3.2 * cpu_s(half)[1] + 0.3
    return found


@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 300), (300, 1), (2, 2), (7, 9), (31, 31), (24, 200), (33, 64)]
)
def test_a_picture_of_any_size_has_a_fingerprint_and_alike_ones_are_found(shape):
    rng = np.random.default_rng(sum(shape))
    tiny = rng.integers(0, 256, (*shape, 3), dtype=np.uint8)
    one = fingerprint(tiny)
    assert (one.width, one.height) == (shape[1], shape[0])
    found = search(Prints.of([one, fingerprint(sky(1)), fingerprint(tiny.copy())]))
    assert list(zip(found.first, found.second, found.tier, strict=True)) == [(0, 2, "pixels")]


def test_pictures_laid_out_oddly_in_memory_are_the_same_picture():
    rgb = sky(3)
    views = [rgb, np.asfortranarray(rgb), np.repeat(rgb, 2, axis=1)[:, ::2], rgb[::-1][::-1]]
    assert len({fingerprint(view).pixels for view in views}) == 1


def test_blank_pictures_of_other_sizes_or_levels_have_nothing_in_common():
    blank = [np.full((40 + k, 60, 3), 10 * k, np.uint8) for k in range(20)]
    assert not len(search(prints_of(blank)))


def test_thousands_of_blank_pictures_of_different_sizes_are_no_pairs():
    blank = [np.zeros((8 + k // 50, 8 + k % 50, 3), np.uint8) for k in range(2_500)]
    prints = prints_of(blank)
    assert not len(search(prints))


def test_ten_thousand_identical_pictures_are_one_chain_and_one_group():
    prints = prints_of([sky(4), sky(5)]).take(np.r_[np.zeros(10_000, int), 1])
    found, _ = cpu_s(prints)
    assert len(found) <= 2 * len(prints)
    assert set(found.tier) == {"pixels"}
    assert np.allclose(found.amount, 1)
    assert np.bincount(groups(len(prints), [found])).tolist() == [10_000, 1]


def test_a_batch_of_identical_pictures_is_held_against_an_old_one_only_once():
    prints = prints_of([sky(4), sky(5)]).take(np.r_[0, 1, np.zeros(3000, int)])
    found = search(prints, new=2)
    assert (found.second >= 2).all()
    assert len(found) <= 2 * len(prints)
    assert np.bincount(groups(len(prints), [found])).tolist() == [3001, 1]


def test_hundreds_of_recompressed_copies_are_one_group_without_all_their_pairs():
    """Every copy has a digest of its own, so that no chain of identical ones helps."""
    rng = np.random.default_rng(6)
    rgb = sky(6)
    copies = []
    for k in range(400):
        touched = rgb.copy()
        touched[k // SIDE, k % SIDE] ^= 255
        copies.append(touched if k % 2 else saved(touched, int(rng.integers(70, 96))))
    others = [sky(100 + k) for k in range(20)]
    prints = prints_of(copies + others)
    found = search(prints)
    sizes = np.bincount(groups(len(prints), [found]))
    assert sizes.tolist() == [400] + [1] * 20
    assert len(found) <= PER_PICTURE * len(prints)


def test_periodic_patterns_stay_bounded():
    """All landmarks are alike: every one of a picture matches every one of all others."""
    y, x = np.mgrid[:SIDE, :SIDE]
    pictures = []
    for k in range(300):
        phase = np.random.default_rng(k).uniform(0, 6.3, 2)
        wave = 30 + 25 * np.sin(x / 2.5 + phase[0]) * np.sin(y / 2.5 + phase[1])
        noise = np.random.default_rng(k).normal(0, 1, (SIDE, SIDE))
        pictures.append(np.repeat((wave + noise).clip(0, 255)[..., None], 3, 2).astype(np.uint8))
    prints = prints_of(pictures)
    assert len(found_in_linear_time(prints)) <= PER_PICTURE * len(prints)


def test_tiles_of_text_stay_bounded_and_do_not_take_pictures_along():
    """The same letters in all of them, other numbers, as of a server that answers in pictures."""
    tiles = []
    for k in range(200):
        tile = np.zeros((SIDE, SIDE, 3), np.uint8)
        for line, text in enumerate((f"objID {k:05d}", "no image here", f"{k * 37:06d}")):
            at = (4, 30 + 30 * line)
            cv2.putText(tile, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1)
        tiles.append(saved(tile))
    skies = [sky(300 + k) for k in range(30)]
    prints = prints_of(tiles + skies)
    found = search(prints)
    assert len(found) <= PER_PICTURE * len(prints)
    assert not len(found) or found.second.max() < len(tiles)
    found_in_linear_time(prints.take(np.arange(len(tiles))))


def test_copies_of_the_survey_error_tile_are_one_group(shared_data):
    folder = shared_data / "sdss" / "recorded" / "imgcutout"
    bodies = [p.read_bytes() for p in sorted(folder.glob("error_*.jpeg"))]
    if not bodies:
        pytest.skip("the recorded error tile is absent")
    tile = simplejpeg.decode_jpeg(bodies[0])
    copies = []
    for k in range(200):
        touched = tile.copy()
        touched[0, k] ^= 128
        copies.append(saved(touched, 60 + k % 36))
    skies = [sky(400 + k, side=tile.shape[0]) for k in range(10)]
    prints = prints_of(copies + skies)
    found = search(prints)
    assert len(found) <= PER_PICTURE * len(prints)
    assert np.bincount(groups(len(prints), [found])).tolist() == [200] + [1] * 10


@pytest.mark.parametrize("spikes", [False, True])
def test_the_same_saturated_star_on_other_skies_is_no_pair(spikes):
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    star = 4e4 / (1 + (x**2 + y**2) / 9) ** 1.4
    if spikes:
        star = (
            star + 8e3 / (1 + np.abs(x)) * (np.abs(y) < 2) + 8e3 / (1 + np.abs(y)) * (np.abs(x) < 2)
        )
    pictures = [saved(np.clip(sky(500 + k, stars=2) + star[..., None], 0, 255)) for k in range(40)]
    found = search(prints_of(pictures))
    assert not len(found), [(f.name, getattr(found, f.name)[:5]) for f in fields(Matches)]


def test_one_grid_of_hot_pixels_does_not_make_an_exposure_of_many():
    """To the sources it is a constellation that all share; the noise knows better."""
    pictures = []
    for k in range(40):
        rgb = sky(600 + k)
        rgb[20::40, 20::40] = 255
        pictures.append(saved(rgb))
    assert "noise" not in search(prints_of(pictures)).tier


def test_a_hundred_megapixels_are_read_in_bounded_memory_and_found_again():
    tile = sky(7, side=500, stars=80)
    large = np.tile(tile, (20, 20, 1))
    turned = large.copy()
    turned[0, 0] ^= 255
    tracemalloc.start()
    prints = [fingerprint(large), fingerprint(turned)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (prints[0].width, prints[0].height) == (10_000, 10_000)
    assert peak < 3 * large.nbytes
    prints.append(fingerprint(sky(8)))
    found = search(Prints.of(prints))
    assert 2 not in np.r_[found.first, found.second]


def test_no_pictures_and_one_picture_are_no_pairs():
    for pictures in ([], [sky(9)]):
        found = search(prints_of(pictures))
        assert len(found) == 0
        assert isinstance(found, Matches)
