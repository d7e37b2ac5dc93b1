"""What is drawn on many pictures is no source; copies and centred galaxies keep theirs."""

import cv2
import numpy as np
import pytest

from galaxycurate.curation.pixels import sources
from galaxycurate.curation.pixels.constellations import search_sources
from galaxycurate.curation.pixels.fingerprint import fingerprint
from galaxycurate.curation.pixels.overlays import drawn
from galaxycurate.curation.pixels.prints import Prints
from tests.curation.pixels.exposures import Sky, picture

N = 60


def _scale_bar(rgb: np.ndarray) -> np.ndarray:
    rgb, white = rgb.copy(), (255, 255, 255)
    cv2.line(rgb, (20, 236), (84, 236), white, 1)
    for text, at in (('10"', (40, 230)), ("N", (226, 24)), ("E", (206, 44))):
        cv2.putText(rgb, text, at, 0, 0.4, white, 1)
    return rgb


@pytest.fixture(scope="module")
def windows() -> list[np.ndarray]:
    return [picture(Sky(k, 60).exposure(k), 90.0, 90.0) for k in range(N)]


def test_a_scale_bar_on_all_pictures_makes_no_pairs(windows):
    plain = Prints.of([fingerprint(rgb) for rgb in windows])
    marked = Prints.of([fingerprint(_scale_bar(rgb)) for rgb in windows])
    assert not drawn(plain).any()
    left = marked.sources.counts - np.bincount(marked.sources.owners[drawn(marked)], minlength=N)
    assert np.abs(left - plain.sources.counts).mean() < 3
    assert not len(search_sources(marked))


def test_copies_of_one_picture_keep_their_sources(windows):
    """Saved again with other qualities: in 25 of 60 pictures, far more than chance."""
    rng, prints = np.random.default_rng(1), []
    for k, rgb in enumerate(windows):
        rgb = windows[0] if k < 25 else rgb
        _, body = cv2.imencode(".jpg", rgb, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(70, 96))])
        prints.append(fingerprint(cv2.imdecode(body, cv2.IMREAD_COLOR)))
    found = search_sources(Prints.of(prints))
    assert set(found.second.tolist()) == set(range(1, 25))


def test_galaxies_in_the_middle_of_all_pictures_are_kept():
    rng, y, x = np.random.default_rng(2), *np.mgrid[:96, :96]
    made = []
    for _ in range(200):
        at, width = rng.normal(47.5, 0.25, 2), rng.uniform(1.5, 4)
        light = rng.uniform(40, 220) * np.exp(-np.hypot(x - at[0], y - at[1]) / width)
        colour = rng.uniform((0.8, 1, 0.4), (1.1, 1, 0.9))
        noise = cv2.GaussianBlur(rng.normal(0, 4, (96, 96, 3)), (0, 0), 0.7)
        made.append(np.clip(light[..., None] * colour + noise + 8, 0, 255).astype(np.uint8))
    prints = Prints.of([fingerprint(rgb) for rgb in made])
    places = np.stack([prints.sources.values[axis] for axis in "xy"]) / sources.PER_PIXEL
    middle = np.hypot(*(places - 47.5)) < 3
    assert middle.sum() > 190
    assert drawn(prints)[middle].mean() < 0.02
