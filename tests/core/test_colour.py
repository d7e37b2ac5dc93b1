"""The colour scheme against the survey's own field JPEGs."""

import io

import numpy as np
import pytest
from PIL import Image

from galaxycurate.core.colour import lupton_irg


def flat(value):
    return np.full((4, 5), value, np.float32)


def test_an_empty_sky_is_black():
    assert lupton_irg(flat(0), flat(0), flat(0)).max() == 0


def test_red_green_blue_are_i_r_g():
    one = flat(0.1)
    channels = [lupton_irg(*(one if n == k else flat(0) for n in range(3)))[0, 0] for k in range(3)]
    expected = [255 * np.arcsinh(2.25 * 0.1 * scale) / 2.25 for scale in (2.0, 2.6, 3.6)]
    np.testing.assert_allclose(channels, np.diag(expected), atol=0.51)


def test_what_is_too_bright_keeps_its_hue():
    faint, bright = (lupton_irg(flat(3 * f), flat(2 * f), flat(f))[0, 0] for f in (0.1, 1e4))
    assert bright.max() == 255
    np.testing.assert_allclose(bright / bright.max(), faint / faint.max(), atol=0.03)


def test_negative_flux_is_black_and_finite():
    assert lupton_irg(flat(-1), flat(-1), flat(-1)).max() == 0


@pytest.mark.parametrize(
    ("name", "most_dn"),
    # the JPEG of 5405 is older than the astrometry of DR9: its bands lie otherwise on each other
    # (tests/imagery/frames/test_real.py lays them as they are there, and finds 4 DN at most)
    [("003918-3-0213", (3, 3, 3)), ("004510-4-0030", (3, 2, 2)), ("005405-6-0099", (9, 5, 6))],
)
def test_each_channel_agrees_with_the_official_jpeg(shared_data, name, most_dn):
    ours, official = render(shared_data / "sdss", name)
    difference = np.median(np.abs(ours.astype(int) - official.astype(int)), axis=(0, 1))
    assert (difference <= most_dn).all(), f"median differences {difference} DN"


def render(sdss, name):
    """512 x 512 pixels of a field, ours through the same JPEG as the official one."""
    from scipy.ndimage import map_coordinates

    from galaxycurate.sandbox.frames import read_image

    rows, cols = slice(305, 817), slice(512, 1024)
    y, x = np.mgrid[rows, cols].astype(float)
    bands, to_r = {}, None
    for band in "rgi":
        flux, project = read_image(sdss / "frames" / f"frame-{band}-{name}.fits.bz2")
        to_r = project if to_r is None else to_r
        u, v, w = np.einsum("ij,jkl->ikl", project @ np.linalg.inv(to_r), [x, y, np.ones_like(x)])
        bands[band] = map_coordinates(flux, [v / w, u / w], order=3)
    ours = lupton_irg(bands["i"], bands["r"], bands["g"])[::-1]
    file = io.BytesIO()
    Image.fromarray(ours).save(file, "JPEG", quality=90, subsampling="4:2:0")
    official = np.asarray(Image.open(sdss / "irg" / f"frame-irg-{name}.jpg"))[::-1]
    return np.asarray(Image.open(file)), official[rows, cols][::-1]
