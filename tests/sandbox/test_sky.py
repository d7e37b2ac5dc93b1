"""Cutouts of a small sky: where things are, how large, and what is black."""

import numpy as np
import pytest

from galaxycurate.core.pixels import zero_block_fraction
from galaxycurate.errors import InputError
from galaxycurate.sandbox.sky import Sky
from tests.sandbox import tiny

RA, DEC, _ = tiny.SOURCES[0]


@pytest.fixture(scope="module")
def sky(tiny_sky):
    return Sky.open(tiny_sky)


def cut(sky, ra=RA, dec=DEC, scale=0.396, width=65, height=65):
    return sky.cutout(ra, dec, scale=scale, width=width, height=height)


def peak(rgb):
    """Middle (column, row) of what is brighter than half the maximum."""
    light = rgb.astype(float).sum(axis=2)
    rows, cols = np.nonzero(light > light.max() / 2)
    return cols.mean(), rows.mean()


def test_a_source_at_the_centre_is_at_the_centre(sky):
    assert np.abs(np.subtract(peak(cut(sky)), 32)).max() < 0.3


def test_east_is_left_and_north_is_up(sky):
    step = 10 * 0.396 / 3600
    col, row = peak(cut(sky, dec=DEC - step))
    assert row == pytest.approx(22, abs=0.3)
    assert col == pytest.approx(32, abs=0.3)
    col, row = peak(cut(sky, ra=RA - step / np.cos(np.radians(DEC))))
    assert col == pytest.approx(22, abs=0.3)


def test_bands_are_aligned_by_their_own_wcs(sky):
    rgb = cut(sky)
    assert rgb[32, 32].argmax() == 0  # the source is red, and red at its very middle
    centres = [peak(np.repeat(rgb[..., k : k + 1], 3, axis=2)) for k in range(3)]
    assert np.ptp(centres, axis=0).max() < 0.5  # the shifts are 2 and 4 pixels


def test_the_scale_is_honoured(sky):
    other = peak(cut(sky, scale=0.099, width=257, height=257))
    assert np.abs(np.subtract(other, 128)).max() < 0.8


def test_coarse_pixels_average_the_noise(sky):
    empty = dict(ra=RA - 0.008, dec=DEC - 0.006)
    fine = cut(sky, **empty, width=64, height=64).std()
    coarse = cut(sky, **empty, scale=1.585, width=16, height=16).std()
    assert coarse < 0.5 * fine


def test_overlapping_frames_leave_no_seam(sky):
    middle = (tiny.CENTRES[11][1] + tiny.CENTRES[12][1]) / 2
    assert zero_block_fraction(cut(sky, dec=middle, width=96, height=96)) == 0


def test_the_trimmed_edge_is_black_and_the_rest_is_not(sky):
    rgb = cut(sky, ra=RA + 0.02, width=128, height=128)
    assert 0.1 < zero_block_fraction(rgb) < 0.9


def test_none_only_where_no_frame_centre_is_near(sky):
    black = cut(sky, ra=RA + 8.4 / 60)
    assert black is not None
    assert black.max() == 0
    assert cut(sky, ra=RA + 10 / 60) is None
    assert cut(sky, ra=RA + 180, dec=-DEC) is None


def test_the_same_request_gives_the_same_pixels(sky, tiny_sky):
    assert np.array_equal(cut(sky), cut(Sky.open(tiny_sky)))


def test_compressed_frames_show_the_same_sky(sky, tmp_path):
    packed = Sky.open(tiny.make(tmp_path / "packed", suffix=".fits.fz"))
    difference = np.abs(cut(sky).astype(int) - cut(packed).astype(int))
    assert np.median(difference) <= 1


def test_primary_fields_are_drawn_over_the_others(tmp_path):
    import pandas as pd

    folder = tiny.make(tmp_path / "sky")
    fields = pd.read_parquet(folder / "tables" / "Field.parquet")
    middle = (tiny.CENTRES[11][1] + tiny.CENTRES[12][1]) / 2
    pictures = []
    for area in ([1.0, 0.0], [0.0, 1.0]):
        fields.assign(primaryArea=area).to_parquet(folder / "tables" / "Field.parquet")
        pictures.append(cut(Sky.open(folder), dec=middle))
    assert not np.array_equal(*pictures)


def test_a_folder_that_is_no_sky_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"has no sky\.toml"):
        Sky.open(tmp_path)
    (tmp_path / "sky.toml").write_text('kind = "painted"\n')
    with pytest.raises(InputError, match="must say kind"):
        Sky.open(tmp_path)


def test_catalogue_stars_lie_on_their_images(shared_data):
    """Real astrometry: stars of the survey's own sweep of field 4510-4-30."""
    from astropy.io import fits

    from galaxycurate.sandbox.frames import find_frames, read_image

    sdss = shared_data / "sdss"
    stars = fits.getdata(sdss / "catalogs" / "calibObj-004510-4-star.fits.gz")
    flux = stars["PSFFLUX"][:, 2]
    stars = stars[(stars["FIELD"] == 30) & (flux > 10) & (flux < 400)]  # r = 16 to 20
    frame = next(f for f in find_frames(sdss / "frames") if f.run == 4510)
    image, project = read_image(frame.paths[1])
    a, d = np.radians(stars["RA"]), np.radians(stars["DEC"])
    u, v, w = project @ np.stack([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)])
    offsets = []
    for x, y in zip(u / w, v / w, strict=True):
        row, col = round(y), round(x)
        part = np.clip(image[row - 4 : row + 5, col - 4 : col + 5], 0, None)
        if part.shape == (9, 9):
            rows, cols = np.mgrid[row - 4 : row + 5, col - 4 : col + 5]
            offsets.append(
                [(part * cols).sum() / part.sum() - x, (part * rows).sum() / part.sum() - y]
            )
    assert len(offsets) > 20
    assert np.abs(np.median(offsets, axis=0)).max() < 0.15
