"""hips2fits and the Legacy viewer: what is asked of them, and what their empty parts look like."""

import io
import json
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from PIL import Image

from galaxycurate.core.outcome import Reason, Status
from galaxycurate.errors import SettingError
from galaxycurate.imagery.engine.wire import Reply
from galaxycurate.imagery.job import Job
from galaxycurate.imagery.providers import hips2fits, legacy
from galaxycurate.imagery.providers.hips2fits import Hips2Fits, wcs_header
from galaxycurate.imagery.providers.known import NAMES, providers
from galaxycurate.imagery.providers.legacy import Legacy
from galaxycurate.imagery.providers.mosaic import MAX_FLAT, flat_part
from galaxycurate.imagery.providers.provider import Answer, Judgement, Next, same_picture

JOB = Job(184.9511, -0.5, 0.396127, 256, path="")
CDS = Hips2Fits(hips2fits.PUBLIC)
VIEWER = Legacy(legacy.PUBLIC)


def parameters(url):
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def jpeg(rgb):
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "JPEG", quality=75)
    return out.getvalue()


def sky(side=256, seed=1):
    return np.random.default_rng(seed).normal(30, 8, (side, side, 3)).clip(0, 255).astype(np.uint8)


def finished(provider, rgb, job=JOB):
    reply = Reply(200, "OK", {}, jpeg(rgb))
    return provider.finish(job, Answer(Judgement(Next.CHECK), "", reply, reply.body))


def test_hips2fits_is_asked_as_astroquery_asks_with_a_wcs():
    astroquery = pytest.importorskip("astroquery.hips2fits")
    from astropy.wcs import WCS

    ours = parameters(CDS.url(JOB))
    theirs = astroquery.hips2fits.query_with_wcs(
        hips=ours["hips"], wcs=WCS(header=json.loads(ours["wcs"])), format=ours["format"],
        get_query_payload=True,
    )  # fmt: skip
    mine, made = json.loads(ours.pop("wcs")), json.loads(theirs.pop("wcs"))
    assert {name: made[name] for name in mine} == mine
    assert set(made) - set(mine) <= {"LONPOLE", "LATPOLE", "MJDREF"}  # what FITS takes anyway
    stretch = {"min_cut", "max_cut", "cmap", "stretch"}  # of one band: no matter to a colour HiPS
    assert ours == {name: value for name, value in theirs.items() if name not in stretch}


def test_the_position_is_in_the_very_middle_and_the_scale_is_the_jobs():
    wcs = pytest.importorskip("astropy.wcs").WCS(header=dict(wcs_header(JOB)))
    ra, dec = wcs.pixel_to_world_values(127.5, 127.5)  # between the two middle pixels, from 0
    assert (float(ra), float(dec)) == pytest.approx((JOB.ra, JOB.dec), abs=1e-9)
    assert wcs.proj_plane_pixel_scales()[0].to_value("arcsec") == pytest.approx(0.396127, rel=1e-9)


def test_hips2fits_sends_png_where_a_jpeg_would_be_compressed_twice():
    assert parameters(CDS.url(JOB))["format"] == "jpg"
    assert parameters(CDS.url(replace(JOB, format="png")))["format"] == "png"


def test_the_viewer_is_asked_for_its_sdss_layer():
    assert VIEWER.url(JOB) == (
        "https://www.legacysurvey.org/viewer/cutout.jpg?ra=184.95110000&dec=-0.50000000"
        "&layer=sdss&pixscale=0.396127&size=256"
    )


@pytest.mark.parametrize("provider", [CDS, VIEWER])
def test_a_request_names_its_provider_and_is_for_the_same_row(provider):
    row = {"ra": JOB.ra, "dec": JOB.dec, "pixscale": JOB.pixscale, "size_px": JOB.size_px}
    assert provider.request(JOB).startswith(f"{provider.called} ra=184.95110000 ")
    assert provider.request(JOB).endswith(f"@ {provider.server}")
    assert same_picture(provider.request(JOB), row)
    assert provider.origin("x (simulated sky: y)").endswith("(x (simulated sky: y))")


@pytest.mark.parametrize("provider", [CDS, VIEWER])
@pytest.mark.parametrize("colour", [0, 22, 255])  # black, the viewer's empty grey, white
def test_what_no_image_covers_is_blank_or_partly_covered_in_any_colour(provider, colour):
    rgb = sky()
    assert finished(provider, rgb)[1].flaw is None
    rgb[:90] = colour
    assert finished(provider, rgb)[1].flaw[0] is Reason.PARTIAL
    rgb[:] = colour
    assert finished(provider, rgb)[1].flaw[0] is Reason.BLANK


def test_a_flat_corner_and_a_saturated_star_are_no_flaw():
    rgb = sky()
    rgb[:48, :48] = 22
    rgb[128:192, 128:192] = 255
    assert flat_part(rgb) == pytest.approx(16 / 256)
    assert finished(VIEWER, rgb)[1].flaw is None


def test_real_cutouts_have_no_flat_part_except_the_one_that_is_partly_covered(shared_data):
    import simplejpeg

    bodies = sorted((shared_data / "images" / "gz1_dr7").glob("*.jpeg"))
    if not bodies:
        pytest.skip("real cutouts absent")
    parts = {p.stem: flat_part(simplejpeg.decode_jpeg(p.read_bytes())) for p in bodies[::4]}
    parts["587731514224672910"] = flat_part(
        simplejpeg.decode_jpeg(bodies[0].with_stem("587731514224672910").read_bytes())
    )
    assert [name for name, part in parts.items() if part > MAX_FLAT] == ["587731514224672910"]
    assert sorted(parts.values())[-2] < MAX_FLAT / 2


@pytest.mark.parametrize(
    ("status", "then", "end"),
    [(200, Next.CHECK, Status.FAILED), (400, Next.SETTLE, Status.REJECTED),
     (404, Next.SETTLE, Status.FAILED), (429, Next.WAIT, Status.FAILED),
     (500, Next.RETRY, Status.FAILED), (503, Next.WAIT, Status.FAILED)],
)  # fmt: skip
def test_errors_are_never_about_the_footprint(status, then, end):
    judged = CDS.judge(status, "WORDS", {"Content-Type": "application/json"})
    assert (judged.next, judged.status) == (then, end)
    assert judged.reason is not Reason.OUTSIDE


@pytest.mark.parametrize(
    ("body", "said"),
    [(b'{"title": "Bad Request", "description": "HiPS not found"}',
      "http 400 WORDS: Bad Request: HiPS not found"),
     (b"<html>no</html>", "http 400 WORDS"), (b"[1]", "http 400 WORDS"), (b"", "http 400 WORDS")],
)  # fmt: skip
def test_what_hips2fits_says_of_an_error_is_told(body, said):
    import asyncio

    async def ask(_url, *_headers):
        return Reply(400, "WORDS", {}, body)

    assert asyncio.run(CDS.bring(JOB, ask)).judgement.detail == said


def test_each_provider_is_made_by_its_name_in_the_order_asked():
    made = providers(NAMES[::-1], server="https://skyserver.sdss.org", release="dr17")
    assert [provider.name for provider in made] == list(NAMES[::-1])
    by_name = {provider.name: provider.server for provider in made}
    assert by_name["hips2fits"] == "https://alasky.cds.unistra.fr"
    assert by_name["legacy"] == "https://www.legacysurvey.org"


def test_a_sandbox_is_all_services_unless_an_address_is_given():
    here, mirror = "http://127.0.0.1:8417", hips2fits.MIRROR
    made = providers(NAMES, server=here, release="dr17", hips2fits=mirror)
    assert {p.name: p.server for p in made} == dict.fromkeys(NAMES, here) | {"hips2fits": mirror}


@pytest.mark.parametrize("names", [(), ("skyserver", "skyserver"), ("panstarrs",)])
def test_no_provider_twice_the_same_or_an_unknown_one_is_refused(names):
    with pytest.raises(SettingError) as caught:
        providers(names, server="https://skyserver.sdss.org", release="dr17")
    assert caught.value.hint.startswith("choose of skyserver, hips2fits, legacy")
