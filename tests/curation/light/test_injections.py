"""The shipped judge on real sky into which galaxies were pasted.

The trees learned from this field, too: `benchmarks/contamination.py` judges fields not learned.
"""

from itertools import islice

import numpy as np
import pytest

from galaxycurate.core.outcome import VerdictKind
from galaxycurate.curation.light.judge import judge

pytest.importorskip("galsim")


@pytest.fixture(scope="module")
def field(shared_data):
    from benchmarks.skies import real_field

    return real_field(shared_data, "4510")


def test_galaxies_in_real_sky_are_found_and_stars_are_not(field, shared_data):
    from benchmarks.injections import window
    from benchmarks.pasted import galaxies

    rng = np.random.default_rng(41)
    cutouts = sorted((shared_data / "images/gz1_dr7").glob("*.jpeg"))[:400]
    empty = [judge(window(field, rng).rgb, positive=False).kind for _ in range(100)]
    bright = [g for g in galaxies(90, field.psf, rng, cutouts) if g.mag_r < 19]
    held = [w for g in bright if not (w := window(field, rng, g)).outside]
    found = [judge(w.rgb, positive=False).kind for w in held]
    assert empty.count(VerdictKind.CONTAMINATED) <= 6
    assert found.count(VerdictKind.CONTAMINATED) >= 0.9 * len(found)
    assert len(found) > 20


def test_what_is_erased_leaves_the_noise_of_the_sky(field):
    replaced = (field.flux != field.whole).any(axis=0)
    assert 0.005 < replaced.mean() < 0.4
    for band, whole in zip(field.flux, field.whole, strict=True):
        sky = whole[~replaced]
        sky = sky[np.abs(sky) < 0.15]
        patch = band[replaced]
        patch = patch[np.abs(patch) < 0.15]
        assert patch.std() == pytest.approx(sky.std(), rel=0.15)


def test_windows_to_learn_from_alone_show_bright_galaxies_and_count_in_no_figure(shared_data):
    from benchmarks.windows import BRIGHTER, jobs, windows

    every = jobs(shared_data, 2500)
    staged = [job for job in every if job[4]]
    assert len(every) == 162
    assert {kind for _, _, kind, *_ in staged} == {"3918", "4510", "sim"}
    job = next(job for job in staged if job[2] == "sim")
    made = list(islice(windows(job), 4))
    assert all(told for _, told in made)
    assert max(shown.mag_r for shown, _ in made) < BRIGHTER
