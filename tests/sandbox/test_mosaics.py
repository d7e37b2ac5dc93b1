"""The sandbox as hips2fits and as the Legacy viewer, asked over HTTP."""

import io
import json

import numpy as np
import pytest
import requests
from PIL import Image

from galaxycurate.sandbox import hips2fits, legacy
from galaxycurate.sandbox.sky import Sky
from tests.sandbox.test_server import IMG, start

HIPS = {"hips": hips2fits.HIPS, "width": 128, "height": 128, "projection": "TAN", "format": "png",
        "ra": 150, "dec": 2, "fov": 128 * 0.396127 / 3600}  # fmt: skip
VIEW = {"ra": 150, "dec": 2, "layer": "sdss", "pixscale": 0.396127, "size": 128}


@pytest.fixture(scope="module")
def url(tiny_sky):
    process, url = start(tiny_sky)
    yield url
    process.terminate()
    process.wait(20)


def get(url, path, params):
    return requests.get(url + path, params=params, timeout=30)


def opened(reply):
    return np.asarray(Image.open(io.BytesIO(reply.content)).convert("RGB"))


def centroid(rgb):
    """Of the star that lies at the asked position, (column, row)."""
    light = rgb.astype(float).sum(axis=-1)[48:80, 48:80]
    light = np.clip(light - 60, 0, None)
    y, x = np.mgrid[48:80, 48:80]
    return (x * light).sum() / light.sum(), (y * light).sum() / light.sum()


def test_astroquery_asks_hips2fits_of_the_sandbox(url):
    astroquery = pytest.importorskip("astroquery.hips2fits")
    import astropy.units as u
    from astropy.coordinates import Angle, Latitude, Longitude
    from astropy.wcs import WCS

    client = astroquery.hips2fitsClass()
    client.server = url + hips2fits.ROUTES[0]
    by_fov = client.query(
        hips=hips2fits.HIPS, width=128, height=128, projection="TAN", format="png",
        ra=Longitude(150 * u.deg), dec=Latitude(2 * u.deg), fov=Angle(HIPS["fov"] * u.deg),
    )  # fmt: skip
    cards = {"NAXIS1": 128, "NAXIS2": 128, "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN",
             "CRVAL1": 150.0, "CRVAL2": 2.0, "CRPIX1": 64.5, "CRPIX2": 64.5,
             "CDELT1": -0.396127 / 3600, "CDELT2": 0.396127 / 3600}  # fmt: skip
    by_wcs = client.query_with_wcs(hips=hips2fits.HIPS, wcs=WCS(header=cards), format="jpg")
    assert by_fov.shape == by_wcs.shape == (128, 128, 3)
    with pytest.raises(AttributeError, match=r"Bad Request: .*no/such.* not found"):
        client.query_with_wcs(hips="no/such", wcs=WCS(header=cards), format="jpg")


def test_by_fov_the_position_is_half_a_pixel_off_the_middle(url):
    x, y = centroid(opened(get(url, hips2fits.ROUTES[0], HIPS)))
    cards = hips2fits._own_wcs({k: str(v) for k, v in HIPS.items()})
    assert cards["CDELT2"] * 3600 == pytest.approx(0.396127, rel=1e-6)
    middle = cards | {"CRPIX1": 64.5, "CRPIX2": 64.5}
    wanted = {"hips": hips2fits.HIPS, "format": "png", "wcs": json.dumps(middle)}
    x0, y0 = centroid(opened(get(url, hips2fits.ROUTES[0], wanted)))
    assert (x0, y0) == pytest.approx((63.5, 63.5), abs=0.05)
    assert (x - x0, y - y0) == pytest.approx((-0.5, 0.5), abs=0.02)


def test_quoted_scale_of_the_real_service_is_met():
    cards = hips2fits._own_wcs({"width": "1000", "height": "1000", "fov": "1.5", "ra": "83.82",
                                "dec": "-5.39"})  # fmt: skip
    assert cards["CDELT1"] == pytest.approx(-0.0015000856795217, rel=1e-12)
    assert cards["CRPIX1"] == 500.0


@pytest.mark.parametrize(
    "change",
    [{"hips": "CDS/P/DSS2/color"}, {"format": "fits"}, {"fov": "wide"}, {"projection": "AIT"},
     {"width": 10_000, "height": 10_000}, {"ra": ""}],
)  # fmt: skip
def test_hips2fits_explains_a_refusal_in_json(url, change):
    reply = get(url, hips2fits.ROUTES[0], HIPS | change)
    assert reply.status_code == 400
    assert set(reply.json()) == {"title", "description"}


def test_outside_hips2fits_draws_black_and_the_viewer_fails(url):
    assert not opened(get(url, hips2fits.ROUTES[0], HIPS | {"ra": 10})).any()
    reply = get(url, legacy.ROUTES[0], VIEW | {"ra": 10})
    assert (reply.status_code, reply.headers["Content-Type"]) == (500, "text/html")


@pytest.mark.parametrize("route", legacy.ROUTES)
def test_the_viewer_draws_its_layer_in_its_size(url, route):
    reply = get(url, route, VIEW)
    assert reply.headers["Content-Type"] == "image/jpeg"
    assert opened(reply).shape == (128, 128, 3)
    assert centroid(opened(reply)) == pytest.approx((63.5, 63.5), abs=0.2)


def test_the_viewer_cuts_sizes_and_reads_zoom_without_a_word(url):
    assert legacy.parse({k: str(v) for k, v in VIEW.items()} | {"size": "9999"}).width == 3000
    zoomed = {"ra": "150", "dec": "2", "layer": "sdss", "zoom": "12"}
    assert legacy.parse(zoomed).scale == pytest.approx(0.792)
    assert legacy.parse(zoomed).width == 256
    assert get(url, legacy.ROUTES[0], {"ra": 150, "layer": "sdss"}).status_code == 500


def test_the_viewers_empty_sky_is_a_dark_grey_and_its_colours_are_its_own():
    empty = np.zeros((3, 2, 2), np.float32)
    assert (legacy.colours(*empty) == 22).all()
    g, r, i = (np.full((1, 1), flux, np.float32) for flux in (0.1, 0.2, 0.3))
    red, green, blue = 0.3 + 0.02, 0.3 + 0.02, 0.25 + 0.02
    mean = (red + green + blue) / 3
    gain = np.arcsinh(20 * mean) / np.sqrt(20) / mean
    assert legacy.colours(g, r, i)[0, 0].tolist() == [
        int(255 * v * gain) for v in (red, green, blue)
    ]


def test_every_picture_says_that_its_sky_is_simulated(url):
    jpg = get(url, legacy.ROUTES[0], VIEW)
    png = get(url, hips2fits.ROUTES[0], HIPS)
    assert "simulated sky" in jpg.headers["Server"]
    assert Image.open(io.BytesIO(jpg.content)).info["comment"] == b"simulated sky, not SDSS"
    assert Image.open(io.BytesIO(png.content)).text["Comment"] == "simulated sky, not SDSS"


def test_all_three_services_draw_the_same_sky(tiny_sky):
    sky = Sky.open(tiny_sky)
    wanted = legacy.parse({k: str(v) for k, v in VIEW.items()})
    flux = sky.flux(wanted.ra, wanted.dec, scale=wanted.scale, width=128, height=128)
    assert flux.shape == (3, 128, 128)
    assert sky.flux(10, 2, scale=0.4, width=64, height=64) is None


def test_bad_days_fall_on_all_who_draw_cutouts(url):
    def after(faults, path, params):
        requests.post(f"{url}/__faults__", json=faults, timeout=30)
        return get(url, path, params)

    try:
        for path, params in ((hips2fits.ROUTES[0], HIPS), (legacy.ROUTES[0], VIEW)):
            assert after({"status_503_first": 1}, path, params).status_code == 503
            assert after({"status_500_first": 1}, path, params).status_code == 500
            tile = after({"error_tile_first": 1}, path, params)
            assert (tile.status_code, opened(tile).shape) == (200, (128, 128, 3))
            with pytest.raises(requests.RequestException):
                after({"truncate_first": 1}, path, params)
            assert get(url, path, params).ok
    finally:
        requests.post(f"{url}/__faults__", json={}, timeout=30)
    assert get(url, IMG, {"ra": 150, "dec": 2}).ok
    counts = requests.get(f"{url}/__stats__", timeout=30).json()
    assert counts["hips2fits 200"] >= 2
    assert counts["legacy 500"] >= 1
